//! The kernel side alone, driven by the test itself: a scope of its own, a
//! policy from YAML, processes that wait at a gate until they are guarded.

use guard_agent::bpf::{Kernel, Options};
use guard_agent::policy::{Capabilities, Compiled, Source, SubjectKind, Who, parse};
use guard_common::abi::event::{
    Connect, EVENT_CONNECT, EVENT_EXEC, EVENT_SESSION_BEGIN, EVENT_SESSION_END, Exec, Header,
    SessionChange,
};
use guard_common::abi::session::Session;
use guard_tests::cgroup::Cgroup;
use guard_tests::wait;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use zerocopy::{FromBytes, FromZeros, IntoBytes};

/// Longest wait for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A record of the ring buffer.
pub(crate) enum Record {
    /// A program start.
    Exec(Box<Exec>),
    /// A connection.
    Connect(Connect),
    /// A session began in the kernel.
    Begin(SessionChange),
    /// A session ended.
    End(SessionChange),
}

/// The kernel side with a policy.
pub(crate) struct Guard {
    /// The kernel side.
    pub(crate) kernel: Kernel,
    /// The policy.
    pub(crate) compiled: Compiled,
    /// The scope.
    pub(crate) cgroup: Cgroup,
    events: aya::maps::RingBuf<aya::maps::MapData>,
    records: Vec<Record>,
    next_id: u64,
}

impl Guard {
    /// Starts with a policy.
    #[track_caller]
    pub(crate) fn new(policy: &str) -> Self {
        let cgroup = Cgroup::new();
        let options = Options {
            scope: cgroup.path().to_owned(),
            pin_dir: None,
            ring_bytes: 1 << 20,
        };
        let mut kernel = Kernel::start(&options).expect("the kernel side starts");
        let events = kernel.events().expect("the ring buffer is there");
        let compiled = compile(policy);
        let mut guard = Self {
            kernel,
            compiled,
            cgroup,
            events,
            records: Vec::new(),
            next_id: 1,
        };
        guard.install();
        guard
    }

    /// Makes another policy live.
    #[track_caller]
    pub(crate) fn reload(&mut self, policy: &str) {
        self.compiled = compile(policy);
        self.install();
    }

    #[track_caller]
    fn install(&mut self) {
        let compiled = &self.compiled;
        let mask = compiled.selectors(&agent());
        self.kernel
            .install(&compiled.policy, &compiled.denials, |_, _| mask)
            .expect("the policy is installed");
    }

    /// Puts a process into a new session, and into the scope. Returns the
    /// session's id.
    #[track_caller]
    pub(crate) fn guard(&mut self, tgid: u32) -> u64 {
        let mut session = Session::new_zeroed();
        session.selectors = [self.compiled.selectors(&agent()); 4];
        session.tgid = tgid;
        session.parent = self
            .kernel
            .task(tgid)
            .expect("task")
            .map_or(0, |task| task.session);
        let id = self.next_id;
        self.next_id += 1;
        self.admit(tgid);
        self.kernel.register(tgid, id, &session).expect("register");
        id
    }

    /// Puts a process into the scope only.
    #[track_caller]
    pub(crate) fn admit(&self, tgid: u32) {
        std::fs::write(self.cgroup.path().join("cgroup.procs"), tgid.to_string())
            .expect("the process enters the scope");
    }

    /// Starts a guarded program. Its start is the first record of its session.
    #[track_caller]
    pub(crate) fn start(&mut self, command: &[&str]) -> (u64, Child) {
        let mut gate = Gate::new(command);
        let id = self.guard(gate.child.id());
        gate.open();
        (id, gate.child)
    }

    /// Runs a guarded program to its end. Returns its session, exit status as a
    /// shell would say it (128 + signal) and output.
    #[track_caller]
    pub(crate) fn run(&mut self, command: &[&str]) -> (u64, i32, String) {
        let (id, child) = self.start(command);
        let (status, output) = finish(child);
        (id, status, output)
    }

