//! What is kept with a guarded database socket, freed with it.

use crate::stream::ear::Ear;
use crate::stream::voice::Voice;
use crate::stream::{Desk, Sock};
use aya_ebpf::btf_maps::SkStorage;
use aya_ebpf::macros::btf_map;
use core::ffi::c_void;

/// State of guarded database sockets: what is known of them, and the authority's
/// place.
///
/// writer: the connect hooks make it; voice and authority, under the socket's
///         lock
/// reader: the same
/// room:   about 6 KiB a socket, freed with it
/// full:   `Fault::SocketState`; the connect is refused
#[btf_map(name = "guard_sockets")]
static SOCKETS: SkStorage<Sock> = SkStorage::new();

/// The voice's place in guarded database sockets.
///
/// writer: the connect hooks make it; the voice
/// reader: the same
/// room:   about 5 KiB a socket, freed with it
/// full:   as `guard_sockets`
#[btf_map(name = "guard_speakers")]
static SPEAKERS: SkStorage<Voice> = SkStorage::new();

/// What voice and authority work with.
///
/// writer: as `guard_sockets`
/// reader: the same
/// room:   about 8 KiB a socket, freed with it
/// full:   as `guard_sockets`
#[btf_map(name = "guard_desks")]
static DESKS: SkStorage<Desk> = SkStorage::new();

/// What was heard of the servers of guarded MySQL sockets.
///
/// writer: the connect hooks make it, `hooks/hearing.rs` fills it; the authority
///         says what it listens for
/// reader: voice and authority, until nothing more is to be heard
/// room:   300 bytes a socket, freed with it
/// full:   the server stays unknown: `Opaque::Version` where it matters
#[btf_map(name = "guard_ears")]
static EARS: SkStorage<Ear> = SkStorage::new();

/// What is kept with a socket.
pub(crate) trait Stored {
    /// Its map, for the helpers.
    fn map() -> *mut c_void;
}

impl Stored for Sock {
    #[inline(always)]
    fn map() -> *mut c_void {
        (&raw const SOCKETS).cast_mut().cast()
    }
}

impl Stored for Voice {
    #[inline(always)]
    fn map() -> *mut c_void {
        (&raw const SPEAKERS).cast_mut().cast()
    }
}

impl Stored for Desk {
    #[inline(always)]
    fn map() -> *mut c_void {
        (&raw const DESKS).cast_mut().cast()
    }
}

impl Stored for Ear {
    #[inline(always)]
    fn map() -> *mut c_void {
        (&raw const EARS).cast_mut().cast()
    }
}
