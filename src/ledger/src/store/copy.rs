//! Rows in PostgreSQL's binary format for COPY, the cheapest way into a table: no statement for each,
//! and nothing to do where a row is there already but to fail.
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>

use super::columns::Sink;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// No flags, and no extension of the header.
const HEADER: [u8; 8] = [0; 8];
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Rows of one table, as they are sent.
#[derive(Debug)]
pub struct CopyRows {
    bytes: Vec<u8>,
    width: [u8; 2],
}

impl CopyRows {
    /// Of a table's so many columns, with room for so many bytes. Texts must be without U+0000.
    pub(super) fn new(columns: usize, capacity: usize) -> CopyRows {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(SIGNATURE);
        bytes.extend_from_slice(&HEADER);
        let width = i16::try_from(columns).unwrap_or(i16::MAX).to_be_bytes();
        CopyRows { bytes, width }
    }

    /// The next row: all of its columns must follow.
    pub(super) fn row(&mut self) -> &mut CopyRows {
        self.bytes.extend_from_slice(&self.width);
        self
    }

    /// All that is to be sent.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&TRAILER);
        self.bytes
    }

    fn field(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else {
            self.bytes.extend_from_slice(&NULL);
            return;
        };
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
    }
}

impl Sink for CopyRows {
    fn int(&mut self, value: Option<i64>) {
        self.field(
            value
                .map(i64::to_be_bytes)
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        );
    }

    fn flag(&mut self, value: Option<bool>) {
        self.field(
            value
                .map(|value| [u8::from(value)])
                .as_ref()
                .map(<[u8; 1]>::as_slice),
        );
    }

    fn text(&mut self, value: Option<&str>) {
        self.field(value.map(str::as_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_width_and_each_fields_length_and_bytes() {
        let mut rows = CopyRows::new(4, 0);
        let row = rows.row();
        row.text(Some("ab"));
        row.int(Some(7));
        row.flag(Some(true));
        row.text(None);
        let bytes = rows.finish();
        let row = bytes.get(19..bytes.len() - 2).unwrap();
        let expected = [
            &[0, 4][..],
            &[0, 0, 0, 2],
            b"ab",
            &[0, 0, 0, 8],
            &[0, 0, 0, 0, 0, 0, 0, 7],
            &[0, 0, 0, 1],
            &[1],
            &[255, 255, 255, 255],
        ];
        assert_eq!(row, expected.concat());
        assert_eq!(bytes.get(bytes.len() - 2..), Some(&[255, 255][..]));
    }
}
