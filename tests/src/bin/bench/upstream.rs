//! The provider: answers of the fake provider, recorded once and played again and again.
//!
//! It shares a core with the load, so it must be far lighter than the Envoy under test. And it
//! sends each event of a stream only when the client has the one before: every event then passes
//! Envoy by itself, as a model's tokens do, however busy Envoy is.

use crate::http1::{Connection, Head};
use crate::scenario::{EVENTS, Scenario};
use anyhow::{Context, ensure};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Names the client's connection, so that the upstream finds its [`Seen`].
pub const CLIENT: &str = "x-bench-client";

/// How many events of its present stream a client has seen.
#[derive(Debug, Default)]
pub struct Seen {
    events: AtomicUsize,
    changed: Notify,
}

impl Seen {
    /// Sets the count, and wakes the upstream.
    pub fn set(&self, events: usize) {
        self.events.store(events, Relaxed);
        self.changed.notify_one();
    }

    async fn reaches(&self, events: usize) {
        while self.events.load(Relaxed) < events {
            self.changed.notified().await;
        }
    }
}

/// The running upstream.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    /// One for each client.
    pub seen: Arc<[Seen]>,
}

/// What is played.
#[derive(Debug)]
struct Answers {
    /// Those in one piece, with their paths.
    whole: Vec<(&'static str, Bytes)>,
    stream_head: Bytes,
    /// Each as a chunk.
    events: Vec<Bytes>,
}

impl Upstream {
    /// Records the answers and plays them from a free port, to at most `clients`.
    pub async fn start(clients: usize) -> anyhow::Result<Self> {
        let answers = Arc::new(Answers::record().await?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let seen: Arc<[Seen]> = std::iter::repeat_with(Seen::default)
            .take(clients)
            .collect();
        let all = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answers, seen) = (Arc::clone(&answers), Arc::clone(&all));
                tokio::spawn(async move {
                    // A connection that breaks is one that Envoy or the end of the run has closed.
                    let _ = answers.play(stream, &seen).await;
                });
            }
        });
        Ok(Self { address, seen })
    }
}

impl Answers {
    /// Asks the fake provider for one answer of each kind.
    async fn record() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let provider = tokio::spawn(fake_provider::serve(
            listener,
            fake_provider::Options::default(),
        ));
        let mut whole = Vec::new();
        for scenario in [Scenario::Small, Scenario::Anthropic, Scenario::Gemini] {
            let (head, body) = ask(address, scenario).await?;
            let answer = [head.bytes().as_ref(), &body].concat().into();
            whole.push((scenario.path(), answer));
        }
        let (stream_head, body) = ask(address, Scenario::Stream).await?;
        provider.abort();
        let text = str::from_utf8(&body)?;
        let events: Vec<Bytes> = text
            .split_inclusive("\n\n")
            .map(|event| format!("{:x}\r\n{event}\r\n", event.len()).into())
            .collect();
        ensure!(
            events.len() > EVENTS,
            "the fake provider sent {} events instead of {EVENTS} and the last",
            events.len()
        );
        Ok(Self {
            whole,
            stream_head: stream_head.bytes().clone(),
            events,
        })
    }

    async fn play(&self, stream: TcpStream, seen: &[Seen]) -> anyhow::Result<()> {
        let mut connection = Connection::new(stream)?;
        while let Some(head) = connection.head().await? {
            connection.body(&head, |_| {}).await?;
            // Only requests for a stream name their client.
            let Some(client) = head.header(CLIENT) else {
                let path = head.path().context("a request without a path")?;
                let mut answers = self.whole.iter();
                let answer = answers.find(|(known, _)| *known == path);
                let (_, answer) = answer.with_context(|| format!("nobody asks at {path}"))?;
                connection.write(answer).await?;
                continue;
            };
            let seen = seen.get(client.parse::<usize>()?);
            let seen = seen.context("there is no such client")?;
            self.stream(&mut connection, seen).await?;
        }
        Ok(())
    }

    async fn stream(&self, connection: &mut Connection, seen: &Seen) -> anyhow::Result<()> {
        connection.write(&self.stream_head).await?;
        let (content, last) = self.events.split_at_checked(EVENTS).unwrap_or_default();
        for (sent, event) in content.iter().enumerate() {
            seen.reaches(sent).await;
            connection.write(event).await?;
        }
        seen.reaches(content.len()).await;
        let last = [last.concat().as_slice(), b"0\r\n\r\n"].concat();
        connection.write(&last).await
    }
}

async fn ask(address: SocketAddr, scenario: Scenario) -> anyhow::Result<(Head, Vec<u8>)> {
    let mut connection = Connection::new(TcpStream::connect(address).await?)?;
    let body = scenario.body();
    // Usage as Paddock will force it; to a client that did not ask, one event more is sent.
    let body = body.replacen(
        "\"stream\":true",
        "\"stream\":true,\"stream_options\":{\"include_usage\":true}",
        1,
    );
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         x-fake-completion-tokens: {tokens}\r\ncontent-length: {length}\r\n\r\n{body}",
        path = scenario.path(),
        tokens = if scenario.streams() { EVENTS } else { 64 },
        length = body.len(),
    );
    connection.write(request.as_bytes()).await?;
    let head = connection.head().await?;
    let head = head.context("the fake provider closed the connection")?;
    let mut answer = Vec::new();
    connection
        .body(&head, |piece| answer.extend_from_slice(piece))
        .await?;
    ensure!(
        head.status() == Some(200),
        "the fake provider refused: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok((head, answer))
}
