//! As much HTTP/1.1 as a load generator and a canned upstream need, at as little cost: both share
//! one core, and neither may be slower than the Envoy between them.

use anyhow::{Context, bail};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Read at once.
const READ: usize = 64 << 10;

/// A connection that stays open from message to message.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    unread: BytesMut,
}

/// The start line and headers of a message.
#[derive(Debug)]
pub struct Head(Bytes);

impl Head {
    /// As it came, with the empty line.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)
    }

    /// Of a response.
    pub fn status(&self) -> Option<u16> {
        self.path()?.parse().ok()
    }

    /// Of a request: the second word of the first line.
    pub fn path(&self) -> Option<&str> {
        let line = self.lines().next()?;
        let word = line.split(|byte| *byte == b' ').nth(1)?;
        str::from_utf8(word).ok()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.lines().skip(1).find_map(|line| {
            let (found, rest) = line.split_at_checked(name.len())?;
            let value = rest.strip_prefix(b":")?;
            let same = found.eq_ignore_ascii_case(name.as_bytes());
            same.then(|| str::from_utf8(value.trim_ascii()).ok())?
        })
    }

    fn content_length(&self) -> anyhow::Result<Option<usize>> {
        let length = self.header("content-length").map(str::parse).transpose();
        length.context("content-length is not a number")
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }
}

impl Connection {
    /// Over a connected socket.
    pub fn new(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            unread: BytesMut::with_capacity(READ),
        })
    }

    /// Writes all of `bytes`.
    pub async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// The head of the next message; `None` where the other side has closed instead.
    pub async fn head(&mut self) -> anyhow::Result<Option<Head>> {
        let mut searched = 0_usize;
        loop {
            let fresh = self.unread.get(searched..).unwrap_or_default();
            if let Some(at) = find(fresh, b"\r\n\r\n") {
                let length = searched.saturating_add(at).saturating_add(4);
                return Ok(Some(Head(self.unread.split_to(length).freeze())));
            }
            searched = self.unread.len().saturating_sub(3);
            if !self.fill().await? {
                match self.unread.is_empty() {
                    true => return Ok(None),
                    false => bail!("the connection was closed in the middle of a head"),
                }
            }
        }
    }

    /// Reads the body that follows `head`; `take` sees each piece as it arrives.
    pub async fn body(&mut self, head: &Head, mut take: impl FnMut(&[u8])) -> anyhow::Result<()> {
        if !head.is_chunked() {
            let length = head.content_length()?.unwrap_or(0);
            return self.pass(length, &mut take).await;
        }
        loop {
            let line = self.line().await?;
            let size = str::from_utf8(&line)?.split(';').next().unwrap_or_default();
            match usize::from_str_radix(size.trim(), 16).context("a chunk has no size")? {
                0 => break,
                size => self.pass(size, &mut take).await?,
            }
            self.line().await?;
        }
        // Trailers, and the empty line after them.
        while !self.line().await?.trim_ascii().is_empty() {}
        Ok(())
    }

    async fn pass(&mut self, length: usize, take: &mut impl FnMut(&[u8])) -> anyhow::Result<()> {
        let mut left = length;
        while left > 0 {
            self.need().await?;
            let here = left.min(self.unread.len());
            take(self.unread.get(..here).unwrap_or_default());
            self.unread.advance(here);
            left = left.saturating_sub(here);
        }
        Ok(())
    }

    async fn line(&mut self) -> anyhow::Result<BytesMut> {
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(self.unread.split_to(at.saturating_add(1)));
            }
            if !self.fill().await? {
                bail!("the connection was closed in the middle of a body");
            }
        }
    }

    async fn need(&mut self) -> anyhow::Result<()> {
        if self.unread.is_empty() && !self.fill().await? {
            bail!("the connection was closed in the middle of a body");
        }
        Ok(())
    }

    /// Reads what is there. False at the end.
    async fn fill(&mut self) -> anyhow::Result<bool> {
        self.unread.reserve(READ);
        Ok(self.stream.read_buf(&mut self.unread).await? > 0)
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn receive(sent: &'static [u8]) -> Vec<(Option<u16>, Vec<u8>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut stream = listener.accept().await.unwrap().0;
            for piece in sent.chunks(7) {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let mut connection = Connection::new(stream).unwrap();
        let mut messages = Vec::new();
        while let Some(head) = connection.head().await.unwrap() {
            let mut body = Vec::new();
            let take = |piece: &[u8]| body.extend_from_slice(piece);
            connection.body(&head, take).await.unwrap();
            messages.push((head.status(), body));
        }
        messages
    }

    #[tokio::test]
    async fn messages_follow_each_other_with_and_without_length() {
        let messages = receive(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst\
              HTTP/1.1 201 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nsec\r\n3;x\r\nond\r\n0\r\n\r\n\
              HTTP/1.1 404 Not Found\r\n\r\n",
        )
        .await;
        let expected = [
            (Some(200), b"first".to_vec()),
            (Some(201), b"second".to_vec()),
            (Some(404), Vec::new()),
        ];
        assert_eq!(messages, expected);
    }
}
