//! How much kernel memory a map takes.

use aya::maps::Map;
use std::os::fd::{AsFd, AsRawFd};

/// Bytes, as the kernel counts them for the map's file descriptor; `None` when
/// it does not say.
pub(crate) fn of(map: &Map) -> Option<u64> {
    let data = match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::RingBuf(data)
        | Map::SkStorage(data)
        | Map::SockHash(data) => data,
        _ => return None,
    };
    let fd = data.fd().as_fd().as_raw_fd();
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("memlock:"))?;
    line.trim().parse().ok()
}
