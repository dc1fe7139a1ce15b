//! Proves that what is summed up is what was booked: spend, rollups and latencies, recomputed from
//! the events. A day is one snapshot of the database, and its events are read a page at a time, so
//! this can run beside everything else, in memory that grows with the keys, models and users of one
//! day alone.
//!
//! Blocks are compared with their days.
//!
//! A correction moves what was spent at the moment it applies to, which may be another day than its entry's:
//! corrections are read beside the entries, and compared with them.
//!
//! Of a prepaid balance the days are compared too, and its account's sums with its entries and days.
//!
//! What users share a scope is not in the events, so what is spent in `user:NAMESPACE/*` is not
//! compared.

mod balances;
mod charge;
mod corrections;

use crate::model::audit::SegmentKind;
use crate::model::day_blocks::BLOCK_LENGTHS;
use crate::model::histogram;
use crate::model::period::{DAY, HOUR, MINUTE, start_of};
use crate::model::scope::Scope;
use crate::store::audit::{self, At};
use crate::store::credits;
use crate::store::events::EventRow;
use crate::store::verification::{self as stored, Group, RollupSums};
use crate::store::{Store, StoreError, Tx, day_blocks, latencies, tags, watermarks};
use charge::Charge;
use corrections::Corrections;
use paddock_core::policy::SHARED_USER;
use paddock_core::timestamp::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug};
use std::time::Duration;

/// Sets of tags read at once.
const TAG_SETS_AT_ONCE: u64 = 500;

/// Something that is not what the events say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `rollup`, `latency`, `user`, `tag`, `spend`, `balance`, `correction` or `account`.
    pub kind: &'static str,
    /// Which one: its scope or group, and the start of its time.
    pub what: String,
    /// What the events say.
    pub expected: String,
    /// What is stored.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, what) = (self.kind, &self.what);
        let (found, expected) = (&self.found, &self.expected);
        write!(f, "{kind} {what}: is {found}, the events say {expected}")
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Days compared.
    pub days: u64,
    /// Days left out, because retention may have dropped calls of them.
    pub days_without_events: u64,
    /// Calls read.
    pub events: u64,
    /// Differences found.
    pub differences: u64,
}

/// Compares everything with the events. Each difference is told as it is found.
pub async fn verify(
    store: &Store,
    tell: &mut (dyn FnMut(Difference) + Send),
) -> Result<Summary, StoreError> {
    let mut summary = Summary::default();
    let mut tx = store.read().await?;
    let first = audit::dropped_until(&mut tx).await?;
    let days = stored::days(&mut tx).await?;
    let orphans = stored::orphans(&mut tx).await?;
    drop(tx);
    let mut differences: u64 = 0;
    let mut tell = |difference: Difference| {
        differences = differences.saturating_add(1);
        tell(difference);
    };
    for (granularity, namespace, key, model, start) in orphans {
        tell(Difference {
            kind: "rollup",
            what: format!("{namespace} {key} {model} of {granularity} s from {start}"),
            expected: "nothing".to_owned(),
            found: "sums that no longer time has".to_owned(),
        });
    }
    for day in days {
        if day < first {
            summary.days_without_events = summary.days_without_events.saturating_add(1);
            continue;
        }
        let mut tx = store.read().await?;
        let events = verify_day(&mut tx, day, &mut tell).await?;
        summary.days = summary.days.saturating_add(1);
        summary.events = summary.events.saturating_add(events);
    }
    verify_blocks(store, &mut tell).await?;
    verify_tag_sets(store, &mut tell).await?;
    balances::verify_accounts(&mut store.read().await?, &mut tell).await?;
    summary.differences = differences;
    Ok(summary)
}

