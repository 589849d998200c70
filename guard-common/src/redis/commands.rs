//! The table of commands: what each is known to do.
//!
//! It is compiled on the host from the server's own metadata
//! (`guard_dialect::redis`) and is the one value of the array map
//! `guard_commands`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// How the arguments of a command are read: values of [`Command::form`].
pub mod form {
    /// They do not matter.
    pub const PLAIN: u8 = 0;
    /// The first is a subcommand.
    pub const CONTAINER: u8 = 1;
    /// Number `at` is a pattern that says which keys are read.
    pub const PATTERN: u8 = 2;
    /// From number `at` on there are option words.
    pub const OPTIONS: u8 = 3;
    /// Number `at` is a time; one that is not positive deletes the key.
    pub const EXPIRY: u8 = 4;
    /// Number `at` is the text of a script.
    pub const SCRIPT: u8 = 5;
}

/// What one command, or subcommand, does.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Command {
    /// Hash of its name in lower case, `config` or `config|set`; 0: a free slot.
    pub key: u64,
    /// Classes and (class, WHERE) pairs; see [`crate::class`].
    pub hits: u64,
    /// Opaque reasons.
    pub opaque: u32,
    /// Its number for summaries; 0: unknown.
    pub number: u16,
    /// One of [`form`].
    pub form: u8,
    /// The argument that the form is about; the name is number 0.
    pub at: u8,
}

/// Slots of the table, a power of two: three times the commands of a server.
pub const SLOTS: usize = 2048;

/// Slots that are looked at for one name; the table is built to need no more.
pub const PROBES: usize = 4;

/// The commands by the hash of their names.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Commands {
    /// The slots.
    pub slots: [Command; SLOTS],
}

/// The slot where the search for a name begins. The low bits of the hash alone
/// would do; mixing in upper ones keeps neighbours apart.
#[inline(always)]
#[must_use]
pub const fn first_slot(key: u64) -> usize {
    ((key >> 32) ^ key) as usize & (SLOTS - 1)
}

impl Commands {
    /// Copies the command with this key; `false`: it is not known, and `into`
    /// is left as it is.
    #[inline(always)]
    #[must_use]
    pub fn find(&self, key: u64, into: &mut Command) -> bool {
        let first = first_slot(key);
        let mut probe = 0;
        while probe < PROBES {
            let slot = &self.slots[(first + probe) & (SLOTS - 1)];
            // 0 is a free slot, and the key of a word that is too long.
            if slot.key == key && key != 0 {
                *into = *slot;
                return true;
            }
            probe += 1;
        }
        false
    }
}

const _: () = assert!(size_of::<Command>() == 24);
