//! Words that change what a call costs: its tier, its speed, its region.

use super::body::BodyError;
use super::endpoint::Endpoint;
use super::scalar::{Scalar, invalid};
use crate::wire_format::WireFormat;
use std::borrow::Cow;

/// The longest tier, speed or region, in bytes.
const LONGEST_MODIFIER: usize = 64;
/// A tier, speed or region: one short word, in lower case.
pub(super) fn modifier<'a>(
    value: Scalar<'a>,
    param: &'static str,
) -> Result<Option<Cow<'a, str>>, BodyError> {
    let word = value.text(param)?.filter(|word| !word.is_empty());
    Ok(match word {
        Some(word) if word.len() > LONGEST_MODIFIER => {
            return Err(invalid(param, "must have 64 bytes at most"));
        }
        Some(word) if word.bytes().any(|letter| letter.is_ascii_uppercase()) => {
            Some(Cow::Owned(word.to_ascii_lowercase()))
        }
        word => word,
    })
}

/// A tier as prices name it. OpenAI takes `fast` for `priority`
/// (<https://developers.openai.com/api/docs/guides/fast-mode>); Google's have the prefix of their
/// enum, and one that says nothing.
pub(super) fn tier_of<'a>(endpoint: &Endpoint, tier: Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    let tier = tier?;
    match endpoint.format() {
        WireFormat::OpenAi | WireFormat::OpenAiResponses if tier == "fast" => {
            Some(Cow::Borrowed("priority"))
        }
        WireFormat::Gemini => {
            let name = tier.strip_prefix("service_tier_").unwrap_or(&tier);
            (name != "unspecified").then(|| Cow::Owned(name.to_owned()))
        }
        _ => Some(tier),
    }
}
