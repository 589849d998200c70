//! The BPF object: loaded, adjusted to this kernel, attached.

use super::BpfError;
use super::{offsets, storage};
use aya::maps::{Map, SockHash};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::{CgroupAttachMode, CgroupSkbAttachType, Program};
use aya::{Ebpf, EbpfLoader, VerifierLogLevel};
use std::fs::File;
use std::path::Path;

/// The object that `build.rs` made; empty when there were no tools for it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/guard.bpf.o"));

/// The kernel's own description of its types.
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// Programs in the order in which they are attached: who belongs to a session
/// is known before anything is judged, and sessions begin last.
pub(crate) const PROGRAMS: [&str; 11] = [
    "sched_process_exit",
    "sched_process_fork",
    "guard_voice",
    "guard_authority",
    HEARING,
    "guard_sockops",
    "connect4",
    "connect6",
    "sendmsg4",
    "sendmsg6",
    "sched_process_exec",
];

/// The program that belongs to a map, not to a hook: it has no link.
pub(crate) const VOICE: &str = "guard_voice";

/// The program that sees what arrives; the other one for packets sees what leaves.
const HEARING: &str = "guard_hearing";

/// Tells whether this build has a BPF object.
#[must_use]
pub fn is_built() -> bool {
    !OBJECT.is_empty()
}

/// Loads the object into the kernel: maps and programs, nothing attached.
pub(crate) fn load(ring_bytes: u32) -> Result<Ebpf, BpfError> {
    let mut object = load_maps(ring_bytes)?;
    for name in PROGRAMS {
        load_program(program(&mut object, name)?, name)?;
    }
    Ok(object)
}

/// What the verifier said of a program.
pub(crate) struct Tried {
    /// Name of the program.
    pub(crate) name: &'static str,
    /// Instructions that the verifier went through, where the kernel tells
    /// (5.16 and later), or the refusal.
    pub(crate) result: Result<Option<u32>, BpfError>,
}

/// Passes every program through the verifier, tries the storage of sockets, and
/// lets go of all of it again.
pub(crate) fn try_all() -> Result<(Vec<Tried>, Vec<storage::Tried>), BpfError> {
    /// Any size will do.
    const RING_BYTES: u32 = 1 << 16;
    let mut object = load_maps(RING_BYTES)?;
    let mut results = Vec::new();
    for name in PROGRAMS {
        let result = program(&mut object, name).and_then(|program| {
            load_program(program, name)?;
            Ok(verified(program))
        });
        results.push(Tried { name, result });
    }
    let stored = storage::try_all(&object).map_err(BpfError::Sockets)?;
    Ok((results, stored))
}

/// How many instructions the verifier went through for a loaded program.
fn verified(program: &Program) -> Option<u32> {
    program.info().ok()?.verified_instruction_count()
}

/// Makes the maps, and adjusts the programs to this kernel.
fn load_maps(ring_bytes: u32) -> Result<Ebpf, BpfError> {
    if !is_built() {
        return Err(BpfError::NotBuilt);
    }
    let offsets = offsets::read(Path::new(VMLINUX))?;
    let mut loader = EbpfLoader::new();
    loader
        .allow_unsupported_maps()
        .verifier_log_level(VerifierLogLevel::STATS)
        .map_max_entries("guard_events", ring_bytes);
    for (name, offset) in &offsets {
        loader.override_global(name, offset, false);
    }
    loader.load(OBJECT).map_err(BpfError::Load)
}

/// Passes one program through the verifier.
fn load_program(program: &mut Program, name: &'static str) -> Result<(), BpfError> {
    let loaded = match program {
        Program::RawTracePoint(program) => program.load(),
        Program::CgroupSockAddr(program) => program.load(),
        Program::CgroupSkb(program) => program.load(),
        Program::SockOps(program) => program.load(),
        Program::SkMsg(program) => program.load(),
        _ => return Err(BpfError::NoProgram(name)),
    };
    loaded.map_err(|error| BpfError::Program { name, error })
}