/// Compares blocks with the sums of their days, a block in a snapshot; those that are not sealed, with
/// nothing.
async fn verify_blocks(
    store: &Store,
    tell: &mut (dyn FnMut(Difference) + Send),
) -> Result<(), StoreError> {
    for length in BLOCK_LENGTHS {
        let mut tx = store.read().await?;
        let days = stored::days(&mut tx).await?.into_iter();
        let mut starts: BTreeSet<Timestamp> = days.map(|day| start_of(length, day)).collect();
        starts.extend(day_blocks::present(&mut tx, length).await?);
        drop(tx);
        for start in starts {
            let mut tx = store.read().await?;
            let end = start.plus(Duration::from_secs(length));
            let is_sealed = end <= day_blocks::sealed_until(&mut tx).await?;
            let uneven = day_blocks::uneven(&mut tx, (start, length), is_sealed).await?;
            for (kind, uneven) in ["rollup", "user", "tag"].into_iter().zip(uneven) {
                for block in uneven {
                    let (namespace, name, model) = (block.namespace, block.name, block.model);
                    let start = start.to_rfc3339();
                    tell(Difference {
                        kind,
                        what: format!("{namespace} {name} {model} of {length} s from {start}"),
                        expected: block.expected,
                        found: block.found,
                    });
                }
            }
        }
    }
    Ok(())
}

/// Compares sets of tags with their ids, which are in the calls.
async fn verify_tag_sets(
    store: &Store,
    tell: &mut (dyn FnMut(Difference) + Send),
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let sets = tags::next_sets(&mut store.read().await?, &after, TAG_SETS_AT_ONCE).await?;
        let Some(last) = sets.last() else {
            return Ok(());
        };
        after.clone_from(&last.id);
        for set in sets.iter().filter(|set| !set.is_whole()) {
            tell(Difference {
                kind: "tag",
                what: set.id.clone(),
                expected: "tags of this hash".to_owned(),
                found: set.labels().into_iter().collect::<Vec<_>>().join(", "),
            });
        }
    }
}

/// From when on there are sums that are not kept forever.
struct Watermarks {
    minutes: Timestamp,
    hours: Timestamp,
    latencies: Timestamp,
    users: Timestamp,
}

impl Watermarks {
    /// In the snapshot that is compared: what is told here is told before it is deleted.
    async fn read(tx: &mut Tx) -> Result<Watermarks, StoreError> {
        Ok(Watermarks {
            minutes: watermarks::of(tx, watermarks::MINUTES).await?,
            hours: watermarks::of(tx, watermarks::HOURS).await?,
            latencies: watermarks::of(tx, watermarks::LATENCIES).await?,
            users: watermarks::of(tx, watermarks::USERS).await?,
        })
    }

    fn has_rollups(&self, granularity: u64, at: Timestamp) -> bool {
        match granularity {
            MINUTE => at >= self.minutes,
            HOUR => at >= self.hours,
            _ => true,
        }
    }

    fn has_latencies(&self, granularity: u64, at: Timestamp) -> bool {
        granularity != HOUR || at >= self.latencies
    }
}

/// Scopes whose spend since `start` is that of events and nothing else.
fn is_compared(scope: &str, start: Timestamp, watermarks: &Watermarks) -> bool {
    match Scope::parse(scope) {
        Some(Scope::User(_, user)) => user != SHARED_USER && start >= watermarks.users,
        Some(Scope::Key(_) | Scope::Namespace(_) | Scope::Organization(_) | Scope::Budget(..)) => {
            true
        }
        _ => false,
    }
}

