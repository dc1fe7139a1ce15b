//! What is sent about a correction.

use crate::api::prelude::*;
use crate::http::body::values::Amount;
use paddock_core::money::Money;
use paddock_ledger::rules::corrections::{CorrectionRequest, Subject};

/// A correction: of a call, or of usage of a namespace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateCorrection, example = json!({
    "namespace": "search", "amount_usd": -12.5, "reason": "charged at the old price",
    "reference": "ticket-81",
}))]
pub struct CorrectionBody {
    /// The call that is corrected: its `event_id` in the audit. Namespace, key, model and end user are the
    /// call's.
    event_id: Option<Text>,
    /// The namespace, if it is not one call that is corrected.
    namespace: Option<Text>,
    /// With `namespace`: the id of one of its keys.
    key_id: Option<Text>,
    /// With `namespace`: a model.
    model: Option<Text>,
    /// US dollars: charged if above 0, given back if below. At most what one call can cost; of a call, at most
    /// what is left of its cost is given back.
    amount_usd: Amount,
    /// Why.
    reason: Text,
    /// The caller's name for the correction: the same reference again is the same correction.
    reference: Text,
}

impl CorrectionBody {
    /// The correction it asks for.
    ///
    /// # Errors
    /// 400 if it names neither a call nor a namespace, or both, or the amount is 0.
    pub fn request(self) -> Result<CorrectionRequest, ApiError> {
        let own = |text: Option<Text>| text.map(String::from);
        let subject = match (own(self.event_id), own(self.namespace)) {
            (Some(id), None) if self.key_id.is_none() && self.model.is_none() => Subject::Call(id),
            (Some(_), _) => {
                let message =
                    "'event_id' says which namespace, key and model it is: leave these out.";
                return Err(ApiError::invalid("event_id", message));
            }
            (None, Some(name)) => Subject::Namespace {
                name,
                key_id: own(self.key_id),
                model: own(self.model),
            },
            (None, None) => {
                let message = "Missing required parameter: 'event_id', or 'namespace'.";
                return Err(ApiError::invalid("event_id", message));
            }
        };
        let amount = Money::from_nanos(self.amount_usd.into());
        if amount == Money::ZERO {
            return Err(ApiError::invalid(
                "amount_usd",
                "'amount_usd' must not be 0.",
            ));
        }
        Ok(CorrectionRequest {
            subject,
            amount,
            reason: self.reason.into(),
            reference: self.reference.into(),
        })
    }
}
