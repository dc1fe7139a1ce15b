//! Usage on its way to the ledger: from the memory of a worker in blocks into the queue, from there into
//! one numbered batch, which is sent until the service says it has it.

use crate::store::{Conflict, SharedStore, Version};
use serde_json::value::RawValue;

const BATCH_KEY: &str = "batch";
/// Bytes of events after which a batch is full.
const MAX_BYTES: usize = 512 * 1_024;

/// The queue all workers put their events in. It outlives a VM.
pub trait UsageQueue {
    /// Adds a block of events.
    fn push(&mut self, block: &[u8]);
    /// Takes the oldest block.
    fn pop(&mut self) -> Option<Vec<u8>>;
}

/// Events (JSON), joined by commas as they stand in a batch: nobody need look at them again.
#[derive(Debug, Default)]
pub struct EventBlock(Vec<u8>);

impl EventBlock {
    /// Adds an event.
    pub fn add(&mut self, event: &[u8]) {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        self.0.extend_from_slice(event);
    }

    /// How long it is.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// All of it; `None` if there is nothing.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then(|| core::mem::take(&mut self.0))
    }
}

/// The batch under way: in shared data, so that another worker can send it if this one's VM dies.
#[derive(Debug)]
pub struct Outbox {
    /// Its number.
    pub number: u64,
    /// A JSON array of its events.
    pub events: Vec<u8>,
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
        let unsent = Unsent::read(store);
        if !unsent.events.is_empty() {
            return Some(unsent.outbox());
        }
        let blocks = drain(queue);
        if blocks.is_empty() {
            return None;
        }
        let batch = Unsent {
            number: unsent.number.saturating_add(1),
            at_most: ALL,
            events: join(&blocks),
            version: unsent.version,
        };
        if batch.write(store).is_err() {
            for block in &blocks {
                queue.push(block);
            }
            return None;
        }
        Some(batch.outbox())
    }

    /// The service has batch `number`: it need not be kept. An answer that came late changes
    /// nothing.
    pub fn acknowledge<S: SharedStore>(store: &mut S, number: u64) {
        let present = Unsent::read(store);
        if present.number == number {
            // A conflict means that another worker acknowledged it as well.
            let _ = present.without_sent().write(store);
        }
    }

    /// The service refuses batch `number` as too large or unreadable: half of it is sent next. False
    /// if it has one event only.
    pub fn halve<S: SharedStore>(store: &mut S, number: u64) -> bool {
        let present = Unsent::read(store);
        let sent = present.sent().len();
        if present.number != number || sent < 2 {
            return present.number != number;
        }
        let half = Unsent {
            at_most: sent.div_euclid(2),
            ..present
        };
        // A conflict means that another worker has halved it as well.
        let _ = half.write(store);
        true
    }

    /// Gives up the one event of batch `number`, which the service refuses, and answers it.
    pub fn set_aside<S: SharedStore>(store: &mut S, number: u64) -> Option<String> {
        let present = Unsent::read(store);
        let sent = present.sent();
        let [event] = sent.as_slice() else {
            return None;
        };
        let event = event.get().to_owned();
        let is_it = present.number == number;
        (is_it && present.without_sent().write(store).is_ok()).then_some(event)
    }
}

/// So many events that all are sent at once.
const ALL: usize = 0;

/// What is in shared data: the number of the batch and how many of its events are sent at once, as
/// 64 bits each with the highest byte first, and the events.
#[derive(Default)]
struct Unsent {
    number: u64,
    at_most: usize,
    events: Vec<u8>,
    version: Option<Version>,
}

impl Unsent {
    fn read<S: SharedStore>(store: &S) -> Unsent {
        let Some((bytes, version)) = store.get(BATCH_KEY) else {
            return Unsent::default();
        };
        let version = Some(version);
        let Some((number, rest)) = bytes.split_first_chunk::<8>() else {
            return Unsent {
                version,
                ..Unsent::default()
            };
        };
        // An older filter in this Envoy wrote the events at once behind the number.
        let (at_most, events) = match rest.split_first_chunk::<8>() {
            Some((at_most, events)) if !rest.starts_with(b"[") => {
                (u64::from_be_bytes(*at_most), events)
            }
            _ => (0, rest),
        };
        Unsent {
            number: u64::from_le_bytes(*number),
            at_most: usize::try_from(at_most).unwrap_or(ALL),
            events: events.to_vec(),
            version,
        }
    }

    fn write<S: SharedStore>(&self, store: &mut S) -> Result<(), Conflict> {
        let at_most = u64::try_from(self.at_most).unwrap_or(0).to_be_bytes();
        let value = [&self.number.to_le_bytes(), &at_most, self.events.as_slice()].concat();
        store.put(BATCH_KEY, &value, self.version)
    }

    fn all(&self) -> Vec<&RawValue> {
        serde_json::from_slice(&self.events).unwrap_or_default()
    }

    /// The events that are sent next.
    fn sent(&self) -> Vec<&RawValue> {
        let mut events = self.all();
        if self.at_most != ALL {
            events.truncate(self.at_most);
        }
        events
    }

