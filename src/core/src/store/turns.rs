//! Workers as threads that touch one store in a given order: any interleaving of theirs, repeatable.

use super::fake::FakeStore;
use super::{Conflict, SharedStore, Version};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};

/// One store and whose turn it is to touch it.
pub(crate) struct Turns {
    state: Mutex<State>,
    passed: Condvar,
    /// Looks at the store after each write.
    watch: Box<dyn Fn(&FakeStore) + Send + Sync>,
}

struct State {
    store: Shared,
    schedule: Vec<u8>,
    step: usize,
    running: Vec<bool>,
    turn: usize,
}

/// Values and conflicts: what of a store can go from thread to thread.
type Shared = (HashMap<String, (Vec<u8>, u32)>, Vec<bool>);

/// The store as one worker sees it.
pub(crate) struct WorkerStore {
    me: usize,
    turns: Arc<Turns>,
}

impl Turns {
    /// `workers` stores at one store. `schedule` says who is next, round and round; every put
    /// consumes an entry of `conflicts`. `watch` sees the store after each write.
    pub(crate) fn stores(
        workers: usize,
        schedule: Vec<u8>,
        conflicts: Vec<bool>,
        watch: impl Fn(&FakeStore) + Send + Sync + 'static,
    ) -> (Arc<Turns>, Vec<WorkerStore>) {
        Turns::stores_with(workers, schedule, conflicts, watch, |_| {})
    }

    /// The same at a store that has something in it already.
    pub(crate) fn stores_with(
        workers: usize,
        schedule: Vec<u8>,
        conflicts: Vec<bool>,
        watch: impl Fn(&FakeStore) + Send + Sync + 'static,
        fill: impl FnOnce(&mut FakeStore),
    ) -> (Arc<Turns>, Vec<WorkerStore>) {
        let mut store = FakeStore::default();
        fill(&mut store);
        let state = State {
            store: (store.values, conflicts),
            schedule,
            step: 0,
            running: vec![true; workers],
            turn: 0,
        };
        let turns = Arc::new(Turns {
            state: Mutex::new(state),
            passed: Condvar::new(),
            watch: Box::new(watch),
        });
        let store_of_worker = |me| WorkerStore {
            me,
            turns: Arc::clone(&turns),
        };
        let stores = (0..workers).map(store_of_worker).collect();
        (turns, stores)
    }

    /// The store as the workers left it.
    pub(crate) fn store(&self) -> FakeStore {
        let state = self.state.lock().unwrap();
        FakeStore {
            values: state.store.0.clone(),
            ..FakeStore::default()
        }
    }

    fn take<T>(&self, me: usize, act: impl FnOnce(&mut FakeStore) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        while state.turn != me {
            state = self.passed.wait(state).unwrap();
        }
        let (values, conflicts) = core::mem::take(&mut state.store);
        let mut store = FakeStore {
            values,
            conflicts,
            ..FakeStore::default()
        };
        let result = act(&mut store);
        (self.watch)(&store);
        state.store = (store.values, store.conflicts);
        state.pass_on();
        drop(state);
        self.passed.notify_all();
        result
    }
}

impl State {
    fn pass_on(&mut self) {
        if !self.running.contains(&true) {
            return;
        }
        let wish = match self.schedule.len() {
            0 => self.turn + 1,
            length => usize::from(self.schedule[self.step % length]),
        };
        self.step += 1;
        let workers = self.running.len();
        self.turn = (0..workers)
            .map(|offset| (wish + offset) % workers)
            .find(|worker| self.running[*worker])
            .unwrap();
    }
}

impl SharedStore for WorkerStore {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.turns.take(self.me, |store| store.get(key))
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        self.turns
            .take(self.me, |store| store.put(key, value, version))
    }
}

/// A worker that is done, or has failed, holds up nobody.
impl Drop for WorkerStore {
    fn drop(&mut self) {
        let Ok(mut state) = self.turns.state.lock() else {
            return;
        };
        state.running[self.me] = false;
        if state.turn == self.me {
            state.pass_on();
        }
        drop(state);
        self.turns.passed.notify_all();
    }
}
