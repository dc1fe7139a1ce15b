//! How often each name may do something: token buckets, bounded in number.

use paddock_core::bucket::{Bucket, BucketState};
use paddock_core::timestamp::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Names remembered at once. Those beyond share the bucket of the empty name.
const MOST_NAMES: usize = 16_384;
/// How often buckets that are full again are forgotten while there are too many.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A bucket for each name, of one minute's worth.
#[derive(Debug)]
pub struct Pace {
    bucket: Bucket,
    states: Mutex<States>,
}

#[derive(Debug, Default)]
struct States {
    by_name: HashMap<String, BucketState>,
    swept_at: Timestamp,
}

impl Pace {
    /// So many a minute for each name.
    pub fn per_minute(rate: u64) -> Pace {
        Pace {
            bucket: Bucket {
                rate,
                capacity: rate,
            },
            states: Mutex::default(),
        }
    }

    /// Takes one of this name.
    ///
    /// # Errors
    /// How long until there is one.
    pub fn take(&self, name: &str, now: Timestamp) -> Result<(), Duration> {
        let mut states = self.states();
        let name = states.room(self.bucket, name, now);
        let state = states.by_name.entry(name.to_owned()).or_default();
        self.bucket.refill(state, now);
        self.bucket.take(state, 1)
    }

    /// Whether one of this name is there, without taking it.
    ///
    /// # Errors
    /// How long until there is one.
    pub fn check(&self, name: &str, now: Timestamp) -> Result<(), Duration> {
        let mut states = self.states();
        let name = states.room(self.bucket, name, now);
        let Some(state) = states.by_name.get(name) else {
            return Ok(());
        };
        let mut state = *state;
        self.bucket.refill(&mut state, now);
        self.bucket.take(&mut state, 1)
    }

    fn states(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    /// The name whose bucket is used: its own if it has one or there is room for it.
    fn room<'a>(&mut self, bucket: Bucket, name: &'a str, now: Timestamp) -> &'a str {
        if self.by_name.len() < MOST_NAMES || self.by_name.contains_key(name) {
            return name;
        }
        if now.since(self.swept_at) >= SWEEP_EVERY {
            self.swept_at = now;
            self.by_name.retain(|_, state| {
                bucket.refill(state, now);
                bucket.view(state).remaining < bucket.capacity
            });
        }
        match self.by_name.len() < MOST_NAMES {
            true => name,
            false => "",
        }
    }
}

/// What was seen lately: names, the oldest half forgotten when there are too many.
#[derive(Debug, Default)]
pub struct Seen(Mutex<[HashSet<String>; 2]>);

impl Seen {
    /// Remembers a name.
    pub fn add(&self, name: String) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [new, old] = &mut *seen;
        if new.len() >= MOST_NAMES {
            *old = std::mem::take(new);
        }
        new.insert(name);
    }

    /// Whether it is remembered.
    pub fn has(&self, name: &str) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().any(|names| names.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_minute_and_too_many_names_share_one() {
        let pace = Pace::per_minute(60);
        let now = Timestamp::from_secs(1_000);
        assert!((0..60).all(|_| pace.take("a", now).is_ok()));
        assert_eq!(pace.take("a", now), Err(Duration::from_secs(1)));
        assert_eq!(pace.check("a", now), Err(Duration::from_secs(1)));
        assert!(pace.check("b", now).is_ok() && pace.take("b", now).is_ok());
        assert!(pace.take("a", Timestamp::from_secs(1_001)).is_ok());
        let later = Timestamp::from_secs(2_000);
        let allowed = (0..40_000)
            .filter(|number| pace.take(&number.to_string(), later).is_ok())
            .count();
        assert!(allowed <= MOST_NAMES + 60, "{allowed}");
        assert!(pace.states().by_name.len() <= MOST_NAMES + 1);
        // Who has a bucket keeps it, and all are forgotten when they are full.
        assert!(pace.take("7", later).is_ok());
        assert!(pace.take("new", Timestamp::from_secs(2_100)).is_ok());
        assert_eq!(pace.states().by_name.len(), 1);
    }

    #[test]
    fn what_was_seen_is_bounded() {
        let seen = Seen::default();
        (0..100_000).for_each(|number| seen.add(number.to_string()));
        assert!(seen.has("99999") && !seen.has("5"));
        assert!(
            seen.0
                .lock()
                .unwrap()
                .iter()
                .map(HashSet::len)
                .sum::<usize>()
                <= 2 * MOST_NAMES
        );
    }
}
