//! What a task has just begun to run: paths and arguments.

use crate::kernel::repeat::Kernel;
use crate::kernel::{offsets, read, task};
use guard_common::abi::event::{ARGV_CUT, Exec};
use guard_common::decide::exec::Work;
use guard_common::limits::{ARGV_BYTES, PATH_BYTES};
use guard_common::repeat::{Repeat, Turn};

/// Longest path, in bytes (`PATH_MAX`).
const PATH_MAX: usize = 4096;

/// Longest name of one directory entry, in bytes (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Directories and mounts that are walked from the file to the root.
const WALK: u32 = 192;

/// Where one program start is put together; one for each CPU.
///
/// Only `sched_process_exec` uses it. The kernel does not run that program a
/// second time on a CPU while it runs there (`prog->active` in
/// `__bpf_trace_run`), and up to 6.18 tracepoints run with preemption disabled
/// anyway, so nothing can overwrite it halfway.
#[repr(C)]
pub(crate) struct Scratch {
    /// The record.
    pub(crate) record: Exec,
    /// The hashes.
    pub(crate) work: Work,
    /// The program as it was asked for.
    named: [u8; PATH_MAX],
    /// The file that runs: a path, written from its end.
    resolved: Resolved,
}

/// A path that grows to the left.
#[repr(C)]
struct Resolved {
    /// The path is in `bytes[at..PATH_MAX]`.
    at: u64,
    dentry: u64,
    mount: u64,
    /// 1 once the root is reached.
    whole: u64,
    /// Twice as long as needed: a name may begin at any position of the first
    /// half, and the verifier sees that it fits.
    bytes: [u8; 2 * PATH_MAX],
}

impl Scratch {
    /// Reads and hashes both paths of a program start; the record gets the first
    /// one. `false` when one cannot be read.
    #[inline(always)]
    pub(crate) fn read_paths(&mut self, bprm: u64) -> bool {
        self.work.clear();
        self.record.path_len = 0;
        let filename: Option<u64> = read::field(bprm, &offsets::OFF_BPRM_FILENAME);
        let length = filename.and_then(|address| read::text(&mut self.named, address));
        if let Some(length) = length {
            self.work.named.read::<Kernel, _>(&self.named, 0, length);
            let kept = length.min(PATH_BYTES as u32);
            read::copy(&mut self.record.path, self.named.as_ptr(), kept);
            self.record.path_len = kept;
        }
        let resolved = self.resolved.walk(bprm);
        if resolved {
            let from = self.resolved.at as u32;
            self.work
                .resolved
                .read::<Kernel, _>(&self.resolved.bytes, from, PATH_MAX as u32);
        }
        length.is_some() && resolved
    }

    /// Writes the whole path over a relative one in the record, when both name
    /// the same file (a script's own whole path is not known here).
    #[inline(always)]
    pub(crate) fn complete_path(&mut self) {
        let relative = self.named[0] != b'/';
        if !relative || self.work.named.name != self.work.resolved.name {
            return;
        }
        let from = self.resolved.at as usize & (PATH_MAX - 1);
        let length = (PATH_MAX - from).min(PATH_BYTES) as u32;
        let source = self.resolved.bytes.as_ptr().wrapping_add(from);
        read::copy(&mut self.record.path, source, length);
        self.record.path_len = length;
    }

    /// Reads and hashes the arguments into record and work; `false` when they
    /// cannot be read.
    #[inline(always)]
    pub(crate) fn read_argv(&mut self) -> bool {
        self.record.argv_len = 0;
        self.record.argv_flags = 0;
        let mm: Option<u64> = read::field(task::current(), &offsets::OFF_TASK_MM);
        let range = mm.and_then(|mm| {
            Some((
                read::field::<u64>(mm, &offsets::OFF_MM_ARG_START)?,
                read::field::<u64>(mm, &offsets::OFF_MM_ARG_END)?,
            ))
        });
        let Some((start, end)) = range else {
            return false;
        };
        let whole = end.saturating_sub(start);
        let length = whole.min(ARGV_BYTES as u64) as u32;
        let cut = u32::from(whole > ARGV_BYTES as u64);
        if !read::user(&mut self.record.argv, start, length) {
            return false;
        }
        self.record.argv_len = length;
        self.record.argv_flags = cut * ARGV_CUT;
        self.work
            .read_argv::<Kernel>(&self.record.argv, length, cut);
        true
    }
}

impl Resolved {
    /// Follows the file of `bprm` up to the root of its mounts.
    #[inline(always)]
    fn walk(&mut self, bprm: u64) -> bool {
        self.at = PATH_MAX as u64;
        self.whole = 0;
        let path = read::field::<u64>(bprm, &offsets::OFF_BPRM_FILE)
            .and_then(|file| read::member(file, &offsets::OFF_FILE_PATH));
        let ends = path.and_then(|path| {
            Some((
                read::field(path, &offsets::OFF_PATH_DENTRY)?,
                read::field(path, &offsets::OFF_PATH_MNT)?,
            ))
        });
        let Some((dentry, mount)) = ends else {
            return false;
        };
        self.dentry = dentry;
        self.mount = mount;
        Kernel::repeat(WALK, &mut Walk { path: self });
        self.whole != 0
    }

    /// One step up. `None`: something could not be read, or there is no room.
    #[inline(always)]
    fn step(&mut self) -> Option<()> {
        let root: u64 = read::field(self.mount, &offsets::OFF_VFSMOUNT_ROOT)?;
        if root == self.dentry {
            return self.leave_mount();
        }
        let parent: u64 = read::field(self.dentry, &offsets::OFF_DENTRY_PARENT)?;
        if parent == self.dentry {
            self.whole = 1;
            return Some(());
        }
        let length = read::field::<u32>(self.dentry, &offsets::OFF_DENTRY_NAME_LENGTH)? as u64;
        let name: u64 = read::field(self.dentry, &offsets::OFF_DENTRY_NAME)?;
        if length > NAME_MAX as u64 || self.at < length + 1 {
            return None;
        }
        self.at -= length + 1;
        self.bytes[self.at as usize & (PATH_MAX - 1)] = b'/';
        let to = (self.at as usize + 1) & (PATH_MAX - 1);
        if !read::kernel_at(&mut self.bytes, to, name, length as u32 & NAME_MAX as u32) {
            return None;
        }
        self.dentry = parent;
        Some(())
    }

    /// Goes on from the mount point of a mount's root.
    #[inline(always)]
    fn leave_mount(&mut self) -> Option<()> {
        let mount = read::container(self.mount, &offsets::OFF_MOUNT_MNT)?;
        let parent: u64 = read::field(mount, &offsets::OFF_MOUNT_PARENT)?;
        if parent == mount {
            self.whole = 1;
            return Some(());
        }
        self.dentry = read::field(mount, &offsets::OFF_MOUNT_MOUNTPOINT)?;
        self.mount = read::member(parent, &offsets::OFF_MOUNT_MNT)?;
        Some(())
    }
}

/// The loop of [`Resolved::walk`].
struct Walk<'a> {
    path: &'a mut Resolved,
}

impl Turn for Walk<'_> {
    #[inline(always)]
    fn turn(&mut self, _: u32) -> bool {
        self.path.step().is_some() && self.path.whole == 0
    }
}
