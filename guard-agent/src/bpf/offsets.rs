//! Where fields of kernel structures are on this kernel, from its own BTF.
//!
//! The BPF object has one global for each entry of [`FIELDS`]; the loader
//! overrides it. A field that this kernel lacks is [`MISSING`], and the program
//! leaves out what needs it.

use std::collections::HashMap;
use std::path::Path;

/// The kernel has no such field.
pub(crate) const MISSING: u32 = u32::MAX;

/// Name of the global, and the field as `structure.field.field`.
pub(crate) const FIELDS: [(&str, &str); 27] = [
    ("OFF_TCP_IS_MPTCP", "tcp_sock.is_mptcp"),
    ("OFF_TCP_WRITE_SEQ", "tcp_sock.write_seq"),
    ("OFF_SK_WMEM_QUEUED", "sock.sk_wmem_queued"),
    ("OFF_SK_SNDBUF", "sock.sk_sndbuf"),
    ("OFF_SK_WRITE_PENDING", "sock.sk_write_pending"),
    ("OFF_SKB_HEAD", "sk_buff.head"),
    ("OFF_SKB_END", "sk_buff.end"),
    ("OFF_SHARED_FLAGS", "skb_shared_info.flags"),
    ("OFF_TASK_TGID", "task_struct.tgid"),
    ("OFF_TASK_REAL_PARENT", "task_struct.real_parent"),
    ("OFF_TASK_SIGNAL", "task_struct.signal"),
    ("OFF_TASK_MM", "task_struct.mm"),
    ("OFF_SIGNAL_LIVE", "signal_struct.live"),
    ("OFF_MM_ARG_START", "mm_struct.arg_start"),
    ("OFF_MM_ARG_END", "mm_struct.arg_end"),
    ("OFF_BPRM_FILENAME", "linux_binprm.filename"),
    ("OFF_BPRM_FILE", "linux_binprm.file"),
    ("OFF_FILE_PATH", "file.f_path"),
    ("OFF_PATH_MNT", "path.mnt"),
    ("OFF_PATH_DENTRY", "path.dentry"),
    ("OFF_DENTRY_PARENT", "dentry.d_parent"),
    ("OFF_DENTRY_NAME", "dentry.d_name.name"),
    ("OFF_DENTRY_NAME_LENGTH", "dentry.d_name.len"),
    ("OFF_VFSMOUNT_ROOT", "vfsmount.mnt_root"),
    ("OFF_MOUNT_MNT", "mount.mnt"),
    ("OFF_MOUNT_PARENT", "mount.mnt_parent"),
    ("OFF_MOUNT_MOUNTPOINT", "mount.mnt_mountpoint"),
];

/// Fields without which nothing can be guarded.
const OPTIONAL: [&str; 1] = ["OFF_TCP_IS_MPTCP"];

/// What is wrong with the kernel's BTF.
#[derive(Debug, thiserror::Error)]
pub enum OffsetError {
    /// The file cannot be read.
    #[error("{file}: {error}; a kernel with CONFIG_DEBUG_INFO_BTF=y is needed")]
    Read {
        /// Its path.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// The bytes are not BTF.
    #[error("{file} is not BTF as this version reads it (at byte {at})")]
    Format {
        /// Its path.
        file: String,
        /// Where.
        at: usize,
    },
    /// A field that is needed does not exist.
    #[error("this kernel has no {0}; it is newer or older than this version of Guard knows")]
    Field(&'static str),
}

/// Reads the offsets of all [`FIELDS`].
pub(crate) fn read(file: &Path) -> Result<Vec<(&'static str, u32)>, OffsetError> {
    let name = || file.display().to_string();
    let bytes = std::fs::read(file).map_err(|error| OffsetError::Read {
        file: name(),
        error,
    })?;
    let btf = Btf::parse(&bytes).map_err(|at| OffsetError::Format { file: name(), at })?;
    FIELDS
        .iter()
        .map(|&(global, field)| match btf.offset(field) {
            Some(offset) => Ok((global, offset)),
            None if OPTIONAL.contains(&global) => Ok((global, MISSING)),
            None => Err(OffsetError::Field(field)),
        })
        .collect()
}

/// Kinds of types, of `include/uapi/linux/btf.h`.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
    pub(super) const DECL_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// The kernel's types, as far as offsets need them.
struct Btf<'a> {
    bytes: &'a [u8],
    strings: usize,
    /// Where each type begins; index is the type id (0: void).
    types: Vec<usize>,
    /// Structures by name. Some names are used twice.
    structures: HashMap<&'a [u8], Vec<u32>>,
}

impl<'a> Btf<'a> {
    /// Finds all types; an error is the byte at which the format breaks.
    fn parse(bytes: &'a [u8]) -> Result<Self, usize> {
        let word = |at: usize| word(bytes, at).ok_or(at);
        if word(0)? & 0xffff != 0xeb9f {
            return Err(0);
        }
        let header = word(4)? as usize;
        let (type_at, type_len) = (header + word(8)? as usize, word(12)? as usize);
        let strings = header + word(16)? as usize;
        let mut btf = Self {
            bytes,
            strings,
            types: vec![0],
            structures: HashMap::new(),
        };
        let mut at = type_at;
        while at < type_at + type_len {
            let id = btf.types.len() as u32;
            btf.types.push(at);
            let info = word(at + 4)?;
            let (kind, count) = (info >> 24 & 0x1f, info as usize & 0xffff);
            if kind == kind::STRUCT {
                let name = btf.string(word(at)?).ok_or(at)?;
                btf.structures.entry(name).or_default().push(id);
            }
            at += 12
                + match kind {
                    kind::INT | kind::VAR | kind::DECL_TAG => 4,
                    kind::ARRAY => 12,
                    kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => 12 * count,
                    kind::ENUM | kind::FUNC_PROTO => 8 * count,
                    0 => return Err(at),
                    _ => 0,
                };
        }
        Ok(btf)
    }

