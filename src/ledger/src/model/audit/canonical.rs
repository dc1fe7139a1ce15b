//! Values as the bytes that are hashed: two different lists of values never have the same bytes.

use sha2::{Digest, Sha256};

/// A SHA-256 that is fed with values, one after the other.
#[derive(Clone, Debug)]
pub struct Canonical(Sha256);

impl Canonical {
    /// Begins with what the values are, so that a hash of one thing is never that of another.
    pub fn new(what: &str) -> Canonical {
        let mut canonical = Canonical(Sha256::new());
        canonical.text(what);
        canonical
    }

    /// A text: its length in bytes, and the bytes. PostgreSQL cannot hold U+0000, so it is hashed
    /// as what is stored in its place.
    pub fn text(&mut self, text: &str) {
        if text.contains('\0') {
            return self.text(&text.replace('\0', "\u{fffd}"));
        }
        self.bytes(text.as_bytes());
    }

    /// A text that may be absent.
    pub fn optional(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// Bytes: their number, and themselves.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
    }

    /// A whole number.
    pub fn int(&mut self, value: i64) {
        self.0.update(value.to_be_bytes());
    }

    /// Yes or no.
    pub fn flag(&mut self, value: bool) {
        self.0.update([u8::from(value)]);
    }

    /// The hash.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl FnOnce(&mut Canonical)) -> [u8; 32] {
        let mut canonical = Canonical::new("test");
        values(&mut canonical);
        canonical.finish()
    }

    #[test]
    fn no_two_lists_of_values_have_the_same_bytes() {
        let texts = |a: &'static str, b: &'static str| {
            of(|canonical| {
                canonical.text(a);
                canonical.text(b);
            })
        };
        assert_ne!(texts("ab", "c"), texts("a", "bc"));
        assert_ne!(
            of(|canonical| canonical.optional(None)),
            of(|canonical| canonical.optional(Some("")))
        );
        assert_eq!(texts("a\0", ""), texts("a\u{fffd}", ""));
        assert_ne!(Canonical::new("a").finish(), Canonical::new("b").finish());
    }
}
