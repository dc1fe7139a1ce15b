//! One request against the record of one scope.

use super::ask::{Ask, Budgeting, RateKind, Terms, WhenShort};
use super::record::ScopeRecord;
use super::scope::Scope;
use super::sharing;
use super::throttle::{RateTier, Rates, part_or_join};
use crate::bucket::{Bucket, BucketState};
use crate::budget::{Shortage, Slice, Unavailable};
use crate::epoch_sum::Entry;
use crate::gateway_share::Basis;
use crate::money::Money;
use crate::timestamp::Timestamp;
use crate::wire::Need;
use core::time::Duration;

/// How long a request refused for concurrency is told to wait: nobody knows when one will end.
const CONCURRENCY_RETRY: Duration = Duration::from_secs(1);

/// How long a request is told to wait for a part of a rate that holds nothing at all.
const NOTHING_RETRY: Duration = Duration::from_secs(60);

/// Why a scope refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeDenial {
    /// A rate; the same request may be tried again after the wait.
    Rate {
        /// The kind of rate.
        kind: RateKind,
        /// When the same request would pass, as far as this scope knows.
        wait: Duration,
        /// Whether the rate is one that throttling has reduced.
        throttled: bool,
    },
    /// A cap.
    Budget(Shortage),
    /// The slice on loan is too small; the lender must be asked.
    Lend(Need),
}

/// What was taken from one scope: from its record, or from a worker's grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Debit {
    pub(super) tokens: u64,
    pub(super) tier: RateTier,
    pub(super) in_flight: Option<Entry>,
    pub(super) money: Option<MoneyHold>,
    /// Whether it was taken from this worker's grant.
    pub(super) granted: bool,
}

/// Where money is held.
#[derive(Clone, Copy, Debug)]
pub(super) enum MoneyHold {
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
            Some(MoneyHold::Slice { lease, .. }) if lease != 0 => Some(lease),
            _ => None,
        }
    }

    /// The same with nothing held: what was used is still to be booked.
    pub(super) fn emptied(self) -> Debit {
        Debit {
            in_flight: None,
            money: self.money.map(|money| match money {
                MoneyHold::Slice { lease, entry } => MoneyHold::Slice {
                    lease,
                    entry: entry.emptied(),
                },
                MoneyHold::Books(entry) => MoneyHold::Books(entry.emptied()),
            }),
            ..self
        }
    }
}

