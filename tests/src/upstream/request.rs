//! A request, as it came.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt};

/// Of a longer body only so much is kept, in bytes.
const KEPT: usize = 256 * 1024;
/// A line of a head that is longer is no request's.
const LONGEST_LINE: u64 = 1024 * 1024;

/// One request that came.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its method.
    pub method: String,
    /// Its target, with the query.
    pub target: String,
    /// Names as they were written, and values.
    pub headers: Vec<(String, String)>,
    /// The first bytes of its body.
    pub body: Vec<u8>,
    /// How many bytes its body had.
    pub body_len: usize,
    /// Whether it came to its end.
    pub whole: bool,
    /// Whether the peer went before the answer had been sent.
    pub left: bool,
    /// What was billed for it, in nano-dollars.
    pub bill_nanos: u64,
}

impl Seen {
    /// The first value of a header; the case of its name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    /// Reads the next request of a connection; `None` at its end.
    pub(crate) async fn read<R: AsyncBufRead + Unpin>(reader: &mut R) -> Option<Self> {
        let first = line(reader).await?;
        let mut words = first.splitn(3, ' ');
        let mut seen = Self {
            method: words.next()?.to_owned(),
            target: words.next()?.to_owned(),
            ..Self::default()
        };
        loop {
            let line = line(reader).await?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            seen.headers
                .push((name.to_owned(), value.trim().to_owned()));
        }
        let chunked = (seen.header("transfer-encoding")).is_some_and(|v| v.contains("chunked"));
        let length = seen.header("content-length").and_then(|v| v.parse().ok());
        seen.whole = match chunked {
            true => seen.read_chunks(reader).await.is_some(),
            false => seen.read_bytes(reader, length.unwrap_or(0)).await.is_some(),
        };
        Some(seen)
    }

    async fn read_chunks<R: AsyncBufRead + Unpin>(&mut self, reader: &mut R) -> Option<()> {
        loop {
            let line = line(reader).await?;
            let size = u64::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
            if size == 0 {
                while !self::line(reader).await?.is_empty() {}
                return Some(());
            }
            self.read_bytes(reader, size).await?;
            self::line(reader).await?;
        }
    }

    async fn read_bytes<R: AsyncRead + Unpin>(&mut self, reader: &mut R, size: u64) -> Option<()> {
        let mut buffer = vec![0; 64 * 1024];
        let mut left = reader.take(size);
        while left.limit() > 0 {
            let got = left.read(&mut buffer).await.ok().filter(|got| *got > 0)?;
            self.body_len = self.body_len.saturating_add(got);
            let room = KEPT.saturating_sub(self.body.len());
            self.body.extend(buffer.iter().take(got.min(room)));
        }
        Some(())
    }
}

/// The next line without its end.
async fn line<R: AsyncBufRead + Unpin>(reader: &mut R) -> Option<String> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(LONGEST_LINE);
    limited.read_until(b'\n', &mut bytes).await.ok()?;
    let line = bytes.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Some(String::from_utf8_lossy(line).into_owned())
}
