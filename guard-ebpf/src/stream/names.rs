//! Prepared statements and portals of a socket: where their facts are kept.
//!
//! The facts live in one LRU map for all sockets. Each socket remembers which
//! entries are its own, so that nothing of it stays behind when it closes.

use crate::kernel::read;
use crate::kernel::repeat::Kernel;
use crate::maps;
use guard_common::abi::event::{JUDGE_AUTHORITY, JUDGE_VOICE};
use guard_common::class::Opaque;
use guard_common::facts::Facts;
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::Names;

/// Names that one socket remembers. Drivers keep 100 to 256 prepared statements
/// (asyncpg, psycopg, JDBC). The facts of a name beyond that are kept like any
/// other, but when the socket closes they wait for the LRU map to evict them.
const SLOTS: usize = 256;

/// Key of `guard_names`: a statement or portal of one socket, as one judge
/// knows it. The voice runs ahead of the authority, so each has its own.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct NameKey {
    /// Socket cookie.
    socket: u64,
    /// Hash of the name, plus its kind.
    name: u64,
    /// `JUDGE_*`.
    judge: u64,
}

/// Which entries of `guard_names` are a socket's own; 0 is a free slot.
#[repr(C)]
pub(crate) struct NameIndex {
    slots: [u64; SLOTS],
}

/// The names of one socket as one judge knows them.
pub(crate) struct KernelNames<'a> {
    /// Socket cookie.
    socket: u64,
    /// `JUDGE_*`.
    judge: u8,
    /// The socket's index.
    index: &'a mut NameIndex,
}

impl<'a> KernelNames<'a> {
    /// The names in `index` of the socket with this cookie, as `judge` knows them.
    #[inline(always)]
    pub(crate) const fn new(index: &'a mut NameIndex, socket: u64, judge: u32) -> Self {
        Self {
            socket,
            judge: judge as u8,
            index,
        }
    }

    #[inline(always)]
    const fn key(&self, kind: u32, name: u64, judge: u8) -> NameKey {
        NameKey {
            socket: self.socket,
            name: name.wrapping_add(kind as u64),
            judge: judge as u64,
        }
    }
}

impl Names for KernelNames<'_> {
    #[inline(always)]
    fn store(&mut self, kind: u32, name: u64, facts: &Facts) {
        let key = self.key(kind, name, self.judge);
        maps::remember_name(&key, facts);
        guard_names_note(self.index, key.name);
    }

    #[inline(always)]
    fn load(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool {
        // What the voice has not seen (it was silent), the authority has.
        let known = maps::name(&self.key(kind, name, self.judge))
            .or_else(|| maps::name(&self.key(kind, name, JUDGE_AUTHORITY)));
        match known {
            Some(facts) => {
                self.copy(facts, into);
                true
            }
            None => false,
        }
    }

    #[inline(always)]
    fn merge(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool {
        let known = maps::name(&self.key(kind, name, self.judge))
            .or_else(|| maps::name(&self.key(kind, name, JUDGE_AUTHORITY)));
        match known {
            Some(facts) => guard_names_merge(into, facts) == 0,
            None => false,
        }
    }

    #[inline(always)]
    fn differs(&self, kind: u32, name: u64, facts: &Facts) -> bool {
        // As this judge knows it: the other one may not be as far.
        maps::name(&self.key(kind, name, self.judge))
            .is_some_and(|known| !known.same::<Kernel>(facts))
    }

    #[inline(always)]
    fn keep(&mut self, kind: u32, name: u64, facts: &mut Facts) {
        let name = name.wrapping_add(kind as u64);
        guard_names_keep(self.index, facts, self.socket, name, self.judge as u32);
    }

    #[inline(always)]
    fn copy(&self, from: &Facts, to: &mut Facts) {
        read::copy_whole(from, to);
    }

    #[inline(always)]
    fn clear(&mut self) {
        guard_names_clear(self.index, self.socket, self.judge as u32);
    }

    #[inline(always)]
    fn remove(&mut self, kind: u32, name: u64) {
        // The other judge's entry goes when that judge sees the same message.
        maps::forget_name(&self.key(kind, name, self.judge));
    }
}

/// [`Facts::merge`] as a global function: the verifier proves it once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_names_merge(into: *mut Facts, from: *const Facts) -> u32 {
    // SAFETY: the verifier checks that the pointers are null or whole facts; those
    // of a name are in a map, the others in the socket's state.
    let (Some(into), Some(from)) = (unsafe { into.as_mut() }, unsafe { from.as_ref() }) else {
        return 1;
    };
    into.merge::<Kernel>(from);
    0
}

