//! The kernel side as the agent sees it: loaded or taken over, told what to do,
//! and let go of.
//!
//! [`Kernel::start`] is the way in, [`Kernel::stop`] the way out. In between,
//! [`Kernel::install`] makes a policy live, and the methods of `sessions.rs`
//! keep the tables of sessions and tasks. Everything here is plain system calls:
//! fast enough to be made from an async task, and never waiting.

mod destroy;
mod error;
mod memory;
mod object;
mod offsets;
mod pins;
mod pod;
mod probe;
mod scope;
mod sessions;
mod storage;
mod tables;

pub use error::BpfError;
pub use object::is_built;
pub use probe::{Answer, Probe, Stored, Verified, beyond_reach, probe};
pub use scope::mount_point as cgroup_mount_point;

use crate::dialect::Dialects;
use aya::maps::{MapData, RingBuf};
use guard_common::abi::event::Poisoned;
use guard_common::abi::policy::Policy;
use guard_common::abi::session::Session;
use guard_common::abi::settings::Settings;
use guard_common::denial::Denial;
use guard_common::fault::Fault;
use guard_common::limits::{MAX_RULES, SLOTS};
use guard_common::protocol::Dialect;
use pins::Pins;
use scope::Scope;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tables::Tables;

/// Time for the sockets that are still poisoned when everything is taken away.
const DESTROY: Duration = Duration::from_secs(4);

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Cgroup v2 folder: sockets made below it are judged.
    pub scope: PathBuf,
    /// Where links and maps are pinned; `None`: they end with the process.
    pub pin_dir: Option<PathBuf>,
    /// Size of the ring buffer in bytes: a power of two, at least a page.
    pub ring_bytes: u32,
}

/// What happens to the kernel side when the agent stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStop {
    /// What is pinned goes on without the agent.
    Keep,
    /// Nothing is left.
    Detach,
}

/// The kernel side, running.
pub struct Kernel {
    tables: Tables,
    /// Keeps the programs attached where nothing is pinned.
    links: Vec<Held>,
    pins: Option<Pins>,
    adopted: bool,
    destroyer: destroy::Destroyer,
}

/// A handle that keeps a program attached.
#[expect(dead_code, reason = "held for their effect on drop")]
enum Held {
    /// Until this process closes it.
    Own(aya::programs::links::FdLink),
    /// As long as the pin is there.
    Pinned(aya::programs::links::PinnedLink),
}

impl Kernel {
    /// Takes over what a former agent left pinned, or loads and attaches.
    ///
    /// # Errors
    ///
    /// Whatever keeps the kernel side from running; then nothing of this attempt
    /// is left, and what a former agent left runs on.
    pub fn start(options: &Options) -> Result<Self, BpfError> {
        let scope = Scope::open(&options.scope)?;
        let pins = options.pin_dir.as_deref().map(Pins::open).transpose()?;
        let found = match &pins {
            Some(pins) => pins.adopt()?,
            None => None,
        };
        if let Some((tables, links)) = found {
            let links = links.into_iter().map(Held::Pinned).collect();
            let mut kernel = Self::with(tables, links, pins);
            kernel.adopted = true;
            kernel.take_charge(&scope)?;
            return Ok(kernel);
        }
        match Self::load(options, &scope, pins.as_ref()) {
            Ok(kernel) => Ok(Self { pins, ..kernel }),
            Err(error) => {
                // The first error is the one to tell.
                let _ = pins.map(Pins::remove);
                Err(error)
            }
        }
    }

    /// Loads, attaches and pins. Nothing is judged before a session exists.
    fn load(options: &Options, scope: &Scope, pins: Option<&Pins>) -> Result<Self, BpfError> {
        let mut object = object::load(options.ring_bytes)?;
        storage::require(&object)?;
        let attached = object::attach(&mut object, &scope.folder)?;
        let links = match pins {
            Some(pins) => {
                let pinned = pins.make(&mut object, attached)?;
                pinned.into_iter().map(Held::Pinned).collect()
            }
            None => attached
                .into_iter()
                .map(|own| Held::Own(own.link))
                .collect(),
        };
        let mut kernel = Self::with(Tables::of_object(&mut object)?, links, None);
        kernel.take_charge(scope)?;
        Ok(kernel)
    }

