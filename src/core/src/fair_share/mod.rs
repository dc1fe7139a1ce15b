//! Fair shares of an upstream's own limit.
//!
//! A provider may take only so many requests and tokens a minute of everybody together. Organizations
//! that ask share that by weight, and the namespaces of each share its part: so nobody gets more by making
//! more namespaces. Each namespace has a small bucket of its own, and new tokens are dealt to all of them. What fills no bucket goes to those that are not full, and then to a pool that is
//! open to everybody but for its last tenth. That tenth is for newcomers: their first request is
//! served at once, as an advance on their share.
//!
//! All of it is one record an upstream, and no token is in two places: what was taken never passes
//! capacity and refill, in whatever order namespaces ask.
//!
//! Namespaces that ask for nothing must be absent: the record is bounded.

mod deal;
mod draw;
mod in_force;
mod record;
mod request_hold;
mod room;
mod sharing;

pub use draw::ShareDenial;
pub use request_hold::{NotAdmitted, RequestHold, hold_request};
pub use room::room;
pub use sharing::{change_upstream, is_upstream};

use crate::bucket::PARTS;
use crate::fnv::fnv1a;
use crate::policy::{MAX_RATE, MAX_WEIGHT, NamespacePolicy, Priority};
use serde::Deserialize;
use std::rc::Rc;

/// What an upstream takes of all namespaces together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamLimit {
    /// The upstream, as the catalog calls it.
    pub name: String,
    /// Requests a minute, 1 to [`MAX_RATE`]; as many at once after a quiet minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens a minute, prompt and completion, 1 to [`MAX_RATE`].
    pub tokens_per_minute: Option<u64>,
}

impl UpstreamLimit {
    /// What is wrong with it, in words for whoever wrote it.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let rates = [
            ("requests_per_minute", self.requests_per_minute),
            ("tokens_per_minute", self.tokens_per_minute),
        ];
        for (name, rate) in rates {
            if rate.is_some_and(|rate| rate == 0 || rate > MAX_RATE) {
                problems.push(format!("{name} must be from 1 to {MAX_RATE}"));
            }
        }
        if self.name.is_empty() {
            problems.push("name must be that of an upstream".to_owned());
        }
        if rates.iter().all(|(_, rate)| rate.is_none()) {
            problems.push("requests_per_minute or tokens_per_minute must be there".to_owned());
        }
        problems
    }

    /// What refusals call it.
    pub fn scope(&self) -> String {
        format!("upstream:{}", self.name)
    }

    fn record(&self) -> String {
        format!("upstream/{}", self.name)
    }
}

/// What one request wants of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The upstream.
    pub upstream: Rc<UpstreamLimit>,
    /// Who asks.
    asker: Asker,
    /// Tokens it will likely use, prompt and completion.
    tokens: u64,
}

/// A namespace that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asker {
    /// The digest of its name.
    id: u64,
    /// The digest of its organization's name.
    organization: u64,
    /// Its weight among those of its organization. The largest is the organization's own.
    weight: u64,
}

impl Demand {
    /// One request of `namespace` that will likely use so many tokens.
    pub fn new(upstream: &Rc<UpstreamLimit>, namespace: &NamespacePolicy, tokens: u64) -> Demand {
        Demand {
            upstream: Rc::clone(upstream),
            asker: Asker {
                id: digest(&namespace.name),
                organization: digest(&namespace.organization),
                weight: weight(namespace),
            },
            tokens,
        }
    }
}

/// A namespace's weight: that of its priority, times its own.
fn weight(namespace: &NamespacePolicy) -> u64 {
    let of_priority = match namespace.priority {
        Priority::High => 8,
        Priority::Standard => 4,
        Priority::Low => 2,
        Priority::Background => 1,
    };
    namespace
        .weight
        .clamp(1, MAX_WEIGHT)
        .saturating_mul(of_priority)
}

/// Names of organizations come from the operator, so nobody makes two that collide. Namespaces whose names
/// collide share within their organization.
fn digest(name: &str) -> u64 {
    fnv1a(name).max(1)
}

#[cfg(test)]
mod tests;
