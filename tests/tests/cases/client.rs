//! A client that writes exactly what it is told, and leaves when it is told.

use crate::case::Leave;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};

/// An answer that takes longer has not come.
const PATIENCE: Duration = Duration::from_secs(45);

/// What is written.
pub struct Request {
    pub head: Vec<u8>,
    pub body: Vec<Vec<u8>>,
    /// Whether the answer has no body whatever its head says, as to HEAD.
    pub without_body: bool,
    pub body_delay_ms: u64,
    pub half_close: bool,
    pub leave: Option<Leave>,
}

/// What came; the status is 0 where no head did.
#[derive(Clone, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether it came to its proper end.
    pub complete: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = (self.headers.iter()).find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn error(&self, field: &str) -> Option<String> {
        let json: Value = serde_json::from_slice(&self.body).ok()?;
        Some(json["error"][field].as_str()?.to_owned())
    }

    /// The error's code: in Gemini's format its reason, in Anthropic's, where it has no code, its
    /// type.
    pub fn code(&self) -> Option<String> {
        let names = ["code", "reason", "type"];
        names.into_iter().find_map(|name| self.error(name))
    }
}

/// Asks on a connection of its own.
pub async fn ask(to: SocketAddr, request: &Request) -> Answer {
    let stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let mut received = Vec::new();
    let reading = read(&mut reader, request, &mut received);
    let writing = async {
        // A peer that has heard enough is no error; what it answered is read.
        let _ = write(&mut writer, request).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
    }
    decode(&received, request.without_body).0
}

async fn write(writer: &mut OwnedWriteHalf, request: &Request) -> std::io::Result<()> {
    writer.write_all(&request.head).await?;
    sleep(Duration::from_millis(request.body_delay_ms)).await;
    for piece in &request.body {
        writer.write_all(piece).await?;
    }
    if request.half_close {
        writer.shutdown().await?;
    }
    Ok(())
}

/// Reads until the answer has ended, or the client is to leave.
async fn read(reader: &mut OwnedReadHalf, request: &Request, received: &mut Vec<u8>) {
    let leave = request.leave.as_ref();
    let patience = leave.and_then(|leave| leave.after_ms);
    let patience = patience.map_or(PATIENCE, Duration::from_millis);
    let whole = async {
        let mut buffer = vec![0; 64 * 1024];
        if decode(received, request.without_body).1.is_some() {
            return;
        }
        while let Ok(got @ 1..) = reader.read(&mut buffer).await {
            received.extend_from_slice(&buffer[..got]);
            let (answer, end) = decode(received, request.without_body);
            if end.is_some() || leave.is_some_and(|leave| leave.has_seen(&answer)) {
                break;
            }
        }
    };
    let _ = timeout(patience, whole).await;
}

impl Leave {
    fn has_seen(&self, answer: &Answer) -> bool {
        let Some(text) = &self.after else {
            return false;
        };
        answer.text().matches(text.as_str()).count() as u64 >= self.times
    }
}

/// Asks several things on one connection, at once or one after the other. What was answered until
/// the connection closed.
pub async fn several(to: SocketAddr, requests: &[Request], at_once: bool) -> Vec<Answer> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    if at_once {
        let whole = |request: &Request| [&request.head[..], &request.body.concat()].concat();
        let bytes: Vec<u8> = requests.iter().flat_map(whole).collect();
        writer.write_all(&bytes).await.unwrap();
    }
    let (mut received, mut answers) = (Vec::new(), Vec::new());
    for request in requests {
        let reading = read(&mut reader, request, &mut received);
        let writing = async {
            if !at_once {
                let _ = write(&mut writer, request).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
        let (answer, Some(end)) = decode(&received, request.without_body) else {
            break;
        };
        received.drain(..end);
        answers.push(answer);
    }
    answers
}

/// What the bytes of an answer say, and where it ends if it does by itself.
pub fn decode(received: &[u8], without_body: bool) -> (Answer, Option<usize>) {
    let mut answer = Answer::default();
    let mut rest = received;
    loop {
        let Some(end) = find(rest, b"\r\n\r\n") else {
            return (answer, None);
        };
        let head = String::from_utf8_lossy(&rest[..end]);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        answer.status = status.and_then(|status| status.parse().ok()).unwrap_or(0);
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        };
        answer.headers = lines.filter_map(field).collect();
        rest = &rest[end + 4..];
        // Early hints and `100 Continue` come before the answer.
        if answer.status >= 200 {
            break;
        }
    }
    let body = received.len() - rest.len();
    let end = if without_body || matches!(answer.status, 204 | 304) {
        Some(0)
    } else if answer.header("transfer-encoding") == Some("chunked") {
        let (data, end) = dechunked(rest);
        answer.body = data;
        end
    } else if let Some(length) = answer.header("content-length") {
        let length: usize = length.parse().unwrap_or(0);
        answer.body = rest[..length.min(rest.len())].to_vec();
        (rest.len() >= length).then_some(length)
    } else {
        answer.body = rest.to_vec();
        None
    };
    answer.complete = end.is_some();
    (answer, end.map(|end| body + end))
}

/// The data of the whole chunks, and where the last one ends if it is among them.
fn dechunked(bytes: &[u8]) -> (Vec<u8>, Option<usize>) {
    let (mut body, mut rest) = (Vec::new(), bytes);
    while let Some(end) = find(rest, b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
            break;
        };
        if size == 0 {
            let end = find(rest, b"\r\n\r\n").map(|end| bytes.len() - rest.len() + end + 4);
            return (body, end);
        }
        let from = end + 2;
        if rest.len() < from + size + 2 {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = &rest[from + size + 2..];
    }
    (body, None)
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}
