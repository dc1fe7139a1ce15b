//! Corrections: money that the operator books without a call.

use super::audit::Snapshot;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What reports call the key and the model of a correction that names none.
pub const UNNAMED: &str = "correction";

/// A correction. It is never changed or deleted; the ledger has an entry with the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The id of its entry in the ledger.
    pub id: String,
    /// What the author calls it: the same reference is the same correction.
    pub reference: String,
    /// The organization of the namespace.
    pub organization: String,
    /// The namespace.
    pub namespace: String,
    /// The id of the key, if it is about one.
    pub key_id: Option<String>,
    /// The model, if it is about one.
    pub model: Option<String>,
    /// The end user of the call that it corrects.
    pub end_user: Option<String>,
    /// The budgets of the organization that covered that call.
    pub budgets: Vec<String>,
    /// The id of the call that it corrects, if it is about one.
    pub corrects: Option<String>,
    /// When that call started; else when it was created. It moves the budget windows and the balances of
    /// that moment.
    pub applies_at: Timestamp,
    /// What is charged, or, below zero, given back.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub author: String,
    /// When it was created: the day it is booked on.
    pub created_at: Timestamp,
}

/// What the ledger's entry says of a correction beside the columns of every entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionDetails {
    /// As [`Correction::reference`].
    pub reference: String,
    /// As [`Correction::corrects`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub corrects: Option<String>,
    /// As [`Correction::applies_at`], in nanoseconds since 1970.
    pub applies_at: Timestamp,
    /// As [`Correction::reason`].
    pub reason: String,
    /// As [`Correction::author`].
    pub author: String,
}

impl Correction {
    /// What the ledger's entry says of it beside the columns of every entry.
    pub fn details(&self) -> CorrectionDetails {
        CorrectionDetails {
            reference: self.reference.clone(),
            corrects: self.corrects.clone(),
            applies_at: self.applies_at,
            reason: self.reason.clone(),
            author: self.author.clone(),
        }
    }
}

impl Snapshot for Correction {
    fn snapshot(&self) -> Value {
        json!({
            "id": self.id,
            "reference": self.reference,
            "namespace": self.namespace,
            "key_id": self.key_id,
            "model": self.model,
            "event_id": self.corrects,
            "applies_at": self.applies_at.to_rfc3339(),
            "amount_usd": self.amount.to_dollars(),
            "reason": self.reason,
        })
    }
}
