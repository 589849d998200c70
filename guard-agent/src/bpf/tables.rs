//! The kernel's maps, typed.

use super::BpfError;
use super::pod::Bytes;
use aya::Ebpf;
use aya::maps::{
    Array, HashMap, Map, MapData, MapError, PerCpuArray, PerCpuValues, RingBuf, SockHash,
};
use guard_common::abi::event::Poisoned;
use guard_common::abi::policy::Policy;
use guard_common::abi::session::{Session, Task};
use guard_common::abi::settings::Settings;
use guard_common::denial::Denial;
use guard_common::engine::Tables as Lexer;
use guard_common::limits::{MAX_DENIALS, MAX_RULES, SLOTS};
use guard_common::protocol::Dialect;
use guard_common::redis::Commands;
use std::path::Path;

/// Maps that the agent does not read or write, but keeps alive.
const KEPT: [&str; 6] = [
    "guard_names",
    "guard_start",
    "guard_sockets",
    "guard_speakers",
    "guard_desks",
    "guard_ears",
];

/// The maps of one loaded or adopted object.
pub(crate) struct Tables {
    policy: Array<MapData, Bytes<Policy>>,
    denials: Array<MapData, Bytes<Denial>>,
    settings: Array<MapData, Bytes<Settings>>,
    lexer: Array<MapData, Bytes<Lexer>>,
    commands: Array<MapData, Bytes<Commands>>,
    pub(crate) sessions: HashMap<MapData, u64, Bytes<Session>>,
    pub(crate) members: HashMap<MapData, u64, u64>,
    pub(crate) tasks: HashMap<MapData, u32, Bytes<Task>>,
    pub(crate) poisoned: HashMap<MapData, u64, Bytes<Poisoned>>,
    pub(crate) count: Array<MapData, u64>,
    pub(crate) faults: PerCpuArray<MapData, u64>,
    pub(crate) rules: PerCpuArray<MapData, u64>,
    pub(crate) numbers: PerCpuArray<MapData, u64>,
    pub(crate) events: Option<RingBuf<MapData>>,
    voices: SockHash<MapData, u64>,
    /// Held open for as long as the agent runs.
    _kept: Vec<Map>,
    /// Kernel memory of all maps, in bytes.
    pub(crate) memory: u64,
}

impl Tables {
    /// The maps of an object just loaded.
    pub(crate) fn of_object(object: &mut Ebpf) -> Result<Self, BpfError> {
        Self::collect(|name| object.take_map(name).ok_or(BpfError::NoMap(name)))
    }

    /// The maps pinned in a folder.
    pub(crate) fn of_pins(folder: &Path) -> Result<Self, BpfError> {
        Self::collect(|name| {
            MapData::from_pin(folder.join(name))
                .and_then(Map::from_map_data)
                .map_err(BpfError::map(name))
        })
    }