    /// All records so far.
    pub(crate) fn records(&mut self) -> &[Record] {
        while let Some(item) = self.events.next() {
            let (header, _) = Header::read_from_prefix(&item).expect("header");
            assert_eq!(header.length as usize, item.len());
            let record = match header.kind {
                EVENT_EXEC => {
                    let mut exec = Exec::new_zeroed();
                    exec.as_mut_bytes()[..item.len()].copy_from_slice(&item);
                    Record::Exec(Box::new(exec))
                }
                EVENT_CONNECT => Record::Connect(Connect::read_from_bytes(&item).expect("connect")),
                EVENT_SESSION_BEGIN => {
                    Record::Begin(SessionChange::read_from_bytes(&item).expect("change"))
                }
                EVENT_SESSION_END => {
                    Record::End(SessionChange::read_from_bytes(&item).expect("change"))
                }
                _ => continue,
            };
            self.records.push(record);
        }
        &self.records
    }

    /// Program starts of a session.
    pub(crate) fn execs(&mut self, session: u64) -> Vec<Exec> {
        let of = |record: &Record| match record {
            Record::Exec(exec) if exec.header.session == session => Some(**exec),
            _ => None,
        };
        self.records().iter().filter_map(of).collect()
    }

    /// Connections of a session.
    pub(crate) fn connects(&mut self, session: u64) -> Vec<Connect> {
        let of = |record: &Record| match record {
            Record::Connect(connect) if connect.header.session == session => Some(*connect),
            _ => None,
        };
        self.records().iter().filter_map(of).collect()
    }

    /// Waits for the end of a session.
    #[track_caller]
    pub(crate) fn ended(&mut self, session: u64) -> SessionChange {
        wait::until("the end of the session", LIMIT, || {
            self.records().iter().find_map(|record| match record {
                Record::End(change) if change.header.session == session => Some(*change),
                _ => None,
            })
        })
    }

    /// Asserts that the kernel side counted no failure of its own.
    #[track_caller]
    pub(crate) fn assert_no_faults(&self) {
        let faults = self.kernel.faults().expect("faults");
        assert!(faults.iter().all(|count| *count == 0), "faults: {faults:?}");
    }

    /// The name of a rule.
    pub(crate) fn rule(&self, index: u8) -> &str {
        self.compiled
            .rules
            .get(usize::from(index))
            .map_or("none", |rule| rule.name.as_str())
    }
}

/// A shell that waits for a word before it becomes the program.
pub(crate) struct Gate {
    /// The process.
    pub(crate) child: Child,
}

impl Gate {
    /// Starts the shell.
    #[track_caller]
    pub(crate) fn new(command: &[&str]) -> Self {
        let child = Command::new("/bin/sh")
            .args(["-c", "read go && exec \"$@\" </dev/null", "gate"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        Self { child }
    }

    /// Lets it go on.
    #[track_caller]
    pub(crate) fn open(&mut self) {
        let mut stdin = self.child.stdin.take().expect("stdin");
        stdin.write_all(b"go\n").expect("the gate opens");
    }
}

/// Waits for a process. Returns its status as a shell would say it, and both
/// outputs together.
#[track_caller]
pub(crate) fn finish(child: Child) -> (i32, String) {
    use std::os::unix::process::ExitStatusExt;
    let output = child.wait_with_output().expect("the process ends");
    let status = output.status;
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    let text = [output.stdout, output.stderr].concat();
    (code, String::from_utf8_lossy(&text).into_owned())
}

/// The path of a record as text.
pub(crate) fn path(exec: &Exec) -> String {
    String::from_utf8_lossy(&exec.path[..exec.path_len as usize]).into_owned()
}

/// The arguments of a record as text.
pub(crate) fn argv(exec: &Exec) -> Vec<String> {
    exec.argv[..exec.argv_len as usize]
        .split_inclusive(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word.strip_suffix(b"\0").unwrap_or(word)).into_owned())
        .collect()
}

fn agent() -> Who {
    Who {
        kind: SubjectKind::Agent,
        name: "tester".to_owned(),
        labels: std::collections::BTreeMap::new(),
        program: None,
    }
}

#[track_caller]
fn compile(policy: &str) -> Compiled {
    let source = Source {
        path: "test.yaml".into(),
        text: policy.to_owned(),
    };
    parse(vec![source], Capabilities::default())
        .expect("the policy is good")
        .compiled
}
