//! The layout of small values: words of 64 bits, in the order of a structure's fields.
//!
//! Words are in the order of the machine's bytes. That is little-endian wherever Envoy runs this
//! filter, since WebAssembly is, and no value leaves its process.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A truth that takes a whole word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(transparent)]
pub struct Flag(u64);

impl Flag {
    /// Whether it is true. A word that is neither 0 nor 1 is not.
    pub const fn is_set(self) -> bool {
        self.0 == 1
    }
}

impl From<bool> for Flag {
    fn from(is_set: bool) -> Flag {
        Flag(u64::from(is_set))
    }
}

/// The value that bytes are, if they have its length.
pub fn read_as<T: FromBytes>(bytes: &[u8]) -> Option<T> {
    T::read_from_bytes(bytes).ok()
}

/// A value as it is stored.
pub fn bytes_of<T: IntoBytes + Immutable>(value: &T) -> Vec<u8> {
    value.as_bytes().to_vec()
}
