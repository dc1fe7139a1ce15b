//! The shares of limits that an Envoy has: how long they are in force, what the service is told of them,
//! and what becomes of its answers.

use super::leases::change;
use super::registry;
use crate::epoch_sum::Epochs;
use crate::fair_share::{change_upstream, is_upstream};
use crate::fnv::fnv1a;
use crate::gateway_share::{Holding, HoldsShare, Report, ShareTerm};
use crate::store::{SharedStore, bytes_of, read_as, update};
use crate::timestamp::Timestamp;
use crate::wire::Shares;
use core::time::Duration;
use hashbrown::{HashMap, HashSet};
use zerocopy::{FromBytes, Immutable, IntoBytes};

const TERM_KEY: &str = "shares";
/// The epoch of a service that lends no shares.
const NEVER: u64 = u64::MAX;
/// Scopes with a share are in so many lists: a request that gets its first share writes one of them.
const LISTS: u64 = 64;
/// So many lists are looked at in a step where others may want what is not used: all of them twice a second.
const LISTS_OF_STEP: u64 = 13;
/// A step ends with the list in which it has looked at so many scopes.
const SCOPES_OF_STEP: u64 = 1_000;
/// The shortest time between two steps, a little less than a worker's tick.
const STEP: Duration = Duration::from_millis(90);
/// The shortest time between two messages about demand.
const PERIOD: Duration = Duration::from_millis(450);
/// With so many reports at hand nothing is looked at until they are told.
const MOST_REPORTS: usize = 2_000;

/// A gateway's term as all its workers know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct StoredTerm {
    term: ShareTerm,
    /// How many gateways live.
    gateways: u64,
}

fn stored_term<S: SharedStore>(store: &S) -> StoredTerm {
    let stored = store.get(TERM_KEY).and_then(|(bytes, _)| read_as(&bytes));
    stored.unwrap_or_default()
}

/// How long this gateway's shares are in force. `None` if the service lends none, as older ones do not: then
/// this gateway has all of every limit.
pub fn share_term<S: SharedStore>(store: &S) -> Option<ShareTerm> {
    let term = stored_term(store).term;
    (term.epoch != NEVER).then_some(term)
}

/// The service has answered without a word of the shares that were asked for.
pub(super) fn are_not_lent<S: SharedStore>(store: &mut S) {
    let never = StoredTerm {
        term: ShareTerm {
            epoch: NEVER,
            ends_at: Timestamp::EPOCH,
        },
        gateways: 0,
    };
    let _ = update(store, TERM_KEY, |_| (Some(bytes_of(&never)), ()));
}

/// Takes over an answer to what was `asked` at `asked_at` or later. The scopes whose shares have changed.
pub(super) fn accept<'a, S: SharedStore>(
    store: &mut S,
    asked: impl Iterator<Item = &'a Report>,
    answer: &Shares,
    asked_at: Timestamp,
    now: Timestamp,
) -> Vec<String> {
    let lasts = Duration::from_millis(answer.lasts_ms);
    let term = update(store, TERM_KEY, |bytes| {
        let before = read_as::<StoredTerm>(bytes).filter(|stored| stored.term.epoch != NEVER);
        let before = before.unwrap_or_default();
        let term = before.term.renewed(answer.epoch, asked_at, lasts);
        let next = StoredTerm {
            term,
            gateways: answer.gateways,
        };
        ((next != before).then(|| bytes_of(&next)), term)
    });
    let Ok(term) = term else {
        return Vec::new();
    };
    let asked: HashMap<&str, &Report> = asked
        .map(|report| (report.scope.as_str(), report))
        .collect();
    let mut changed = Vec::new();
    let mut lists: HashMap<u64, Vec<&str>> = HashMap::new();
    for share in &answer.shares {
        let asked = asked.get(share.scope.as_str()).copied();
        let is_new = change_share(store, &share.scope, |record| {
            let before = record.holding().number;
            record.accept(share, asked, term, now);
            record.holding().number != before
        });
        if is_new == Some(true) {
            changed.push(share.scope.clone());
        }
        lists
            .entry(list_of(&share.scope))
            .or_default()
            .push(&share.scope);
    }
    for (list, scopes) in lists {
        registry::add(store, &key_of(list), &scopes);
    }
    changed
}

