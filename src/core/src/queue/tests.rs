//! Whose turn it is.

use super::*;
use crate::epoch_sum::Epochs;
use crate::store::fake::FakeStore;
use core::time::Duration;
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const EPOCHS: Epochs = Epochs(60);
const ALL: [Priority; 4] = [
    Priority::High,
    Priority::Standard,
    Priority::Low,
    Priority::Background,
];

fn at(millis: u64) -> Timestamp {
    START.plus(Duration::from_millis(millis))
}

/// One worker that shares a store with others.
#[derive(Default)]
struct Worker {
    queue: Queue,
    slots: HashMap<u32, QueueSlot>,
}

impl Worker {
    fn join(&mut self, store: &mut FakeStore, id: u32, priority: Priority, now: Timestamp) -> bool {
        let Ok(slot) = enter(store, "n", priority, 100, EPOCHS, now) else {
            return false;
        };
        self.slots.insert(id, slot);
        let until = now.plus(Duration::from_secs(60));
        let entry = QueueEntry {
            priority,
            since: now,
            until,
        };
        self.queue.join(id, "n", entry);
        true
    }

    fn serve(&mut self, store: &mut FakeStore, now: Timestamp) -> Option<u32> {
        let id = self.queue.next(store, "n", now)?;
        self.queue.leave(id);
        leave(store, "n", self.slots.remove(&id)?, true);
        Some(id)
    }
}

#[test]
fn the_urgent_go_first_and_every_fourth_turn_is_the_longest_wait() {
    let (mut store, mut worker) = (FakeStore::default(), Worker::default());
    worker.join(&mut store, 0, Priority::Background, at(0));
    worker.join(&mut store, 1, Priority::Low, at(1));
    for id in 2..8 {
        worker.join(&mut store, id, Priority::High, at(u64::from(id)));
    }
    worker.join(&mut store, 8, Priority::Standard, at(8));
    let order: Vec<u32> = core::iter::from_fn(|| worker.serve(&mut store, at(10))).collect();
    assert_eq!(order, [2, 3, 4, 0, 5, 6, 7, 1, 8]);
    assert!(worker.queue.is_empty());
    assert_eq!(read(&store, "n").waiting(), 0);
}

#[test]
fn a_worker_lets_the_more_urgent_of_another_go_first_while_it_is_heard_of() {
    let mut store = FakeStore::default();
    let (mut ours, mut theirs) = (Worker::default(), Worker::default());
    ours.join(&mut store, 1, Priority::Low, at(0));
    theirs.join(&mut store, 2, Priority::High, at(5));
    assert_eq!(ours.queue.next(&mut store, "n", at(10)), None);
    assert!(is_ahead(&store, "n", Priority::High, at(10)));
    assert_eq!(theirs.serve(&mut store, at(20)), Some(2));
    assert_eq!(ours.serve(&mut store, at(20)), Some(1));

    // A worker that is gone says nothing any more.
    ours.join(&mut store, 3, Priority::Standard, at(400));
    theirs.join(&mut store, 4, Priority::High, at(400));
    drop(theirs);
    assert_eq!(ours.serve(&mut store, at(649)), None);
    assert_eq!(ours.serve(&mut store, at(650)), Some(3));
    assert!(!is_ahead(&store, "n", Priority::Background, at(5_000)));
}

#[test]
fn places_are_bounded_and_those_of_a_lost_worker_come_back() {
    let mut store = FakeStore::default();
    let now = START;
    let slots: Vec<QueueSlot> = (0..3)
        .map(|_| enter(&mut store, "n", Priority::Low, 3, EPOCHS, now).unwrap())
        .collect();
    assert!(enter(&mut store, "n", Priority::High, 3, EPOCHS, now).is_err());
    leave(&mut store, "n", slots[0], false);
    let _ = enter(&mut store, "n", Priority::High, 3, EPOCHS, now).unwrap();
    let later = now.plus(Duration::from_secs(120));
    for _ in 0..3 {
        let _ = enter(&mut store, "n", Priority::High, 3, EPOCHS, later).unwrap();
    }
}

#[test]
fn who_then_waits_for_something_else_is_no_longer_overdue() {
    let mut queue = Queue::default();
    let entry = |seconds| QueueEntry {
        priority: Priority::Low,
        since: START,
        until: START.plus(Duration::from_secs(seconds)),
    };
    queue.join(1, "n", entry(1));
    assert!(queue.is_overdue(1, at(1_000)));
    queue.join(1, "key:k", entry(30));
    assert!(!queue.is_overdue(1, at(1_000)) && queue.overdue(at(1_000)).is_none());
    assert_eq!(queue.round(), ["key:k"]);
}

#[test]
fn the_overdue_come_out_by_their_deadline() {
    let mut queue = Queue::default();
    for (id, seconds) in [(1, 30), (2, 5), (3, 10)] {
        let until = START.plus(Duration::from_secs(seconds));
        let entry = QueueEntry {
            priority: Priority::Low,
            since: START,
            until,
        };
        queue.join(id, "n", entry);
        queue.join(id, "n", entry);
    }
    let ten = START.plus(Duration::from_secs(10));
    let mut due = Vec::new();
    while let Some(id) = queue.overdue(ten) {
        due.push(id);
        assert!(queue.leave(id) && !queue.leave(id));
    }
    assert_eq!(due, [2, 3]);
    assert_eq!(queue.round(), ["n"]);
    queue.leave(1);
    assert!(queue.is_empty() && queue.round().is_empty());
}

proptest! {
    /// Under a flood of urgent requests everybody is served in the end.
    #[test]
    fn nobody_starves(low in prop::sample::select(ALL.to_vec()), flood in 1u32..5) {
        let (mut store, mut worker) = (FakeStore::default(), Worker::default());
        worker.join(&mut store, 0, low, at(0));
        let mut next = 1;
        let served = (0..40u64).position(|turn| {
            for _ in 0..flood {
                worker.join(&mut store, next, Priority::High, at(turn));
                next += 1;
            }
            worker.serve(&mut store, at(turn)) == Some(0)
        });
        prop_assert!(served.is_some_and(|turns| turns < 4));
    }

    #[test]
    fn whoever_waits_first_of_a_priority_goes_first(
        arrivals in prop::collection::vec(prop::sample::select(ALL.to_vec()), 1..60),
    ) {
        let (mut store, mut worker) = (FakeStore::default(), Worker::default());
        for (id, priority) in (0..).zip(&arrivals) {
            prop_assert!(worker.join(&mut store, id, *priority, at(u64::from(id))));
        }
        let order: Vec<u32> = core::iter::from_fn(|| worker.serve(&mut store, at(100))).collect();
        prop_assert_eq!(order.len(), arrivals.len());
        for wanted in ALL {
            let same: Vec<u32> = order
                .iter()
                .copied()
                .filter(|id| arrivals[*id as usize] == wanted)
                .collect();
            prop_assert!(same.is_sorted());
        }
    }

    #[test]
    fn any_bytes_are_a_board(bytes: Vec<u8>) {
        let mut store = FakeStore::default();
        store.values.insert("queue/n".to_owned(), (bytes, 1));
        let _ = read(&store, "n");
    }
}
