//! The order of those who wait in one worker.

use super::{QueueEntry, QueueRecord};
use crate::policy::Priority;
use crate::timestamp::Timestamp;
use std::collections::BTreeSet;

/// Every so many turns the longest wait goes first, whatever its priority: so that nobody waits for
/// ever while more urgent requests keep coming.
const TURNS_PER_OLDEST: u64 = 4;

/// Those who wait in one worker for one namespace.
#[derive(Debug, Default)]
pub struct NamespaceQueue {
    /// By priority, and then by the time they came at.
    waiting: [BTreeSet<(Timestamp, u32)>; Priority::COUNT],
}

impl NamespaceQueue {
    pub(super) fn join(&mut self, id: u32, entry: QueueEntry) {
        if let Some(same) = self.waiting.get_mut(entry.priority.rank()) {
            same.insert((entry.since, id));
        }
    }

    pub(super) fn leave(&mut self, id: u32, entry: QueueEntry) {
        if let Some(same) = self.waiting.get_mut(entry.priority.rank()) {
            same.remove(&(entry.since, id));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.iter().all(BTreeSet::is_empty)
    }

    /// Whether somebody of each priority waits.
    pub(super) fn priorities(&self) -> [bool; Priority::COUNT] {
        self.waiting.each_ref().map(|same| !same.is_empty())
    }

    /// Who is next, if it is somebody of this queue: three turns of four the first of the highest
    /// priority, the fourth whoever has waited longest. Where others wait with a higher priority than
    /// anybody here, it is their turn.
    pub(super) fn next(&self, record: &QueueRecord, now: Timestamp) -> Option<u32> {
        let turn = record.turns.checked_rem(TURNS_PER_OLDEST).unwrap_or(0);
        if turn == TURNS_PER_OLDEST.saturating_sub(1) {
            let oldest = self.waiting.iter().filter_map(BTreeSet::first).min();
            return oldest.map(|(_, id)| *id);
        }
        let mut by_rank = self.waiting.iter().enumerate();
        let (rank, (_, id)) = by_rank.find_map(|(rank, same)| Some((rank, same.first()?)))?;
        let elsewhere = record.highest(now);
        elsewhere.is_none_or(|other| rank <= other).then_some(*id)
    }
}
