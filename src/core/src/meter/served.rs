//! What a provider says of how it served an answer.

use super::gemini;
use super::scanner::WORD_LIMIT;
use super::value::Value;

/// By whom, where and how an answer was served, by the provider's last word.
#[derive(Debug, Default)]
pub(super) struct Served {
    pub(super) model: Option<String>,
    pub(super) tier: Option<String>,
    pub(super) speed: Option<String>,
    pub(super) region: Option<String>,
}

impl Served {
    /// Takes a member of a usage object, if it says something of it.
    pub(super) fn read(&mut self, key: &[u8], value: Value<'_>) -> bool {
        let known = match key {
            b"service_tier" | b"trafficType" => &mut self.tier,
            b"speed" => &mut self.speed,
            b"inference_geo" => &mut self.region,
            _ => return false,
        };
        let text = value.text().filter(|text| text.len() <= WORD_LIMIT);
        let text = match key {
            b"trafficType" => text.and_then(gemini::tier),
            _ => text,
        };
        remember(known, text.unwrap_or_default().as_bytes());
        true
    }
}

/// Keeps a word, if it is another one.
pub(super) fn remember(known: &mut Option<String>, raw: &[u8]) {
    let is_known = known.as_ref().is_some_and(|known| known.as_bytes() == raw);
    if !is_known && !raw.is_empty() {
        // Some servers escape the slashes of a model's name.
        *known = Some(String::from_utf8_lossy(raw).replace("\\/", "/"));
    }
}
