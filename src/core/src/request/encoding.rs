//! How a request's body is compressed, and the body without that.

use core::fmt;
use miniz_oxide::inflate::{
    DecompressError, TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit,
};

/// Bytes of a gzip member before its optional fields, and after its data.
/// <https://www.rfc-editor.org/rfc/rfc1952#page-5>
const GZIP_HEAD: usize = 10;
const GZIP_TAIL: usize = 8;

/// The encoding of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyEncoding {
    /// None.
    #[default]
    Plain,
    /// `gzip`.
    Gzip,
    /// `deflate`: the zlib format. <https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.2>
    Deflate,
    /// One that cannot be read here, or several.
    Unreadable,
}

/// Why a body cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDecoded {
    /// It is longer than the limit.
    TooLong,
    /// It is not of the encoding that it is said to be of.
    Broken,
}

impl BodyEncoding {
    /// The encodings that can be read, as a header lists them.
    pub const READABLE: &str = "gzip, deflate";

    /// What one `content-encoding` says, without outer blanks.
    pub fn of(value: &[u8]) -> BodyEncoding {
        let is = |name: &[u8]| value.eq_ignore_ascii_case(name);
        if value.is_empty() || is(b"identity") {
            BodyEncoding::Plain
        } else if is(b"gzip") || is(b"x-gzip") {
            BodyEncoding::Gzip
        } else if is(b"deflate") {
            BodyEncoding::Deflate
        } else {
            BodyEncoding::Unreadable
        }
    }

    /// A body of this encoding without it, of `limit` bytes at most; `None` if it has none.
    ///
    /// # Errors
    /// [`NotDecoded`].
    pub fn decode(self, body: &[u8], limit: usize) -> Result<Option<Vec<u8>>, NotDecoded> {
        let decoded = match self {
            BodyEncoding::Plain => return Ok(None),
            BodyEncoding::Gzip => ungzip(body, limit),
            BodyEncoding::Deflate => {
                decompress_to_vec_zlib_with_limit(body, limit).map_err(NotDecoded::of)
            }
            BodyEncoding::Unreadable => Err(NotDecoded::Broken),
        };
        decoded.map(Some)
    }
}

impl fmt::Display for BodyEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BodyEncoding::Plain => "identity",
            BodyEncoding::Gzip => "gzip",
            BodyEncoding::Deflate => "deflate",
            BodyEncoding::Unreadable => "another encoding",
        })
    }
}

impl NotDecoded {
    fn of(error: DecompressError) -> NotDecoded {
        match error.status {
            TINFLStatus::HasMoreOutput => NotDecoded::TooLong,
            _ => NotDecoded::Broken,
        }
    }
}

/// One member of gzip, as clients send it. The length that is told at its end must be that of its data.
fn ungzip(body: &[u8], limit: usize) -> Result<Vec<u8>, NotDecoded> {
    let data = after_gzip_head(body).ok_or(NotDecoded::Broken)?;
    let end = data.len().checked_sub(GZIP_TAIL);
    let (data, tail) = end
        .and_then(|end| data.split_at_checked(end))
        .ok_or(NotDecoded::Broken)?;
    let decoded = decompress_to_vec_with_limit(data, limit).map_err(NotDecoded::of)?;
    let told = tail.last_chunk::<4>().map(|told| u32::from_le_bytes(*told));
    match u32::try_from(decoded.len()).ok() == told {
        true => Ok(decoded),
        false => Err(NotDecoded::Broken),
    }
}

fn after_gzip_head(body: &[u8]) -> Option<&[u8]> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let (head, mut rest) = body.split_at_checked(GZIP_HEAD)?;
    let [0x1f, 0x8b, 8, flags, ..] = *head else {
        return None;
    };
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = memchr::memchr(0, rest)?;
            rest = rest.get(end.checked_add(1)?..)?;
        }
    }
    match flags & CHECKSUM {
        0 => Some(rest),
        _ => rest.get(2..),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
    use proptest::prelude::*;

    /// A member with all optional fields of `flags`.
    fn gzip(text: &[u8], flags: u8) -> Vec<u8> {
        let mut body = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
        let fields: [(u8, &[u8]); 4] = [
            (4, b"\x02\0ab"),
            (8, b"name\0"),
            (16, b"text\0"),
            (2, b"cc"),
        ];
        for (flag, field) in fields {
            if flags & flag != 0 {
                body.extend_from_slice(field);
            }
        }
        body.extend(compress_to_vec(text, 6));
        body.extend([0; 4]);
        body.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        body
    }

    #[test]
    fn the_header_is_read() {
        for (value, encoding) in [
            ("", BodyEncoding::Plain),
            ("identity", BodyEncoding::Plain),
            ("GZip", BodyEncoding::Gzip),
            ("x-gzip", BodyEncoding::Gzip),
            ("deflate", BodyEncoding::Deflate),
            ("zstd", BodyEncoding::Unreadable),
            ("br", BodyEncoding::Unreadable),
            ("gzip, gzip", BodyEncoding::Unreadable),
        ] {
            assert_eq!(BodyEncoding::of(value.as_bytes()), encoding, "{value}");
        }
    }

    #[test]
    fn a_body_of_gzip_is_had_with_any_fields() {
        let text = br#"{"model":"small"}"#;
        for flags in [0, 2, 4, 8, 16, 30] {
            let decoded = BodyEncoding::Gzip.decode(&gzip(text, flags), 99);
            assert_eq!(decoded, Ok(Some(text.to_vec())), "{flags}");
        }
        let two = [gzip(text, 0), gzip(b"{}", 0)].concat();
        for broken in [text.to_vec(), gzip(text, 0)[..20].to_vec(), two, Vec::new()] {
            let decoded = BodyEncoding::Gzip.decode(&broken, 99);
            assert_eq!(decoded, Err(NotDecoded::Broken), "{broken:?}");
        }
    }

    #[test]
    fn no_more_is_unpacked_than_the_limit() {
        let text = [b' '; 100_000];
        for (encoding, body) in [
            (BodyEncoding::Gzip, gzip(&text, 0)),
            (BodyEncoding::Deflate, compress_to_vec_zlib(&text, 6)),
        ] {
            assert!(body.len() < 300);
            assert_eq!(encoding.decode(&body, 99_999), Err(NotDecoded::TooLong));
            assert_eq!(encoding.decode(&body, 100_000), Ok(Some(text.to_vec())));
        }
        assert_eq!(BodyEncoding::Plain.decode(&text, 1), Ok(None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(body: Vec<u8>, flags: u8) {
            for encoding in [BodyEncoding::Gzip, BodyEncoding::Deflate] {
                let _ = encoding.decode(&body, 64);
            }
            let mut member = gzip(&body, 0);
            member[3] = flags;
            let _ = BodyEncoding::Gzip.decode(&member, 64);
        }
    }
}