/// The service has taken these reports in.
pub(super) fn told<S: SharedStore>(store: &mut S, reports: &[Report]) {
    for report in reports {
        change_share(store, &report.scope, |record| record.holding().told(report));
    }
}

/// The leading worker's measuring of demand, a few scopes at each tick: it serves requests too.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    /// The list that is next.
    next: u64,
    reviewed_at: Timestamp,
    /// What was found since the last sync.
    reports: Vec<Report>,
    sent_at: Timestamp,
    /// Whether a change is to be confirmed: somebody waits for it.
    is_urgent: bool,
}

impl Reviews {
    /// Looks at the scopes whose turn it is.
    pub(super) fn step<S: SharedStore>(&mut self, store: &mut S, epochs: Epochs, now: Timestamp) {
        let is_early = self.reviewed_at <= now && now.since(self.reviewed_at) < STEP;
        if is_early || self.reports.len() >= MOST_REPORTS {
            return;
        }
        let StoredTerm { term, gateways } = stored_term(store);
        if matches!(term.epoch, 0 | NEVER) {
            return;
        }
        self.reviewed_at = now;
        let several = gateways > 1;
        let lists = if several { LISTS_OF_STEP } else { 1 };
        let mut left = SCOPES_OF_STEP;
        for _ in 0..lists {
            let key = key_of(self.next);
            self.next = self.next.wrapping_add(1).checked_rem(LISTS).unwrap_or(0);
            let text = store.get(&key).map(|(text, _)| text).unwrap_or_default();
            let mut ended = HashSet::new();
            for scope in registry::lines(&text) {
                let has_something = self.review(store, scope, several, epochs, now);
                if has_something != Some(term.epoch) {
                    ended.insert(scope);
                }
                left = left.saturating_sub(1);
            }
            registry::remove(store, &key, &ended, |store, scope| {
                let epoch = change_share(store, scope, |record| epoch_of(record.holding()));
                epoch.flatten() == Some(term.epoch)
            });
            if left == 0 {
                return;
            }
        }
    }

    /// Looks at scopes whose shares have just changed, and has that confirmed at once.
    pub(super) fn confirm<S: SharedStore>(
        &mut self,
        store: &mut S,
        scopes: &[String],
        epochs: Epochs,
        now: Timestamp,
    ) {
        let several = stored_term(store).gateways > 1;
        for scope in scopes {
            self.review(store, scope, several, epochs, now);
        }
        self.is_urgent |= !scopes.is_empty();
    }

    /// The epoch of the share that there is of a scope.
    fn review<S: SharedStore>(
        &mut self,
        store: &mut S,
        scope: &str,
        several: bool,
        epochs: Epochs,
        now: Timestamp,
    ) -> Option<u64> {
        let reviewed = change_share(store, scope, |record| {
            let report = record.review(scope, several, epochs, now);
            (epoch_of(record.holding()), report)
        });
        let (epoch, report) = reviewed?;
        self.reports.extend(report);
        epoch
    }

    /// Whether there is something that should not wait for the next sync.
    pub(super) fn are_due(&self, now: Timestamp) -> bool {
        let waits = self.sent_at > now || now.since(self.sent_at) >= PERIOD;
        !self.reports.is_empty() && (self.is_urgent || waits)
    }

    /// What the service is to be told now.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<Report> {
        (self.sent_at, self.is_urgent) = (now, false);
        core::mem::take(&mut self.reports)
    }
}

/// The epoch of a share, unless there is nothing of it and the service knows.
fn epoch_of(holding: &Holding) -> Option<u64> {
    (!holding.is_over()).then_some(holding.epoch)
}

/// Changes the record that has this gateway's share of a scope, if there is one.
fn change_share<S: SharedStore, T>(
    store: &mut S,
    scope: &str,
    mut with: impl FnMut(&mut dyn HoldsShare) -> T,
) -> Option<T> {
    if is_upstream(scope) {
        return change_upstream(store, scope, with);
    }
    let mut done = None;
    change(store, scope, |record| done = Some(with(record)))?;
    done
}

fn key_of(list: u64) -> String {
    format!("shares/{list}")
}

fn list_of(scope: &str) -> u64 {
    fnv1a(scope).checked_rem(LISTS).unwrap_or(0)
}
