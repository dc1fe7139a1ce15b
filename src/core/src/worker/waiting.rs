//! Requests of one worker that wait for the same answer ask for it once.

use core::hash::Hash;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// What a request that begins to wait has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It is the first: it must ask.
    MustAsk,
    /// Another has asked: it only waits.
    AlreadyAsked,
}

/// The questions under way and the requests that wait for them, by the ids of their streams. Each
/// operation takes about the same time however many wait.
#[derive(Debug)]
pub struct Waiting<Q> {
    /// The streams that wait for each answer, by when they came.
    questions: HashMap<Q, BTreeMap<u64, u32>>,
    /// What each stream waits for, and when it came.
    streams: HashMap<u32, (Q, u64)>,
    orphans: BTreeSet<Q>,
    arrivals: u64,
}

impl<Q: Hash + Ord + Clone> Default for Waiting<Q> {
    fn default() -> Self {
        Waiting {
            questions: HashMap::new(),
            streams: HashMap::new(),
            orphans: BTreeSet::new(),
            arrivals: 0,
        }
    }
}

impl<Q: Hash + Ord + Clone> Waiting<Q> {
    /// `stream` waits for the answer to `question`. A stream waits for one answer at a time.
    pub fn join(&mut self, question: Q, stream: u32) -> Join {
        self.leave(stream);
        self.arrivals = self.arrivals.saturating_add(1);
        let arrival = self.arrivals;
        self.streams.insert(stream, (question.clone(), arrival));
        let waiting = self.questions.entry(question).or_default();
        waiting.insert(arrival, stream);
        match waiting.len() {
            1 => Join::MustAsk,
            _ => Join::AlreadyAsked,
        }
    }

    /// The answer has come: the streams to continue, in the order they came.
    pub fn answered(&mut self, question: &Q) -> Vec<u32> {
        self.orphans.remove(question);
        let waiting = self.questions.remove(question).unwrap_or_default();
        for stream in waiting.values() {
            self.streams.remove(stream);
        }
        waiting.into_values().collect()
    }

    /// A stream has gone. A call ends with the stream that made it, so if that one asked and others
    /// wait, the question must be asked again.
    pub fn leave(&mut self, stream: u32) {
        let Some((question, arrival)) = self.streams.remove(&stream) else {
            return;
        };
        let Some(waiting) = self.questions.get_mut(&question) else {
            return;
        };
        let asked = waiting.first_key_value().map(|(first, _)| *first) == Some(arrival);
        waiting.remove(&arrival);
        if waiting.is_empty() {
            self.orphans.remove(&question);
            self.questions.remove(&question);
        } else if asked {
            self.orphan(question);
        }
    }

    /// Nobody is asking `question`, though a stream waits for its answer.
    pub fn orphan(&mut self, question: Q) {
        self.orphans.insert(question);
    }

    /// Whether a stream waits for the answer to a question that nobody is asking.
    pub fn has_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }

    /// Questions nobody is asking any more: to be asked by the worker itself.
    pub fn take_orphans(&mut self) -> BTreeSet<Q> {
        core::mem::take(&mut self.orphans)
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_asks_and_all_are_answered() {
        let mut waiting = Waiting::default();
        assert_eq!(waiting.join("key", 1), Join::MustAsk);
        assert_eq!(waiting.join("key", 2), Join::AlreadyAsked);
        assert_eq!(waiting.join("other", 3), Join::MustAsk);
        assert_eq!(waiting.answered(&"key"), [1, 2]);
        assert_eq!(waiting.join("key", 4), Join::MustAsk);
    }

    #[test]
    fn a_question_outlives_the_stream_that_asked_it() {
        let mut waiting = Waiting::default();
        for stream in 1..=3 {
            waiting.join("key", stream);
        }
        waiting.leave(2);
        assert!(waiting.take_orphans().is_empty());
        waiting.leave(1);
        assert_eq!(waiting.take_orphans(), BTreeSet::from(["key"]));
        waiting.leave(9);
        assert_eq!(waiting.answered(&"key"), [3]);
        waiting.join("key", 5);
        waiting.leave(5);
        assert!(waiting.is_empty() && waiting.take_orphans().is_empty());
    }

    proptest! {
        /// The same as lists that are searched from end to end.
        #[test]
        fn it_does_what_plain_lists_would(
            operations in prop::collection::vec((0u8..4, 0usize..3, 0u32..12), 0..200),
        ) {
            let (mut waiting, mut model) = (Waiting::default(), vec![Vec::<u32>::new(); 3]);
            for (operation, question, stream) in operations {
                match operation {
                    0 | 1 if !model.iter().any(|streams| streams.contains(&stream)) => {
                        let must_ask = model[question].is_empty();
                        model[question].push(stream);
                        let joined = waiting.join(question, stream);
                        prop_assert_eq!(joined == Join::MustAsk, must_ask);
                    }
                    2 => {
                        let asked = model.iter().position(|streams| streams.first() == Some(&stream));
                        model.iter_mut().for_each(|streams| streams.retain(|other| *other != stream));
                        waiting.leave(stream);
                        let orphan = asked.filter(|question| !model[*question].is_empty());
                        prop_assert_eq!(waiting.take_orphans(), orphan.into_iter().collect());
                    }
                    3 => {
                        let streams = core::mem::take(&mut model[question]);
                        prop_assert_eq!(waiting.answered(&question), streams);
                    }
                    _ => {}
                }
                prop_assert_eq!(waiting.is_empty(), model.iter().all(Vec::is_empty));
                let known: usize = model.iter().map(Vec::len).sum();
                prop_assert_eq!(waiting.streams.len(), known);
            }
        }
    }
}
