//! What becomes of requests while the service is away, by what it would have been asked for.

use crate::policy::{FailureMode, NamespacePolicy};
use serde::Deserialize;

/// The operator's failure modes, by check. Absent is the `failure_mode` of each namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureModes {
    /// Of requests while the policy is older than it may be.
    authentication: Option<FailureMode>,
    /// Of requests that no lease covers.
    budgets: Option<FailureMode>,
    /// Of requests that this gateway's share of a rate or of concurrency does not cover. `open` lets it use
    /// the whole of the limit by itself.
    rates: Option<FailureMode>,
    /// Of requests that this gateway's share of an upstream's limit does not cover. `open` lets it use the
    /// whole of that limit by itself.
    shares: Option<FailureMode>,
}

/// What the service is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// Who calls, and what they may.
    Authentication,
    /// Money.
    Budgets,
    /// Shares of rates and of concurrency.
    Rates,
    /// Shares of an upstream's limit.
    Shares,
    /// Whose stored objects are.
    StoredObjects,
}

impl Check {
    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Check::Authentication => "authentication",
            Check::Budgets => "budgets",
            Check::Rates => "rates",
            Check::Shares => "shares",
            Check::StoredObjects => "stored_objects",
        }
    }
}

impl FailureModes {
    /// The mode of a check, for requests of a namespace. Whose a stored object is cannot be guessed.
    pub fn of(self, check: Check, namespace: &NamespacePolicy) -> FailureMode {
        let own = match check {
            Check::Authentication => self.authentication,
            Check::Budgets => self.budgets,
            Check::Rates => self.rates,
            Check::Shares => self.shares,
            Check::StoredObjects => Some(FailureMode::Closed),
        };
        own.unwrap_or(namespace.failure_mode)
    }
}