/// [`Names::keep`] as a global function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_names_keep(
    index: *mut NameIndex,
    facts: *mut Facts,
    socket: u64,
    name: u64,
    judge: u32,
) -> u32 {
    // SAFETY: as in `guard_names_merge`; the socket's lock makes them the only
    // references.
    let (Some(index), Some(facts)) = (unsafe { index.as_mut() }, unsafe { facts.as_mut() }) else {
        return 1;
    };
    let judge = judge as u64;
    let key = NameKey {
        socket,
        name,
        judge,
    };
    // As this judge knows it: the other one may not be as far.
    if maps::name(&key).is_some_and(|known| !known.same::<Kernel>(facts)) {
        facts.add_opaque(Opaque::UnknownName);
    }
    maps::remember_name(&key, facts);
    Kernel::repeat(SLOTS as u32, &mut Note { index, name });
    0
}

/// Forgets all names of a socket as one judge knows them.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_names_clear(index: *mut NameIndex, socket: u64, judge: u32) -> u32 {
    // SAFETY: as in `guard_names_note`.
    let Some(index) = (unsafe { index.as_mut() }) else {
        return 1;
    };
    let judge = judge as u64;
    let mut clear = Clear {
        index,
        socket,
        judge,
    };
    Kernel::repeat(SLOTS as u32, &mut clear);
    0
}

struct Clear<'a> {
    index: &'a NameIndex,
    socket: u64,
    judge: u64,
}

impl Turn for Clear<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let name = self.index.slots[index as usize & (SLOTS - 1)];
        if name != 0 {
            maps::forget_name(&NameKey {
                socket: self.socket,
                name,
                judge: self.judge,
            });
        }
        true
    }
}

/// Notes a name in the index, once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_names_note(index: *mut NameIndex, name: u64) -> u32 {
    // SAFETY: the verifier checks that the pointer is null or a whole index; the
    // socket's lock makes it the only reference.
    let Some(index) = (unsafe { index.as_mut() }) else {
        return 1;
    };
    Kernel::repeat(SLOTS as u32, &mut Note { index, name });
    0
}

struct Note<'a> {
    index: &'a mut NameIndex,
    name: u64,
}

impl Turn for Note<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        // Names start at a slot of their own, so a full index is searched less.
        let at = (self.name as u32).wrapping_add(index) as usize & (SLOTS - 1);
        let slot = &mut self.index.slots[at];
        if *slot == 0 {
            *slot = self.name;
        }
        *slot != self.name
    }
}

/// Forgets all names of a socket that closes.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn guard_names_sweep(index: *mut NameIndex, socket: u64) -> u32 {
    // SAFETY: as in `guard_names_note`.
    let Some(index) = (unsafe { index.as_mut() }) else {
        return 1;
    };
    Kernel::repeat(SLOTS as u32, &mut Sweep { index, socket });
    0
}

struct Sweep<'a> {
    index: &'a mut NameIndex,
    socket: u64,
}

impl Turn for Sweep<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let slot = &mut self.index.slots[index as usize & (SLOTS - 1)];
        let name = *slot;
        if name != 0 {
            *slot = 0;
            for judge in [JUDGE_AUTHORITY, JUDGE_VOICE] {
                maps::forget_name(&NameKey {
                    socket: self.socket,
                    name,
                    judge: judge as u64,
                });
            }
        }
        true
    }
}