    /// What is left once those have gone.
    fn without_sent(&self) -> Unsent {
        let mut left = Vec::new();
        if self.at_most != ALL {
            left = self.all().into_iter().skip(self.at_most).collect();
        }
        Unsent {
            number: self.number.saturating_add(u64::from(!left.is_empty())),
            at_most: ALL,
            events: match left.is_empty() {
                true => Vec::new(),
                false => join(&left.iter().map(|event| event.get()).collect::<Vec<_>>()),
            },
            version: self.version,
        }
    }

    fn outbox(&self) -> Outbox {
        let events = match self.at_most {
            ALL => self.events.clone(),
            _ => join(
                &self
                    .sent()
                    .iter()
                    .map(|event| event.get())
                    .collect::<Vec<_>>(),
            ),
        };
        Outbox {
            number: self.number,
            full: self.at_most != ALL || events.len() >= MAX_BYTES / 2,
            events,
        }
    }
}

fn drain<Q: UsageQueue>(queue: &mut Q) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut bytes: usize = 0;
    while bytes < MAX_BYTES {
        let Some(block) = queue.pop() else { break };
        // One that is cut off can never be booked: it must not hold up the others.
        if !block.starts_with(b"{") || !block.ends_with(b"}") {
            continue;
        }
        bytes = bytes.saturating_add(block.len());
        blocks.push(block);
    }
    blocks
}

fn join(events: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut text = vec![b'['];
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        text.extend_from_slice(event.as_ref());
    }
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

    fn event(n: u64) -> Vec<u8> {
        format!(r#"{{"n":{n}}}"#).into_bytes()
    }

    fn queue(events: impl IntoIterator<Item = u64>) -> FakeQueue {
        FakeQueue(events.into_iter().map(event).collect())
    }

    fn numbers(batch: &Outbox) -> Vec<u64> {
        #[derive(serde::Deserialize)]
        struct Event {
            n: u64,
        }
        let events: Vec<Event> = serde_json::from_slice(&batch.events).unwrap();
        events.iter().map(|event| event.n).collect()
    }

    #[test]
    fn a_batch_is_repeated_until_acknowledged() {
        let mut store = FakeStore::default();
        let mut queue = queue([1, 2]);
        let first = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!((first.number, numbers(&first)), (1, vec![1, 2]));
        queue.push(&event(3));
        let again = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!((again.number, again.events), (1, first.events));
        Outbox::acknowledge(&mut store, 7);
        assert_eq!(Outbox::next(&mut store, &mut queue).unwrap().number, 1);
        Outbox::acknowledge(&mut store, 1);
        let second = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!((second.number, numbers(&second)), (2, vec![3]));
        Outbox::acknowledge(&mut store, 2);
        assert!(Outbox::next(&mut store, &mut queue).is_none());
    }

    /// The service refuses every batch with the event 5 in it.
    #[test]
    fn a_batch_that_is_refused_is_halved_until_one_event_is_left() {
        let mut store = FakeStore::default();
        let mut queue = queue(0..9);
        let (mut booked, mut aside) = (Vec::new(), Vec::new());
        let mut acknowledged = Vec::new();
        while let Some(batch) = Outbox::next(&mut store, &mut queue) {
            let events = numbers(&batch);
            if !events.contains(&5) {
                booked.extend(events);
                acknowledged.push(batch.number);
                Outbox::acknowledge(&mut store, batch.number);
            } else if !Outbox::halve(&mut store, batch.number) {
                aside.extend(Outbox::set_aside(&mut store, batch.number));
            }
        }
        booked.sort_unstable();
        assert_eq!(booked, [0, 1, 2, 3, 4, 6, 7, 8]);
        assert_eq!(aside, [r#"{"n":5}"#]);
        assert!(acknowledged.is_sorted(), "{acknowledged:?}");
        assert!(!Outbox::halve(&mut store, 0) || Outbox::set_aside(&mut store, 0).is_none());
    }

    #[test]
    fn a_batch_of_an_older_filter_is_sent() {
        let mut store = FakeStore::default();
        let value = [&7u64.to_le_bytes(), b"[1,2]".as_slice()].concat();
        store.put(BATCH_KEY, &value, None).unwrap();
        let batch = Outbox::next(&mut store, &mut queue([])).unwrap();
        assert_eq!((batch.number, &batch.events[..]), (7, &b"[1,2]"[..]));
    }

    #[test]
    fn events_of_a_lost_race_go_back_into_the_queue() {
        let mut store = FakeStore::default();
        store.conflicts.push(true);
        let mut queue = queue([1, 2]);
        assert!(Outbox::next(&mut store, &mut queue).is_none());
        assert_eq!(queue.0.len(), 2);
        let batch = Outbox::next(&mut store, &mut queue).unwrap();
        assert_eq!(numbers(&batch), [1, 2]);
    }

    #[test]
    fn a_long_queue_makes_several_batches() {
        let mut store = FakeStore::default();
        let mut queue = FakeQueue::default();
        let mut block = EventBlock::default();
        for n in 0..2_500 {
            block.add(format!(r#"{{"n":{n:1000}}}"#).as_bytes());
            if block.bytes() > 9_000 || n == 2_499 {
                queue.push(&block.take().unwrap());
            }
        }
        assert_eq!(block.take(), None);
        let mut seen = 0;
        while let Some(batch) = Outbox::next(&mut store, &mut queue) {
            seen += numbers(&batch).len();
            Outbox::acknowledge(&mut store, batch.number);
        }
        assert_eq!(seen, 2_500);
    }
}
