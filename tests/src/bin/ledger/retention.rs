//! What dropping old events costs, and what it does to gateways meanwhile. Services whose clocks are
//! weeks behind book the events; then one that keeps the audit for 32 days drops them by itself.

use crate::booking::{self, Gateway, percentile};
use crate::population::{Key, Population};
use crate::server::{Kind, Mode, Server};
use anyhow::ensure;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// The days that are booked, all of them older than what is kept.
const DAYS_AGO: [u64; 3] = [36, 35, 34];
/// The shortest the service takes.
const RETENTION_DAYS: u64 = 32;
/// Events of a batch: a second's worth at two million a day is half of it, so that there are about as
/// many segments to the event as a busy installation has.
const BATCH: usize = 50;
/// How often the gateway that is watched sends, and how many events.
const EVERY: Duration = Duration::from_millis(10);
const SYNC: usize = 20;
/// How long it is watched before.
const BEFORE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(1_800);

/// The heads of the columns.
pub const HEAD: &str = "retention     events dropped   segments    seconds   service CPU  database CPU   sync p50, p99, max before     meanwhile";

/// What was seen.
pub struct Retention {
    kind: Kind,
    events: u64,
    segments: i64,
    elapsed: Duration,
    cpu: (Duration, Duration),
    before: Vec<Duration>,
    meanwhile: Vec<Duration>,
    /// Of the database: full, after dropping, and after booking as much again.
    bytes: [u64; 3],
    /// Of SQLite's file, what it has to use again after dropping.
    free: Option<i64>,
}

impl fmt::Display for Retention {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / (self.events.max(1) as f64);
        let waits = |waits: &[Duration]| {
            let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(waits, percent));
            format!("{p50:.1}, {p99:.1}, {max:.1} ms")
        };
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        writeln!(
            f,
            "{:<12}{:>16}{:>11}{:>11.1}{:>11.1} us{:>11.1} us{:>29}{:>24}",
            self.kind.name(),
            self.events,
            self.segments,
            self.elapsed.as_secs_f64(),
            each(self.cpu.0),
            each(self.cpu.1),
            waits(&self.before),
            waits(&self.meanwhile),
        )?;
        let [full, dropped, again] = self.bytes.map(megabytes);
        write!(f, "{full:.0} MB before, {dropped:.0} MB after")?;
        if let Some(free) = self.free {
            write!(f, " ({:.0} MB of it free)", free as f64 / 1e6)?;
        }
        write!(f, ", {again:.0} MB once as much is booked again")
    }
}

/// Books `events`, has them dropped, and books as many again.
pub async fn measure(
    kind: Kind,
    population: &Population,
    events: u64,
) -> anyhow::Result<Retention> {
    let mut server = Server::start(kind).await?;
    let mut keys = Vec::new();
    let days = u64::try_from(DAYS_AGO.len())?;
    for (number, days_ago) in (100..).zip(DAYS_AGO) {
        let mode = Mode {
            days_ago,
            retention_days: None,
        };
        server.restart(mode).await?;
        // What is made now is in the audit too, where what is younger keeps all after it.
        if keys.is_empty() {
            keys = booking::settle(&server, population).await?;
        }
        let ago = Duration::from_secs(days_ago * 86_400);
        fill(&server, population, &keys, number, ago, events / days).await?;
    }
    let rounds = server.rounds_of_housekeeping()?;
    server.restart(Mode::default()).await?;
    until(&server, rounds + 1).await?;
    let kept_from = booking::moment(Duration::from_secs(RETENTION_DAYS * 86_400))?.nanos();
    let old = format!("SELECT COUNT(*) FROM events WHERE started_at < {kept_from}");
    let segments = format!("SELECT COUNT(*) FROM audit_segments WHERE recorded_at < {kept_from}");
    let segments = server.number(segments).await?;
    let filled = u64::try_from(server.number(old.clone()).await?)?;
    ensure!(filled >= events / days * days, "{filled} events are there");
    let gateway = Gateway::new(&server, population, &keys, 1, SYNC).await?;
    let cpu = server.cpu()?;
    let end = Instant::now() + BEFORE;
    let before = watch(gateway, || Ok(Instant::now() >= end)).await?;
    let each = share(since(server.cpu()?, cpu), before.len());
    let full = booking::bytes(&server).await?;

    let gateway = Gateway::new(&server, population, &keys, 2, SYNC).await?;
    let database = server.cpu()?.1;
    let rounds = server.rounds_of_housekeeping()?;
    let mode = Mode {
        days_ago: 0,
        retention_days: Some(RETENTION_DAYS),
    };
    server.restart(mode).await?;
    let start = Instant::now();
    let done = || Ok(server.rounds_of_housekeeping()? > rounds);
    let meanwhile = watch(gateway, done).await?;
    let elapsed = start.elapsed();
    let cpu = since(server.cpu()?, (Duration::ZERO, database));
    let syncs = u32::try_from(meanwhile.len())?;
    let left = server.number(old).await?;
    ensure!(left == 0, "{left} events of {filled} are left");
    let dropped = booking::bytes(&server).await?;
    let free = match kind {
        Kind::Sqlite => {
            let sql =
                "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size";
            Some(server.number(sql.to_owned()).await?)
        }
        Kind::Postgres => None,
    };
    fill(&server, population, &keys, 200, Duration::ZERO, filled).await?;
    Ok(Retention {
        kind,
        events: filled,
        segments,
        elapsed,
        cpu: (
            cpu.0.saturating_sub(each.0 * syncs),
            cpu.1.saturating_sub(each.1 * syncs),
        ),
        before,
        meanwhile,
        bytes: [full, dropped, booking::bytes(&server).await?],
        free,
    })
}

async fn fill(
    server: &Server,
    population: &Population,
    keys: &[Key],
    number: u8,
    ago: Duration,
    events: u64,
) -> anyhow::Result<()> {
    let mut gateway = Gateway::lagging(server, population, keys, (number, BATCH), ago)?;
    let mut sent = 0;
    while sent < events {
        sent += gateway.send().await?;
    }
    Ok(())
}

/// How long each answer took, sorted, of a gateway that sends until it is enough.
async fn watch(
    mut gateway: Gateway,
    is_enough: impl Fn() -> anyhow::Result<bool>,
) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = Instant::now() + PATIENCE;
    while !is_enough()? {
        ensure!(Instant::now() < end, "housekeeping does not end");
        every.tick().await;
        let sent = Instant::now();
        gateway.send().await?;
        waits.push(sent.elapsed());
    }
    waits.sort();
    Ok(waits)
}

async fn until(server: &Server, rounds: usize) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while server.rounds_of_housekeeping()? < rounds {
        ensure!(Instant::now() < end, "housekeeping does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn since(now: (Duration, Duration), then: (Duration, Duration)) -> (Duration, Duration) {
    (now.0.saturating_sub(then.0), now.1.saturating_sub(then.1))
}

fn share(cpu: (Duration, Duration), parts: usize) -> (Duration, Duration) {
    let parts = u32::try_from(parts.max(1)).unwrap_or(u32::MAX);
    (cpu.0 / parts, cpu.1 / parts)
}