async fn verify_day(
    tx: &mut Tx,
    day: Timestamp,
    tell: &mut (dyn FnMut(Difference) + Send),
) -> Result<u64, StoreError> {
    let watermarks = Watermarks::read(tx).await?;
    let mut events: u64 = 0;
    let mut spend: BTreeMap<String, i64> = BTreeMap::new();
    let mut balances: BTreeMap<String, i64> = BTreeMap::new();
    let accounts = credits::all_accounts(tx).await?;
    let mut corrections = Corrections::read(tx, day).await?;
    for charge in corrections.charges() {
        charge.add_spend(&mut spend);
        balances::add(&mut balances, &accounts, &charge);
    }
    for namespace in stored::namespaces(tx, day).await? {
        let mut whole = Expected::default();
        for hour in 0..24 {
            let start = day.plus(Duration::from_secs(HOUR.saturating_mul(hour)));
            let end = start.plus(Duration::from_secs(HOUR));
            let mut expected = Expected::default();
            let scope = audit::SegmentFilter {
                namespace: Some(namespace.clone()),
                kind: Some(SegmentKind::Calls),
                from: start,
                until: end,
                ..audit::SegmentFilter::default()
            };
            let mut at = None;
            loop {
                let links = audit::listed(tx, &scope, at.as_ref().map(At::After)).await?;
                let Some(last) = links.last() else {
                    break;
                };
                let segment = &last.segment;
                at = Some((
                    segment.hour.secs(),
                    segment.organization.clone(),
                    last.sequence,
                ));
                let mut contents = audit::contents(tx, &links).await?;
                for row in links.iter().flat_map(|link| contents.calls(link)) {
                    events = events.saturating_add(1);
                    if row.is_refused() {
                        continue;
                    }
                    expected.add(&row, &[MINUTE, HOUR]);
                    whole.add(&row, &[DAY]);
                    if row.is_correction() {
                        corrections.booked(row, tell);
                        continue;
                    }
                    let charge = Charge::of_call(&row);
                    charge.add_spend(&mut spend);
                    balances::add(&mut balances, &accounts, &charge);
                }
            }
            for granularity in [MINUTE, HOUR] {
                expected
                    .compare(tx, &namespace, granularity, (start, end), &watermarks, tell)
                    .await?;
            }
        }
        whole
            .compare(
                tx,
                &namespace,
                DAY,
                (day, day.end_of_day()),
                &watermarks,
                tell,
            )
            .await?;
        let users = stored::users(tx, &namespace, day)
            .await?
            .into_iter()
            .collect();
        compare("user", whole.users, users, tell, |model| {
            format!("{namespace} {model} {}", day.to_rfc3339())
        });
        let tags = stored::tags(tx, &namespace, day).await?.into_iter();
        let tags = tags.map(|(set, model, sums)| ((set, model), sums));
        compare("tag", whole.tags, tags.collect(), tell, |(set, model)| {
            format!("{namespace} {set} {model} {}", day.to_rfc3339())
        });
    }
    corrections.tell_missing(tell);
    let found = stored::spend_of_day(tx, day).await?.into_iter();
    let is_compared = |scope: &str| is_compared(scope, day, &watermarks);
    let found = found.filter(|(scope, _)| is_compared(scope)).collect();
    spend.retain(|scope, _| is_compared(scope));
    compare("spend", spend, found, tell, |scope| {
        format!("{scope} {}", day.to_rfc3339())
    });
    let found = stored::balances_of_day(tx, day).await?.into_iter();
    compare("balance", balances, found.collect(), tell, |account| {
        format!("{account} {}", day.to_rfc3339())
    });
    Ok(events)
}

/// What the events of one namespace say.
#[derive(Default)]
struct Expected {
    rollups: BTreeMap<Group, RollupSums>,
    /// By granularity, start and bucket.
    latencies: BTreeMap<(u64, u64, i64), i64>,
    users: BTreeMap<String, [i64; 3]>,
    /// By set of tags and model.
    tags: BTreeMap<(String, String), [i64; 3]>,
}

