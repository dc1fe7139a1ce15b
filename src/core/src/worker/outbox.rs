//! Usage on its way to the ledger: from the queue into one numbered batch, which is sent until the
//! service says it has it.

use crate::store::{Conflict, SharedStore, Version};
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
        let unsent = Unsent::read(store);
        if !unsent.events.is_empty() {
            return unsent.outbox();
        }
        let events = drain(queue);
        if events.is_empty() {
            return None;
        }
        let batch = Unsent {
            number: unsent.number.saturating_add(1),
            at_most: ALL,
            events: join(&events),
            version: unsent.version,
        };
        if batch.write(store).is_err() {
            for event in &events {
                queue.push(event);
            }
            return None;
        }
        batch.outbox()
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

    fn outbox(&self) -> Option<Outbox> {
        let text = match self.at_most {
            ALL => self.events.clone(),
            _ => join(
                &self
                    .sent()
                    .iter()
                    .map(|event| event.get())
                    .collect::<Vec<_>>(),
            ),
        };
        let full = self.at_most != ALL || text.len() >= MAX_BYTES / 2;
        let events = RawValue::from_string(String::from_utf8(text).ok()?).ok()?;
        Some(Outbox {
            number: self.number,
            events,
            full,
        })
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

    /// The service refuses every batch with the event 5 in it.
    #[test]
    fn a_batch_that_is_refused_is_halved_until_one_event_is_left() {
        let mut store = FakeStore::default();
        let all: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let mut queue = queue(&all.iter().map(String::as_str).collect::<Vec<_>>());
        let (mut booked, mut aside) = (Vec::new(), Vec::new());
        let mut numbers = Vec::new();
        while let Some(batch) = Outbox::next(&mut store, &mut queue) {
            let events: Vec<u64> = serde_json::from_str(batch.events.get()).unwrap();
            if !events.contains(&5) {
                booked.extend(events);
                numbers.push(batch.number);
                Outbox::acknowledge(&mut store, batch.number);
            } else if !Outbox::halve(&mut store, batch.number) {
                aside.extend(Outbox::set_aside(&mut store, batch.number));
            }
        }
        booked.sort_unstable();
        assert_eq!(booked, [0, 1, 2, 3, 4, 6, 7, 8]);
        assert_eq!(aside, ["5"]);
        assert!(numbers.is_sorted(), "{numbers:?}");
        assert!(!Outbox::halve(&mut store, 0) || Outbox::set_aside(&mut store, 0).is_none());
    }

    #[test]
    fn a_batch_of_an_older_filter_is_sent() {
        let mut store = FakeStore::default();
        let value = [&7u64.to_le_bytes(), b"[1,2]".as_slice()].concat();
        store.put(BATCH_KEY, &value, None).unwrap();
        let batch = Outbox::next(&mut store, &mut queue(&[])).unwrap();
        assert_eq!((batch.number, batch.events.get()), (7, "[1,2]"));
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
