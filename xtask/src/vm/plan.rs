//! What runs in a guest.

use super::Options;
use super::build::Built;
use super::kernels::Kernel;
use crate::paths;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

/// What does not run in guests, and why; the file says in what form.
const LISTED: &str = include_str!("../../../tests/guests.txt");

/// How much runs in a guest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Extent {
    /// Every program through the verifier
    Load,
    /// And a choice of tests, in a minute
    Core,
    /// And every test that can run in a guest
    Full,
}

/// Where guests find a policy with rules of every kind.
pub(super) const POLICY: &str = "/guard/policy.yaml";

/// How many times slower than hardware emulation is, about.
const PACE: &str = "10";

/// Tests of the core: the engine in the kernel, one of each kind of refusal
/// against the kernel alone, and one with daemon and server.
const CORE: [(&str, &[&str]); 3] = [
    ("guard-tests::engine", &["kernel::"]),
    (
        "guard-tests::kernel",
        &[
            "a_connection_of_any_family_is_ended_at_once",
            "every_way_to_a_refused_endpoint_fails_with_eperm",
            "no_way_to_start_a_program_hides_it",
        ],
    ),
    ("guard-tests::wire", &["a_refusal_aborts_its_transaction"]),
];

/// Jobs of one guest.
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    /// Lines of the list that kept something from running here.
    pub(super) left_out: Vec<String>,
}

/// One command in a guest; `xtask/init/src/jobs.rs` reads it.
pub(super) struct Job {
    pub(super) name: String,
    /// Whether it is a test executable, whose closing line is counted.
    pub(super) is_test: bool,
    /// The exit code that is right.
    pub(super) code: i32,
    limit: u64,
    dir: String,
    run: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Plan {
    /// The jobs of a kernel.
    pub(super) fn of(kernel: &Kernel, built: &Built, options: &Options) -> Result<Self> {
        let mut plan = Self {
            jobs: vec![probe(kernel, built)],
            left_out: Vec::new(),
        };
        if !kernel.supported {
            plan.jobs.push(refused_daemon(built));
            let line = "tests: the daemon refuses this kernel, which is tested";
            plan.left_out.push(line.to_owned());
            return Ok(plan);
        }
        let listed: Vec<Listed> = Listed::all(kernel)?;
        for target in &built.targets {
            let core = CORE.iter().find(|(name, _)| *name == target.name);
            let chosen = match (options.extent, core) {
                (Extent::Full, _) => &[],
                (Extent::Core, Some((_, tests))) => *tests,
                _ => continue,
            };
            let chosen = chosen.iter().map(|test| (*test).to_owned());
            let mut args: Vec<String> = options.filter.iter().cloned().chain(chosen).collect();
            let mut runs = true;
            for entry in listed.iter().filter(|entry| entry.is_about(&target.name)) {
                match entry.what {
                    What::All => runs = false,
                    What::Except(test) => args.push(test.to_owned()),
                    What::Test(test) => args.extend(["--skip".to_owned(), test.to_owned()]),
                }
                if !plan.left_out.iter().any(|line| line == entry.line) {
                    plan.left_out.push(entry.line.to_owned());
                }
            }
            if !runs {
                continue;
            }
            plan.jobs.push(Job {
                name: target.name.clone(),
                is_test: true,
                code: 0,
                limit: 600,
                dir: target.folder.display().to_string(),
                run: target.executable.display().to_string(),
                args,
                env: environment(built, &target.folder),
            });
        }
        let named = |job: &Job| {
            options.jobs.is_empty() || options.jobs.iter().any(|part| job.name.contains(part))
        };
        plan.jobs.retain(named);
        Ok(plan)
    }

    /// The plan as the guest reads it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for job in &self.jobs {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "job {}\nlimit {}\ndir {}",
                job.name, job.limit, job.dir
            );
            for (name, value) in &job.env {
                let _ = writeln!(text, "env {name}={value}");
            }
            let _ = writeln!(text, "run {}", job.run);
            for arg in &job.args {
                let _ = writeln!(text, "arg {arg}");
            }
        }
        text
    }
}

/// Passes every program through the verifier, and says what came of it.
fn probe(kernel: &Kernel, built: &Built) -> Job {
    Job {
        name: "probe".to_owned(),
        is_test: false,
        code: if kernel.supported { 0 } else { UNSUPPORTED },
        limit: 120,
        dir: "/".to_owned(),
        run: built.programs.join("guardctl").display().to_string(),
        args: ["probe", "-o", "json"].map(str::to_owned).to_vec(),
        env: Vec::new(),
    }
}

/// Exit code of Guard's programs: this kernel lacks something that is required.
const UNSUPPORTED: i32 = 5;

/// Starts the daemon where it cannot work.
fn refused_daemon(built: &Built) -> Job {
    let args = ["run", "--policy", POLICY, "--scope", "/sys/fs/cgroup"];
    let places = [
        "--journal",
        "/run/journal.db",
        "--socket",
        "/run/guard.sock",
    ];
    Job {
        name: "daemon".to_owned(),
        is_test: false,
        code: UNSUPPORTED,
        limit: 60,
        dir: "/".to_owned(),
        run: built.programs.join("guard-agent").display().to_string(),
        args: args.into_iter().chain(places).map(str::to_owned).collect(),
        env: Vec::new(),
    }
}

fn environment(built: &Built, folder: &Path) -> Vec<(String, String)> {
    let target = paths::target().display().to_string();
    let selftest = built.selftest.as_deref().unwrap_or(Path::new(""));
    let selftest = selftest.display().to_string();
    let pairs = [
        (
            "PATH",
            "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned(),
        ),
        ("HOME", "/root".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("CARGO_TARGET_DIR", target),
        ("CARGO_MANIFEST_DIR", folder.display().to_string()),
        ("GUARD_REQUIRE_ALL", "1".to_owned()),
        ("GUARD_SKIPS", "/tmp/skipped-tests.txt".to_owned()),
        ("GUARD_SELFTEST", selftest),
        ("GUARD_PACE", PACE.to_owned()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// One line of the list, where it is about this kernel.
struct Listed<'a> {
    /// `package` or `package::target`.
    name: &'a str,
    what: What<'a>,
    line: &'a str,
}

/// What of a target does not run.
#[derive(Clone, Copy)]
enum What<'a> {
    All,
    /// All but tests with this in their names.
    Except(&'a str),
    /// Tests with this in their names.
    Test(&'a str),
}

impl<'a> Listed<'a> {
    fn all(kernel: &Kernel) -> Result<Vec<Self>> {
        let lines = LISTED
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut all = Vec::new();
        for line in lines {
            let (kernels, entry) = Self::parse(line)
                .with_context(|| format!("tests/guests.txt: `{line}` is not understood"))?;
            if kernels == "all" || kernels.split(',').any(|name| name == kernel.name) {
                all.push(entry);
            }
        }
        Ok(all)
    }

    fn parse(line: &'a str) -> Option<(&'a str, Self)> {
        let (head, _reason) = line.split_once(": ")?;
        let mut words = head.split(' ');
        let (kernels, name) = (words.next()?, words.next()?);
        let what = match (words.next(), words.next()) {
            (None, None) => What::All,
            (Some("except"), Some(test)) => What::Except(test),
            (Some("test"), Some(test)) => What::Test(test),
            _ => return None,
        };
        Some((kernels, Self { name, what, line }))
    }

    fn is_about(&self, target: &str) -> bool {
        target
            .strip_prefix(self.name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}
