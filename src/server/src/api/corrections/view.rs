//! A correction, as it is answered.

use crate::api::prelude::*;
use paddock_ledger::model::correction::Correction;

/// A correction in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Correction)]
pub struct CorrectionView {
    /// Its id: the `event_id` of its entry in the audit.
    id: String,
    /// What this is.
    object: &'static str,
    /// The namespace.
    namespace: String,
    /// Its organization.
    organization: String,
    /// The id of the key, if it is about one.
    key_id: Option<String>,
    /// The model, if it is about one.
    model: Option<String>,
    /// The end user of the call that it corrects.
    end_user: Option<String>,
    /// The call that it corrects, if it is about one.
    event_id: Option<String>,
    /// Whose budgets and balances it moves: those of when the call started, or of when it was created.
    #[schema(format = DateTime)]
    applies_at: String,
    /// US dollars: charged if above 0, given back if below.
    amount_usd: f64,
    /// Why.
    reason: String,
    /// The caller's name for it.
    reference: String,
    /// Who created it.
    author: String,
    /// When it was created: the day it is reported on.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Correction> for CorrectionView {
    fn from(made: &Correction) -> CorrectionView {
        CorrectionView {
            id: made.id.clone(),
            object: "correction",
            namespace: made.namespace.clone(),
            organization: made.organization.clone(),
            key_id: made.key_id.clone(),
            model: made.model.clone(),
            end_user: made.end_user.clone(),
            event_id: made.corrects.clone(),
            applies_at: made.applies_at.to_rfc3339(),
            amount_usd: made.amount.to_dollars(),
            reason: made.reason.clone(),
            reference: made.reference.clone(),
            author: made.author.clone(),
            created_at: made.created_at.to_rfc3339(),
        }
    }
}