/// Takes what `ask` says from `record`. The rates in force come with it.
///
/// # Errors
/// The [`ScopeDenial`]. The record may have been changed in memory all the same: it must not be
/// written.
pub(super) fn debit(
    record: &mut ScopeRecord,
    scope: &Scope,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<(Debit, Rates), ScopeDenial> {
    let rates = refill(record, scope, terms, now);
    let tier = match ask.tier {
        RateTier::Excess if !rates.are_throttled() => RateTier::Regular,
        tier => tier,
    };
    if tier == RateTier::Free
        && let Some(bucket) = rates.requests
    {
        bucket.refill(&mut record.free_requests, now);
    }
    let drawn = match is_unlent(&rates, ask) {
        true => Err((RateKind::Requests, Duration::ZERO)),
        false => enter(record, &rates),
    };
    let drawn = drawn.and_then(|slot| match draw(record, &rates, tier, ask.tokens) {
        Ok(tokens) => Ok((tokens, slot)),
        Err(why) => {
            if let Some(slot) = slot {
                record.in_flight.settle(slot);
            }
            Err(why)
        }
    });
    let (tokens, in_flight) = match drawn {
        Ok(drawn) => drawn,
        Err((kind, wait)) => {
            let asked = sharing::ask(record, scope, &rates, (tier, ask), terms, now);
            let wait = match rates.whole.basis {
                Basis::Whole => wait,
                // The service will say more by then.
                Basis::Part | Basis::Nothing => wait.min(sharing::LONGEST_WAIT),
            };
            // Waiting does not cure a cap, so it outweighs a rate.
            let money = match kind {
                RateKind::Concurrency => Ok(None),
                RateKind::Requests | RateKind::Tokens => hold_money(record, scope, ask, terms, now),
            };
            return Err(match (money, asked) {
                (Err(shortage @ ScopeDenial::Budget(_)), _) => shortage,
                (Err(ScopeDenial::Lend(need)), Some(share)) => ScopeDenial::Lend(Need {
                    share: Some(share),
                    ..need
                }),
                (_, Some(share)) => ScopeDenial::Lend(Need {
                    scope: scope.name.clone(),
                    amount: Money::ZERO,
                    held: None,
                    share: Some(share),
                }),
                (_, None) => ScopeDenial::Rate {
                    kind,
                    wait,
                    throttled: rates.are_throttled() && kind != RateKind::Concurrency,
                },
            });
        }
    };
    let money = hold_money(record, scope, ask, terms, now)?;
    let debit = Debit {
        tokens,
        tier,
        in_flight,
        money,
        granted: false,
    };
    Ok((debit, rates))
}

/// Whether there is no share that is in force, and the request may not go on without one.
fn is_unlent(rates: &Rates, ask: &Ask) -> bool {
    rates.whole.basis == Basis::Nothing && ask.unshared != WhenShort::Overdraw
}

/// Takes a slot, where they are limited.
fn enter(record: &mut ScopeRecord, rates: &Rates) -> Result<Option<Entry>, (RateKind, Duration)> {
    let Some(most) = rates.whole.slots else {
        return Ok(None);
    };
    let in_flight = u64::try_from(record.in_flight.total()).unwrap_or(0);
    if in_flight >= most {
        return Err((RateKind::Concurrency, CONCURRENCY_RETRY));
    }
    let holding = &mut record.holding;
    holding.peak = holding.peak.max(in_flight.saturating_add(1));
    Ok(Some(record.in_flight.enter(1)))
}

/// Takes one request and `tokens` from the buckets a tier draws on; how many tokens were taken.
fn draw(
    record: &mut ScopeRecord,
    rates: &Rates,
    tier: RateTier,
    tokens: u64,
) -> Result<u64, (RateKind, Duration)> {
    let (mut requests, of_tokens) = buckets(record, rates, tier);
    if let Some((bucket, state, _)) = &mut requests {
        take(*bucket, state, 1).map_err(|wait| (RateKind::Requests, wait))?;
    }
    let mut drawn = 0;
    if let Some((bucket, state, _)) = of_tokens {
        drawn = most_tokens(rates, bucket, tokens);
        if let Err(wait) = take(bucket, state, drawn) {
            // What is left is told to the service, where this gateway's share is too small.
            if let Some((bucket, state, _)) = requests {
                bucket.lend(state, -1);
            }
            return Err((RateKind::Tokens, wait));
        }
    }
    record.count_drawn(tier, 1, signed(drawn));
    Ok(drawn)
}

/// A request is asked for no more than its scope's bucket ever holds. (A share may be smaller: then it
/// must grow.)
pub(super) fn most_tokens(rates: &Rates, bucket: Bucket, tokens: u64) -> u64 {
    match rates.whole.basis {
        Basis::Part => tokens.min(rates.most_tokens),
        Basis::Whole | Basis::Nothing => tokens.min(bucket.capacity),
    }
}

/// A bucket that holds nothing gives nothing, not even to those who ask for at most what it holds.
fn take(bucket: Bucket, state: &mut BucketState, tokens: u64) -> Result<(), Duration> {
    let is_piece = bucket.rate == 0 && state.parts > 0;
    if bucket.capacity == 0 || tokens > bucket.capacity || (bucket.rate == 0 && !is_piece) {
        return Err(NOTHING_RETRY);
    }
    bucket.take(state, tokens)
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// A bucket of a record, and how much of it is lent.
type Drawn<'a> = Option<(Bucket, &'a mut BucketState, i64)>;

/// The buckets of requests and of tokens a tier draws on.
pub(super) fn buckets<'a>(
    record: &'a mut ScopeRecord,
    rates: &Rates,
    tier: RateTier,
) -> (Drawn<'a>, Drawn<'a>) {
    let excess = rates.excess.filter(|_| tier == RateTier::Excess);
    let beside = |bucket: Option<Bucket>, state, out| bucket.map(|bucket| (bucket, state, out));
    if tier == RateTier::Free {
        return (beside(rates.requests, &mut record.free_requests, 0), None);
    }
    match excess {
        Some(excess) => (
            beside(excess.requests, &mut record.excess_requests, 0),
            beside(excess.tokens, &mut record.excess_tokens, 0),
        ),
        None => (
            beside(
                rates.requests,
                &mut record.requests,
                record.lent_requests.total(),
            ),
            beside(rates.tokens, &mut record.tokens, record.lent_tokens.total()),
        ),
    }
}

