//! Usage on its way from two workers to the ledger, whatever is lost and whoever dies.

use crate::epoch_sum::Epochs;
use crate::store::fake::FakeStore;
use crate::store::{Conflict, SharedStore, Version};
use crate::timestamp::Timestamp;
use crate::wire::SyncRequest;
use crate::worker::Relayed;
use crate::worker::outbox::fake::FakeQueue;
use crate::worker::{Sync, SyncFailure, UsageQueue};
use core::cell::Cell;
use core::time::Duration;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// An event as far as anybody here looks at it.
#[derive(serde::Deserialize)]
struct Usage {
    id: u64,
}

fn usage(id: u64) -> Vec<u8> {
    format!(r#"{{"id":{id}}}"#).into_bytes()
}

/// A store whose worker dies right after so many operations.
struct Mortal<'a> {
    store: &'a mut FakeStore,
    operations: Cell<u32>,
}

impl Mortal<'_> {
    fn live_on(&self) {
        let Some(left) = self.operations.get().checked_sub(1) else {
            resume_unwind(Box::new("dead"));
        };
        self.operations.set(left);
    }
}

impl SharedStore for Mortal<'_> {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        let value = self.store.get(key);
        self.live_on();
        value
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        let result = self.store.put(key, value, version);
        // Between the queue and the batch events are in the worker's memory alone: the host's queue
        // cannot be read without taking. There nothing is done that can trap.
        let has_events_in_hand = key == "batch" && result.is_err();
        if !has_events_in_hand {
            self.live_on();
        }
        result
    }
}

#[derive(Clone, Debug)]
enum Happening {
    Usage,
    /// A worker's timer; it dies after so many operations of the store.
    Tick(usize, u32),
    /// Its call reaches the service.
    Arrive(usize),
    /// The answer reaches the worker, which dies after so many operations of the store.
    Answer(usize, u32),
    /// The call or its answer is lost.
    Lose(usize),
    Wait(u64),
}

struct Worker {
    sync: Sync,
    under_way: Option<Vec<u8>>,
    answer: Option<Relayed>,
}

struct World {
    store: FakeStore,
    queue: FakeQueue,
    workers: Vec<Worker>,
    born: u64,
    now: Timestamp,
    used: u64,
    /// The number of the batch each event came in.
    ledger: BTreeMap<u64, u64>,
}

impl World {
    fn new(conflicts: Vec<bool>) -> World {
        let mut world = World {
            store: FakeStore {
                conflicts,
                ..FakeStore::default()
            },
            queue: FakeQueue::default(),
            workers: Vec::new(),
            born: 0,
            now: Timestamp::from_secs(1_000),
            used: 0,
            ledger: BTreeMap::new(),
        };
        world.workers = (0..2).map(|_| world.worker()).collect();
        world
    }

    fn worker(&mut self) -> Worker {
        self.born += 1;
        Worker {
            sync: Sync::new(self.born, "gw".to_owned(), Epochs(600)),
            under_way: None,
            answer: None,
        }
    }

