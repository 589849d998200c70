//! Names processes: program, redacted arguments, cgroup, parents.
//!
//! A process may be gone before its record is read, so what a program start
//! says is kept; `/proc` is asked only about processes not seen starting, and
//! about cgroups not met before: asking it about a process that is just starting
//! makes that process wait.

use crate::decision::{Ancestor, ProcessFacts, Shared};
use crate::events::decode::Start;
use crate::events::redact::{self, Words, lossy};
use procfs::process::Process;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

/// Processes kept; about 2 KiB each.
const KEPT: usize = 16_384;

/// Parents named in a record.
const ANCESTORS: usize = 16;

/// A process: its id, and the boot time of its entry in the kernel's task table
/// (0 where it has none), which tells it from an earlier one with the same id.
pub type Key = (u32, u64);

/// Cgroups kept; they are forgotten all at once when there are more.
const CGROUPS: usize = 4_096;

/// What is known of processes.
#[derive(Default)]
pub struct Processes {
    known: HashMap<u32, (u64, Shared<ProcessFacts>)>,
    order: VecDeque<u32>,
    /// Paths by cgroup id. The kernel gives an id to one cgroup only, and a
    /// cgroup keeps its path (cgroup v2 has no rename).
    cgroups: HashMap<u64, String>,
}

impl Processes {
    /// Takes a program start into account and gives the process as it is from
    /// this start on. `parent` is the boot time of the parent's entry in the
    /// kernel's task table, 0 where it has none.
    pub fn started(
        &mut self,
        start: &Start,
        since_ns: u64,
        parent: u64,
        words: &Words,
    ) -> Shared<ProcessFacts> {
        let pid = start.header.tgid;
        let cgroup = self.cgroup(start.cgroup, pid);
        let argv = start.argv.strip_suffix(b"\0").unwrap_or(&start.argv);
        let tokens = argv
            .split(|byte| *byte == 0)
            .filter(|_| !start.argv.is_empty());
        let facts = ProcessFacts {
            source: "connect",
            pid,
            exe: Some(lossy(&start.path)),
            args: redact::arguments(&start.path, tokens, words),
            cgroup,
            container: None,
            pod: None,
            ancestors: self.line(start.parent, parent),
        };
        self.keep((pid, since_ns), Shared::new(facts.clone()));
        Shared::new(ProcessFacts {
            source: "exec",
            ..facts
        })
    }

    /// The path of the cgroup with this id, in which `pid` is.
    fn cgroup(&mut self, cgroup: u64, pid: u32) -> Option<String> {
        if let Some(path) = self.cgroups.get(&cgroup) {
            return Some(path.clone());
        }
        let read = Process::new(id(pid)).ok().as_ref().and_then(cgroup_of);
        let Some(path) = read else {
            // Gone already: it was last seen there.
            return self.known.get(&pid)?.1.cgroup.clone();
        };
        if self.cgroups.len() >= CGROUPS {
            self.cgroups.clear();
        }
        // The process may have moved since its start; an id that is in use says
        // which path it has.
        if cgroup_id(&path) == Some(cgroup) {
            self.cgroups.insert(cgroup, path.clone());
        }
        Some(path)
    }

    /// `parent` and its parents: from the parent's own start where that was
    /// seen, else from `/proc`.
    fn line(&self, parent: u32, since_ns: u64) -> Vec<Ancestor> {
        match self.known.get(&parent) {
            Some((known, facts)) if since_ns != 0 && *known == since_ns => {
                let own = Ancestor {
                    pid: parent,
                    exe: facts.exe.clone(),
                };
                let outer = facts.ancestors.iter().take(ANCESTORS - 1).cloned();
                std::iter::once(own).chain(outer).collect()
            }
            _ => self.ancestors(parent),
        }
    }

    /// Forgets which programs run: a start may have been missed.
    pub fn doubt(&mut self) {
        self.known.clear();
        self.order.clear();
    }

    /// The process that connected, as known from its start or from `/proc`.
    pub fn find(&mut self, key: Key) -> Shared<ProcessFacts> {
        let (pid, since_ns) = key;
        if let Some((known, facts)) = self.known.get(&pid)
            && (since_ns == 0 || *known == since_ns)
        {
            return facts.clone();
        }
        let facts = Shared::new(self.look_up(pid));
        self.keep(key, facts.clone());
        facts
    }

    fn look_up(&self, pid: u32) -> ProcessFacts {
        let process = Process::new(id(pid)).ok();
        let exe = process.as_ref().and_then(|process| process.exe().ok());
        let exe = exe.map(|path| path.as_os_str().as_bytes().to_vec());
        let argv = process.as_ref().and_then(|process| process.cmdline().ok());
        let parent = process.as_ref().and_then(|process| process.stat().ok());
        let argv = argv.unwrap_or_default();
        let tokens = argv.iter().map(|token| OsStr::new(token).as_bytes());
        let program = exe.clone().unwrap_or_default();
        ProcessFacts {
            source: "connect",
            pid,
            args: redact::arguments(&program, tokens, &Words::default()),
            exe: exe.as_deref().map(lossy),
            cgroup: process.as_ref().and_then(cgroup_of),
            container: None,
            pod: None,
            ancestors: parent.map_or_else(Vec::new, |stat| {
                self.ancestors(u32::try_from(stat.ppid).unwrap_or(0))
            }),
        }
    }

