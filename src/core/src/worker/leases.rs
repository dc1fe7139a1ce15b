//! The leases an Envoy has: where they are registered, what the service is told of them, and
//! what becomes of its answers.

use super::{registry, shares};
use crate::admission::{ScopeRecord, record_of};
use crate::epoch_sum::Epochs;
use crate::money::Money;
use crate::store::{SharedStore, update};
use crate::timestamp::Timestamp;
use crate::wire::{Lease, LeaseReport, LendAnswer, Need};
use core::time::Duration;
use hashbrown::{HashMap, HashSet};

const LEASES_KEY: &str = "leases";
/// A lease nobody has used for this long is given back.
const IDLE: Duration = Duration::from_secs(10);

/// Takes over the answer to `needs`, which were asked for at `asked_at` or later. A scope whose need is still not covered is remembered as dry,
/// so that the requests after it are refused without asking.
pub fn apply_lend<S: SharedStore>(
    store: &mut S,
    needs: &[Need],
    answer: &LendAnswer,
    asked_at: Timestamp,
    now: Timestamp,
) {
    let asked = || needs.iter().filter_map(|need| need.share.as_deref());
    match &answer.shares {
        Some(answer) => drop(shares::accept(store, asked(), answer, asked_at, now)),
        None if asked().next().is_some() => shares::are_not_lent(store),
        None => {}
    }
    let leases = by_scope(&answer.leases);
    let mut lent = Vec::with_capacity(needs.len());
    for need in needs.iter().filter(|need| need.is_of_money()) {
        let Some(lease) = leases.get(need.scope.as_str()) else {
            // The scope has lost its cap or is gone; until the change arrives here, asking is in vain.
            change(store, &need.scope, |record| {
                record.slice.found_dry(need.amount, now)
            });
            continue;
        };
        change(store, &need.scope, |record| {
            accept(record, lease, now);
            // Too little where the lender had enough: other requests were faster.
            if lease.short && record.slice.left() < need.amount {
                record.slice.found_dry(need.amount, now);
            }
        });
        lent.push(need.scope.as_str());
    }
    // After the leases are there to be seen: `registry::remove` looks whether they are.
    registry::add(store, LEASES_KEY, &lent);
}

/// What the service is told: every registered lease. Those not used for a while are given back
/// first.
pub(super) fn report<S: SharedStore>(
    store: &mut S,
    epochs: Epochs,
    now: Timestamp,
) -> Vec<LeaseReport> {
    let registry = store.get(LEASES_KEY);
    let text = registry.map(|(text, _)| text).unwrap_or_default();
    let mut reports = Vec::new();
    let mut ended = HashSet::new();
    for scope in registry::lines(&text) {
        let slice = change(store, scope, |record| {
            record.slice.roll(epochs, now);
            record.slice.ask_for_lost();
            // Nothing can be held from it after its period, and its lender waits for the rest.
            let over = now >= record.slice.period_ends_at;
            if over || now.since(record.slice.used_at) > IDLE {
                record.slice.give_back_above(Money::ZERO);
            }
        });
        match slice {
            Some(record) if record.slice.lease != 0 => reports.push(record.slice.report(scope)),
            _ => {
                ended.insert(scope);
            }
        }
    }
    registry::remove(store, LEASES_KEY, &ended, has_lease);
    reports
}

/// Takes over the service's answer to `reported`. A lease it does not name any more is closed: what
/// was left of it is not ours. `complete`: the service has booked all costs that were known here when
/// the leases were reported.
pub(super) fn renew<S: SharedStore>(
    store: &mut S,
    reported: &[LeaseReport],
    leases: &[Lease],
    complete: bool,
    now: Timestamp,
) {
    let leases = by_scope(leases);
    let mut ended = HashSet::new();
    for report in reported {
        let record = change(store, &report.scope, |record| {
            match leases.get(report.scope.as_str()) {
                // A lease made while the report was under way is newer than this answer.
                _ if record.slice.lease != report.id => {}
                Some(lease) => {
                    if complete {
                        record.slice.find_lost(lease);
                    }
                    accept(record, lease, now);
                }
                None => record.slice.close(),
            }
        });
        if record.is_some_and(|record| record.slice.lease == 0) {
            ended.insert(report.scope.as_str());
        }
    }
    registry::remove(store, LEASES_KEY, &ended, has_lease);
}

