//! Requests of one worker that wait for the same answer ask for it once.

use core::hash::Hash;
use hashbrown::HashMap;

/// What a request that begins to wait has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It is the first: it asks.
    MustAsk,
    /// Somebody has asked: it waits.
    AlreadyAsked,
}

/// The questions under way and the requests that wait for them, by the ids of their streams.
#[derive(Debug)]
pub struct Waiting<Q> {
    questions: HashMap<Q, Vec<u32>>,
    orphans: Vec<Q>,
}

impl<Q: Hash + Eq + Clone> Default for Waiting<Q> {
    fn default() -> Self {
        Waiting {
            questions: HashMap::new(),
            orphans: Vec::new(),
        }
    }
}

impl<Q: Hash + Eq + Clone> Waiting<Q> {
    /// `stream` waits for the answer to `question`.
    pub fn join(&mut self, question: Q, stream: u32) -> Join {
        let waiting = self.questions.entry(question).or_default();
        waiting.push(stream);
        if waiting.len() > 1 {
            Join::AlreadyAsked
        } else {
            Join::MustAsk
        }
    }

    /// The answer has come: the streams to go on with, in the order they came.
    pub fn answered(&mut self, question: &Q) -> Vec<u32> {
        self.orphans.retain(|orphan| orphan != question);
        self.questions.remove(question).unwrap_or_default()
    }

    /// A stream has gone. A call ends with the stream that made it, so where that one led and
    /// others wait, the question must be asked again.
    pub fn leave(&mut self, stream: u32) {
        let Some((question, led)) = self.questions.iter().find_map(|(question, streams)| {
            let at = streams.iter().position(|waiting| *waiting == stream)?;
            Some((question.clone(), at == 0))
        }) else {
            return;
        };
        let Some(streams) = self.questions.get_mut(&question) else {
            return;
        };
        streams.retain(|waiting| *waiting != stream);
        if streams.is_empty() {
            self.answered(&question);
        } else if led {
            self.orphan(question);
        }
    }

    /// Nobody is asking `question`, though somebody waits for its answer.
    pub fn orphan(&mut self, question: Q) {
        if !self.orphans.contains(&question) {
            self.orphans.push(question);
        }
    }

    /// Whether a question is waited for that nobody is asking.
    pub fn has_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }

    /// Questions nobody is asking any more: to be asked by the worker itself.
    pub fn take_orphans(&mut self) -> Vec<Q> {
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
    fn a_question_outlives_its_asker() {
        let mut waiting = Waiting::default();
        for stream in 1..=3 {
            waiting.join("key", stream);
        }
        waiting.leave(2);
        assert!(waiting.take_orphans().is_empty());
        waiting.leave(1);
        assert_eq!(waiting.take_orphans(), ["key"]);
        waiting.leave(9);
        assert_eq!(waiting.answered(&"key"), [3]);
        waiting.join("key", 5);
        waiting.leave(5);
        assert!(waiting.is_empty() && waiting.take_orphans().is_empty());
    }
}
