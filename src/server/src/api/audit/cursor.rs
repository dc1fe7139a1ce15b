//! Where a page of the audit ended. Opaque to clients.

use crate::http::body::values::value;
use paddock_ledger::store::audit::SegmentPosition;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// What is done of a segment that is behind the cursor as a whole.
pub const WHOLE: usize = usize::MAX;

/// A place among segments, and how many entries of that segment are behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The segment.
    pub position: SegmentPosition,
    /// Entries of it that are done.
    pub done: usize,
}

value!(
    Cursor,
    "the 'next_cursor' of another page",
    |value| Cursor::read(value.as_str()?),
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[0-9a-f]*$"))
);

impl Cursor {
    /// As clients have it.
    pub fn write(&self) -> String {
        let (hour, organization, sequence) = &self.position;
        hex::encode(format!("{hour}:{sequence}:{}:{organization}", self.done))
    }

    /// What [`Cursor::write`] wrote; `None` for anything else.
    pub fn read(text: &str) -> Option<Cursor> {
        let text = String::from_utf8(hex::decode(text).ok()?).ok()?;
        let mut parts = text.splitn(4, ':');
        let hour = parts.next()?.parse().ok()?;
        let sequence = parts.next()?.parse().ok()?;
        let done = parts.next()?.parse().ok()?;
        let position = (hour, parts.next()?.to_owned(), sequence);
        Some(Cursor { position, done })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let cursor = Cursor {
            position: (3_600, "acme".to_owned(), 7),
            done: 3,
        };
        assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        for bad in [
            "",
            "zz",
            "1:2:3:x",
            &hex::encode("1:2"),
            &hex::encode("a:2:3:x"),
        ] {
            assert_eq!(Cursor::read(bad), None, "{bad}");
        }
    }
}
