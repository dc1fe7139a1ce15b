//! One request against the record of one scope.

use super::bucket::{Bucket, BucketView};
use super::record::ScopeRecord;
use crate::budget::{Entry, Epochs, Shortage, Unavailable};
use crate::money::Money;
use crate::policy::{Limits, MAX_RATE};
use crate::timestamp::Timestamp;
use crate::wire::Need;
use core::time::Duration;

/// How long a request refused for concurrency is told to wait: nobody knows when one will end.
const CONCURRENCY_RETRY: Duration = Duration::from_secs(1);

/// An organization, namespace, key or end user, as admission sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `key:ID`, `namespace:NAME`, `organization:NAME`: what refusals and the lender call it.
    pub name: String,
    /// The key of its record in shared data.
    pub record: String,
    /// Its own limits.
    pub limits: Limits,
}

impl Scope {
    /// The scope called `name`.
    pub fn new(name: String, limits: Limits) -> Self {
        Scope {
            record: format!("scope/{name}"),
            name,
            limits,
        }
    }

    /// The request bucket, where requests have a rate.
    pub fn requests(&self) -> Option<Bucket> {
        let rate = self.limits.requests_per_minute?.min(MAX_RATE);
        Some(Bucket {
            rate,
            capacity: self.limits.burst.unwrap_or(rate).min(MAX_RATE),
        })
    }

    /// The token bucket, where tokens have a rate.
    pub fn tokens(&self) -> Option<Bucket> {
        let rate = self.limits.tokens_per_minute?.min(MAX_RATE);
        Some(Bucket {
            rate,
            capacity: rate,
        })
    }

    /// Whether anything at all is limited. Where not, a request does not touch its record. (A burst
    /// without a rate is no limit.)
    pub fn is_limited(&self) -> bool {
        let nothing = Limits {
            burst: self.limits.burst,
            ..Limits::default()
        };
        self.limits != nothing
    }
}

/// Who lends money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budgeting {
    /// The accounting service, in slices.
    Leased,
    /// Nobody: the gateway keeps its own books.
    Books,
}

/// What holds for every request of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The longest a request may live.
    pub epochs: Epochs,
    /// Who lends money.
    pub budgeting: Budgeting,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Tokens it will likely use, prompt and completion.
    pub tokens: u64,
    /// The highest plausible cost.
    pub money: Money,
    /// What to do where the slice on loan cannot cover it.
    pub short: WhenShort,
}

/// What becomes of a request that the slice on loan cannot cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenShort {
    /// The lender is asked.
    Borrow,
    /// It is refused: the lender has been asked.
    Refuse,
    /// It goes on: the operator chose to fail open, and the lender is away.
    Overdraw,
}

/// The kinds of rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateKind {
    /// Requests a minute.
    Requests,
    /// Tokens a minute.
    Tokens,
    /// Requests in flight.
    Concurrency,
}

/// Why a scope refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// A rate; the same request may be tried again after the wait.
    Rate(RateKind, Duration),
    /// A cap.
    Budget(Shortage),
    /// The slice on loan is too small; the lender must be asked.
    Lend(Need),
}

/// What was taken from one scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Debit {
    tokens: u64,
    in_flight: Option<Entry>,
    money: Option<HeldMoney>,
}

/// Where money is reserved.
#[derive(Clone, Copy, Debug)]
enum HeldMoney {
    /// In the slice on loan under `lease`.
    Slice { lease: i64, entry: Entry },
    /// In the gateway's own books.
    Books(Entry),
}

impl Debit {
    /// Whether settling changes anything in `scope`: a request that was counted stays counted.
    pub(super) fn is_open(&self, scope: &Scope) -> bool {
        self.in_flight.is_some() || self.money.is_some() || scope.tokens().is_some()
    }

    /// The lease that was debited, where one was.
    pub(super) fn lease(&self) -> Option<i64> {
        match self.money {
            Some(HeldMoney::Slice { lease, .. }) if lease != 0 => Some(lease),
            _ => None,
        }
    }
}

/// What callers are told of rates: that of the scope with the least left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateView {
    /// Of requests.
    pub requests: Option<BucketView>,
    /// Of tokens.
    pub tokens: Option<BucketView>,
}

impl RateView {
    /// Adds a scope's record, which must have been refilled.
    pub(super) fn include(&mut self, scope: &Scope, record: &ScopeRecord) {
        let requests = scope.requests().map(|bucket| bucket.view(&record.requests));
        let tokens = scope.tokens().map(|bucket| bucket.view(&record.tokens));
        self.requests = tighter(self.requests, requests);
        self.tokens = tighter(self.tokens, tokens);
    }
}

