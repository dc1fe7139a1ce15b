//! Gateways send as fast as the service takes, each its next batch once it has the answer to the
//! last. Only what was acknowledged counts.

use crate::population::{Dice, Key, Population};
use crate::server::{self, ADMIN, GATEWAY, Kind, Server};
use crate::traffic::{MOST_EVENTS, Message};
use anyhow::{Context, ensure};
use paddock_core::ids::EventIds;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{LEND_PATH, LendAnswer, SYNC_PATH, SyncAnswer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Different messages of a gateway, sent in turn.
const MESSAGES: usize = 24;
/// What each gateway borrows of each namespace: dollars enough for the whole run.
const SLICE: i64 = 1_000_000_000_000;

/// What was seen.
pub struct Booking {
    kind: Kind,
    gateways: u8,
    events: u64,
    elapsed: Duration,
    service: Duration,
    database: Duration,
    /// What this process took, which shares the machine.
    load: Duration,
    bytes: u64,
    /// How long each answer took, sorted.
    waits: Vec<Duration>,
}

impl fmt::Display for Booking {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.events.max(1) as f64;
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / events;
        write!(
            f,
            "{:<12}{:>9}{:>12.0}{:>10.1} ms{:>10.1} ms{:>12.1} us{:>12.1} us{:>9.1} us{:>10.0}",
            self.kind.name(),
            self.gateways,
            events / self.elapsed.as_secs_f64().max(1e-9),
            percentile(&self.waits, 50),
            percentile(&self.waits, 99),
            each(self.service),
            each(self.database),
            each(self.load),
            self.bytes as f64 / events,
        )
    }
}

/// The heads of the columns.
pub const HEAD: &str = "booking       gateways    events/s     sync p50     sync p99   service CPU  database CPU  load CPU  bytes/event";

/// A percentile of sorted times, in milliseconds.
pub fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = sorted.len().saturating_sub(1) * percent / 100;
    sorted
        .get(at)
        .map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
}

/// Makes the population through the management API; its keys.
pub async fn settle(server: &Server, population: &Population) -> anyhow::Result<Vec<Key>> {
    let client = paddock_local::client()?.build()?;
    let mut keys = Vec::new();
    for namespace in 0..population.namespaces {
        let body = json!({
            "name": Population::namespace(namespace),
            "organization": population.organization(namespace),
            "monthly_quota_usd": 1_000_000,
        });
        post(&client, server, "/v1/namespaces", &body).await?;
        for key in 0..population.keys {
            let body = json!({
                "name": format!("key-{key}"), "namespace": Population::namespace(namespace),
            });
            let key = post(&client, server, "/v1/keys", &body).await?;
            let id = key["id"]
                .as_str()
                .context("a key without an id")?
                .to_owned();
            keys.push(Key { id, namespace });
        }
    }
    Ok(keys)
}

async fn post(
    client: &reqwest::Client,
    server: &Server,
    path: &str,
    body: &Value,
) -> anyhow::Result<Value> {
    let token = if path.starts_with("/gateway") {
        GATEWAY
    } else {
        ADMIN
    };
    let answer = client
        .post(format!("{}{path}", server.url))
        .bearer_auth(token)
        .json(body)
        .send()
        .await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{path}: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}

/// Books a few batches, so that the audit has calls to tell.
pub async fn some(server: &Server, population: &Population, keys: &[Key]) -> anyhow::Result<()> {
    let mut gateway = Gateway::new(server, population, keys, 1, MOST_EVENTS).await?;
    for _ in 0..MESSAGES {
        gateway.send().await?;
    }
    Ok(())
}

/// Sends for `span`, after one message of each gateway to warm up.
pub async fn measure(
    server: &Server,
    population: &Population,
    keys: &[Key],
    gateways: u8,
    span: Duration,
) -> anyhow::Result<Booking> {
    let mut senders = Vec::new();
    for number in 1..=gateways {
        let sender = Gateway::new(server, population, keys, number, MOST_EVENTS);
        senders.push(sender.await?);
    }
    for sender in &mut senders {
        sender.send().await?;
    }
    let before = (
        counted(server).await?,
        server.cpu()?,
        bytes(server).await?,
        server::own_cpu()?,
    );
    let start = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut sender in senders {
        running.spawn(async move {
            let (mut events, mut waits) = (0, Vec::new());
            while start.elapsed() < span {
                let sent = Instant::now();
                events += sender.send().await?;
                waits.push(sent.elapsed());
            }
            anyhow::Ok((events, waits))
        });
    }
    let (mut events, mut waits) = (0, Vec::new());
    while let Some(ended) = running.join_next().await {
        let (sent, own) = ended??;
        events += sent;
        waits.extend(own);
    }
    let elapsed = start.elapsed();
    waits.sort();
    let after = (
        counted(server).await?,
        server.cpu()?,
        bytes(server).await?,
        server::own_cpu()?,
    );
    ensure!(
        after.0 - before.0 == events,
        "{events} events were acknowledged and {} booked",
        after.0 - before.0
    );
    Ok(Booking {
        kind: server.kind,
        gateways,
        events,
        elapsed,
        service: after.1.0.saturating_sub(before.1.0),
        database: after.1.1.saturating_sub(before.1.1),
        load: after.3.saturating_sub(before.3),
        bytes: after.2.saturating_sub(before.2),
        waits,
    })
}

