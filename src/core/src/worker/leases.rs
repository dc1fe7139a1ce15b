//! The leases an Envoy holds: where they are written down, what the service is told of them, and
//! what becomes of its answers.

use crate::admission::{ScopeRecord, record_of};
use crate::budget::Epochs;
use crate::money::Money;
use crate::store::{SharedStore, update};
use crate::timestamp::Timestamp;
use crate::wire::{Lease, LeaseReport, LendAnswer, Need};
use core::time::Duration;

const LEASES_KEY: &str = "leases";
/// A lease nobody has used for this long is given back.
const IDLE: Duration = Duration::from_secs(10);

/// Takes over the answer to `needs`. Where a need is still not covered, the scope is remembered as
/// dry, so that the requests after it are refused without asking.
pub fn apply_lend<S: SharedStore>(
    store: &mut S,
    needs: &[Need],
    answer: &LendAnswer,
    now: Timestamp,
) {
    for need in needs {
        let Some(lease) = answer.leases.iter().find(|lease| lease.scope == need.scope) else {
            // The scope has lost its cap or is gone; until the change arrives here, asking is in vain.
            change(store, &need.scope, |record| {
                record.slice.found_dry(need.amount, now)
            });
            continue;
        };
        change(store, &need.scope, |record| {
            record.slice.accept(lease);
            // Too little where the lender had enough: other requests were faster.
            if lease.short && record.slice.left() < need.amount {
                record.slice.found_dry(need.amount, now);
            }
        });
        // After it is there to be seen: whoever strikes out looks whether it is.
        register(store, &need.scope);
    }
}

/// What the service is told: every lease written down. Those not used for a while are given back
/// first.
pub(super) fn report<S: SharedStore>(
    store: &mut S,
    epochs: Epochs,
    now: Timestamp,
) -> Vec<LeaseReport> {
    let scopes = registered(store);
    let mut reports = Vec::with_capacity(scopes.len());
    for scope in &scopes {
        let slice = change(store, scope, |record| {
            record.slice.held.roll(epochs, now);
            // Nothing can be held from it after its period, and its lender waits for the rest.
            let over = now >= record.slice.period_ends_at;
            if over || now.since(record.slice.used_at) > IDLE {
                record.slice.give_back_above(Money::ZERO);
            }
        });
        match slice {
            Some(record) if record.slice.lease != 0 => reports.push(record.slice.report(scope)),
            _ => unregister(store, scope),
        }
    }
    reports
}

/// Takes over the service's answer to `reported`. A lease it does not name any more is closed: what
/// was left of it is not ours.
pub(super) fn renew<S: SharedStore>(store: &mut S, reported: &[LeaseReport], leases: &[Lease]) {
    for report in reported {
        let renewed = leases.iter().find(|lease| lease.scope == report.scope);
        let record = change(store, &report.scope, |record| match renewed {
            // A lease made while the report was under way is newer than this answer.
            _ if record.slice.lease != report.id => {}
            Some(lease) => record.slice.accept(lease),
            None => record.slice.close(),
        });
        if record.is_some_and(|record| record.slice.lease == 0) {
            unregister(store, &report.scope);
        }
    }
}

fn change<S: SharedStore>(
    store: &mut S,
    scope: &str,
    mut with: impl FnMut(&mut ScopeRecord),
) -> Option<ScopeRecord> {
    let slot = record_of(store, scope)?;
    let changed = update(store, &slot.key, |bytes| {
        let before = ScopeRecord::decode(bytes);
        if before.owner != slot.owner {
            return (None, None);
        }
        let mut record = before;
        with(&mut record);
        ((record != before).then(|| record.encode()), Some(record))
    });
    changed.ok().flatten()
}

fn registered<S: SharedStore>(store: &S) -> Vec<String> {
    let text = store
        .get(LEASES_KEY)
        .map(|(text, _)| text)
        .unwrap_or_default();
    lines(&text).map(str::to_owned).collect()
}

fn register<S: SharedStore>(store: &mut S, scope: &str) {
    // Out of attempts: the lease is not renewed and expires by itself.
    let _ = update(store, LEASES_KEY, |text| {
        if lines(text).any(|line| line == scope) {
            return (None, ());
        }
        (Some([text, scope.as_bytes(), b"\n"].concat()), ())
    });
}

fn unregister<S: SharedStore>(store: &mut S, scope: &str) {
    let _ = update(store, LEASES_KEY, |text| {
        let kept: Vec<&str> = lines(text).filter(|line| *line != scope).collect();
        // Never empty: an empty value counts as none, and would have no version.
        let next: String = kept.iter().flat_map(|line| [*line, "\n"]).collect();
        (
            Some(if next.is_empty() {
                b"\n".to_vec()
            } else {
                next.into_bytes()
            }),
            (),
        )
    });
    // A lease may have come in between.
    if change(store, scope, |_| {}).is_some_and(|record| record.slice.lease != 0) {
        register(store, scope);
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    core::str::from_utf8(text)
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.is_empty())
}
