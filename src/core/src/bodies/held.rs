//! Bodies that Envoy holds, by key and by namespace.
//!
//! A request is held whole until it is decided, and Envoy keeps it for a second attempt until it is
//! answered. Nothing of a tenant's rates or money is asked before that, so without a bound one tenant's
//! stalled uploads would fill the memory that all share. Small bodies are not counted by their bytes:
//! of those the bound is how many may be on their way at once.

use super::record::{self, BodyRecord};
use crate::admission::Scope;
use crate::epoch_sum::{Entry, Epochs};
use crate::store::{SharedStore, bytes_of, update};
use crate::timestamp::Timestamp;
use core::time::Duration;

/// What may be held at once, and read a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of the requests of one key, in the whole Envoy.
    pub key: u64,
    /// Bytes of the requests of one namespace, in the whole Envoy.
    pub namespace: u64,
    /// Requests of one namespace whose bodies are on their way, in one worker.
    pub arriving: usize,
    /// Bytes a minute that are read of one namespace, in the whole Envoy, if its organization has no
    /// limit of its own.
    pub bytes_per_minute: u64,
    /// Bytes a second that must come of each body.
    pub least_bytes_per_second: u64,
}

/// One of the scopes that a body is counted in.
#[derive(Clone, Copy, Debug)]
pub struct BodyScope<'a> {
    /// The scope.
    pub scope: &'a Scope,
    /// How many bytes it may hold; absent if that is not limited.
    pub room: Option<u64>,
    /// How many bytes may be read for it a minute; absent if that is not limited.
    pub bytes_per_minute: Option<u64>,
}

/// Why a body cannot be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotHeld {
    /// A scope holds too much already.
    Full {
        /// The name of the scope.
        scope: String,
        /// How many bytes it may hold.
        limit: u64,
    },
    /// So much may not be read for a scope now.
    OverRate {
        /// The name of the scope.
        scope: String,
        /// How many bytes may be read for it a minute.
        limit: u64,
        /// When the same body could be read.
        wait: Duration,
    },
    /// Other workers never let go of a record.
    Contended,
}

/// A body that is held. It must be let go.
#[derive(Debug)]
pub struct HeldBody {
    /// What was entered, by record.
    entries: Vec<(String, Entry)>,
    bytes: u64,
}