impl Expected {
    fn add(&mut self, row: &EventRow, granularities: &[u64]) {
        let nanos = u64::try_from(row.started_at).unwrap_or(0);
        let at = Timestamp::from_nanos(nanos);
        let cache_write = row
            .cache_write_5m_tokens
            .saturating_add(row.cache_write_1h_tokens);
        let prompt = [row.input_tokens, row.cached_input_tokens, cache_write];
        let [input, cached, written] = prompt;
        let (output, reasoning) = (row.output_tokens, row.reasoning_tokens);
        let sums = [
            row.requests(),
            input,
            cached,
            written,
            output,
            reasoning,
            row.cost,
            row.duration_ms,
        ];
        for granularity in granularities {
            let start = start_of(*granularity, at).secs();
            let group = (*granularity, start, row.key_id.clone(), row.model.clone());
            if *granularity != MINUTE && !row.is_correction() {
                let millis = u64::try_from(row.duration_ms).unwrap_or(0);
                let bucket = histogram::bucket(millis);
                let count = self.latencies.entry((*granularity, start, bucket));
                add(count.or_default(), 1);
            }
            let total = self.rollups.entry(group).or_default();
            for (total, value) in total.iter_mut().zip(sums) {
                add(total, value);
            }
        }
        let sums = [row.requests(), row.tokens(), row.cost];
        let user = self.users.entry(row.model.clone()).or_default();
        for (total, value) in user.iter_mut().zip(sums) {
            add(total, value);
        }
        let set = row.details.is_some().then(|| row.details().tags).flatten();
        if let Some(set) = set {
            let tagged = self.tags.entry((set, row.model.clone())).or_default();
            for (total, value) in tagged.iter_mut().zip(sums) {
                add(total, value);
            }
        }
    }

    /// Compares the sums of one granularity with those stored.
    async fn compare(
        &mut self,
        tx: &mut Tx,
        namespace: &str,
        granularity: u64,
        span: (Timestamp, Timestamp),
        watermarks: &Watermarks,
        tell: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<(), StoreError> {
        let name = |group: &Group| {
            let (granularity, start, key, model) = group;
            let start = Timestamp::from_secs(*start).to_rfc3339();
            format!("{namespace} {key} {model} of {granularity} s from {start}")
        };
        let expected = take(&mut self.rollups, |group| group.0 == granularity);
        if watermarks.has_rollups(granularity, span.0) {
            let interval = (granularity, span.0.secs(), span.1.secs());
            let mut found: BTreeMap<Group, RollupSums> = BTreeMap::new();
            // Apart by organization, where the namespace was moved meanwhile.
            for (group, sums) in stored::rollups(tx, namespace, interval).await? {
                let total = found.entry(group).or_default();
                for (total, value) in total.iter_mut().zip(sums) {
                    add(total, value);
                }
            }
            compare("rollup", expected, found, tell, name);
        }
        let expected = take(&mut self.latencies, |group| group.0 == granularity);
        if !watermarks.has_latencies(granularity, span.0) {
            return Ok(());
        }
        let found = latencies::by_interval(tx, namespace, granularity, span).await?;
        let found = found.into_iter().collect();
        compare(
            "latency",
            expected,
            found,
            tell,
            |(granularity, start, bucket)| {
                let start = Timestamp::from_secs(*start).to_rfc3339();
                format!("{namespace} of {granularity} s from {start} in bucket {bucket}")
            },
        );
        Ok(())
    }
}

fn add(total: &mut i64, value: i64) {
    *total = total.saturating_add(value);
}

fn take<K: Ord, V>(map: &mut BTreeMap<K, V>, is_due: impl Fn(&K) -> bool) -> BTreeMap<K, V> {
    let (due, rest) = std::mem::take(map)
        .into_iter()
        .partition(|(key, _)| is_due(key));
    *map = rest;
    due
}

/// Tells every difference between two maps.
fn compare<K: Ord, V: PartialEq + Debug>(
    kind: &'static str,
    mut expected: BTreeMap<K, V>,
    found: BTreeMap<K, V>,
    tell: &mut (dyn FnMut(Difference) + Send),
    name: impl Fn(&K) -> String,
) {
    let text = |value: Option<&V>| value.map_or("nothing".to_owned(), |value| format!("{value:?}"));
    for (key, value) in found {
        let wanted = expected.remove(&key);
        if wanted.as_ref() != Some(&value) {
            tell(Difference {
                kind,
                what: name(&key),
                expected: text(wanted.as_ref()),
                found: text(Some(&value)),
            });
        }
    }
    for (key, value) in expected {
        tell(Difference {
            kind,
            what: name(&key),
            expected: text(Some(&value)),
            found: text(None),
        });
    }
}
