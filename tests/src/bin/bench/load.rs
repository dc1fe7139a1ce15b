//! The load: clients with one connection and one request at a time each.

use crate::http1::Connection;
use crate::pace::{Clock, Pace, Turns};
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
    /// The tenants' keys, all of one length, used in turn.
    pub keys: Arc<[String]>,
    /// Of the upstream; one client for each.
    pub seen: Arc<[Seen]>,
}

impl Load {
    /// Asks until the end, and then until every request under way is answered, so that all that was
    /// begun is counted. Fails on the first answer that is not 200.
    pub async fn run(&self, pace: Pace) -> anyhow::Result<Done> {
        let body = self.scenario.body();
        let clients = self.seen.len();
        let mut ready = Vec::new();
        for number in 0..clients {
            ready.push(Client {
                connection: Connection::new(TcpStream::connect(self.gateway).await?)?,
                request: Request::new(self, number, &body)?,
                turns: Turns::new(number, clients, self.keys.len()),
                seen: self.scenario.streams().then_some(number),
                load: self.clone(),
            });
        }
        let begun = Instant::now();
        let mut running = JoinSet::new();
        for (number, client) in ready.into_iter().enumerate() {
            let clock = Clock::new(pace, begun, number, clients)?;
            running.spawn(client.ask(clock));
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
}

/// A request whose key can be changed.
#[derive(Debug)]
struct Request {
    bytes: Vec<u8>,
    key: std::ops::Range<usize>,
}

impl Request {
    /// As a stock client of the format sends it.
    fn new(load: &Load, client: usize, body: &str) -> anyhow::Result<Self> {
        let scenario = load.scenario;
        let mark = match scenario.streams() {
            true => format!("{CLIENT}: {client}\r\n"),
            false => String::new(),
        };
        let mut text = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\n{}",
            scenario.path(),
            load.gateway,
            scenario.credential(),
        );
        let start = text.len();
        text.push_str(load.keys.first().context("there is no key")?);
        let key = start..text.len();
        text.push_str(&format!(
            "\r\ncontent-type: application/json\r\naccept: application/json\r\n{}{mark}\
             content-length: {}\r\n\r\n{body}",
            scenario.headers(),
            body.len()
        ));
        Ok(Self {
            bytes: text.into_bytes(),
            key,
        })
    }

    fn with(&mut self, key: &str) -> anyhow::Result<&[u8]> {
        let place = self.bytes.get_mut(self.key.clone());
        let place = place.filter(|place| place.len() == key.len());
        let place = place.context("keys differ in length")?;
        place.copy_from_slice(key.as_bytes());
        Ok(&self.bytes)
    }
}

struct Client {
    connection: Connection,
    request: Request,
    turns: Turns,
    /// Its number, where its events are counted.
    seen: Option<usize>,
    load: Load,
}

impl Client {
    async fn ask(mut self, mut clock: Clock) -> anyhow::Result<Vec<Duration>> {
        let seen = self.seen.and_then(|number| self.load.seen.get(number));
        let mut latencies = Vec::new();
        while let Some(from) = clock.next().await {
            if let Some(seen) = seen {
                seen.set(0);
            }
            let key = self
                .load
                .keys
                .get(self.turns.next())
                .context("no such key")?;
            self.connection.write(self.request.with(key)?).await?;
            let head = self.connection.head().await?;
            let head = head.context("Envoy closed the connection")?;
            if head.status() != Some(200) {
                let mut answer = head.bytes().to_vec();
                let take = |piece: &[u8]| answer.extend_from_slice(piece);
                self.connection.body(&head, take).await?;
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
            self.connection.body(&head, take).await?;
            latencies.push(from.elapsed());
            if clock.asks_once() && self.turns.is_round() {
                break;
            }
        }
        Ok(latencies)
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
