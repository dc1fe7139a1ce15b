//! What the workers of an Envoy know of each other's queues: a small record a namespace in shared
//! data.

use crate::epoch_sum::{Entry, EpochSum, Epochs};
use crate::policy::Priority;
use crate::store::{SharedStore, bytes_of, read_as, update};
use crate::timestamp::Timestamp;
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// For how long a worker's word that somebody waits is believed: a few of its ticks. A worker that
/// is gone thus holds nobody up.
const HEARD: Duration = Duration::from_millis(250);

/// The queue of one namespace, over all workers of an Envoy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct QueueRecord {
    /// How many have had their turn.
    pub turns: u64,
    ranks: [Rank; Priority::COUNT],
}

/// Those who wait with one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct Rank {
    /// How many. What a trapped worker held drops out by itself, late.
    waiting: EpochSum,
    /// When one was last known to wait.
    heard: Timestamp,
}

/// One of the slots there are, to be given back by [`leave`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSlot {
    rank: usize,
    entry: Entry,
}

/// All slots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl QueueRecord {
    /// How many wait.
    pub fn waiting(&self) -> u64 {
        let each = self.ranks.iter().map(|rank| rank.waiting.total());
        u64::try_from(each.fold(0, i64::saturating_add)).unwrap_or(0)
    }

    /// The highest priority somebody waits with, as far as is known.
    pub fn highest(&self, now: Timestamp) -> Option<usize> {
        self.ranks
            .iter()
            .position(|rank| rank.waiting.total() > 0 && now.since(rank.heard) < HEARD)
    }

    fn hear(&mut self, rank: usize, now: Timestamp) {
        if let Some(rank) = self.ranks.get_mut(rank) {
            rank.heard = now.max(rank.heard);
        }
    }

    fn decode(bytes: &[u8]) -> QueueRecord {
        read_as(bytes).unwrap_or_default()
    }
}

fn key(namespace: &str) -> String {
    format!("queue/{namespace}")
}

/// The record of a namespace.
pub fn read<S: SharedStore>(store: &S, namespace: &str) -> QueueRecord {
    let value = store.get(&key(namespace));
    value.map_or_else(QueueRecord::default, |(bytes, _)| {
        QueueRecord::decode(&bytes)
    })
}

/// Whether somebody waits who goes before a newcomer of this priority.
pub fn is_ahead<S: SharedStore>(
    store: &S,
    namespace: &str,
    priority: Priority,
    now: Timestamp,
) -> bool {
    let highest = read(store, namespace).highest(now);
    highest.is_some_and(|rank| rank <= priority.rank())
}

/// Takes a slot among at most `most`; nobody keeps one longer than `epochs`.
///
/// # Errors
/// [`Full`].
pub fn enter<S: SharedStore>(
    store: &mut S,
    namespace: &str,
    priority: Priority,
    most: u64,
    epochs: Epochs,
    now: Timestamp,
) -> Result<QueueSlot, Full> {
    let entered = update(store, &key(namespace), |bytes| {
        let mut record = QueueRecord::decode(bytes);
        for rank in &mut record.ranks {
            rank.waiting.roll(epochs, now);
        }
        if record.waiting() >= most {
            return (None, Err(Full));
        }
        let rank = priority.rank();
        record.hear(rank, now);
        let entry = record.ranks.get_mut(rank).map(|same| same.waiting.enter(1));
        let slot = entry.map(|entry| QueueSlot { rank, entry }).ok_or(Full);
        (Some(bytes_of(&record)), slot)
    });
    entered.unwrap_or(Err(Full))
}

/// Gives a slot back. `served`: it was this request's turn.
pub fn leave<S: SharedStore>(store: &mut S, namespace: &str, slot: QueueSlot, served: bool) {
    // Out of attempts: the slot drops out by itself.
    let _ = update(store, &key(namespace), |bytes| {
        let mut record = QueueRecord::decode(bytes);
        if let Some(rank) = record.ranks.get_mut(slot.rank) {
            rank.waiting.settle(slot.entry);
        }
        record.turns = record.turns.wrapping_add(u64::from(served));
        (Some(bytes_of(&record)), ())
    });
}

/// Tells the others of which priorities somebody waits here.
pub(super) fn announce<S: SharedStore>(
    store: &mut S,
    namespace: &str,
    waiting: [bool; Priority::COUNT],
    now: Timestamp,
) -> QueueRecord {
    let announced = update(store, &key(namespace), |bytes| {
        let mut record = QueueRecord::decode(bytes);
        for (rank, _) in waiting.iter().enumerate().filter(|(_, waits)| **waits) {
            record.hear(rank, now);
        }
        (Some(bytes_of(&record)), record)
    });
    announced.unwrap_or_default()
}
