//! Connections, each request answered in its turn.

use super::script::{End, Framing, Script, Step, contains};
use super::{Book, MARK, NAME, Page, Seen};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Ends with the task that runs it, and all connections with it.
pub async fn accept(listener: TcpListener, book: Arc<Book>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, Arc::clone(&book)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, book: Arc<Book>) {
    // Each chunk is to leave by itself.
    let _ = stream.set_nodelay(true);
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(64 * 1024, reader);
    let end = requests(&mut reader, &mut writer, &book).await;
    if end == Some(End::Reset)
        && let Ok(stream) = reader.into_inner().reunite(writer)
    {
        let _ = stream.set_zero_linger();
    }
}

/// Answers requests until the connection is to end; how the last answer did, where it did.
async fn requests(
    reader: &mut BufReader<OwnedReadHalf>,
    writer: &mut OwnedWriteHalf,
    book: &Book,
) -> Option<End> {
    loop {
        let seen = Seen::read(reader).await?;
        let (name, number, script) = record(book, seen);
        let sent = tokio::select! {
            sent = answer(&script, writer) => sent,
            () = gone(reader) => None,
        };
        if sent.is_none() {
            let mut pages = book.pages();
            let page = pages.get_mut(&name)?;
            page.seen.get_mut(number)?.left = true;
        }
        if sent != Some(End::End) || script.framing == Framing::Close {
            return sent;
        }
    }
}

/// Writes down a request; where it is found again, and what answers it.
fn record(book: &Book, mut seen: Seen) -> (String, usize, Script) {
    let mut pages = book.pages();
    let known = |name: &str| pages.contains_key(name).then(|| name.to_owned());
    let marks = || {
        let texts = [seen.target.as_bytes(), &seen.body];
        (texts.into_iter()).find_map(|text| known(&marked(text)?))
    };
    let name = seen.header(NAME).and_then(known).or_else(marks);
    let name = name.unwrap_or_default();
    let page: &mut Page = pages.entry(name.clone()).or_default();
    let script = page.script.for_body(&seen.body);
    seen.bill_nanos = script.bill_nanos;
    let number = page.seen.len();
    page.seen.push(seen);
    (name, number, script)
}

/// The name behind the first mark in a text.
fn marked(text: &[u8]) -> Option<String> {
    if !contains(text, MARK.as_bytes()) {
        return None;
    }
    let text = String::from_utf8_lossy(text);
    let (_, rest) = text.split_once(MARK)?;
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    name.into_iter().next().map(str::to_owned)
}

/// Sends the whole answer; how it ended, or nothing where the peer does not hear it any more.
async fn answer(script: &Script, writer: &mut OwnedWriteHalf) -> Option<End> {
    let steps = script.steps().ok()?;
    sleep(Duration::from_millis(script.head_delay_ms)).await;
    writer.write_all(script.before_head.as_bytes()).await.ok()?;
    writer
        .write_all(script.head(&steps).as_bytes())
        .await
        .ok()?;
    for step in &steps {
        match step {
            Step::Wait(pause) => sleep(*pause).await,
            Step::Send(bytes) if script.framing == Framing::Chunked => {
                let size = format!("{:x}\r\n", bytes.len());
                let framed = [size.as_bytes(), bytes, b"\r\n"].concat();
                writer.write_all(&framed).await.ok()?;
            }
            Step::Send(bytes) => writer.write_all(bytes).await.ok()?,
        }
    }
    match script.then {
        End::Hang => std::future::pending::<()>().await,
        End::End if script.framing == Framing::Chunked => {
            writer.write_all(b"0\r\n\r\n").await.ok()?;
        }
        End::End | End::Close | End::Reset => {}
    }
    Some(script.then)
}

/// Waits until the peer has closed the connection; for ever where it has sent its next request.
async fn gone(reader: &mut BufReader<OwnedReadHalf>) {
    let pipelined = !reader.buffer().is_empty();
    if pipelined || matches!(reader.get_mut().peek(&mut [0]).await, Ok(1..)) {
        std::future::pending::<()>().await;
    }
}