fn hold_money(
    record: &mut ScopeRecord,
    scope: &Scope,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Option<MoneyHold>, ScopeDenial> {
    if !scope.is_budgeted() {
        return Ok(None);
    }
    if record.owner.get() != scope.owner {
        // It serves another reservation by now: this one holds nothing here.
        return Err(ScopeDenial::Budget(Slice::default().shortage()));
    }
    if now < record.awaited_until && !ask.is_turn && ask.money > Money::ZERO {
        // Somebody waits for this money: who comes later may not take it.
        return Err(ScopeDenial::Budget(match terms.budgeting {
            Budgeting::Books => record.books.shortage(&scope.limits),
            Budgeting::Leased => record.slice.shortage(),
        }));
    }
    match terms.budgeting {
        Budgeting::Books => {
            let entry = record
                .books
                .hold(&scope.limits, ask.money, terms.epochs, now);
            entry
                .map(|entry| Some(MoneyHold::Books(entry)))
                .map_err(ScopeDenial::Budget)
        }
        Budgeting::Leased => match record.slice.hold(ask.money, terms.epochs, now) {
            Ok(entry) => Ok(Some(MoneyHold::Slice {
                lease: record.slice.lease,
                entry,
            })),
            Err(unavailable) => match (ask.short, unavailable) {
                (WhenShort::Overdraw, _) => {
                    let entry = record.slice.held.enter(ask.money.nanos());
                    Ok(Some(MoneyHold::Slice {
                        lease: record.slice.lease,
                        entry,
                    }))
                }
                (_, Unavailable::Short(shortage)) => Err(ScopeDenial::Budget(shortage)),
                (WhenShort::Refuse, Unavailable::Ask) => {
                    Err(ScopeDenial::Budget(record.slice.shortage()))
                }
                (WhenShort::Borrow, Unavailable::Ask) => {
                    let held = (record.slice.lease != 0).then(|| record.slice.report(&scope.name));
                    Err(ScopeDenial::Lend(Need {
                        scope: scope.name.clone(),
                        amount: ask.money,
                        held,
                        share: None,
                    }))
                }
            },
        },
    }
}

/// Brings a record up to `now`, and says at which rates.
pub(super) fn refill(
    record: &mut ScopeRecord,
    scope: &Scope,
    terms: Terms,
    now: Timestamp,
) -> Rates {
    record.in_flight.roll(terms.epochs, now);
    record.lent_requests.roll(terms.epochs, now);
    record.lent_tokens.roll(terms.epochs, now);
    let rates = Rates::in_force(scope, record, terms, now);
    part_or_join(record, &rates, scope.throttle.factor, now);
    for tier in [RateTier::Regular, RateTier::Excess] {
        if tier == RateTier::Excess && !rates.are_throttled() {
            continue;
        }
        let (requests, tokens) = buckets(record, &rates, tier);
        for (bucket, state, out) in [requests, tokens].into_iter().flatten() {
            bucket.refill_beside(state, out, now);
        }
    }
    rates
}

/// Puts back all that a debit took, as if the request had never been.
pub(super) fn undo(
    record: &mut ScopeRecord,
    scope: &Scope,
    debit: &Debit,
    terms: Terms,
    now: Timestamp,
) {
    let rates = Rates::in_force(scope, record, terms, now);
    part_or_join(record, &rates, scope.throttle.factor, now);
    if let (Some((bucket, state, out)), _) = buckets(record, &rates, debit.tier) {
        bucket.correct_beside(state, 1, out);
        record.count_drawn(debit.tier, -1, 0);
    }
    let nothing = ActualUse {
        tokens: 0,
        cost: Money::ZERO,
        admitted_at: now,
    };
    settle(record, scope, debit, nothing, terms, now);
}

/// What a request used in the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct ActualUse {
    pub(super) tokens: u64,
    pub(super) cost: Money,
    pub(super) admitted_at: Timestamp,
}

impl ActualUse {
    /// Tokens that were debited and not used; negative where more were.
    pub(super) fn unused_of(&self, debit: &Debit) -> i64 {
        signed(debit.tokens).saturating_sub(signed(self.tokens))
    }
}

/// Replaces what was foreseen by what was used.
pub(super) fn settle(
    record: &mut ScopeRecord,
    scope: &Scope,
    debit: &Debit,
    used: ActualUse,
    terms: Terms,
    now: Timestamp,
) {
    if let Some(entry) = debit.in_flight {
        record.in_flight.settle(entry);
    }
    let rates = Rates::in_force(scope, record, terms, now);
    part_or_join(record, &rates, scope.throttle.factor, now);
    if let (_, Some((bucket, state, out))) = buckets(record, &rates, debit.tier) {
        bucket.refill_beside(state, out, now);
        let unused = used.unused_of(debit);
        bucket.correct_beside(state, unused, out);
        record.count_drawn(debit.tier, 0, unused.saturating_neg());
    }
    match debit.money {
        None => {}
        Some(MoneyHold::Books(entry)) => {
            record.books.settle(entry, used.cost, used.admitted_at, now);
        }
        Some(MoneyHold::Slice { lease, entry }) => {
            record.slice.settle(lease, entry, used.cost, now);
        }
    }
}
