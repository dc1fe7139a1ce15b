//! What the usage reports of a key, a namespace and a team have in common.

use crate::api::prelude::*;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::report;
use paddock_ledger::store::reports::{self, Span, Subject, Sums};
use paddock_ledger::store::{StoreError, Tx};
use std::collections::BTreeMap;

/// The period of a report, and what was used in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageTotals)]
pub(super) struct Totals {
    /// The first moment it covers.
    #[schema(format = DateTime)]
    period_start: String,
    /// The last moment it covers.
    #[schema(format = DateTime)]
    period_end: String,
    /// Requests in the period.
    total_requests: u64,
    /// Tokens in the period, input and output.
    total_tokens: u64,
    /// US dollars in the period.
    total_cost_usd: f64,
}

impl Totals {
    /// What was used from a moment to another.
    pub fn new(start: Timestamp, end: Timestamp, total: Sums) -> Totals {
        Totals {
            period_start: start.to_rfc3339(),
            period_end: end.to_rfc3339(),
            total_requests: total.requests,
            total_tokens: total.tokens,
            total_cost_usd: total.cost.to_dollars(),
        }
    }
}

/// A part of what was used: of one model, user or key, or in one step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsagePart)]
pub(super) struct Part {
    /// Requests.
    requests: u64,
    /// Tokens, input and output.
    tokens: u64,
    /// US dollars.
    cost_usd: f64,
}

impl From<Sums> for Part {
    fn from(sums: Sums) -> Part {
        Part {
            requests: sums.requests,
            tokens: sums.tokens,
            cost_usd: sums.cost.to_dollars(),
        }
    }
}

/// Parts by their names.
pub(super) fn parts<T: From<Sums>>(
    sums: impl IntoIterator<Item = (String, Sums)>,
) -> BTreeMap<String, T> {
    let parts = sums.into_iter();
    parts.map(|(name, sums)| (name, sums.into())).collect()
}

/// All of them together.
pub(super) fn total(sums: impl Iterator<Item = Sums>) -> Sums {
    sums.fold(Sums::default(), Sums::plus)
}

/// What a key or a namespace used of each model.
pub(super) struct ByModel {
    /// By the model's name.
    pub models: Vec<(String, Sums)>,
    /// All models together.
    pub total: Sums,
}

impl ByModel {
    /// What was used from the start of a span to `now`.
    pub async fn since(
        tx: &mut Tx,
        subject: &Subject,
        span: Span,
        now: Timestamp,
    ) -> Result<ByModel, StoreError> {
        let pieces = report::cover_since(tx, span.start, now).await?;
        let models = reports::by_model(tx, subject, &pieces).await?;
        let total = total(models.iter().map(|(_, sums)| *sums));
        Ok(ByModel { models, total })
    }
}
