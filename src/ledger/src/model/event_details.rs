//! What most events do not have: one document beside an event's columns.

use super::correction::CorrectionDetails;
use paddock_core::timestamp::Timestamp;
use paddock_core::units::Units;
use paddock_core::usage::ToolCalls;
use paddock_core::wire::UsageEvent;
use serde::{Deserialize, Serialize};

/// What most events do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventDetails {
    /// The tier that served it; absent if the standard one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The upstream that the last attempt went to; absent if the model lists no deployments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Which attempt that was, from 1 on; 0 if the model lists no deployments.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempt: u64,
    /// The calls of the provider's tools.
    #[serde(skip_serializing_if = "ToolCalls::is_empty")]
    pub tools: ToolCalls,
    /// What is counted beside tokens.
    #[serde(skip_serializing_if = "Units::is_empty")]
    pub units: Units,
    /// The quality and size of images that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Nanoseconds since 1970 from which on the price was in force; absent if it always was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_from: Option<Timestamp>,
    /// Prompt tokens of audio.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_input_tokens: u64,
    /// Prompt tokens of images.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_input_tokens: u64,
    /// Tokens of audio in the answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_output_tokens: u64,
    /// Tokens of images in the answer.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_output_tokens: u64,
    /// The id of the tags that its key and namespace had; absent if they had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// The budgets of its organization that covered it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<String>,
    /// What a correction is; absent of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<CorrectionDetails>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl EventDetails {
    /// Those of an event, if it has any.
    pub fn of(event: &UsageEvent<'_>) -> Option<EventDetails> {
        let tokens = &event.tokens;
        let details = EventDetails {
            tier: event.tier.as_deref().map(str::to_owned),
            upstream: event.upstream.as_deref().map(str::to_owned),
            attempt: event.attempt,
            tools: event.tools,
            units: event.units,
            variant: event.variant.as_deref().map(str::to_owned),
            price_from: Some(event.price_from).filter(|from| *from != Timestamp::EPOCH),
            audio_input_tokens: tokens.audio_input,
            image_input_tokens: tokens.image_input,
            audio_output_tokens: tokens.audio_output,
            image_output_tokens: tokens.image_output,
            tags: None,
            budgets: event.budgets.clone(),
            correction: None,
        };
        (details != EventDetails::default()).then_some(details)
    }
}
