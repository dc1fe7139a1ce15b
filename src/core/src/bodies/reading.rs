//! How many bytes of bodies are read a minute, by key, namespace and organization.
//!
//! A worker reads one body after the other, and all tenants of that worker wait meanwhile. So what
//! reading costs has a rate. Large bodies are debited before they are read. What small ones cost, and
//! what the values of all bodies cost, a worker sums up in its own memory until it is as much as a large
//! body: small requests make no call of the host for it.

use super::SMALL;
use super::record::{self, BodyRecord};
use crate::admission::Scope;
use crate::epoch_sum::Epochs;
use crate::store::{SharedStore, bytes_of, update};
use crate::timestamp::Timestamp;
use core::cell::Cell;
use core::time::Duration;

/// What one worker has read for a scope and has not debited yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Bytes; negative where more was debited than was read.
    bytes: Cell<i64>,
    /// Until then the scope's bucket has a debt.
    until: Cell<Timestamp>,
}

impl Reading {
    /// How long the scope must wait because more was read for it than its rate allows.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let until = self.until.get();
        (now < until).then(|| until.since(now))
    }

    /// Adds what reading a body cost, less what was debited before. The bucket is debited when that is
    /// much, and may have a debt then.
    pub fn add<S: SharedStore>(
        &self,
        scope: &Scope,
        bytes: i64,
        bytes_per_minute: u64,
        store: &mut S,
        epochs: Epochs,
        now: Timestamp,
    ) {
        let sum = self.bytes.get().saturating_add(bytes);
        if sum.unsigned_abs() < SMALL as u64 {
            self.bytes.set(sum);
            return;
        }
        let (units, rest) = record::whole_units(sum);
        let bucket = record::bucket(bytes_per_minute);
        let debited = update(store, &BodyRecord::key(scope), |present| {
            let mut record = BodyRecord::read(present, epochs, now);
            bucket.refill(&mut record.read, now);
            bucket.correct(&mut record.read, units.saturating_neg());
            let debt = bucket.take(&mut record.read, 0).err();
            (Some(bytes_of(&record)), debt)
        });
        // Out of attempts: the sum stays as it is, and the next body tries again.
        match debited {
            Ok(debt) => {
                self.bytes.set(rest);
                self.until
                    .set(debt.map_or(Timestamp::EPOCH, |debt| now.plus(debt)));
            }
            Err(_) => self.bytes.set(sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Limits;
    use crate::store::fake::FakeStore;

    const EPOCHS: Epochs = Epochs(600);
    const RATE: u64 = 6 * 1_024 * 1_024;

    fn read(reading: &Reading, store: &mut FakeStore, bytes: i64, now: Timestamp) {
        let scope = Scope::new("key:a".to_owned(), Limits::default());
        reading.add(&scope, bytes, RATE, store, EPOCHS, now);
    }

    #[test]
    fn what_small_bodies_cost_is_debited_when_it_is_much() {
        let (mut store, now) = (FakeStore::default(), Timestamp::from_secs(6_000));
        let reading = Reading::default();
        for _ in 0..63 {
            read(&reading, &mut store, 1_024, now);
        }
        assert!(store.values.is_empty(), "nobody is asked");
        read(&reading, &mut store, 1_024, now);
        assert!(store.get("bodies/key:a").is_some());
        // A sixth of a minute's worth at once, and a debt from then on.
        for _ in 1..16 {
            read(&reading, &mut store, 64 * 1_024, now);
            assert_eq!(reading.wait(now), None);
        }
        read(&reading, &mut store, 100 * 1_024, now);
        let wait = reading.wait(now).unwrap();
        assert!((0.9..1.0).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(reading.wait(now.plus(wait)), None);
        // Other workers hear of it when they have read as much.
        let other = Reading::default();
        read(&other, &mut store, 64 * 1_024, now);
        assert!(other.wait(now).unwrap() > wait);
    }

    #[test]
    fn what_was_debited_and_not_read_is_given_back() {
        let (mut store, now) = (FakeStore::default(), Timestamp::from_secs(6_000));
        let reading = Reading::default();
        read(&reading, &mut store, 1_100 * 1_024, now);
        assert!(reading.wait(now).is_some());
        read(&reading, &mut store, -100 * 1_024, now);
        assert_eq!(reading.wait(now), None);
    }
}