fn tighter(a: Option<BucketView>, b: Option<BucketView>) -> Option<BucketView> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.remaining < a.remaining { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Takes what `ask` says from `record`.
///
/// # Errors
/// The [`Denial`]. The record may have been changed in memory all the same: it must not be written.
pub(super) fn debit(
    record: &mut ScopeRecord,
    scope: &Scope,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Debit, Denial> {
    refill(record, scope, terms, now);
    let rate = |kind| move |wait| Denial::Rate(kind, wait);
    let in_flight = match scope.limits.max_concurrency {
        None => None,
        Some(most) if u64::try_from(record.in_flight.total()).unwrap_or(0) >= most => {
            return Err(Denial::Rate(RateKind::Concurrency, CONCURRENCY_RETRY));
        }
        Some(_) => Some(record.in_flight.enter(1)),
    };
    if let Some(bucket) = scope.requests() {
        bucket
            .take(&mut record.requests, 1)
            .map_err(rate(RateKind::Requests))?;
    }
    let mut tokens = 0;
    if let Some(bucket) = scope.tokens() {
        tokens = ask.tokens.min(bucket.capacity);
        bucket
            .take(&mut record.tokens, tokens)
            .map_err(rate(RateKind::Tokens))?;
    }
    let money = reserve(record, scope, ask, terms, now)?;
    Ok(Debit {
        tokens,
        in_flight,
        money,
    })
}

fn reserve(
    record: &mut ScopeRecord,
    scope: &Scope,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Option<HeldMoney>, Denial> {
    if !scope.limits.is_budgeted() {
        return Ok(None);
    }
    match terms.budgeting {
        Budgeting::Books => {
            let entry = record
                .books
                .reserve(&scope.limits, ask.money, terms.epochs, now);
            entry
                .map(|entry| Some(HeldMoney::Books(entry)))
                .map_err(Denial::Budget)
        }
        Budgeting::Leased => match record.slice.reserve(ask.money, terms.epochs, now) {
            Ok(entry) => Ok(Some(HeldMoney::Slice {
                lease: record.slice.lease,
                entry,
            })),
            Err(unavailable) => match (ask.short, unavailable) {
                (WhenShort::Overdraw, _) => {
                    let entry = record.slice.reserved.enter(ask.money.nanos());
                    Ok(Some(HeldMoney::Slice {
                        lease: record.slice.lease,
                        entry,
                    }))
                }
                (_, Unavailable::Short(shortage)) => Err(Denial::Budget(shortage)),
                (WhenShort::Refuse, Unavailable::Ask) => {
                    Err(Denial::Budget(record.slice.shortage()))
                }
                (WhenShort::Borrow, Unavailable::Ask) => {
                    let held = (record.slice.lease != 0).then(|| record.slice.report(&scope.name));
                    Err(Denial::Lend(Need {
                        scope: scope.name.clone(),
                        amount: ask.money,
                        held,
                    }))
                }
            },
        },
    }
}

/// Brings a record up to `now`.
pub(super) fn refill(record: &mut ScopeRecord, scope: &Scope, terms: Terms, now: Timestamp) {
    if let Some(bucket) = scope.requests() {
        bucket.refill(&mut record.requests, now);
    }
    if let Some(bucket) = scope.tokens() {
        bucket.refill(&mut record.tokens, now);
    }
    record.in_flight.roll(terms.epochs, now);
}

/// Puts back all that a debit took, as if the request had never been.
pub(super) fn undo(record: &mut ScopeRecord, scope: &Scope, debit: &Debit, now: Timestamp) {
    if let Some(bucket) = scope.requests() {
        bucket.correct(&mut record.requests, 1);
    }
    settle(record, scope, debit, 0, Money::ZERO, now, now);
}

/// Replaces what was foreseen by what was used.
pub(super) fn settle(
    record: &mut ScopeRecord,
    scope: &Scope,
    debit: &Debit,
    tokens: u64,
    cost: Money,
    admitted_at: Timestamp,
    now: Timestamp,
) {
    if let Some(entry) = debit.in_flight {
        record.in_flight.settle(entry);
    }
    if let Some(bucket) = scope.tokens() {
        let signed = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        bucket.refill(&mut record.tokens, now);
        bucket.correct(
            &mut record.tokens,
            signed(debit.tokens).saturating_sub(signed(tokens)),
        );
    }
    match debit.money {
        None => {}
        Some(HeldMoney::Books(entry)) => record.books.settle(entry, cost, admitted_at, now),
        Some(HeldMoney::Slice { lease, entry }) => record.slice.settle(lease, entry, cost, now),
    }
}
