//! What a daemon has in the kernel, seen from outside.

use aya::maps::{HashMap, Map, MapData, MapInfo, SockHash, loaded_maps};
use guard_common::abi::event::Poisoned;
use guard_common::abi::session::{Session, Task};
use guard_common::facts::Facts;
use std::collections::BTreeSet;

/// Numbers of the BPF objects that a process holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Maps.
    pub(crate) maps: BTreeSet<u32>,
    /// Programs.
    pub(crate) programs: BTreeSet<u32>,
    /// Links.
    pub(crate) links: BTreeSet<u32>,
}

/// Reads what a process holds from the descriptions of its open files.
pub(crate) fn held_by(pid: u32) -> Held {
    let mut held = Held::default();
    let folder = std::fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("the process lives");
    for entry in folder.flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        let number = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            line.rsplit(['\t', ' ']).next()?.parse::<u32>().ok()
        };
        held.maps.extend(number("map_id:"));
        held.links.extend(number("link_id:"));
        // A link's description names its program too.
        held.programs.extend(number("prog_id:"));
    }
    held
}

/// Which of the maps are still in the kernel.
pub(crate) fn still_loaded(held: &Held) -> Vec<String> {
    let maps = loaded_maps()
        .flatten()
        .filter(|map| held.maps.contains(&map.id()));
    let mut left: Vec<String> = maps
        .map(|map| format!("map {}", map.name_as_str().unwrap_or("?")))
        .collect();
    let programs = aya::programs::loaded_programs().flatten();
    left.extend(
        programs
            .filter(|program| held.programs.contains(&program.id()))
            .map(|program| format!("program {}", program.name_as_str().unwrap_or("?"))),
    );
    left
}

/// Entries of the maps that grow with sessions, tasks and sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entries {
    /// Live tasks.
    pub(crate) tasks: usize,
    /// Sessions.
    pub(crate) sessions: usize,
    /// Members of sessions.
    pub(crate) members: usize,
    /// Prepared statements and portals with a name.
    pub(crate) names: usize,
    /// Sockets with a voice.
    pub(crate) voices: usize,
    /// Sockets that are poisoned and not yet destroyed.
    pub(crate) poisoned: usize,
}

/// Counts entries in the maps of a daemon.
pub(crate) fn entries(held: &Held) -> Entries {
    let voices = Map::SockHash(map(held, "guard_voices"));
    let voices = SockHash::<_, u64>::try_from(voices).expect("the map has this shape");
    Entries {
        tasks: count::<u32, [u8; size_of::<Task>()]>(Map::HashMap(map(held, "guard_tasks"))),
        sessions: count::<u64, [u8; size_of::<Session>()]>(Map::HashMap(map(
            held,
            "guard_sessions",
        ))),
        members: count::<u64, u64>(Map::HashMap(map(held, "guard_members"))),
        names: count::<[u64; 3], [u8; size_of::<Facts>()]>(Map::LruHashMap(map(
            held,
            "guard_names",
        ))),
        voices: voices.keys().flatten().count(),
        poisoned: count::<u64, [u8; size_of::<Poisoned>()]>(Map::HashMap(map(
            held,
            "guard_poisoned",
        ))),
    }
}

/// A map that the daemon holds.
fn map(held: &Held, name: &str) -> MapData {
    let named = |info: &MapInfo| held.maps.contains(&info.id()) && info.name_as_str() == Some(name);
    let info = loaded_maps()
        .flatten()
        .find(named)
        .expect("the daemon holds the map");
    MapData::from_id(info.id()).expect("the map can be opened")
}

/// Entries of a hash with keys and values of these sizes.
fn count<K: aya::Pod, V: aya::Pod>(map: Map) -> usize {
    let map = HashMap::<_, K, V>::try_from(map).expect("the map has this shape");
    map.keys().flatten().count()
}
