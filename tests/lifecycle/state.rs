//! What a daemon has in the kernel, seen from outside.

use aya::maps::{HashMap, Map, MapData, MapInfo, loaded_maps};
use guard_common::abi::session::{Session, Task};
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

/// Entries of the maps that grow with sessions and tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entries {
    /// Live tasks.
    pub(crate) tasks: usize,
    /// Sessions.
    pub(crate) sessions: usize,
}

/// Counts entries in the maps of a daemon.
pub(crate) fn entries(held: &Held) -> Entries {
    Entries {
        tasks: count::<u32, [u8; size_of::<Task>()]>(held, "guard_tasks"),
        sessions: count::<u64, [u8; size_of::<Session>()]>(held, "guard_sessions"),
    }
}

fn count<K: aya::Pod, V: aya::Pod>(held: &Held, name: &str) -> usize {
    let named = |info: &MapInfo| held.maps.contains(&info.id()) && info.name_as_str() == Some(name);
    let info = loaded_maps()
        .flatten()
        .find(named)
        .expect("the daemon holds the map");
    let data = MapData::from_id(info.id()).expect("the map can be opened");
    let map = HashMap::<_, K, V>::try_from(Map::HashMap(data)).expect("the map has this shape");
    map.keys().flatten().count()
}