impl HeldBody {
    /// Holds a body of so many bytes, and debits those of them beyond `debited` as read.
    ///
    /// # Errors
    /// [`NotHeld`]; then nothing is held, and nothing more is debited.
    pub fn hold<S: SharedStore>(
        store: &mut S,
        scopes: [BodyScope<'_>; 3],
        bytes: u64,
        debited: u64,
        epochs: Epochs,
        now: Timestamp,
    ) -> Result<HeldBody, NotHeld> {
        let mut body = HeldBody {
            entries: Vec::with_capacity(2),
            bytes,
        };
        let more = bytes.saturating_sub(debited);
        let counted = |one: &BodyScope<'_>| one.room.is_some() || one.bytes_per_minute.is_some();
        for (index, one) in scopes.iter().enumerate().filter(|(_, one)| counted(one)) {
            let key = BodyRecord::key(one.scope);
            match enter(store, &key, one, (bytes, more), epochs, now) {
                Ok(entry) => body.entries.extend(entry.map(|entry| (key, entry))),
                Err(why) => {
                    body.release(store, epochs, now);
                    for before in scopes.iter().take(index) {
                        give_back(store, before, more, epochs, now);
                    }
                    return Err(why);
                }
            }
        }
        Ok(body)
    }

    /// How many bytes are counted.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lets it go.
    pub fn release<S: SharedStore>(self, store: &mut S, epochs: Epochs, now: Timestamp) {
        for (key, entry) in self.entries {
            // What cannot be written drops out with its epoch.
            let _ = update(store, &key, |present| {
                let mut record = BodyRecord::read(present, epochs, now);
                record.held.settle(entry);
                (Some(bytes_of(&record)), ())
            });
        }
    }
}

/// Enters `bytes` as held and debits `more` as read.
fn enter<S: SharedStore>(
    store: &mut S,
    key: &str,
    one: &BodyScope<'_>,
    (bytes, more): (u64, u64),
    epochs: Epochs,
    now: Timestamp,
) -> Result<Option<Entry>, NotHeld> {
    let scope = || one.scope.name.clone();
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let entered = update(store, key, |present| {
        let mut record = BodyRecord::read(present, epochs, now);
        if let Some(limit) = one.room
            && record.held.total().saturating_add(signed(bytes)) > signed(limit)
        {
            let scope = scope();
            return (None, Err(NotHeld::Full { scope, limit }));
        }
        if let Some(limit) = one.bytes_per_minute {
            let (bucket, units) = (record::bucket(limit), record::units(more));
            bucket.refill(&mut record.read, now);
            if let Err(wait) = bucket.take(&mut record.read, units) {
                let scope = scope();
                return (None, Err(NotHeld::OverRate { scope, limit, wait }));
            }
            // A body larger than the bucket takes all of it, and the rest is a debt.
            let rest = units.saturating_sub(bucket.capacity);
            bucket.correct(&mut record.read, signed(rest).saturating_neg());
        }
        let entry = one.room.map(|_| record.held.enter(signed(bytes)));
        (Some(bytes_of(&record)), Ok(entry))
    });
    entered.unwrap_or(Err(NotHeld::Contended))
}

/// Gives back what was debited as read.
fn give_back<S: SharedStore>(
    store: &mut S,
    one: &BodyScope<'_>,
    bytes: u64,
    epochs: Epochs,
    now: Timestamp,
) {
    let Some(limit) = one.bytes_per_minute else {
        return;
    };
    // What cannot be written refills with time.
    let _ = update(store, &BodyRecord::key(one.scope), |present| {
        let mut record = BodyRecord::read(present, epochs, now);
        let units = i64::try_from(record::units(bytes)).unwrap_or(i64::MAX);
        record::bucket(limit).correct(&mut record.read, units);
        (Some(bytes_of(&record)), ())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Limits;
    use crate::store::fake::FakeStore;

    const EPOCHS: Epochs = Epochs(600);
    const START: Timestamp = Timestamp::from_secs(6_000);

    fn scope(name: &str) -> Scope {
        Scope::new(name.to_owned(), Limits::default())
    }

    fn hold_at(
        store: &mut FakeStore,
        key: &str,
        bytes: u64,
        [of_key, of_namespace]: [Option<u64>; 2],
        now: Timestamp,
    ) -> Result<HeldBody, NotHeld> {
        let [key, namespace, organization] = [key, "namespace:n", "organization:o"].map(scope);
        let of = |scope, room, bytes_per_minute| BodyScope {
            scope,
            room,
            bytes_per_minute,
        };
        let scopes = [
            of(&key, Some(100_000), of_key),
            of(&namespace, Some(150_000), of_namespace),
            of(&organization, None, None),
        ];
        HeldBody::hold(store, scopes, bytes, 0, EPOCHS, now)
    }

    fn hold(store: &mut FakeStore, key: &str, bytes: u64) -> Result<HeldBody, NotHeld> {
        hold_at(store, key, bytes, [None; 2], START)
    }

    fn full(scope: &str, limit: u64) -> NotHeld {
        let scope = scope.to_owned();
        NotHeld::Full { scope, limit }
    }

    #[test]
    fn a_key_and_its_namespace_hold_so_much_and_no_more() {
        let mut store = FakeStore::default();
        let first = hold(&mut store, "key:a", 60_000).unwrap();
        let why = hold(&mut store, "key:a", 40_001).unwrap_err();
        assert_eq!(why, full("key:a", 100_000));
        let second = hold(&mut store, "key:b", 90_000).unwrap();
        let why = hold(&mut store, "key:a", 1).unwrap_err();
        assert_eq!(why, full("namespace:n", 150_000));
        // What was refused holds nothing: not of the key either.
        first.release(&mut store, EPOCHS, START);
        let third = hold(&mut store, "key:a", 60_000).unwrap();
        third.release(&mut store, EPOCHS, START);
        second.release(&mut store, EPOCHS, START);
        hold(&mut store, "key:a", 100_000).unwrap();
    }

    #[test]
    fn what_a_crash_left_drops_out() {
        let mut store = FakeStore::default();
        hold(&mut store, "key:a", 100_000).unwrap();
        for (secs, free) in [(6_600, false), (7_200, true)] {
            let now = Timestamp::from_secs(secs);
            let held = hold_at(&mut store, "key:a", 1, [None; 2], now);
            assert_eq!(held.is_ok(), free, "{secs}");
        }
    }

    #[test]
    fn so_much_is_read_a_minute_whether_it_is_still_held_or_not() {
        let mut store = FakeStore::default();
        // A sixth of a minute's worth at once: 10 KiB of the namespace.
        let rates = [None, Some(60 * 1_024)];
        let hold = |store: &mut FakeStore, bytes, now| hold_at(store, "key:a", bytes, rates, now);
        let first = hold(&mut store, 8 * 1_024, START).unwrap();
        first.release(&mut store, EPOCHS, START);
        let why = hold(&mut store, 4 * 1_024, START).unwrap_err();
        let over = NotHeld::OverRate {
            scope: "namespace:n".to_owned(),
            limit: 60 * 1_024,
            wait: Duration::from_secs(2),
        };
        assert_eq!(why, over);
        let later = START.plus(Duration::from_secs(2));
        hold(&mut store, 4 * 1_024, later).unwrap();
    }

    #[test]
    fn a_body_larger_than_the_bucket_is_read_and_all_of_it_is_debited() {
        let mut store = FakeStore::default();
        let rates = [None, Some(60 * 1_024)];
        hold_at(&mut store, "key:a", 30 * 1_024, rates, START).unwrap();
        let why = hold_at(&mut store, "key:a", 1_024, rates, START).unwrap_err();
        let wait = Duration::from_secs(21);
        assert!(
            matches!(why, NotHeld::OverRate { wait: told, .. } if told == wait),
            "{why:?}"
        );
    }

    #[test]
    fn what_one_scope_refuses_is_given_back_to_the_others() {
        let mut store = FakeStore::default();
        let rates = [Some(60 * 1_024), Some(6 * 1_024)];
        let now = START;
        hold_at(&mut store, "key:b", 1_024, rates, now).unwrap();
        hold_at(&mut store, "key:a", 1_024, rates, now).unwrap_err();
        let rates = [Some(60 * 1_024), None];
        hold_at(&mut store, "key:a", 10 * 1_024, rates, now).unwrap();
    }

    #[test]
    fn a_record_that_others_never_let_go_of_is_no_limit_that_is_reached() {
        let mut store = FakeStore::default();
        store.conflicts = vec![true; crate::store::MAX_ATTEMPTS as usize];
        assert_eq!(
            hold(&mut store, "key:a", 1).unwrap_err(),
            NotHeld::Contended
        );
    }
}