    /// `parent` and its parents.
    fn ancestors(&self, parent: u32) -> Vec<Ancestor> {
        let mut line = Vec::new();
        let mut pid = parent;
        while pid > 0 && line.len() < ANCESTORS {
            let process = Process::new(id(pid)).ok();
            if let Some((_, facts)) = self.known.get(&pid)
                && process.is_none()
            {
                line.push(Ancestor {
                    pid,
                    exe: facts.exe.clone(),
                });
                line.extend(facts.ancestors.iter().cloned());
                break;
            }
            let exe = process.as_ref().and_then(|process| process.exe().ok());
            line.push(Ancestor {
                pid,
                exe: exe.map(|path| lossy(path.as_os_str().as_bytes())),
            });
            let stat = process.and_then(|process| process.stat().ok());
            pid = stat.map_or(0, |stat| u32::try_from(stat.ppid).unwrap_or(0));
        }
        line.truncate(ANCESTORS);
        line
    }

    fn keep(&mut self, (pid, since_ns): Key, facts: Shared<ProcessFacts>) {
        if self.known.insert(pid, (since_ns, facts)).is_none() {
            self.order.push_back(pid);
        }
        while self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

/// The cgroup (v2) of a process as a path below the mount.
#[must_use]
pub fn cgroup_of(process: &Process) -> Option<String> {
    let groups = process.cgroups().ok()?;
    let group = groups.into_iter().find(|group| group.hierarchy == 0)?;
    Some(group.pathname)
}

/// The id of the cgroup at a path below the mount.
fn cgroup_id(path: &str) -> Option<u64> {
    let mount = crate::bpf::cgroup_mount_point()?;
    let folder = mount.join(path.trim_start_matches('/'));
    Some(std::fs::metadata(folder).ok()?.ino())
}

fn id(pid: u32) -> i32 {
    i32::try_from(pid).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use guard_common::abi::event::Header;
    use guard_common::verdict::Decision;
    use zerocopy::FromZeros;

    fn start(pid: u32, parent: u32, path: &str, argv: &[u8]) -> Start {
        let mut header = Header::new_zeroed();
        header.tgid = pid;
        Start {
            header,
            decision: Decision::OPEN,
            cgroup: 0,
            parent,
            effect: 0,
            argv_flags: 0,
            path: path.into(),
            argv: argv.to_vec(),
        }
    }

    /// Ids above the kernel's limit never exist, so these processes are gone.
    const GONE: u32 = 1 << 23;

    #[test]
    fn a_process_that_is_gone_is_still_named_with_its_parents() {
        let mut processes = Processes::default();
        let parent = start(GONE, 0, "/usr/bin/claude", b"claude\0");
        processes.started(&parent, 1, 0, &Words::default());
        let child = start(GONE + 1, GONE, "/usr/bin/psql", b"psql\0-c\0secret\0");
        processes.started(&child, 2, 1, &Words::default());
        let facts = processes.find((GONE + 1, 2));
        assert_eq!(facts.exe.as_deref(), Some("/usr/bin/psql"));
        assert_eq!(facts.args, ["psql", "-c", "‹…›"]);
        assert_eq!(facts.ancestors[0].exe.as_deref(), Some("/usr/bin/claude"));
    }

    #[test]
    fn an_id_that_is_used_again_is_another_process() {
        let mut processes = Processes::default();
        processes.started(
            &start(GONE, 0, "/usr/bin/old", b"old\0"),
            1,
            0,
            &Words::default(),
        );
        assert_eq!(processes.find((GONE, 7)).exe, None);
    }

    #[test]
    fn a_living_process_is_read_from_proc() {
        let own = std::process::id();
        let facts = Processes::default().find((own, 0));
        assert_eq!(facts.pid, own);
        assert!(facts.exe.is_some() && !facts.ancestors.is_empty());
    }

    #[test]
    fn a_parent_of_the_same_id_but_another_birth_is_not_taken_for_it() {
        let mut processes = Processes::default();
        let parent = start(GONE, 0, "/usr/bin/claude", b"claude\0");
        processes.started(&parent, 1, 0, &Words::default());
        let child = start(GONE + 1, GONE, "/usr/bin/psql", b"psql\0");
        let facts = processes.started(&child, 9, 5, &Words::default());
        assert_ne!(facts.ancestors.first().map(|parent| parent.pid), None);
        let again = processes.started(&child, 9, 1, &Words::default());
        assert_eq!(again.ancestors[0].exe.as_deref(), Some("/usr/bin/claude"));
        processes.doubt();
        assert_eq!(processes.find((GONE + 1, 9)).exe, None);
    }

    #[test]
    fn a_cgroup_is_read_once_and_told_from_another() {
        let own = std::process::id();
        let mut processes = Processes::default();
        let process = Process::myself().expect("/proc is mounted");
        let path = cgroup_of(&process).expect("Guard needs cgroup v2, and so does this test");
        let mut start = start(own, 0, "/bin/true", b"true\0");
        start.cgroup = cgroup_id(&path).unwrap_or(1);
        let facts = processes.started(&start, 1, 0, &Words::default());
        assert_eq!(facts.cgroup.as_deref(), Some(&*path));
        // An id that the path does not have is never remembered for it.
        start.cgroup ^= 1 << 40;
        processes.started(&start, 2, 0, &Words::default());
        assert!(!processes.cgroups.contains_key(&start.cgroup));
    }

    #[test]
    fn memory_is_bounded() {
        let mut processes = Processes::default();
        for pid in 0..(KEPT as u32 + 100) {
            let facts = processes.look_up(0);
            processes.keep((GONE + pid, 1), Shared::new(facts));
        }
        assert_eq!(processes.known.len(), KEPT);
    }
}