    fn with(tables: Tables, links: Vec<Held>, pins: Option<Pins>) -> Self {
        Self {
            tables,
            links,
            pins,
            adopted: false,
            destroyer: destroy::Destroyer::default(),
        }
    }

    /// Writes what only the running agent knows into the settings.
    fn take_charge(&mut self, scope: &Scope) -> Result<(), BpfError> {
        let mut settings = self.tables.settings()?;
        let is_other = settings.scope_cgroup != 0
            && (settings.scope_cgroup, settings.scope_level) != (scope.id, scope.level);
        if self.adopted
            && is_other
            && let Some(pins) = &self.pins
        {
            return Err(pins.cannot_adopt("its scope is another cgroup"));
        }
        settings.scope_cgroup = scope.id;
        settings.scope_level = scope.level;
        settings.agent_tgid = std::process::id();
        if settings.secret == 0 {
            settings.secret = random()?;
        }
        self.tables.set_settings(&settings)
    }

    /// Whether a former agent's guard was taken over.
    #[must_use]
    pub const fn adopted(&self) -> bool {
        self.adopted
    }

    /// Whether a BPF file system had to be mounted at the pin folder.
    #[must_use]
    pub fn mounted_bpffs(&self) -> bool {
        self.pins.as_ref().is_some_and(Pins::mounted)
    }

    /// How many programs are attached through links.
    #[must_use]
    pub const fn link_count(&self) -> usize {
        self.links.len()
    }

