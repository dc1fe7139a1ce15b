//! The borrower's side: a gateway spends the slice of a budget it was lent.

use super::percent;
use crate::epoch_sum::{Entry, EpochSum, Epochs};
use crate::money::Money;
use crate::policy::Limits;
use crate::store::Flag;
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LeaseReport};
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// After the lender had nothing to give, requests that need as much are refused for this long
/// without asking again.
const DRY: Duration = Duration::from_millis(500);

/// Leases remembered after they were closed or replaced. An answer that was overtaken may still
/// name one; a call lasts a few seconds at most, and in as many no more leases come and go.
pub const RETIRED: usize = 4;

/// Where a [`PeriodWord`] has a number of days.
const DAYS_SHIFT: u32 = 8;

/// A [`CapPeriod`] as a record has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(transparent)]
pub struct PeriodWord(u64);

impl PeriodWord {
    /// The period. A word that means none is a month.
    pub fn get(self) -> CapPeriod {
        match self.0 {
            1 => CapPeriod::Daily,
            2 => CapPeriod::Balance,
            3 => CapPeriod::Hourly,
            4 => CapPeriod::Weekly,
            5 => CapPeriod::Quarterly,
            6 => CapPeriod::Total,
            word => match u16::try_from(word >> DAYS_SHIFT) {
                Ok(days) if days > 0 => CapPeriod::LastDays(days),
                _ => CapPeriod::Monthly,
            },
        }
    }
}

impl From<CapPeriod> for PeriodWord {
    fn from(period: CapPeriod) -> PeriodWord {
        PeriodWord(match period {
            CapPeriod::Monthly => 0,
            CapPeriod::Daily => 1,
            CapPeriod::Balance => 2,
            CapPeriod::Hourly => 3,
            CapPeriod::Weekly => 4,
            CapPeriod::Quarterly => 5,
            CapPeriod::Total => 6,
            CapPeriod::LastDays(days) => u64::from(days) << DAYS_SHIFT,
        })
    }
}

/// What a gateway knows of the lease it holds on one scope's budget. All zero: it holds none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct Slice {
    /// The lease; 0 where there is none.
    pub lease: i64,
    /// All that was ever lent under it.
    pub lent: i64,
    /// All that was ever given back under it.
    pub returned: i64,
    /// What requests settled under it cost.
    pub spent: i64,
    /// What requests in flight may cost.
    pub held: EpochSum,
    /// From then on nothing may be held from it.
    pub expires_at: Timestamp,
    /// The first end of a budget period it belongs to.
    pub period_ends_at: Timestamp,
    /// When something was last held or settled.
    pub used_at: Timestamp,
    /// The cap that limits it.
    pub period: PeriodWord,
    /// What that cap had left when the lender last spoke, had nothing been spent of this lease.
    pub remaining: i64,
    /// Percent of the fullest of the scope's caps that was spent when the lender last spoke.
    pub used_percent: u64,
    /// Until then the lender need not be asked for `dry_need` or more.
    pub dry_until: Timestamp,
    /// The smallest need the lender could not cover.
    pub dry_need: i64,
    /// The leases before this one, newest first; 0 where there was none.
    pub retired: [i64; RETIRED],
    /// What workers have on grants, with what requests hold that were admitted from those.
    pub granted: EpochSum,
    /// What was on grants of workers that are gone. They may have spent it without saying so here, so
    /// nobody else does until the lender says how much was spent.
    pub lost: i64,
    /// What was spent as far as this record knew when the lender was asked about `lost`.
    pub known_spent: i64,
    /// Whether the lender is being asked.
    pub asks: Flag,
    /// When the cap that limits it has more again.
    pub resets_at: Timestamp,
}

/// A cap that cannot cover a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The cap that decided.
    pub period: CapPeriod,
    /// What it has left, less what requests in flight may still cost. Never negative.
    pub remaining: Money,
    /// What requests in flight through this Envoy may still cost.
    pub in_flight: Money,
    /// When it has more again; [`Timestamp::FAR`] of one that never has.
    pub resets_at: Timestamp,
}

impl Shortage {
    /// Whether `needed` could be had once the calls in flight have cost less than is held for them, or
    /// once other gateways have given back what they were lent.
    pub fn may_pass(&self, needed: Money) -> bool {
        needed <= self.remaining.saturating_add(self.in_flight)
    }
}

/// Why nothing was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// There is no lease, it has expired, or it holds too little: the lender must be asked.
    Ask,
    /// The lender was asked a moment ago and had nothing.
    Short(Shortage),
}

impl Slice {
    /// What may still be held, as of the last change.
    pub fn left(&self) -> Money {
        let spent = self
            .returned
            .saturating_add(self.spent)
            .saturating_add(self.in_flight())
            .saturating_add(self.lost);
        Money::from_nanos(self.lent.saturating_sub(spent))
    }

