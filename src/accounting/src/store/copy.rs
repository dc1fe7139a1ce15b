//! Rows in PostgreSQL's binary format for COPY, the cheapest way into a table: no statement for each,
//! and nothing to do where a row is there already but to fail.
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>

use super::{Args, Value};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// No flags, and no extension of the header.
const HEADER: [u8; 8] = [0; 8];
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// The rows as one message.
pub(super) fn binary(rows: &[Args]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len().saturating_mul(512));
    bytes.extend_from_slice(SIGNATURE);
    bytes.extend_from_slice(&HEADER);
    for row in rows {
        let width = i16::try_from(row.len()).unwrap_or(i16::MAX);
        bytes.extend_from_slice(&width.to_be_bytes());
        for value in row {
            match value {
                Value::Int(Some(value)) => field(&mut bytes, &value.to_be_bytes()),
                Value::Bool(value) => field(&mut bytes, &[u8::from(*value)]),
                Value::Text(Some(text)) => field(&mut bytes, text.as_bytes()),
                Value::Int(None) | Value::Text(None) => bytes.extend_from_slice(&NULL),
            }
        }
    }
    bytes.extend_from_slice(&TRAILER);
    bytes
}

fn field(bytes: &mut Vec<u8>, value: &[u8]) {
    let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::args;

    #[test]
    fn a_row_is_its_width_and_each_fields_length_and_bytes() {
        let bytes = binary(&[args!["ab", 7_i64, true, None::<i64>]]);
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
