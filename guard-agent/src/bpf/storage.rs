//! Storage of sockets, tried before it is needed: a kernel may take a map whose
//! values it then refuses to make, and each guarded connection would fail.

use super::BpfError;
use aya::Ebpf;
use aya::maps::{Map, MapData};
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd};

/// What became of one map.
pub(crate) struct Tried {
    /// Name of the map.
    pub(crate) map: String,
    /// Bytes of a value.
    pub(crate) bytes: u32,
    /// Whether a socket could be given one, beside those of the maps before.
    pub(crate) result: io::Result<()>,
}

/// Gives a socket of this process a value of every map that keeps state with
/// sockets, and lets go of it.
pub(crate) fn try_all(object: &Ebpf) -> io::Result<Vec<Tried>> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    let mut tried = Vec::new();
    for (name, map) in object.maps() {
        let Map::SkStorage(data) = map else {
            continue;
        };
        let info = data.info().map_err(io::Error::other)?;
        tried.push(Tried {
            map: name.to_owned(),
            bytes: info.value_size(),
            result: make(data, socket.as_raw_fd(), info.value_size()),
        });
    }
    Ok(tried)
}

/// The first failure as an error.
pub(crate) fn require(object: &Ebpf) -> Result<(), BpfError> {
    let tried = try_all(object).map_err(BpfError::Sockets)?;
    for Tried { map, bytes, result } in tried {
        result.map_err(|error| BpfError::Storage { map, bytes, error })?;
    }
    Ok(())
}

/// What `bpf(BPF_MAP_UPDATE_ELEM)` is told.
#[repr(C)]
struct Update {
    map: u32,
    reserved: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// Makes the value, all zero, for the socket with this descriptor.
fn make(map: &MapData, socket: i32, bytes: u32) -> io::Result<()> {
    /// `BPF_MAP_UPDATE_ELEM` of `linux/bpf.h`.
    const MAP_UPDATE: libc::c_int = 2;
    let value = vec![0_u8; bytes as usize];
    let update = Update {
        map: map.fd().as_fd().as_raw_fd() as u32,
        reserved: 0,
        key: (&raw const socket) as u64,
        value: value.as_ptr() as u64,
        flags: 0,
    };
    // SAFETY: the kernel reads `update`, a key of four bytes and a value of the
    // map's size, which live through the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_UPDATE,
            &raw const update,
            size_of::<Update>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
