//! Events as JSON.

use super::Fields;
use crate::decimal::{push_number, push_signed};
use crate::money::Money;
use crate::stored::StoredId;
use crate::wire::event::UsageEvent;

/// Bytes of an event, roughly: room for it is made once.
const ROOM: usize = 1_024;

struct Json(Vec<u8>);

impl UsageEvent<'_> {
    /// As JSON, as the service reads it.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Json(Vec::with_capacity(ROOM));
        json.0.push(b'{');
        self.tell(&mut json);
        json.0.push(b'}');
        json.0
    }
}

impl Json {
    fn name(&mut self, name: &str) {
        if !self.0.ends_with(b"{") {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
        self.name(name);
        self.0.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            write(&mut self.0, item);
        }
        self.0.push(b']');
    }
}

impl Fields for Json {
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push(b'"');
        // Looks at every byte, so that the compiler can look at several at once.
        let is_plain =
            |plain: bool, byte: &u8| plain & (*byte >= b' ') & (*byte != b'"') & (*byte != b'\\');
        match value.as_bytes().iter().fold(true, is_plain) {
            true => self.0.extend_from_slice(value.as_bytes()),
            false => escape(&mut self.0, value),
        }
        self.0.push(b'"');
    }

    fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        push_number(&mut self.0, value);
    }

    fn money(&mut self, name: &str, value: Money) {
        self.name(name);
        push_signed(&mut self.0, value.nanos());
    }

    fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.0.extend_from_slice(word);
    }

    fn leases(&mut self, name: &str, ids: &[i64]) {
        self.list(name, ids, |out, id| push_signed(out, *id));
    }

    fn stored(&mut self, name: &str, ids: &[StoredId]) {
        self.list(name, ids, |out, id| {
            out.push(b'"');
            out.extend_from_slice(id.to_hex().as_bytes());
            out.push(b'"');
        });
    }

    fn names(&mut self, name: &str, names: &[String]) {
        self.list(name, names, |out, name| {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        });
    }

    fn begin(&mut self, name: &str) {
        self.name(name);
        self.0.push(b'{');
    }

    fn end(&mut self) {
        self.0.push(b'}');
    }
}

/// As <https://www.rfc-editor.org/rfc/rfc8259#section-7> has it.
#[cold]
fn escape(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            ..b' ' => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}
