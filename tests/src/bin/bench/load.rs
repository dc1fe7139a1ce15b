//! The load: a closed loop of clients, each with one connection and one request at a time.

use crate::http1::Connection;
use crate::scenario::Scenario;
use crate::upstream::{CLIENT, Seen};
use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What one load did.
#[derive(Debug)]
pub struct Done {
    /// How long each request took, first byte out to last byte in.
    pub latencies: Vec<Duration>,
    /// From the first request to the end of the last.
    pub took: Duration,
}

/// One load to put on a gateway.
#[derive(Clone, Debug)]
pub struct Load {
    /// The gateway.
    pub gateway: SocketAddr,
    /// What to ask it.
    pub scenario: Scenario,
    /// The tenant's key.
    pub key: String,
    /// Of the upstream; one client for each.
    pub seen: Arc<[Seen]>,
}

impl Load {
    /// Asks for `span`, and then until every request under way is answered, so that all that was
    /// begun is counted. Fails on the first answer that is not 200.
    pub async fn run(&self, span: Duration) -> anyhow::Result<Done> {
        let body = self.scenario.body();
        let mut clients = Vec::new();
        for client in 0..self.seen.len() {
            let stream = TcpStream::connect(self.gateway).await?;
            clients.push((Connection::new(stream)?, self.request(client, &body)));
        }
        let begun = Instant::now();
        let until = begun.checked_add(span).context("the time is too long")?;
        let mut running = JoinSet::new();
        for (client, (connection, request)) in clients.into_iter().enumerate() {
            let seen = Arc::clone(&self.seen);
            let streams = self.scenario.streams();
            running.spawn(async move {
                let seen = seen.get(client).filter(|_| streams);
                ask_until(until, connection, &request, seen).await
            });
        }
        let mut latencies = Vec::new();
        while let Some(ended) = running.join_next().await {
            latencies.extend(ended??);
        }
        Ok(Done {
            latencies,
            took: begun.elapsed(),
        })
    }

    /// As a stock OpenAI client sends it.
    fn request(&self, client: usize, body: &str) -> Vec<u8> {
        let mark = match self.scenario.streams() {
            true => format!("{CLIENT}: {client}\r\n"),
            false => String::new(),
        };
        let (gateway, key) = (self.gateway, &self.key);
        let length = body.len();
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {gateway}\r\n\
             authorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             accept: application/json\r\nuser-agent: OpenAI/Python 2.8.1\r\n\
             x-stainless-lang: python\r\nx-stainless-retry-count: 0\r\n\
             {mark}content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

async fn ask_until(
    until: Instant,
    mut connection: Connection,
    request: &[u8],
    seen: Option<&Seen>,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let asked = Instant::now();
        if asked >= until {
            return Ok(latencies);
        }
        if let Some(seen) = seen {
            seen.set(0);
        }
        connection.write(request).await?;
        let head = connection.head().await?;
        let head = head.context("Envoy closed the connection")?;
        if head.status() != Some(200) {
            let mut answer = head.bytes().to_vec();
            let take = |piece: &[u8]| answer.extend_from_slice(piece);
            connection.body(&head, take).await?;
            bail!("not answered: {}", String::from_utf8_lossy(&answer));
        }
        let mut events = Events::default();
        let take = |piece: &[u8]| {
            if let Some(seen) = seen
                && events.count(piece)
            {
                seen.set(events.seen);
            }
        };
        connection.body(&head, take).await?;
        latencies.push(asked.elapsed());
    }
}

/// Counts events: the empty lines after them.
#[derive(Debug, Default)]
struct Events {
    seen: usize,
    line_ended: bool,
}

impl Events {
    /// True where `piece` ended an event or more.
    fn count(&mut self, piece: &[u8]) -> bool {
        let before = self.seen;
        for byte in piece {
            let ends = *byte == b'\n';
            self.seen = self
                .seen
                .saturating_add(usize::from(ends && self.line_ended));
            self.line_ended = ends;
        }
        self.seen > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_at_any_chunking() {
        let stream = b"data: a\n\ndata: b\ndata: c\n\ndata: [DONE]\n\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            for piece in stream.chunks(size) {
                events.count(piece);
            }
            assert_eq!(events.seen, 3, "pieces of {size}");
        }
    }
}