/// Takes over a lease. Where the service wants money back, workers give back what they do not use.
fn accept(record: &mut ScopeRecord, lease: &Lease, now: Timestamp) {
    record.slice.accept(lease);
    if lease.hold_at_most.is_some() {
        // They need not be waited for: the next report gives it back.
        let _ = record.recall.ask(now);
    }
}

/// Of several leases of one scope the first counts.
fn by_scope(leases: &[Lease]) -> HashMap<&str, &Lease> {
    let pairs = leases.iter().rev();
    pairs.map(|lease| (lease.scope.as_str(), lease)).collect()
}

fn has_lease<S: SharedStore>(store: &mut S, scope: &str) -> bool {
    change(store, scope, |_| {}).is_some_and(|record| record.slice.lease != 0)
}

/// Changes the record of a scope, if it has one. What it is then.
pub(super) fn change<S: SharedStore>(
    store: &mut S,
    scope: &str,
    mut with: impl FnMut(&mut ScopeRecord),
) -> Option<ScopeRecord> {
    let slot = record_of(store, scope)?;
    let changed = update(store, &slot.key, |bytes| {
        let before = ScopeRecord::decode(bytes);
        if before.owner.get() != slot.owner {
            return (None, None);
        }
        let mut record = before;
        with(&mut record);
        ((record != before).then(|| record.encode()), Some(record))
    });
    changed.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;
    use crate::wire::CapPeriod;
    use crate::worker::registry::lines;
    use core::cell::Cell;

    /// A store that counts the bytes that are read and written of the registry.
    #[derive(Default)]
    struct Counting {
        store: FakeStore,
        bytes: Cell<usize>,
    }

    impl SharedStore for Counting {
        fn get(&self, key: &str) -> Option<(Vec<u8>, crate::store::Version)> {
            let value = self.store.get(key);
            if let (LEASES_KEY, Some((text, _))) = (key, &value) {
                self.bytes.set(self.bytes.get() + text.len());
            }
            value
        }

        fn put(
            &mut self,
            key: &str,
            value: &[u8],
            version: Option<crate::store::Version>,
        ) -> Result<(), crate::store::Conflict> {
            if key == LEASES_KEY {
                self.bytes.set(self.bytes.get() + value.len());
            }
            self.store.put(key, value, version)
        }
    }

    fn lease(scope: &str, id: i64) -> Lease {
        let end = Timestamp::from_secs(4_000_000_000);
        Lease {
            scope: scope.to_owned(),
            id,
            lent: Money::from_nanos(10),
            spent: Money::ZERO,
            expires_at: end,
            period_ends_at: end,
            period: CapPeriod::Monthly,
            resets_at: None,
            remaining: Money::from_nanos(100),
            short: false,
            used_percent: 0,
            hold_at_most: None,
        }
    }

    /// All leases end in one answer: the registry is read and written once, not once a lease.
    #[test]
    fn a_renewal_touches_the_registry_once_however_many_leases_there_are() {
        const LEASES: i64 = 2_000;
        let now = Timestamp::from_secs(1_800_000_000);
        let mut store = Counting::default();
        let leases: Vec<Lease> = (1..=LEASES)
            .map(|id| lease(&format!("key:{id}"), id))
            .collect();
        let needs: Vec<Need> = leases
            .iter()
            .map(|lease| Need {
                scope: lease.scope.clone(),
                amount: Money::from_nanos(1),
                held: None,
                share: None,
            })
            .collect();
        let answer = LendAnswer {
            leases: leases.clone(),
            shares: None,
        };
        apply_lend(&mut store, &needs, &answer, now, now);
        let (registry, _) = store.store.get(LEASES_KEY).unwrap();
        assert_eq!(lines(&registry).count(), 2_000);

        store.bytes.set(0);
        let reported = report(&mut store, Epochs(60), now);
        assert_eq!(reported.len(), 2_000);
        assert_eq!(store.bytes.get(), registry.len());

        // The service has closed all but one.
        store.bytes.set(0);
        renew(&mut store, &reported, &leases[..1], true, now);
        assert!(
            store.bytes.get() <= registry.len() * 3,
            "{}",
            store.bytes.get()
        );
        let (left, _) = store.store.get(LEASES_KEY).unwrap();
        assert_eq!(lines(&left).collect::<Vec<_>>(), ["key:1"]);
    }
}
