//! Usage, summed by key and model over minutes, hours and days.

use super::{StoreError, Tx, args};
use crate::domain::histogram;
use crate::domain::period::{DAY, HOUR, MINUTE, start_of};
use paddock_core::money::Money;
use paddock_core::usage::TokenUsage;
use paddock_core::wire::UsageEvent;
use std::collections::BTreeMap;

/// What a group of events sums up to.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    requests: u64,
    tokens: TokenUsage,
    cost: Money,
    latency_ms: u64,
}

impl Totals {
    fn add(&mut self, event: &UsageEvent<'_>) {
        let (sum, tokens) = (&mut self.tokens, &event.tokens);
        self.requests = self.requests.saturating_add(1);
        sum.input = sum.input.saturating_add(tokens.input);
        sum.cached_input = sum.cached_input.saturating_add(tokens.cached_input);
        sum.cache_write_5m = sum.cache_write_5m.saturating_add(tokens.cache_write_5m);
        sum.cache_write_1h = sum.cache_write_1h.saturating_add(tokens.cache_write_1h);
        sum.output = sum.output.saturating_add(tokens.output);
        sum.reasoning = sum.reasoning.saturating_add(tokens.reasoning);
        self.cost = self.cost.saturating_add(event.cost);
        self.latency_ms = self.latency_ms.saturating_add(event.duration_ms);
    }
}

/// Granularity, key, start, model, namespace, organization.
type Group<'a> = (u64, &'a str, u64, &'a str, &'a str, &'a str);
/// Granularity, namespace, start, key, model, bucket.
type LatencyGroup<'a> = (u64, &'a str, u64, &'a str, &'a str, i64);

/// Sums of one batch, so that each group is one upsert.
#[derive(Debug, Default)]
pub struct Rollups<'a> {
    groups: BTreeMap<Group<'a>, Totals>,
    latencies: BTreeMap<LatencyGroup<'a>, u64>,
}

impl<'a> Rollups<'a> {
    /// Counts an event in.
    pub fn add(&mut self, event: &'a UsageEvent<'_>) {
        let (key, model) = (&*event.key_id, &*event.model);
        let (namespace, organization) = (&*event.namespace, &*event.organization);
        for granularity in [MINUTE, HOUR, DAY] {
            let start = start_of(granularity, event.started_at).secs();
            let group = (granularity, key, start, model, namespace, organization);
            self.groups.entry(group).or_default().add(event);
            if granularity != MINUTE {
                let bucket = histogram::bucket(event.duration_ms);
                let group = (granularity, namespace, start, key, model, bucket);
                let count = self.latencies.entry(group).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    /// Adds the sums to those in the database.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn store(self, tx: &mut Tx) -> Result<(), StoreError> {
        let rows = self.groups.into_iter().map(|(group, totals)| {
            let (granularity, key, start, model, namespace, organization) = group;
            let tokens = totals.tokens;
            let cache_write = tokens.cache_write_5m.saturating_add(tokens.cache_write_1h);
            args![
                granularity,
                key,
                start,
                model,
                namespace,
                organization,
                totals.requests,
                tokens.input,
                tokens.cached_input,
                cache_write,
                tokens.output,
                tokens.reasoning,
                totals.cost,
                totals.latency_ms,
            ]
        });
        let head = "INSERT INTO rollups (granularity, key_id, starts_at, model, namespace, \
            organization, requests, input_tokens, cached_input_tokens, cache_write_tokens, \
            output_tokens, reasoning_tokens, cost, latency_ms)";
        let tail = "ON CONFLICT (granularity, key_id, starts_at, model, namespace) DO UPDATE SET
            requests = rollups.requests + excluded.requests,
            input_tokens = rollups.input_tokens + excluded.input_tokens,
            cached_input_tokens = rollups.cached_input_tokens + excluded.cached_input_tokens,
            cache_write_tokens = rollups.cache_write_tokens + excluded.cache_write_tokens,
            output_tokens = rollups.output_tokens + excluded.output_tokens,
            reasoning_tokens = rollups.reasoning_tokens + excluded.reasoning_tokens,
            cost = rollups.cost + excluded.cost,
            latency_ms = rollups.latency_ms + excluded.latency_ms";
        tx.many::<()>(head, rows.collect(), tail).await?;

        let rows = self.latencies.into_iter().map(|(group, count)| {
            let (granularity, namespace, start, key, model, bucket) = group;
            args![granularity, namespace, start, key, model, bucket, count]
        });
        let head = "INSERT INTO latencies (granularity, namespace, starts_at, key_id, model, \
            bucket, requests)";
        let tail = "ON CONFLICT (granularity, namespace, starts_at, key_id, model, bucket)
            DO UPDATE SET requests = latencies.requests + excluded.requests";
        tx.many::<()>(head, rows.collect(), tail).await?;
        Ok(())
    }
}
