//! The shares of limits that an Envoy has: how long they are in force, what the service is told of them,
//! and what becomes of its answers.

use super::leases::change;
use super::registry;
use crate::epoch_sum::Epochs;
use crate::fair_share::{change_share, is_upstream};
use crate::gateway_share::{Holding, Report, ShareTerm};
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
/// How often demand is measured where others may want what is not used.
const PERIOD: Duration = Duration::from_millis(450);
/// The same where there is no other gateway.
const PERIOD_ALONE: Duration = Duration::from_secs(5);
/// Reports in one message at most. What is left is told with the next.
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

/// Takes over an answer to what was `asked` at `asked_at` or later. Whether a share has changed.
pub(super) fn accept<'a, S: SharedStore>(
    store: &mut S,
    asked: impl Iterator<Item = &'a Report>,
    answer: &Shares,
    asked_at: Timestamp,
    now: Timestamp,
) -> bool {
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
        return false;
    };
    let asked: HashMap<&str, &Report> = asked
        .map(|report| (report.scope.as_str(), report))
        .collect();
    let mut has_changed = false;
    let mut lists: HashMap<u64, Vec<&str>> = HashMap::new();
    for share in &answer.shares {
        let asked = asked.get(share.scope.as_str()).copied();
        let mut number = None;
        let holding = match is_upstream(&share.scope) {
            true => change_share(store, &share.scope, |upstream| {
                number = Some(upstream.number());
                upstream.accept(share, asked, term, now);
            })
            .map(|(holding, ())| holding),
            false => change(store, &share.scope, |record| {
                number = Some(record.holding.number);
                record.accept_share(share, asked, term, now);
            })
            .map(|record| record.holding),
        };
        has_changed |= holding.is_some_and(|holding| Some(holding.number) != number);
        lists
            .entry(list_of(&share.scope))
            .or_default()
            .push(&share.scope);
    }
    for (list, scopes) in lists {
        registry::add(store, &key_of(list), &scopes);
    }
    has_changed
}

/// The service has taken these reports in.
pub(super) fn told<S: SharedStore>(store: &mut S, reports: &[Report]) {
    for report in reports {
        if is_upstream(&report.scope) {
            change_share(store, &report.scope, |upstream| upstream.told(report));
        } else {
            change(store, &report.scope, |record| record.holding.told(report));
        }
    }
}

/// When the leading worker measures demand.
#[derive(Debug, Default)]
pub(super) struct Reviews {
    reviewed_at: Timestamp,
    gateways: u64,
}

impl Reviews {
    /// What the service is to be told now.
    pub(super) fn due<S: SharedStore>(
        &mut self,
        store: &mut S,
        epochs: Epochs,
        now: Timestamp,
    ) -> Vec<Report> {
        let StoredTerm { term, gateways } = stored_term(store);
        let several = gateways > 1;
        let period = if several { PERIOD } else { PERIOD_ALONE };
        let is_early = self.reviewed_at <= now && now.since(self.reviewed_at) < period;
        if matches!(term.epoch, 0 | NEVER) || (is_early && self.gateways == gateways) {
            return Vec::new();
        }
        (self.reviewed_at, self.gateways) = (now, gateways);
        let mut reports = Vec::new();
        for list in 0..LISTS {
            let key = key_of(list);
            let text = store.get(&key).map(|(text, _)| text).unwrap_or_default();
            let mut ended = HashSet::new();
            for scope in registry::lines(&text) {
                let reviewed = review(store, scope, several, epochs, now);
                let is_over = |holding: &Holding| !has_something(holding, term, now);
                if reviewed
                    .as_ref()
                    .is_none_or(|(holding, _)| is_over(holding))
                {
                    ended.insert(scope);
                    continue;
                }
                if reports.len() < MOST_REPORTS {
                    reports.extend(reviewed.and_then(|(_, report)| report));
                }
            }
            registry::remove(store, &key, &ended, |store, scope| {
                let holding = holding_of(store, scope);
                holding.is_some_and(|holding| has_something(&holding, term, now))
            });
        }
        reports
    }

    /// Has the next review come at once: a change is to be confirmed.
    pub(super) fn hurry(&mut self) {
        self.reviewed_at = Timestamp::EPOCH;
    }
}

fn has_something(holding: &Holding, term: ShareTerm, now: Timestamp) -> bool {
    term.covers(holding.epoch, now) && !holding.is_over()
}

fn review<S: SharedStore>(
    store: &mut S,
    scope: &str,
    several: bool,
    epochs: Epochs,
    now: Timestamp,
) -> Option<(Holding, Option<Report>)> {
    if is_upstream(scope) {
        return change_share(store, scope, |upstream| {
            upstream.review(scope, several, now)
        });
    }
    let mut report = None;
    let record = change(store, scope, |record| {
        report = record.review_share(scope, several, epochs, now);
    });
    record.map(|record| (record.holding, report))
}

fn holding_of<S: SharedStore>(store: &mut S, scope: &str) -> Option<Holding> {
    match is_upstream(scope) {
        true => change_share(store, scope, |_| ()).map(|(holding, ())| holding),
        false => change(store, scope, |_| {}).map(|record| record.holding),
    }
}

fn key_of(list: u64) -> String {
    format!("shares/{list}")
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn list_of(scope: &str) -> u64 {
    let digest = scope.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    digest.checked_rem(LISTS).unwrap_or(0)
}
