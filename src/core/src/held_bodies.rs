//! Bodies that Envoy holds, by key and by namespace.
//!
//! A request is held whole until it is decided, and Envoy keeps it for a second attempt until it is
//! answered. Nothing of a tenant's rates or money is asked before that, so without a bound one tenant's
//! stalled uploads would fill the memory that all share. Small bodies are not counted by their bytes:
//! of those the bound is how many may be on their way at once.

use crate::admission::Scope;
use crate::epoch_sum::{Entry, EpochSum, Epochs};
use crate::store::{SharedStore, bytes_of, read_as, update};
use crate::timestamp::Timestamp;
use std::rc::Rc;

/// Bodies up to so many bytes are not counted.
pub const SMALL: usize = 64 * 1_024;

/// What may be held at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of the requests of one key, in the whole Envoy.
    pub key: u64,
    /// Bytes of the requests of one namespace, in the whole Envoy.
    pub namespace: u64,
    /// Requests of one namespace whose bodies are on their way, in one worker.
    pub arriving: usize,
}

/// Why a body cannot be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodiesFull {
    /// The name of the scope that holds too much already.
    pub scope: String,
    /// How many bytes it may hold.
    pub limit: u64,
}

/// A body that is held. It must be let go.
#[derive(Debug)]
pub struct HeldBody {
    /// What was entered, by record: the key's and the namespace's.
    entries: Vec<(String, Entry)>,
    bytes: u64,
}

impl HeldBody {
    /// Holds a body of so many bytes.
    ///
    /// # Errors
    /// [`BodiesFull`]; then nothing is held.
    pub fn hold<S: SharedStore>(
        store: &mut S,
        [key, namespace]: [&Scope; 2],
        bytes: u64,
        limits: BodyLimits,
        epochs: Epochs,
        now: Timestamp,
    ) -> Result<HeldBody, BodiesFull> {
        let mut body = HeldBody {
            entries: Vec::with_capacity(2),
            bytes,
        };
        for (scope, limit) in [(key, limits.key), (namespace, limits.namespace)] {
            let record = record(scope);
            match enter(store, &record, bytes, limit, epochs, now) {
                Some(entry) => body.entries.push((record, entry)),
                None => {
                    body.release(store, epochs, now);
                    let scope = scope.name.clone();
                    return Err(BodiesFull { scope, limit });
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
        for (record, entry) in self.entries {
            // What cannot be written drops out with its epoch.
            let _ = update(store, &record, |present| {
                let mut sum = sum(present, epochs, now);
                sum.settle(entry);
                (Some(bytes_of(&sum)), ())
            });
        }
    }
}

fn record(scope: &Scope) -> String {
    format!("bodies/{}", scope.name)
}

fn sum(present: &[u8], epochs: Epochs, now: Timestamp) -> EpochSum {
    let mut sum: EpochSum = read_as(present).unwrap_or_default();
    sum.roll(epochs, now);
    sum
}

fn enter<S: SharedStore>(
    store: &mut S,
    record: &str,
    bytes: u64,
    limit: u64,
    epochs: Epochs,
    now: Timestamp,
) -> Option<Entry> {
    let amount = i64::try_from(bytes).ok()?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let entered = update(store, record, |present| {
        let mut sum = sum(present, epochs, now);
        match sum.total().saturating_add(amount) > limit {
            true => (None, None),
            false => {
                let entry = sum.enter(amount);
                (Some(bytes_of(&sum)), Some(entry))
            }
        }
    });
    entered.ok().flatten()
}

/// The requests of one worker whose bodies are on their way, by namespace.
#[derive(Debug, Default)]
pub struct ArrivingBodies(Vec<(Rc<Scope>, usize)>);

impl ArrivingBodies {
    /// Counts one more of `namespace`, unless there are `most` already.
    #[must_use]
    pub fn begin(&mut self, namespace: &Rc<Scope>, most: usize) -> bool {
        match self.position(namespace).and_then(|at| self.0.get_mut(at)) {
            Some((_, count)) if *count >= most => return false,
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((Rc::clone(namespace), 1)),
        }
        true
    }

    /// One of `namespace` has come whole, or will not come.
    pub fn end(&mut self, namespace: &Rc<Scope>) {
        let Some(at) = self.position(namespace) else {
            return;
        };
        if let Some((_, count)) = self.0.get_mut(at) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.0.swap_remove(at);
            }
        }
    }

    fn position(&self, namespace: &Rc<Scope>) -> Option<usize> {
        let mut all = self.0.iter();
        all.position(|(scope, _)| Rc::ptr_eq(scope, namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Limits;
    use crate::store::fake::FakeStore;

    const LIMITS: BodyLimits = BodyLimits {
        key: 100,
        namespace: 150,
        arriving: 2,
    };
    const EPOCHS: Epochs = Epochs(600);

    fn scope(name: &str) -> Scope {
        Scope::new(name.to_owned(), Limits::default())
    }

    fn hold(store: &mut FakeStore, key: &str, bytes: u64) -> Result<HeldBody, BodiesFull> {
        let now = Timestamp::from_secs(6_000);
        let (key, namespace) = (scope(key), scope("namespace:n"));
        HeldBody::hold(store, [&key, &namespace], bytes, LIMITS, EPOCHS, now)
    }

    #[test]
    fn a_key_and_its_namespace_hold_so_much_and_no_more() {
        let mut store = FakeStore::default();
        let now = Timestamp::from_secs(6_000);
        let first = hold(&mut store, "key:a", 60).unwrap();
        let full = hold(&mut store, "key:a", 41).unwrap_err();
        assert_eq!((full.scope.as_str(), full.limit), ("key:a", 100));
        let second = hold(&mut store, "key:b", 90).unwrap();
        let full = hold(&mut store, "key:a", 1).unwrap_err();
        assert_eq!((full.scope.as_str(), full.limit), ("namespace:n", 150));
        // What was refused holds nothing: not of the key either.
        first.release(&mut store, EPOCHS, now);
        let third = hold(&mut store, "key:a", 60).unwrap();
        third.release(&mut store, EPOCHS, now);
        second.release(&mut store, EPOCHS, now);
        hold(&mut store, "key:a", 100).unwrap();
    }

    #[test]
    fn what_a_crash_left_drops_out() {
        let mut store = FakeStore::default();
        hold(&mut store, "key:a", 100).unwrap();
        let (key, namespace) = (scope("key:a"), scope("namespace:n"));
        let scopes = [&key, &namespace];
        for (secs, free) in [(6_600, false), (7_200, true)] {
            let now = Timestamp::from_secs(secs);
            let held = HeldBody::hold(&mut store, scopes, 1, LIMITS, EPOCHS, now);
            assert_eq!(held.is_ok(), free, "{secs}");
        }
    }

    #[test]
    fn so_many_may_arrive_at_once() {
        let mut arriving = ArrivingBodies::default();
        let [a, b] = ["namespace:a", "namespace:b"].map(|name| Rc::new(scope(name)));
        assert!(arriving.begin(&a, 2) && arriving.begin(&a, 2) && !arriving.begin(&a, 2));
        assert!(arriving.begin(&b, 2));
        arriving.end(&a);
        assert!(arriving.begin(&a, 2));
        arriving.end(&a);
        arriving.end(&a);
        arriving.end(&b);
        assert!(arriving.0.is_empty());
        arriving.end(&b);
    }
}