/// A program by name.
fn program<'a>(object: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Program, BpfError> {
    object.program_mut(name).ok_or(BpfError::NoProgram(name))
}

/// An attached program; it is detached when the value is dropped.
pub(crate) struct Attached {
    /// Name of the program, and of its pin.
    pub(crate) name: &'static str,
    /// Its link.
    pub(crate) link: FdLink,
}

/// Attaches every program. An error leaves nothing attached.
pub(crate) fn attach(object: &mut Ebpf, cgroup: &File) -> Result<Vec<Attached>, BpfError> {
    let mut attached = Vec::new();
    for name in PROGRAMS {
        if name == VOICE {
            attach_voice(object)?;
        } else {
            let link = attach_program(program(object, name)?, name, cgroup)
                .map_err(|error| BpfError::Attach { name, error })?;
            attached.push(Attached { name, link });
        }
    }
    Ok(attached)
}

/// Attaches one program through a link. A cgroup link lives beside those of
/// other programs whatever its mode says.
fn attach_program(
    program: &mut Program,
    name: &'static str,
    cgroup: &File,
) -> Result<FdLink, Box<dyn std::error::Error + Send + Sync>> {
    let mode = CgroupAttachMode::Single;
    Ok(match program {
        Program::RawTracePoint(program) => {
            let id = program.attach(name)?;
            program.take_link(id)?.into()
        }
        Program::CgroupSockAddr(program) => {
            let id = program.attach(cgroup, mode)?;
            program.take_link(id)?.try_into()?
        }
        Program::CgroupSkb(program) => {
            let direction = if name == HEARING {
                CgroupSkbAttachType::Ingress
            } else {
                CgroupSkbAttachType::Egress
            };
            let id = program.attach(cgroup, direction, mode)?;
            program.take_link(id)?.try_into()?
        }
        Program::SockOps(program) => {
            let id = program.attach(cgroup, mode)?;
            program.take_link(id)?.try_into()?
        }
        _ => return Err("a program of another type than expected".into()),
    })
}

/// Gives the voice's map its program. The map holds it until the map itself is
/// gone, so the handle that would detach it on drop is let go of.
fn attach_voice(object: &mut Ebpf) -> Result<(), BpfError> {
    let name = VOICE;
    let voices: SockHash<_, u64> = object
        .map("guard_voices")
        .ok_or(BpfError::NoMap("guard_voices"))?
        .try_into()
        .map_err(|error| BpfError::Map {
            name: "guard_voices",
            error,
        })?;
    let fd = voices.fd().try_clone().map_err(|error| BpfError::Attach {
        name,
        error: error.into(),
    })?;
    let Program::SkMsg(program) = program(object, name)? else {
        return Err(BpfError::NoProgram(name));
    };
    let link = program
        .attach(&fd)
        .and_then(|id| program.take_link(id))
        .map_err(|error| BpfError::Attach {
            name,
            error: error.into(),
        })?;
    std::mem::forget(link);
    Ok(())
}

/// Pins links and maps below `folder`. An error leaves the pins made so far to
/// the caller, who removes the folder.
pub(crate) fn pin(
    folder: &Path,
    object: &mut Ebpf,
    attached: Vec<Attached>,
) -> Result<Vec<PinnedLink>, BpfError> {
    let maps = folder.join("maps");
    let links = folder.join("links");
    for part in [&maps, &links] {
        std::fs::create_dir(part).map_err(|error| BpfError::file(part, error))?;
    }
    for (name, map) in object.maps() {
        if is_shared(name, map) {
            let path = maps.join(name);
            map.pin(&path)
                .map_err(|error| BpfError::Pin { path, error })?;
        }
    }
    attached
        .into_iter()
        .map(|Attached { name, link }| {
            let path = links.join(name);
            link.pin(&path)
                .map_err(|error| BpfError::Pin { path, error })
        })
        .collect()
}

/// Whether a map outlives the daemon; constants of the programs need no pin.
fn is_shared(name: &str, _map: &Map) -> bool {
    !name.starts_with('.')
}