    /// Offset in bytes of `structure.field.field`.
    fn offset(&self, path: &str) -> Option<u32> {
        let mut words = path.split('.');
        let candidates = self.structures.get(words.next()?.as_bytes())?;
        let fields: Vec<&[u8]> = words.map(str::as_bytes).collect();
        candidates
            .iter()
            .find_map(|&id| self.fields_offset(id, &fields))
            .map(|bits| bits / 8)
    }

    /// Offset in bits of a chain of fields inside a type.
    fn fields_offset(&self, id: u32, fields: &[&[u8]]) -> Option<u32> {
        let Some((first, rest)) = fields.split_first() else {
            return Some(0);
        };
        let (offset, inner) = self.field(id, first)?;
        Some(offset + self.fields_offset(inner, rest)?)
    }

    /// Offset in bits and type of a field, also inside members without a name.
    fn field(&self, id: u32, name: &[u8]) -> Option<(u32, u32)> {
        let at = *self.types.get(self.plain(id)? as usize)?;
        let info = word(self.bytes, at + 4)?;
        if ![kind::STRUCT, kind::UNION].contains(&(info >> 24 & 0x1f)) {
            return None;
        }
        for index in 0..info as usize & 0xffff {
            let member = at + 12 + 12 * index;
            let (label, inner, offset) = (
                self.string(word(self.bytes, member)?)?,
                word(self.bytes, member + 4)?,
                word(self.bytes, member + 8)?,
            );
            // With the kind flag, the upper byte is the width of a bit field.
            let offset = if info >> 31 == 1 {
                offset & 0x00ff_ffff
            } else {
                offset
            };
            if label == name {
                return Some((offset, inner));
            }
            if label.is_empty()
                && let Some((further, found)) = self.field(inner, name)
            {
                return Some((offset + further, found));
            }
        }
        None
    }

    /// A type without its typedefs and qualifiers.
    fn plain(&self, mut id: u32) -> Option<u32> {
        for _ in 0..16 {
            let at = *self.types.get(id as usize)?;
            let kind = word(self.bytes, at + 4)? >> 24 & 0x1f;
            match kind {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::TYPE_TAG => {
                    id = word(self.bytes, at + 8)?;
                }
                _ => return Some(id),
            }
        }
        None
    }

    /// A string without its NUL.
    fn string(&self, offset: u32) -> Option<&'a [u8]> {
        let text = self.bytes.get(self.strings + offset as usize..)?;
        let end = text.iter().position(|&byte| byte == 0)?;
        text.get(..end)
    }
}

/// The 32-bit number at an offset. BTF has the byte order of its machine.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a mock: the kernel that runs the test.
    const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

    #[test]
    fn offsets_of_the_running_kernel_are_plausible() {
        if !Path::new(VMLINUX).exists() {
            eprintln!("not run: {VMLINUX} does not exist");
            return;
        }
        let offsets = read(Path::new(VMLINUX)).expect("offsets");
        assert_eq!(offsets.len(), FIELDS.len());
        let of = |name| offsets.iter().find(|entry| entry.0 == name).expect(name).1;
        assert_eq!(of("OFF_PATH_MNT"), 0);
        assert_eq!(of("OFF_PATH_DENTRY"), 8);
        assert_eq!(of("OFF_DENTRY_NAME"), of("OFF_DENTRY_NAME_LENGTH") + 4);
        assert_eq!(of("OFF_MM_ARG_END"), of("OFF_MM_ARG_START") + 8);
    }

    #[test]
    fn cut_or_foreign_bytes_are_an_error_and_not_a_panic() {
        let mut bytes = vec![0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0];
        bytes.extend([40, 0, 0, 0, 1, 0, 0, 0]);
        bytes.extend([0; 48]);
        for length in 0..bytes.len() {
            let _ = Btf::parse(&bytes[..length]).map(|btf| btf.offset("a.b"));
        }
        assert!(Btf::parse(&bytes).is_err());
        assert!(Btf::parse(b"ELF").is_err());
    }
}