    /// The settings as the kernel has them.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn settings(&self) -> Result<Settings, BpfError> {
        self.tables.settings()
    }

    /// The live policy.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn live_policy(&self) -> Result<Policy, BpfError> {
        self.tables.policy(self.settings()?.slot)
    }

    /// Makes a policy live and returns its epoch.
    ///
    /// `selectors` says which subject selectors a session itself satisfies under
    /// this policy; those of the sessions around it are added here. The policy is
    /// written into a slot that is not live, then the sessions get their
    /// selectors for it, then one number flips. A policy that could not be
    /// written whole is never live.
    ///
    /// # Errors
    ///
    /// A map cannot be read or written; the former policy stays live.
    pub fn install(
        &mut self,
        policy: &Policy,
        denials: &[Denial],
        selectors: impl Fn(u64, &Session) -> u64,
    ) -> Result<u64, BpfError> {
        let mut settings = self.tables.settings()?;
        let slot = (settings.slot + 1) % SLOTS as u32;
        let epoch = settings.epoch + 1;
        let mut policy = *policy;
        policy.epoch = epoch;
        self.tables.set_policy(slot, &policy, denials)?;
        self.select(slot, &selectors, false)?;
        self.tables.clear_rule_matches()?;
        settings.slot = slot;
        settings.epoch = epoch;
        self.tables.set_settings(&settings)?;
        // A session that began in the kernel meanwhile has selectors of its own
        // for this slot unless it nests in one that had none.
        self.select(slot, &selectors, true)?;
        Ok(epoch)
    }

    /// Lets everything pass until this boot time in nanoseconds; 0: armed.
    ///
    /// # Errors
    ///
    /// The map cannot be written.
    pub fn set_disarmed(&mut self, until_boot_ns: u64) -> Result<(), BpfError> {
        let mut settings = self.tables.settings()?;
        settings.disarmed_until_ns = until_boot_ns;
        self.tables.set_settings(&settings)
    }

    /// Writes the engine's tables. Before the first policy, once.
    ///
    /// # Errors
    ///
    /// The map cannot be written.
    pub fn lexer(&mut self, dialects: &Dialects) -> Result<(), BpfError> {
        for dialect in Dialect::ALL {
            self.tables.set_lexer(dialect, dialects.of(dialect))?;
        }
        self.tables.set_commands(dialects.commands())
    }

    /// Hands out the ring buffer of records; `None` the second time.
    pub fn events(&mut self) -> Option<RingBuf<MapData>> {
        self.tables.events.take()
    }

    /// Counters of the kernel side's own failures, by number of the [`Fault`].
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn faults(&self) -> Result<[u64; Fault::COUNT], BpfError> {
        Tables::sums(&self.tables.faults, "guard_faults")
    }

    /// The number that the next record of each CPU gets.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn next_numbers(&self) -> Result<Vec<u64>, BpfError> {
        let numbers = self.tables.numbers.get(&0, 0);
        let numbers = numbers.map_err(BpfError::map("guard_numbers"))?;
        Ok(numbers.to_vec())
    }

    /// Matches of each rule since the live policy was installed.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn rule_matches(&self) -> Result<[u64; MAX_RULES], BpfError> {
        Tables::sums(&self.tables.rules, "guard_rules")
    }

    /// Kernel memory of all maps, in bytes.
    #[must_use]
    pub const fn memory(&self) -> u64 {
        self.tables.memory
    }

    /// Sockets that are poisoned and not known to be destroyed.
    ///
    /// # Errors
    ///
    /// The map cannot be read.
    pub fn poisoned(&self) -> Result<Vec<Poisoned>, BpfError> {
        self.tables
            .poisoned
            .iter()
            .map(|entry| entry.map(|(_, poisoned)| poisoned.0))
            .collect::<Result<_, _>>()
            .map_err(BpfError::map("guard_poisoned"))
    }

    /// Ends a poisoned connection: both ends get a reset, at once. A socket that
    /// is gone already is fine.
    ///
    /// # Errors
    ///
    /// The kernel refuses, or the socket's network namespace cannot be found.
    /// The socket stays poisoned: nothing leaves it.
    pub fn destroy(&mut self, poisoned: &Poisoned) -> Result<(), BpfError> {
        let tgids = self.tgids();
        self.destroyer
            .destroy(poisoned, &tgids)
            .map_err(|error| BpfError::Destroy {
                cookie: poisoned.socket,
                error,
            })?;
        // Gone already is as good.
        let _ = self.tables.poisoned.remove(&poisoned.socket);
        Ok(())
    }

    /// Stops. [`OnStop::Keep`] leaves what is pinned at work; without pins it is
    /// the same as [`OnStop::Detach`], which destroys poisoned sockets (their
    /// bytes would leave otherwise) and takes everything away.
    ///
    /// # Errors
    ///
    /// A poisoned socket cannot be destroyed, or a pin cannot be removed; the
    /// first such error, after everything else was tried.
    pub fn stop(mut self, on_stop: OnStop) -> Result<(), BpfError> {
        if on_stop == OnStop::Keep && self.pins.is_some() {
            return Ok(());
        }
        let mut first = Ok(());
        let started = Instant::now();
        for poisoned in self.poisoned()? {
            // One whose namespace cannot be found takes a search of its own.
            first = first.and(if started.elapsed() < DESTROY {
                self.destroy(&poisoned)
            } else {
                Err(BpfError::Destroy {
                    cookie: poisoned.socket,
                    error: std::io::ErrorKind::TimedOut.into(),
                })
            });
        }
        if let Some(pins) = self.pins.take() {
            first = first.and(pins.remove());
        }
        // Programs go with the last handle, so no new socket gets a voice.
        self.links.clear();
        first.and(self.tables.silence())
    }
}

/// A number that nobody can guess, from the kernel.
fn random() -> Result<u64, BpfError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 8];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| BpfError::file(path, error))?;
    Ok(u64::from_ne_bytes(bytes) | 1)
}
