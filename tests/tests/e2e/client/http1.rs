//! An HTTP/1.1 client over a bare socket: for byte-exact and malformed traffic, and to see when
//! what arrives.

use super::{Answer, Call};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A test that hears nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    received: Vec<u8>,
    body: Framing,
}

/// What is left of the body at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

impl Connection {
    pub fn open(to: SocketAddr) -> Connection {
        let socket = TcpStream::connect(to).unwrap_or_else(|error| panic!("{to}: {error}"));
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Connection {
            socket,
            received: Vec::new(),
            body: Framing::Length(0),
        }
    }

    /// Writes raw bytes. What the peer does not want to hear any more is not an error.
    pub fn write(&mut self, bytes: &[u8]) {
        match self.socket.write_all(bytes) {
            Ok(()) => {}
            Err(error) if closed(error.kind()) => {}
            Err(error) => panic!("writing failed: {error}"),
        }
    }

    /// Whether anything comes within that time, or the peer closes.
    pub fn hears_within(&self, patience: Duration) -> bool {
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let heard = self.socket.peek(&mut [0]).is_ok();
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        heard
    }

    /// Writes a whole request, each piece of its body by itself.
    pub fn ask(&mut self, call: &Call) {
        self.write(&call.head());
        for piece in call.framed() {
            self.write(&piece);
        }
    }

    pub fn call(&mut self, call: &Call) -> Answer {
        self.ask(call);
        self.answer(call)
    }

    /// Reads a whole answer to `call`.
    pub fn answer(&mut self, call: &Call) -> Answer {
        let mut answer = self.head(call);
        while let Some(piece) = self.piece(&mut answer) {
            answer.body.extend(piece);
        }
        answer
    }

    /// Reads the head of an answer; `100 Continue` counts as one.
    pub fn head(&mut self, call: &Call) -> Answer {
        let mut answer = Answer::to(call);
        let Some(end) = self.fill_to(b"\r\n\r\n") else {
            return answer;
        };
        let head: Vec<u8> = self.received.drain(..end).collect();
        let mut lines = head
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii_end);
        let status = String::from_utf8_lossy(lines.next().unwrap()).into_owned();
        answer.status = status.split(' ').nth(1).unwrap().parse().unwrap();
        answer.headers = lines.filter(|line| !line.is_empty()).map(field).collect();
        let chunked = answer.header("transfer-encoding").as_deref() == Some("chunked");
        let length = answer.header("content-length");
        self.body = match (chunked, length) {
            _ if answer.status < 200 || matches!(answer.status, 204 | 304) => Framing::Length(0),
            (true, _) => Framing::Chunked,
            (false, Some(length)) => Framing::Length(length.parse().unwrap()),
            (false, None) => Framing::UntilClosed,
        };
        answer
    }

    /// Reads the next piece of the body as it was sent (a chunk, where it is chunked). `None` at
    /// its end, proper or not: then `answer` says which, and has the trailers.
    pub fn piece(&mut self, answer: &mut Answer) -> Option<Vec<u8>> {
        match self.body {
            Framing::Length(0) => {
                answer.complete = answer.status != 0;
                None
            }
            Framing::Length(left) => {
                self.more_unless(|received| !received.is_empty())?;
                let piece: Vec<u8> = self
                    .received
                    .drain(..left.min(self.received.len()))
                    .collect();
                self.body = Framing::Length(left - piece.len());
                Some(piece)
            }
            Framing::UntilClosed => {
                if self.more_unless(|received| !received.is_empty()).is_none() {
                    answer.complete = true;
                    return None;
                }
                Some(std::mem::take(&mut self.received))
            }
            Framing::Chunked => self.chunk(answer),
        }
    }

    fn chunk(&mut self, answer: &mut Answer) -> Option<Vec<u8>> {
        let end = self.fill_to(b"\r\n")?;
        let line = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or_else(|_| panic!("{line:?}"));
        if size > 0 {
            self.more_unless(|received| received.len() >= size + 2)?;
            let mut piece: Vec<u8> = self.received.drain(..size + 2).collect();
            piece.truncate(size);
            return Some(piece);
        }
        loop {
            let end = self.fill_to(b"\r\n")?;
            let line: Vec<u8> = self.received.drain(..end).collect();
            if line == b"\r\n" {
                break;
            }
            answer.trailers.push(field(line.trim_ascii_end()));
        }
        answer.complete = true;
        self.body = Framing::Length(0);
        None
    }

    /// Reads until `found` is there; where it ends.
    fn fill_to(&mut self, found: &[u8]) -> Option<usize> {
        let at = |received: &[u8]| received.windows(found.len()).position(|part| part == found);
        self.more_unless(|received| at(received).is_some())?;
        at(&self.received).map(|start| start + found.len())
    }

    /// Reads until `enough`; `None` where the peer closes before.
    fn more_unless(&mut self, enough: impl Fn(&[u8]) -> bool) -> Option<()> {
        let mut buffer = [0; 16_384];
        while !enough(&self.received) {
            match self.socket.read(&mut buffer) {
                Ok(0) => return None,
                Ok(size) => self.received.extend_from_slice(&buffer[..size]),
                Err(error) if closed(error.kind()) => return None,
                Err(error) => panic!("nothing came for {PATIENCE:?}: {error}"),
            }
        }
        Some(())
    }
}

fn closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

fn field(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap();
    let name = String::from_utf8(line[..colon].to_vec()).unwrap();
    (name, line[colon + 1..].trim_ascii().to_vec())
}
