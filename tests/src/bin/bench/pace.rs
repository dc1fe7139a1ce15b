//! When clients ask, and with which key.

use anyhow::Context;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long and how fast clients ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each asks again as soon as it has its answer, for so long.
    Full(Duration),
    /// So many requests a second together, for so long, however slow the answers are. A request
    /// that has to wait for the one before has waited from when it was due.
    Rate(f64, Duration),
    /// Each asks with each of its keys once.
    Once,
}

/// When a client asks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    until: Option<Instant>,
    /// The next request's time, and that between two.
    due: Option<(Instant, Duration)>,
}

impl Clock {
    /// Those of several clients are spread evenly.
    pub fn new(pace: Pace, begun: Instant, number: usize, clients: usize) -> anyhow::Result<Self> {
        let (span, due) = match pace {
            Pace::Once => {
                return Ok(Self {
                    until: None,
                    due: None,
                });
            }
            Pace::Full(span) => (span, None),
            Pace::Rate(rate, span) => {
                let every = Duration::try_from_secs_f64(clients as f64 / rate);
                let every = every.context("the rate is too low")?;
                let share = number as f64 / clients as f64;
                (span, Some((begun.checked_add(every.mul_f64(share)), every)))
            }
        };
        let due = match due {
            Some((first, every)) => Some((first.context("the time is too long")?, every)),
            None => None,
        };
        let until = begun.checked_add(span).context("the time is too long")?;
        Ok(Self {
            until: Some(until),
            due,
        })
    }

    /// Whether it ends with the keys rather than at a time.
    pub fn asks_once(&self) -> bool {
        self.until.is_none()
    }

    /// Waits until the next request is due. The time from which it waits for its answer; `None` at
    /// the end.
    pub async fn next(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let from = match &mut self.due {
            None => now,
            Some((due, every)) => {
                let at = *due;
                *due = at.checked_add(*every)?;
                if at > now && self.until.is_none_or(|until| at < until) {
                    sleep_until(at).await;
                    // A timer that is late is no fault of the gateway's.
                    Instant::now()
                } else {
                    at
                }
            }
        };
        self.until.is_none_or(|until| from < until).then_some(from)
    }
}

/// The keys of one client, in turn.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    first: usize,
    next: usize,
    step: usize,
    keys: usize,
}

impl Turns {
    /// Each client has its part of the keys; where there are fewer than clients, they share.
    pub fn new(client: usize, clients: usize, keys: usize) -> Self {
        let first = client.checked_rem(keys).unwrap_or(0);
        Self {
            first,
            next: first,
            step: clients,
            keys,
        }
    }

    /// The number of the key to use now.
    pub fn next(&mut self) -> usize {
        let now = self.next;
        let after = now.saturating_add(self.step);
        self.next = if after < self.keys { after } else { self.first };
        now
    }

    /// Whether each has had its turn.
    pub fn is_round(&self) -> bool {
        self.next == self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_turn() {
        for (clients, keys) in [(4, 1), (4, 4), (4, 10), (3, 7)] {
            let mut used = vec![0; keys];
            for client in 0..clients {
                let mut turns = Turns::new(client, clients, keys);
                loop {
                    used[turns.next()] += 1;
                    if turns.is_round() {
                        break;
                    }
                }
            }
            assert!(used.iter().all(|times| *times > 0), "{used:?}");
        }
    }

    #[tokio::test]
    async fn a_late_answer_counts_from_when_its_request_was_due() {
        let second = Duration::from_secs(1);
        let begun = Instant::now() - 10 * second;
        let mut clock = Clock::new(Pace::Rate(2.0, 3 * second), begun, 1, 2).unwrap();
        let mut from = async || clock.next().await.map(|at| at - begun);
        assert_eq!(from().await, Some(second / 2));
        assert_eq!(from().await, Some(second * 3 / 2));
        assert_eq!(from().await, Some(second * 5 / 2));
        assert_eq!(from().await, None);
    }
}
