mod atomicity;
mod fairness;
mod limits;
mod sharing;

use super::draw::{Drawn, ShareDenial};
use super::record::UpstreamRecord;
use super::{Demand, UpstreamLimit};
use crate::fair_share::in_force::InForce;
use crate::policy::NamespacePolicy;
use crate::timestamp::Timestamp;
use serde_json::json;
use std::rc::Rc;

/// 2027-01-15T08:00:00Z.
const START: u64 = 1_800_000_000_000_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(START + nanos)
}

fn limit(requests: impl Into<Option<u64>>, tokens: impl Into<Option<u64>>) -> Rc<UpstreamLimit> {
    Rc::new(UpstreamLimit {
        name: "openai".to_owned(),
        requests_per_minute: requests.into(),
        tokens_per_minute: tokens.into(),
    })
}

fn namespace(name: &str, priority: &str, weight: u64) -> NamespacePolicy {
    let policy = json!({"name": name, "priority": priority, "weight": weight});
    serde_json::from_value(policy).unwrap()
}

/// A namespace of the usual priority and weight, told apart by a number.
fn number(n: usize) -> NamespacePolicy {
    namespace(&format!("n{n}"), "standard", 1)
}

/// A namespace of another organization.
fn of_organization(organization: &str, n: usize) -> NamespacePolicy {
    NamespacePolicy {
        organization: organization.to_owned(),
        ..number(n)
    }
}

/// One upstream's record, and the time.
struct Bench {
    limit: Rc<UpstreamLimit>,
    record: UpstreamRecord,
    now: u64,
}

impl Bench {
    fn new(limit: Rc<UpstreamLimit>) -> Bench {
        Bench {
            limit,
            record: UpstreamRecord::default(),
            now: 0,
        }
    }

    /// As every caller does it: the record is read, refilled, drawn on and written.
    fn ask(&mut self, who: &NamespacePolicy, tokens: u64) -> Result<Drawn, ShareDenial> {
        let mut record = UpstreamRecord::decode(&self.record.encode());
        record.refill(&InForce::whole(&self.limit), at(self.now));
        let taken = record.take(
            &Demand::new(&self.limit, who, tokens),
            &InForce::whole(&self.limit),
            at(self.now),
        );
        self.record = record;
        taken
    }

    fn settle(&mut self, who: &NamespacePolicy, drawn: Drawn, used: u64) {
        let demand = Demand::new(&self.limit, who, 0);
        self.record
            .refill(&InForce::whole(&self.limit), at(self.now));
        self.record.settle(
            &InForce::whole(&self.limit),
            demand.asker,
            drawn,
            used,
            at(self.now),
        );
    }

    /// How many of a greedy namespace's requests are served until one is refused.
    fn drain(&mut self, who: &NamespacePolicy) -> usize {
        let mut served = 0;
        while self.ask(who, 1).is_ok() {
            served += 1;
        }
        served
    }
}
