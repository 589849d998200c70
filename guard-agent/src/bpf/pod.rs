//! Plain records as map keys and values.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Lets any plain record be a map key or value.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<T>(pub(crate) T);

impl<T> Bytes<T> {
    /// A reference to a record as one to its wrapper; large tables are not
    /// copied.
    pub(crate) const fn wrap(value: &T) -> &Self {
        // SAFETY: `Bytes` is transparent, so both have the same layout, and the
        // reference keeps its lifetime.
        unsafe { &*std::ptr::from_ref(value).cast() }
    }
}

// SAFETY: `FromBytes` and `IntoBytes` guarantee that every bit pattern is a valid
// `T` and that `T` has no padding, which is what aya asks of `Pod`.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Copy + 'static> aya::Pod for Bytes<T> {}
