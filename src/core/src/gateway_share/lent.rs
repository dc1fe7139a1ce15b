//! What the service knows of the share of one gateway.

use super::capacity::{Amounts, Capacity, RATES};
use super::message::Report;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// What one gateway has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lent {
    pub(super) gateway: String,
    pub(super) epoch: u64,
    pub(super) life: u64,
    /// Counted up with each change.
    pub(super) number: u64,
    /// The same when a report came in.
    #[serde(skip)]
    pub(super) number_before: u64,
    /// The last change that it has confirmed.
    pub(super) confirmed: u64,
    /// Its last report.
    pub(super) report: u64,
    /// What it should have.
    pub(super) part: Capacity,
    /// What it may have, until it says that it has less.
    pub(super) bound: Capacity,
    pub(super) wants: Amounts,
    /// When it last grew.
    pub(super) grown_at: Timestamp,
    pub(super) given: [i64; RATES],
    pub(super) returned: [i64; RATES],
    /// What was given when the limit was last lowered. Older replicas write none.
    #[serde(default)]
    pub(super) void: [i64; RATES],
    /// The change that lowered the limit.
    #[serde(default)]
    pub(super) lowered: [u64; RATES],
}

impl Lent {
    pub(super) fn is_pending(&self) -> bool {
        self.confirmed < self.number
    }

    /// Where the limit is lowered, what is on its way to the gateway or from it would come on top of what the
    /// new limit lets both have.
    pub(super) fn void_what_is_on_its_way(&mut self, limit: Capacity, before: Capacity) {
        let capacities = limit.rates.iter().zip(&before.rates);
        let voids = self.void.iter_mut().zip(self.given);
        for (((after, before), (void, given)), lowered) in
            capacities.zip(voids).zip(&mut self.lowered)
        {
            if after.capacity < before.capacity {
                (*void, *lowered) = (given, self.number);
            }
        }
    }

    /// Whether it has nothing and wants nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.bound.is_nothing() && self.wants == Amounts::default()
    }

    /// Takes in what its gateway says in its term `epoch`. The units it gives back; negative where it owes some.
    pub(super) fn hear(&mut self, epoch: u64, report: &Report) -> [i64; RATES] {
        let is_of_this_life = (report.epoch, report.life) == (epoch, self.life);
        if is_of_this_life && report.report <= self.report {
            return [0; RATES];
        }
        self.wants = report.wants;
        if !is_of_this_life {
            return [0; RATES];
        }
        self.report = report.report;
        let mut back = report.returned;
        for ((back, before), lowered) in back.iter_mut().zip(self.returned).zip(self.lowered) {
            *back = back.saturating_sub(before);
            if self.confirmed < lowered {
                *back = (*back).min(0);
            }
        }
        self.confirmed = self.confirmed.max(report.number);
        self.returned = report.returned;
        if report.number == self.number {
            self.bound = report.holds.min(self.bound);
            self.part = self.part.min(report.holds);
        }
        back
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway_share::capacity::Amounts;

    fn report(number: u64, slots: u64) -> Report {
        let wants = Amounts {
            slots,
            ..Amounts::default()
        };
        Report {
            epoch: 1,
            life: 1,
            report: number,
            wants,
            ..Report::default()
        }
    }

    #[test]
    fn an_older_report_changes_no_demand() {
        let mut lent = Lent {
            epoch: 1,
            life: 1,
            ..Lent::default()
        };
        lent.hear(1, &report(2, 7));
        lent.hear(1, &report(1, 3));
        assert_eq!(lent.wants.slots, 7);
    }

    #[test]
    fn a_gateway_that_knows_nothing_of_its_share_yet_has_a_demand() {
        let mut lent = Lent {
            epoch: 2,
            life: 9,
            report: 5,
            ..Lent::default()
        };
        lent.hear(2, &report(1, 3));
        assert_eq!(lent.wants.slots, 3);
    }
}
