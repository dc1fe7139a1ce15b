//! What may happen to gateways that borrow, in any order.

use super::lender::NEVER;
use super::world::{Gateway, World};
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Request(usize, i64),
    /// The same of some reservation.
    RequestReserved(usize, i64, usize),
    Reserve(i64, u64),
    Release(usize),
    /// Money comes in, where the cap is a balance.
    Credit(i64),
    Settle(usize, usize, i64),
    Sync(usize),
    Deliver(usize),
    Repeat(usize),
    Lose(usize),
    Wait(u64),
    Die(usize),
    /// A worker of a gateway traps.
    Trap(usize, usize),
}

impl World {
    pub(super) fn run(&mut self, operation: &Operation) {
        let alive = |world: &World, me: usize| {
            let me = me % world.gateways.len();
            (!world.gateways[me].dead).then_some(me)
        };
        match *operation {
            Operation::Request(me, amount) => {
                alive(self, me)
                    .into_iter()
                    .for_each(|me| self.request(me, amount));
            }
            Operation::RequestReserved(me, amount, which) => {
                let newest = self.lender.reserved.len().checked_sub(1 + which % 4);
                alive(self, me)
                    .into_iter()
                    .for_each(|me| self.request_of(me, amount, newest));
            }
            Operation::Reserve(amount, ttl) => self.lender.reserve(amount, ttl, self.now),
            Operation::Release(which) => self.lender.release(which),
            Operation::Credit(amount) if self.period == NEVER => self.lender.credit(amount),
            Operation::Credit(_) => {}
            Operation::Settle(me, which, percent) => {
                if let Some(me) = alive(self, me)
                    && !self.gateways[me].held.is_empty()
                {
                    self.settle(me, which % self.gateways[me].held.len(), percent);
                }
            }
            Operation::Sync(me) => {
                if let Some(me) = alive(self, me) {
                    let message = self.sync(me);
                    self.network.push((me, self.now, message));
                }
            }
            Operation::Wait(seconds) => self.wait(seconds),
            Operation::Die(me) => {
                // What it had not sent is lost with it, as when its machine is gone.
                if let Some(me) = alive(self, me) {
                    let synced_at = self.now;
                    self.gateways[me] = Gateway {
                        synced_at,
                        dead: true,
                        ..Gateway::default()
                    };
                }
            }
            Operation::Trap(me, worker) => {
                if let Some(me) = alive(self, me) {
                    self.gateways[me].trap(worker);
                }
            }
            _ if self.network.is_empty() => {}
            Operation::Deliver(which) => {
                let (me, sent, message) = self.network.remove(which % self.network.len());
                self.arrive(me, sent, message);
            }
            Operation::Repeat(which) => {
                let (me, sent, message) = self.network[which % self.network.len()].clone();
                self.arrive(me, sent, message);
            }
            Operation::Lose(which) => drop(self.network.remove(which % self.network.len())),
        }
    }
}

pub(super) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let gateway = || 0usize..3;
    let operation = prop_oneof![
        6 => (gateway(), 1i64..60).prop_map(|(me, amount)| Operation::Request(me, amount)),
        6 => (gateway(), 1i64..60, 0usize..4)
            .prop_map(|(me, amount, which)| Operation::RequestReserved(me, amount, which)),
        2 => (1i64..200, 1u64..90).prop_map(|(amount, ttl)| Operation::Reserve(amount, ttl)),
        1 => (0usize..8).prop_map(Operation::Release),
        1 => (1i64..100).prop_map(Operation::Credit),
        4 => (gateway(), 0usize..8, 0i64..=100)
            .prop_map(|(me, which, percent)| Operation::Settle(me, which, percent)),
        4 => gateway().prop_map(Operation::Sync),
        12 => (0usize..8).prop_map(Operation::Deliver),
        2 => (0usize..8).prop_map(Operation::Repeat),
        1 => (0usize..8).prop_map(Operation::Lose),
        2 => (1u64..4).prop_map(Operation::Wait),
        1 => (5u64..130).prop_map(Operation::Wait),
    ];
    let dying = prop_oneof![
        60 => operation,
        1 => gateway().prop_map(Operation::Die),
        1 => (gateway(), 0usize..2).prop_map(|(me, worker)| Operation::Trap(me, worker)),
    ];
    proptest::collection::vec(dying, 1..160)
}