/// How many events the service says it has booked.
async fn counted(server: &Server) -> anyhow::Result<u64> {
    let client = paddock_local::client()?.build()?;
    let metrics = client.get(format!("{}/metrics", server.url)).send().await?;
    let text = metrics.text().await?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("paddock_ledger_events_total "));
    Ok(line.context("no count of events in /metrics")?.parse()?)
}

/// What the database takes on the disk.
pub async fn bytes(server: &Server) -> anyhow::Result<u64> {
    if server.kind == Kind::Sqlite {
        return Ok(server.file_bytes());
    }
    let sql = "SELECT pg_database_size(current_database())".to_owned();
    Ok(u64::try_from(server.number(sql).await?)?)
}

/// One that sends.
pub struct Gateway {
    client: reqwest::Client,
    url: String,
    ids: EventIds,
    messages: Vec<Message>,
    turn: usize,
    /// How long ago its events start.
    ago: Duration,
}

impl Gateway {
    /// One that has what a gateway has: a lease of every namespace, and the newest policy. Its batches
    /// are of `most` events.
    pub async fn new(
        server: &Server,
        population: &Population,
        keys: &[Key],
        number: u8,
        most: usize,
    ) -> anyhow::Result<Gateway> {
        let client = paddock_local::client()?.build()?;
        let name = format!("bench-{number}");
        let scope = |namespace: u64| format!("namespace:{}", Population::namespace(namespace));
        let needs: Vec<Value> = (0..population.namespaces)
            .map(|namespace| json!({ "scope": scope(namespace), "amount": SLICE }))
            .collect();
        let body = json!({ "gateway": name, "needs": needs });
        let lent: LendAnswer =
            serde_json::from_value(post(&client, server, LEND_PATH, &body).await?)?;
        ensure!(
            u64::try_from(lent.leases.len())? == population.namespaces,
            "not every namespace lends"
        );
        let mut leases = HashMap::new();
        for (namespace, lease) in (0..).zip(&lent.leases) {
            let report = json!({
                "scope": lease.scope, "id": lease.id, "returned": 0, "left": lease.lent,
            });
            leases.insert(namespace, (lease.id, report.to_string()));
        }
        let first = json!({ "gateway": name, "revision": 0 });
        let first: SyncAnswer =
            serde_json::from_value(post(&client, server, SYNC_PATH, &first).await?)?;
        let mut dice = Dice::new(number.into());
        let message = |_| {
            let sender = (name.as_str(), first.changes.revision);
            Message::new(sender, most, population, keys, &leases, &mut dice)
        };
        Ok(Gateway {
            messages: (0..MESSAGES).map(message).collect::<anyhow::Result<_>>()?,
            ids: EventIds::new([number; 6]),
            url: format!("{}{SYNC_PATH}", server.url),
            client,
            turn: 0,
            ago: Duration::ZERO,
        })
    }

    /// One that borrows nothing, and whose events start some time ago.
    pub fn lagging(
        server: &Server,
        population: &Population,
        keys: &[Key],
        (number, most): (u8, usize),
        ago: Duration,
    ) -> anyhow::Result<Gateway> {
        let name = format!("bench-{number}");
        let mut dice = Dice::new(number.into());
        let leases = HashMap::new();
        let message = |_| Message::new((&name, 0), most, population, keys, &leases, &mut dice);
        Ok(Gateway {
            messages: (0..MESSAGES).map(message).collect::<anyhow::Result<_>>()?,
            ids: EventIds::new([number; 6]),
            url: format!("{}{SYNC_PATH}", server.url),
            client: paddock_local::client()?.build()?,
            turn: 0,
            ago,
        })
    }

    /// Sends a batch; how many events were acknowledged.
    pub async fn send(&mut self) -> anyhow::Result<u64> {
        self.turn = (self.turn + 1) % self.messages.len().max(1);
        let message = self.messages.get_mut(self.turn).context("no message")?;
        let body = message.renew(&mut self.ids, moment(self.ago)?);
        let events = message.events();
        let answer = self
            .client
            .post(&self.url)
            .bearer_auth(GATEWAY)
            .body(body)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status == 200, "sync: {status} {text}");
        let answer: SyncAnswer = serde_json::from_str(&text)?;
        ensure!(answer.acknowledged == Some(1), "not acknowledged: {text}");
        Ok(u64::try_from(events)?)
    }
}

/// So long ago.
#[expect(
    clippy::disallowed_methods,
    reason = "what a gateway sends is of its time"
)]
pub fn moment(ago: Duration) -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_nanos(u64::try_from(
        since.saturating_sub(ago).as_nanos(),
    )?))
}
