//! Usage on its way to the ledger: from the queue into one numbered batch, which is sent until the
//! service says it has it.

use crate::store::{SharedStore, Version};
use serde_json::value::RawValue;

const BATCH_KEY: &str = "batch";
/// Events in a batch at most.
const MAX_EVENTS: usize = 1_000;
/// Bytes of events after which a batch is full.
const MAX_BYTES: usize = 512 * 1_024;

/// The queue all workers put their events in. It outlives a VM.
pub trait UsageQueue {
    /// Adds an event, as JSON.
    fn push(&mut self, event: &[u8]);
    /// Takes the oldest event.
    fn pop(&mut self) -> Option<Vec<u8>>;
}

/// The batch under way: in shared data, so that another worker can send it if this one's VM dies.
#[derive(Debug)]
pub struct Outbox {
    /// Its number.
    pub number: u64,
    /// A JSON array of its events.
    pub events: Box<RawValue>,
    /// Whether more events than these were waiting.
    pub full: bool,
}

impl Outbox {
    /// The batch to send: the one not yet acknowledged, or a new one from the queue. `None` where
    /// there is nothing to send.
    ///
    /// Where two workers lead for a moment, one of them finds that the other has made a batch and
    /// puts the events it took back into the queue.
    ///
    /// Between the queue and the batch the events are in this VM's memory alone (a queue cannot be
    /// read without taking): nothing that can trap may be done there.
    pub fn next<S: SharedStore, Q: UsageQueue>(store: &mut S, queue: &mut Q) -> Option<Outbox> {
        let (number, unsent, version) = read(store);
        if !unsent.is_empty() {
            return Outbox::of(number, unsent);
        }
        let events = drain(queue);
        if events.is_empty() {
            return None;
        }
        let number = number.saturating_add(1);
        let text = join(&events);
        let value = [&number.to_le_bytes(), text.as_slice()].concat();
        if store.put(BATCH_KEY, &value, version).is_err() {
            for event in &events {
                queue.push(event);
            }
            return None;
        }
        Outbox::of(number, text)
    }

    fn of(number: u64, events: Vec<u8>) -> Option<Outbox> {
        let full = events.len() >= MAX_BYTES / 2;
        let events = RawValue::from_string(String::from_utf8(events).ok()?).ok()?;
        Some(Outbox {
            number,
            events,
            full,
        })
    }

    /// The service has batch `number`: it need not be kept. An answer that came late changes
    /// nothing.
    pub fn acknowledge<S: SharedStore>(store: &mut S, number: u64) {
        let (present, _, version) = read(store);
        if present == number {
            // A conflict means that another worker acknowledged it as well.
            let _ = store.put(BATCH_KEY, &number.to_le_bytes(), version);
        }
    }
}

fn read<S: SharedStore>(store: &S) -> (u64, Vec<u8>, Option<Version>) {
    let Some((bytes, version)) = store.get(BATCH_KEY) else {
        return (0, Vec::new(), None);
    };
    match bytes.split_first_chunk::<8>() {
        Some((number, events)) => (u64::from_le_bytes(*number), events.to_vec(), Some(version)),
        None => (0, Vec::new(), Some(version)),
    }
}

fn drain<Q: UsageQueue>(queue: &mut Q) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    let mut bytes: usize = 0;
    while events.len() < MAX_EVENTS && bytes < MAX_BYTES {
        let Some(event) = queue.pop() else { break };
        // One that is no JSON can never be booked: it must not hold up the others.
        if serde_json::from_slice::<&RawValue>(&event).is_err() {
            continue;
        }
        bytes = bytes.saturating_add(event.len());
        events.push(event);
    }
    events
}

fn join(events: &[Vec<u8>]) -> Vec<u8> {
    let mut text = vec![b'['];
    text.extend(events.join(&b','));
    text.push(b']');
    text
}

#[cfg(test)]
pub(crate) mod fake {
    use super::UsageQueue;
    use std::collections::VecDeque;

    /// A queue in memory.
    #[derive(Debug, Default)]
    pub(crate) struct FakeQueue(pub(crate) VecDeque<Vec<u8>>);

    impl UsageQueue for FakeQueue {
        fn push(&mut self, event: &[u8]) {
            self.0.push_back(event.to_vec());
        }

        fn pop(&mut self) -> Option<Vec<u8>> {
            self.0.pop_front()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeQueue;
    use super::*;
    use crate::store::fake::FakeStore;

    fn queue(events: &[&str]) -> FakeQueue {
        FakeQueue(
            events
                .iter()
                .map(|event| event.as_bytes().to_vec())
                .collect(),
        )
    }

    #[test]
    fn a_batch_is_repeated_until_acknowledged() {
        let mut store = FakeStore::default();
        let mut queue = queue(&["{\"a\":1}", "{\"a\":2}"]);
        let first = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!(
            (first.number, first.events.get()),
            (1, "[{\"a\":1},{\"a\":2}]")
        );
        queue.push(b"{\"a\":3}");
        let again = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!((again.number, again.events.get()), (1, first.events.get()));
        Outbox::acknowledge(&mut store, 7);
        assert_eq!(Outbox::next(&mut store, &mut queue).unwrap().number, 1);
        Outbox::acknowledge(&mut store, 1);
        let second = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!((second.number, second.events.get()), (2, "[{\"a\":3}]"));
        Outbox::acknowledge(&mut store, 2);
        assert!(Outbox::next(&mut store, &mut queue).is_none());
    }

    #[test]
    fn events_of_a_lost_race_go_back_into_the_queue() {
        let mut store = FakeStore::default();
        store.conflicts.push(true);
        let mut queue = queue(&["1", "2"]);
        assert!(Outbox::next(&mut store, &mut queue).is_none());
        assert_eq!(queue.0.len(), 2);
        assert_eq!(
            Outbox::next(&mut store, &mut queue).unwrap().events.get(),
            "[1,2]"
        );
    }

    #[test]
    fn a_long_queue_makes_several_batches() {
        let mut store = FakeStore::default();
        let mut queue = FakeQueue((0..2_500).map(|n| n.to_string().into_bytes()).collect());
        let mut seen = 0;
        while let Some(batch) = Outbox::next(&mut store, &mut queue) {
            seen += serde_json::from_str::<Vec<u64>>(batch.events.get())
                .unwrap()
                .len();
            Outbox::acknowledge(&mut store, batch.number);
        }
        assert_eq!(seen, 2_500);
    }
}