    /// Takes every map from where it is.
    fn collect(
        mut take: impl FnMut(&'static str) -> Result<Map, BpfError>,
    ) -> Result<Self, BpfError> {
        let mut memory = 0;
        let mut take = |name| {
            let map = take(name)?;
            memory += super::memory::of(&map).unwrap_or(0);
            Ok::<_, BpfError>(map)
        };
        let mut kept = Vec::new();
        for name in KEPT {
            kept.push(take(name)?);
        }
        Ok(Self {
            policy: typed("guard_policy", &mut take)?,
            denials: typed("guard_denials", &mut take)?,
            settings: typed("guard_settings", &mut take)?,
            lexer: typed("guard_lexer", &mut take)?,
            commands: typed("guard_commands", &mut take)?,
            sessions: typed("guard_sessions", &mut take)?,
            members: typed("guard_members", &mut take)?,
            tasks: typed("guard_tasks", &mut take)?,
            poisoned: typed("guard_poisoned", &mut take)?,
            count: typed("guard_count", &mut take)?,
            faults: typed("guard_faults", &mut take)?,
            rules: typed("guard_rules", &mut take)?,
            numbers: typed("guard_numbers", &mut take)?,
            events: Some(typed("guard_events", &mut take)?),
            voices: typed("guard_voices", &mut take)?,
            _kept: kept,
            memory,
        })
    }

    /// The settings.
    pub(crate) fn settings(&self) -> Result<Settings, BpfError> {
        let settings = self.settings.get(&0, 0);
        settings
            .map(|settings| settings.0)
            .map_err(BpfError::map("guard_settings"))
    }

    /// Writes the settings.
    pub(crate) fn set_settings(&mut self, settings: &Settings) -> Result<(), BpfError> {
        self.settings
            .set(0, Bytes::wrap(settings), 0)
            .map_err(BpfError::map("guard_settings"))
    }

    /// Takes every open socket out of the voice's map. An open socket holds the
    /// voice, and the voice holds all maps: they would last as long as it.
    pub(crate) fn silence(&mut self) -> Result<(), BpfError> {
        let cookies: Vec<u64> = self.voices.keys().filter_map(Result::ok).collect();
        for cookie in cookies {
            match self.voices.remove(&cookie) {
                // A socket that has just closed is gone already.
                Ok(()) | Err(MapError::KeyNotFound) => {}
                Err(MapError::SyscallError(error))
                    if error.io_error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(BpfError::map("guard_voices")(error)),
            }
        }
        Ok(())
    }

    /// Writes the engine's tables of a dialect.
    pub(crate) fn set_lexer(&mut self, dialect: Dialect, lexer: &Lexer) -> Result<(), BpfError> {
        self.lexer
            .set(dialect as u32, Bytes::wrap(lexer), 0)
            .map_err(BpfError::map("guard_lexer"))
    }

    /// Writes the commands of Redis.
    pub(crate) fn set_commands(&mut self, commands: &Commands) -> Result<(), BpfError> {
        self.commands
            .set(0, Bytes::wrap(commands), 0)
            .map_err(BpfError::map("guard_commands"))
    }

    /// The policy in a slot.
    pub(crate) fn policy(&self, slot: u32) -> Result<Policy, BpfError> {
        let policy = self.policy.get(&slot, 0);
        policy
            .map(|policy| policy.0)
            .map_err(BpfError::map("guard_policy"))
    }

    /// Writes a policy and its texts into a slot.
    pub(crate) fn set_policy(
        &mut self,
        slot: u32,
        policy: &Policy,
        denials: &[Denial],
    ) -> Result<(), BpfError> {
        for (index, denial) in (0..MAX_DENIALS as u32).zip(denials) {
            let at = (slot % SLOTS as u32) * MAX_DENIALS as u32 + index;
            self.denials
                .set(at, Bytes::wrap(denial), 0)
                .map_err(BpfError::map("guard_denials"))?;
        }
        self.policy
            .set(slot, Bytes::wrap(policy), 0)
            .map_err(BpfError::map("guard_policy"))
    }

    /// Sets the match counters of all rules to 0.
    pub(crate) fn clear_rule_matches(&mut self) -> Result<(), BpfError> {
        let cpus = aya::util::nr_cpus().map_err(|(path, error)| BpfError::File {
            path: path.into(),
            error,
        })?;
        for index in 0..MAX_RULES as u32 {
            let zeros = PerCpuValues::try_from(vec![0; cpus]).map_err(|error| BpfError::File {
                path: "guard_rules".into(),
                error,
            })?;
            self.rules
                .set(index, zeros, 0)
                .map_err(BpfError::map("guard_rules"))?;
        }
        Ok(())
    }

    /// The sum over all CPUs of each counter of a map.
    pub(crate) fn sums<const N: usize>(
        map: &PerCpuArray<MapData, u64>,
        name: &'static str,
    ) -> Result<[u64; N], BpfError> {
        let mut sums = [0_u64; N];
        for (index, sum) in (0..).zip(&mut sums) {
            let values = map.get(&index, 0).map_err(BpfError::map(name))?;
            *sum = values.iter().fold(0, |sum, value| sum.wrapping_add(*value));
        }
        Ok(sums)
    }
}

/// One map in its type.
fn typed<T: TryFrom<Map, Error = MapError>>(
    name: &'static str,
    take: &mut impl FnMut(&'static str) -> Result<Map, BpfError>,
) -> Result<T, BpfError> {
    take(name)?.try_into().map_err(BpfError::map(name))
}
