//! Who is on the other end of a connection.

use super::Refusal;
use crate::events::processes::cgroup_of;
use procfs::process::Process;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use tokio::net::UnixStream;

/// The process that opened a connection, held by a pidfd.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its thread group, in the initial pid namespace.
    pub pid: u32,
    /// Its effective user when it connected.
    pub uid: u32,
    /// Its effective group when it connected.
    pub gid: u32,
    /// Its further groups.
    pub groups: Vec<u32>,
    /// Its cgroup (v2), below the mount.
    pub cgroup: Option<String>,
    /// The process itself: its number may be used again, this not.
    held: Arc<OwnedFd>,
}

impl Peer {
    /// Reads the credentials of a connection and takes hold of the process.
    ///
    /// # Errors
    /// The process is in another pid namespace, has ended, or its number has
    /// been taken over by a process that started after the connection.
    pub fn of(stream: &UnixStream) -> Result<Self, Refusal> {
        let gone = || Refusal::forbidden("the process that opened this connection has ended");
        let credentials = stream
            .peer_cred()
            .map_err(|error| Refusal::failed(format!("credentials of the peer: {error}")))?;
        let pid = credentials.pid().filter(|pid| *pid > 0).ok_or_else(|| {
            Refusal::forbidden("the peer is in a pid namespace that the daemon cannot see")
        })?;
        let raw = Pid::from_raw(pid).ok_or_else(gone)?;
        let held = hold(stream, raw).ok_or_else(gone)?;
        let process = Process::new(pid).map_err(|_ended| gone())?;
        let status = process.status().map_err(|_ended| gone())?;
        let peer = Self {
            pid: pid.unsigned_abs(),
            uid: credentials.uid(),
            gid: credentials.gid(),
            groups: status.groups.clone(),
            cgroup: cgroup_of(&process),
            held: Arc::new(held),
        };
        // While the held process lives its number is its own, so what was read
        // under the number was read of this process.
        if peer.is_alive() {
            Ok(peer)
        } else {
            Err(gone())
        }
    }

    /// Tells whether the process still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let mut fds = [PollFd::new(&*self.held, PollFlags::IN)];
        let now = Timespec::default();
        matches!(poll(&mut fds, Some(&now)), Ok(0))
    }

    /// Tells whether the process lies in a cgroup or below it.
    #[must_use]
    pub fn is_below(&self, scope: &str) -> bool {
        let Some(cgroup) = &self.cgroup else {
            return false;
        };
        Path::new(cgroup).starts_with(scope)
    }

    /// A peer for tests of permissions.
    #[cfg(test)]
    pub(crate) fn fake(uid: u32, groups: &[u32]) -> Self {
        let own = rustix::process::getpid();
        let held = pidfd_open(own, PidfdFlags::empty()).expect("a pidfd of this process");
        Self {
            pid: std::process::id(),
            uid,
            gid: 1000,
            groups: groups.to_vec(),
            cgroup: Some("/a/b".to_owned()),
            held: Arc::new(held),
        }
    }
}

/// A pidfd of the process that connected. Linux 6.5 and later give exactly that
/// one; before, it is opened by number, and a process that ended right after it
/// connected can be taken for the next with its number.
fn hold(stream: &UnixStream, pid: Pid) -> Option<OwnedFd> {
    use nix::sys::socket::{getsockopt, sockopt::PeerPidfd};
    match getsockopt(stream, PeerPidfd) {
        Ok(held) => Some(held),
        Err(nix::errno::Errno::ENOPROTOOPT) => pidfd_open(pid, PidfdFlags::empty()).ok(),
        Err(_) => None,
    }
}