    /// What may be lent to a worker: nothing once its time is over, or while the lender has too little.
    pub(crate) fn lendable(&self, now: Timestamp) -> Money {
        match self.is_in_time(now) && now >= self.dry_until {
            true => self.left(),
            false => Money::ZERO,
        }
    }

    /// When nothing may be held from it any more.
    pub(crate) fn ends_at(&self) -> Timestamp {
        self.expires_at.min(self.period_ends_at)
    }

    fn is_in_time(&self, now: Timestamp) -> bool {
        self.lease != 0 && now < self.ends_at()
    }

    /// Moves on to the epoch of `now`: what a request held that was never settled is there again, and
    /// what a worker had that is gone is lost until the lender says what became of it.
    pub fn roll(&mut self, epochs: Epochs, now: Timestamp) {
        self.held.roll(epochs, now);
        let before = self.granted.total();
        self.granted.roll(epochs, now);
        let dropped = before.saturating_sub(self.granted.total());
        self.lost = self.lost.saturating_add(dropped);
    }

    /// What requests in flight may cost, and what workers have on grants.
    fn in_flight(&self) -> i64 {
        self.held.total().saturating_add(self.granted.total())
    }

    /// The lender is about to be told all costs that this record knows of.
    pub(crate) fn ask_for_lost(&mut self) {
        self.asks = (self.lost != 0).into();
        self.known_spent = self.spent;
    }

    /// The lender knows of all those costs, and of those that nobody told this record: they are of what
    /// was lost, and the rest of that is there again.
    pub(crate) fn find_lost(&mut self, lease: &Lease) {
        if self.asks.is_set() && lease.id == self.lease {
            let untold = lease.spent.nanos().saturating_sub(self.known_spent);
            let untold = untold.clamp(0, self.lost.max(0));
            self.spent = self.spent.saturating_add(untold);
            self.lost = 0;
        }
        self.asks = false.into();
    }

    /// Holds `amount` for one request.
    ///
    /// # Errors
    /// [`Unavailable`]; then nothing was held.
    pub fn hold(
        &mut self,
        amount: Money,
        epochs: Epochs,
        now: Timestamp,
    ) -> Result<Entry, Unavailable> {
        self.roll(epochs, now);
        let in_time = self.is_in_time(now);
        if amount == Money::ZERO || (in_time && self.left() >= amount) {
            self.used_at = now;
            return Ok(self.held.enter(amount.nanos()));
        }
        let dry = now < self.dry_until && amount.nanos() >= self.dry_need;
        if dry && (in_time || self.lease == 0) {
            return Err(Unavailable::Short(self.shortage()));
        }
        Err(Unavailable::Ask)
    }

    /// Books what a request cost and lets go of what was held for it. `lease` is the one it
    /// was held from: where that has been replaced, the ledger alone books the cost.
    pub fn settle(&mut self, lease: i64, entry: Entry, cost: Money, now: Timestamp) {
        if lease != self.lease {
            return;
        }
        self.held.settle(entry);
        self.spent = self.spent.saturating_add(cost.nanos());
        self.used_at = now;
    }

    /// Takes over what the lender says. A lease that was seen before never shrinks, and one that
    /// was closed or replaced never comes back: what was spent of it could be spent again.
    pub fn accept(&mut self, lease: &Lease) {
        if self.retired.contains(&lease.id) {
            return;
        }
        if lease.id == self.lease {
            self.lent = self.lent.max(lease.lent.nanos());
            self.expires_at = self.expires_at.max(lease.expires_at);
        } else {
            let used_at = self.used_at;
            self.close();
            self.lease = lease.id;
            self.lent = lease.lent.nanos();
            self.expires_at = lease.expires_at;
            self.used_at = used_at;
        }
        self.period_ends_at = lease.period_ends_at;
        self.period = lease.period.into();
        self.resets_at = lease.resets_at.unwrap_or(lease.period_ends_at);
        self.remaining = lease.remaining.saturating_add(lease.spent).nanos();
        self.used_percent = lease.used_percent;
        if let Some(most) = lease.hold_at_most {
            self.give_back_above(most);
        }
    }

    /// Holds no lease any more: what was left of it is not ours.
    pub fn close(&mut self) {
        let mut retired = self.retired;
        if self.lease != 0 {
            retired.rotate_right(1);
            let [newest, ..] = &mut retired;
            *newest = self.lease;
        }
        *self = Slice {
            retired,
            used_at: self.used_at,
            // A refusal says what is left of the cap, and the lender's answer may have been overtaken.
            period: self.period,
            period_ends_at: self.period_ends_at,
            remaining: self.remaining.saturating_sub(self.spent),
            ..Slice::default()
        };
    }

