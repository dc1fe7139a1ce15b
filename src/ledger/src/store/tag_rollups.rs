//! Usage by tags, summed by model over days, and day blocks.

use super::costs::Reach;
use super::events::EventRow;
use super::intervals::{self, RollupInterval};
use super::reports::Sums;
use super::{StoreError, Tx, args, loaded, stored};
use crate::model::day_blocks::sealed_blocks;
use crate::model::period::DAY;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// First second of the day, namespace, set of tags, model, organization.
type Group<'a> = (i64, &'a str, &'a str, &'a str, &'a str);

/// Sums of one booking: requests, tokens, nano-dollars.
#[derive(Debug, Default)]
pub struct TagRollups<'a>(HashMap<Group<'a>, [i64; 3]>);

fn add(sums: &mut [i64; 3], more: [i64; 3]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(more);
    }
}

impl<'a> TagRollups<'a> {
    /// Counts an event of that set of tags in.
    pub fn add(&mut self, row: &'a EventRow, tag_set: &'a str) {
        let seconds = row.started_at.checked_div(1_000_000_000).unwrap_or(0);
        let past = seconds.checked_rem_euclid(stored(DAY)).unwrap_or(0);
        let group = (
            seconds.saturating_sub(past),
            row.namespace.as_str(),
            tag_set,
            row.model.as_str(),
            row.organization.as_str(),
        );
        let sums = [row.requests(), row.tokens(), row.cost];
        add(self.0.entry(group).or_default(), sums);
    }

    /// Adds the sums to those in the database, where days are sealed until `sealed`.
    pub async fn store(self, tx: &mut Tx, sealed: Timestamp) -> Result<(), StoreError> {
        let mut groups: BTreeMap<(u64, Group<'_>), [i64; 3]> = BTreeMap::new();
        for ((day, namespace, tag_set, model, organization), sums) in self.0 {
            let blocks = sealed_blocks(loaded(day), sealed);
            let blocks = blocks.map(|(length, start)| (length, stored(start)));
            for (granularity, start) in std::iter::once((DAY, day)).chain(blocks) {
                let group = (start, namespace, tag_set, model, organization);
                add(groups.entry((granularity, group)).or_default(), sums);
            }
        }
        let rows = groups.into_iter().map(|((granularity, group), sums)| {
            let (start, namespace, tag_set, model, organization) = group;
            let [requests, tokens, cost] = sums;
            args![
                granularity,
                start,
                namespace,
                tag_set,
                model,
                organization,
                requests,
                tokens,
                cost
            ]
        });
        let head = "INSERT INTO tag_rollups (granularity, starts_at, namespace, tag_set, model, \
            organization, requests, tokens, cost)";
        let tail = "ON CONFLICT (granularity, starts_at, namespace, tag_set, model, organization)
            DO UPDATE SET
            requests = tag_rollups.requests + excluded.requests,
            tokens = tag_rollups.tokens + excluded.tokens,
            cost = tag_rollups.cost + excluded.cost";
        tx.execute_many(head, rows.collect(), tail).await?;
        Ok(())
    }
}

/// Sums by set of tags and model; what has no tags is in none.
pub async fn by_set(
    tx: &mut Tx,
    reach: &Reach,
    intervals: &[RollupInterval],
) -> Result<Vec<(String, String, Sums)>, StoreError> {
    let mut values = args![];
    let columns = "tag_set, model, requests, tokens, cost";
    let rows = intervals::rows(
        ("tag_rollups", columns),
        reach.whose(),
        intervals,
        "",
        &mut values,
    );
    let sql = format!(
        "SELECT tag_set, model, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT), CAST(0 AS BIGINT)
        FROM ({rows}) AS intervals GROUP BY tag_set, model ORDER BY tag_set, model"
    );
    tx.all(sql, values).await
}
