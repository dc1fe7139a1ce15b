//! Usage, summed by key and model over minutes, hours, days, and blocks of days.

use super::columns::Bind;
use super::events::EventRow;
use super::{StoreError, Tx, args, loaded, stored};
use crate::model::day_blocks::sealed_blocks;
use crate::model::period::{DAY, HOUR, MINUTE};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// What a group of events sums up to: requests, input, cached input, cache write, output and
/// reasoning tokens, nano-dollars, milliseconds.
type Sums = [i64; 8];

/// Key, model, namespace, organization, and the first second of the minute.
type Minute<'a> = (&'a str, &'a str, &'a str, &'a str, i64);
/// Granularity, start, namespace, key, model, organization: in the order of the table's key.
type Group<'a> = (u64, i64, &'a str, &'a str, &'a str, &'a str);

/// Sums of one booking, so that each group is one upsert.
#[derive(Debug, Default)]
pub struct Rollups<'a> {
    minutes: HashMap<Minute<'a>, Sums>,
}

/// The first second of the interval that a moment in nanoseconds lies in.
fn start_of(granularity: u64, seconds: i64) -> i64 {
    let granularity = i64::try_from(granularity).unwrap_or(i64::MAX);
    seconds.saturating_sub(seconds.checked_rem_euclid(granularity).unwrap_or(0))
}

fn add(sums: &mut Sums, more: Sums) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(more);
    }
}

impl<'a> Rollups<'a> {
    /// Counts an event in.
    pub fn add(&mut self, row: &'a EventRow) {
        let seconds = row.started_at.checked_div(1_000_000_000).unwrap_or(0);
        let cache_write = row
            .cache_write_5m_tokens
            .saturating_add(row.cache_write_1h_tokens);
        let sums = [
            row.requests(),
            row.input_tokens,
            row.cached_input_tokens,
            cache_write,
            row.output_tokens,
            row.reasoning_tokens,
            row.cost,
            row.duration_ms,
        ];
        let (namespace, organization) = (row.namespace.as_str(), row.organization.as_str());
        let minute = start_of(MINUTE, seconds);
        let group = (
            row.key_id.as_str(),
            row.model.as_str(),
            namespace,
            organization,
            minute,
        );
        add(self.minutes.entry(group).or_default(), sums);
    }

    /// Adds the sums to those in the database, where days are sealed until `sealed`.
    pub async fn store(self, tx: &mut Tx, sealed: Timestamp) -> Result<(), StoreError> {
        let mut groups: BTreeMap<Group<'_>, Sums> = BTreeMap::new();
        for ((key, model, namespace, organization, minute), sums) in self.minutes {
            let steps = [MINUTE, HOUR, DAY].map(|step| (step, start_of(step, minute)));
            let blocks = sealed_blocks(loaded(minute), sealed);
            let blocks = blocks.map(|(length, start)| (length, stored(start)));
            for (granularity, start) in steps.into_iter().chain(blocks) {
                let group = (granularity, start, namespace, key, model, organization);
                add(groups.entry(group).or_default(), sums);
            }
        }
        let rows = groups.into_iter().map(|(group, sums)| {
            let (granularity, start, namespace, key, model, organization) = group;
            let mut row = args![granularity, start, namespace, key, model, organization];
            for sum in sums {
                sum.bind(&mut row);
            }
            row
        });
        let head = "INSERT INTO rollups (granularity, starts_at, namespace, key_id, model, \
            organization, requests, input_tokens, cached_input_tokens, cache_write_tokens, \
            output_tokens, reasoning_tokens, cost, latency_ms)";
        let tail = "ON CONFLICT (granularity, starts_at, namespace, key_id, model, organization)
            DO UPDATE SET
            requests = rollups.requests + excluded.requests,
            input_tokens = rollups.input_tokens + excluded.input_tokens,
            cached_input_tokens = rollups.cached_input_tokens + excluded.cached_input_tokens,
            cache_write_tokens = rollups.cache_write_tokens + excluded.cache_write_tokens,
            output_tokens = rollups.output_tokens + excluded.output_tokens,
            reasoning_tokens = rollups.reasoning_tokens + excluded.reasoning_tokens,
            cost = rollups.cost + excluded.cost,
            latency_ms = rollups.latency_ms + excluded.latency_ms";
        tx.execute_many(head, rows.collect(), tail).await?;
        Ok(())
    }
}