    /// Remembers that the lender could not cover `need`.
    pub fn found_dry(&mut self, need: Money, now: Timestamp) {
        let still_dry = now < self.dry_until;
        self.dry_need = if still_dry {
            self.dry_need.min(need.nanos())
        } else {
            need.nanos()
        };
        self.dry_until = now.plus(DRY);
    }

    /// Gives back whatever is held above `most` and not held.
    pub fn give_back_above(&mut self, most: Money) {
        let surplus = self.left().saturating_sub(most.or_zero()).or_zero();
        self.returned = self.returned.saturating_add(surplus.nanos());
    }

    /// What the lender is told of it.
    pub fn report(&self, scope: &str) -> LeaseReport {
        LeaseReport {
            scope: scope.to_owned(),
            id: self.lease,
            returned: Money::from_nanos(self.returned),
            left: self.left(),
            idle: self.in_flight() == 0 && self.left() <= Money::ZERO,
        }
    }

    /// Percent of the scope's budget that is spent, as far as this gateway knows: the fullest cap as
    /// of the lender's last word, or the tightest with what was spent here since. 0 where that period
    /// has ended. A prepaid balance does not count.
    pub fn used_percent(&self, limits: &Limits, now: Timestamp) -> u64 {
        if self.lease == 0 || now >= self.period_ends_at {
            return 0;
        }
        // None of a balance: how much was ever paid in says nothing of how low it is.
        let quota = limits.quota(self.period.get());
        let since = quota.map_or(0, |quota| {
            let left = self.remaining.saturating_sub(self.spent);
            percent(quota.nanos().saturating_sub(left), quota)
        });
        self.used_percent.max(since)
    }

    /// What a caller is told when it cannot cover a request.
    pub fn shortage(&self) -> Shortage {
        let spoken_for = self.spent.saturating_add(self.in_flight());
        let spoken_for = spoken_for.saturating_add(self.lost);
        let remaining = self.remaining.saturating_sub(spoken_for);
        Shortage {
            period: self.period.get(),
            remaining: Money::from_nanos(remaining.max(0)),
            in_flight: Money::from_nanos(self.in_flight()).or_zero(),
            resets_at: match self.period.get().is_renewed() {
                true => self.resets_at,
                false => Timestamp::FAR,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_counts_what_the_ledger_has_not_booked_yet() {
        let mut slice = Slice::default();
        let now = Timestamp::from_secs(1_000);
        let mut lease = Lease {
            scope: "key:1".to_owned(),
            id: 7,
            lent: Money::from_nanos(50),
            spent: Money::ZERO,
            expires_at: Timestamp::from_secs(1_060),
            period_ends_at: Timestamp::from_secs(2_000),
            period: CapPeriod::Monthly,
            resets_at: None,
            remaining: Money::from_nanos(100),
            short: false,
            used_percent: 0,
            hold_at_most: None,
        };
        slice.accept(&lease);
        let spent = slice.hold(Money::from_nanos(20), Epochs(10), now).unwrap();
        slice.settle(7, spent, Money::from_nanos(15), now);
        slice.hold(Money::from_nanos(5), Epochs(10), now).unwrap();
        assert_eq!(slice.shortage().remaining, Money::from_nanos(80));

        lease.spent = Money::from_nanos(15);
        lease.remaining = Money::from_nanos(85);
        slice.accept(&lease);
        assert_eq!(
            slice.shortage().remaining,
            Money::from_nanos(80),
            "booked meanwhile"
        );
        slice.close();
        assert_eq!(
            slice.shortage().remaining,
            Money::from_nanos(85),
            "the lease is over, and the cap is not spent"
        );
    }

    #[test]
    fn a_prepaid_balance_is_never_a_percentage_and_has_no_reset() {
        let mut slice = Slice::default();
        let lease = Lease {
            scope: "namespace:n".to_owned(),
            id: 7,
            lent: Money::from_nanos(1),
            spent: Money::ZERO,
            expires_at: Timestamp::from_secs(1_060),
            period_ends_at: Timestamp::from_secs(2_000),
            period: CapPeriod::Balance,
            resets_at: None,
            remaining: Money::from_nanos(1),
            short: true,
            used_percent: 40,
            hold_at_most: None,
        };
        slice.accept(&lease);
        let limits = Limits {
            monthly_quota: Some(Money::from_nanos(100)),
            ..Limits::default()
        };
        let now = Timestamp::from_secs(1_000);
        assert_eq!(slice.used_percent(&limits, now), 40, "that of the quota");
        assert_eq!(slice.shortage().resets_at, Timestamp::FAR);
    }
}