    /// Lets worker `me` act for so many operations; a new VM takes the place of a dead one.
    fn act(
        &mut self,
        me: usize,
        operations: u32,
        act: impl FnOnce(&mut Worker, &mut Mortal<'_>, &mut FakeQueue, Timestamp),
    ) {
        let mut store = Mortal {
            store: &mut self.store,
            operations: Cell::new(operations),
        };
        let (worker, queue, now) = (&mut self.workers[me], &mut self.queue, self.now);
        let survived = catch_unwind(AssertUnwindSafe(|| act(worker, &mut store, queue, now)));
        if survived.is_err() {
            self.workers[me] = self.worker();
        }
    }

    fn arrive(&mut self, me: usize) {
        let Some(body) = &self.workers[me].under_way else {
            return;
        };
        let request: SyncRequest = serde_json::from_slice(body).unwrap();
        let acknowledged = request.batch.map(|batch| {
            for event in &batch.events {
                let Usage { id } = serde_json::from_str(event.get()).unwrap();
                let number = *self.ledger.entry(id).or_insert(batch.number);
                assert_eq!(number, batch.number, "event {id} is in two batches");
            }
            batch.number
        });
        self.workers[me].answer = Some(Relayed {
            acknowledged,
            ..Relayed::default()
        });
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Usage => {
                self.used += 1;
                self.queue.push(&usage(self.used));
            }
            Happening::Tick(me, operations) => {
                self.act(me, operations, |worker, store, queue, now| {
                    if let Some(body) = worker.sync.due(store, queue, now) {
                        worker.under_way = Some(body);
                    }
                });
            }
            Happening::Arrive(me) => self.arrive(me),
            Happening::Answer(me, operations) => {
                self.act(me, operations, |worker, store, _, now| {
                    if let Some(answer) = worker.answer.take() {
                        worker.under_way = None;
                        worker.sync.answered(store, &answer, now);
                    }
                });
            }
            Happening::Lose(me) => {
                let worker = &mut self.workers[me];
                if worker.under_way.take().is_some() {
                    worker.answer = None;
                    worker
                        .sync
                        .failed(&mut self.store, SyncFailure::Unavailable, None, self.now);
                }
            }
            Happening::Wait(millis) => self.now = self.now.plus(Duration::from_millis(millis)),
        }
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    let operations = || prop_oneof![4 => Just(u32::MAX), 1 => 0u32..12];
    let worker = || 0usize..2;
    prop_oneof![
        4 => Just(Happening::Usage),
        4 => (worker(), operations()).prop_map(|(me, after)| Happening::Tick(me, after)),
        4 => worker().prop_map(Happening::Arrive),
        3 => (worker(), operations()).prop_map(|(me, after)| Happening::Answer(me, after)),
        1 => worker().prop_map(Happening::Lose),
        3 => (0u64..4_000).prop_map(Happening::Wait),
    ]
}

proptest! {
    #[test]
    fn no_event_is_lost_or_comes_in_two_batches(
        happenings in proptest::collection::vec(happening(), 1..150),
        conflicts in proptest::collection::vec(proptest::bool::weighted(0.15), 0..60),
    ) {
        let mut world = World::new(conflicts);
        happenings.iter().for_each(|happening| world.happen(happening));
        // Then the network is well again, and everybody lives.
        world.store.conflicts.clear();
        for _ in 0..30 {
            for me in 0..2 {
                world.happen(&Happening::Tick(me, u32::MAX));
                world.happen(&Happening::Arrive(me));
                world.happen(&Happening::Answer(me, u32::MAX));
            }
            world.happen(&Happening::Wait(1_000));
        }
        let all: BTreeSet<u64> = (1..=world.used).collect();
        let booked: BTreeSet<u64> = world.ledger.keys().copied().collect();
        prop_assert_eq!(booked, all);
    }
}

/// Two workers that lead for a moment: the second reads before the first has written.
#[test]
fn of_two_leaders_one_makes_the_batch_and_no_event_is_in_both() {
    let mut world = World::new(Vec::new());
    (0..4).for_each(|_| world.happen(&Happening::Usage));
    world.store.interruptions.extend([
        None,
        Some(Box::new(|store: &mut FakeStore| {
            let mut queue = FakeQueue::default();
            queue.push(&usage(99));
            crate::worker::Outbox::next(store, &mut queue).unwrap();
        }) as Box<dyn FnOnce(&mut FakeStore)>),
    ]);
    world.used = 4;
    world.happen(&Happening::Tick(0, u32::MAX));
    assert_eq!(world.queue.0.len(), 4, "given back");
    for _ in 0..3 {
        world.happen(&Happening::Arrive(0));
        world.happen(&Happening::Answer(0, u32::MAX));
        world.happen(&Happening::Wait(1_000));
        world.happen(&Happening::Tick(0, u32::MAX));
    }
    let batches = BTreeMap::from([(99, 1), (1, 2), (2, 2), (3, 2), (4, 2)]);
    assert_eq!(world.ledger, batches);
}

#[test]
fn an_event_that_is_no_json_holds_up_no_other() {
    let mut world = World::new(Vec::new());
    world.queue.push(b"{\"cut");
    world.happen(&Happening::Usage);
    world.queue.push(b"\xff");
    for _ in 0..3 {
        world.happen(&Happening::Tick(0, u32::MAX));
        world.happen(&Happening::Arrive(0));
        world.happen(&Happening::Answer(0, u32::MAX));
        world.happen(&Happening::Wait(1_000));
    }
    assert_eq!(world.ledger, BTreeMap::from([(1, 1)]));
}
