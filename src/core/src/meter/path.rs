//! Where in a JSON document the scanner is, in the keys the wire formats know.

/// A key that means something in one of the formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Key {
    /// No key: the document itself, or an item of an array.
    #[default]
    None,
    /// A key no format asks for.
    Other,
    Action,
    Annotations,
    Arguments,
    Audio,
    B64Json,
    BilledUnits,
    BlockReason,
    Candidates,
    Choices,
    Code,
    Container,
    ContainerId,
    Content,
    ContentBlock,
    Conversation,
    Data,
    Delta,
    Duration,
    Embedding,
    Error,
    FileId,
    FinishReason,
    FunctionCall,
    GroundingChunks,
    GroundingMetadata,
    Id,
    ImageUrl,
    InlineData,
    Input,
    Item,
    Message,
    Meta,
    Model,
    Name,
    Output,
    PartialImage,
    PartialJson,
    PromptFeedback,
    Reasoning,
    ReasoningContent,
    ReasoningDetails,
    Refusal,
    Response,
    Result,
    Results,
    Sealed,
    ServiceTier,
    StopReason,
    Summary,
    Text,
    Thinking,
    ToolUsage,
    Transcript,
    Type,
    Url,
    Usage,
    UsageMetadata,
    WebSearchQueries,
    XGroq,
}

impl Key {
    /// The longest key there is.
    pub(super) const LONGEST: usize = 17;

    /// The key of these bytes, as they stand between the quotes.
    pub(super) fn of(raw: &[u8]) -> Key {
        match raw {
            b"action" => Key::Action,
            b"annotations" => Key::Annotations,
            b"arguments" => Key::Arguments,
            b"audio" => Key::Audio,
            b"b64_json" => Key::B64Json,
            b"billed_units" => Key::BilledUnits,
            b"blockReason" => Key::BlockReason,
            b"candidates" => Key::Candidates,
            b"choices" => Key::Choices,
            b"code" => Key::Code,
            b"container" => Key::Container,
            b"container_id" => Key::ContainerId,
            b"content" => Key::Content,
            b"content_block" => Key::ContentBlock,
            b"conversation" => Key::Conversation,
            b"data" => Key::Data,
            b"delta" => Key::Delta,
            b"duration" => Key::Duration,
            b"embedding" | b"embeddings" => Key::Embedding,
            b"error" => Key::Error,
            b"file_id" => Key::FileId,
            b"finish_reason" | b"finishReason" => Key::FinishReason,
            b"functionCall" => Key::FunctionCall,
            b"groundingChunks" => Key::GroundingChunks,
            b"groundingMetadata" => Key::GroundingMetadata,
            b"id" => Key::Id,
            b"image_url" => Key::ImageUrl,
            b"inlineData" => Key::InlineData,
            b"input" => Key::Input,
            b"item" => Key::Item,
            b"message" => Key::Message,
            b"meta" => Key::Meta,
            b"model" | b"modelVersion" => Key::Model,
            b"name" => Key::Name,
            b"output" => Key::Output,
            b"partial_image_b64" => Key::PartialImage,
            b"partial_json" => Key::PartialJson,
            b"promptFeedback" => Key::PromptFeedback,
            b"reasoning" => Key::Reasoning,
            b"reasoning_content" => Key::ReasoningContent,
            b"reasoning_details" => Key::ReasoningDetails,
            b"refusal" => Key::Refusal,
            b"response" => Key::Response,
            b"result" => Key::Result,
            b"results" => Key::Results,
            b"encrypted_content" | b"signature" | b"thoughtSignature" => Key::Sealed,
            b"service_tier" => Key::ServiceTier,
            b"stop_reason" => Key::StopReason,
            b"summary" => Key::Summary,
            b"text" => Key::Text,
            b"thinking" => Key::Thinking,
            b"tool_usage" => Key::ToolUsage,
            b"transcript" => Key::Transcript,
            b"type" => Key::Type,
            b"url" => Key::Url,
            b"usage" => Key::Usage,
            b"usageMetadata" => Key::UsageMetadata,
            b"webSearchQueries" => Key::WebSearchQueries,
            b"x_groq" => Key::XGroq,
            _ => Key::Other,
        }
    }
}

/// The objects and arrays around the scanner, outermost first.
#[derive(Debug, Default)]
pub(super) struct Path {
    /// The key each of the outer ones stands under; deeper ones are only counted.
    keys: [Key; 8],
    /// Bit `n` is set where the one at depth `n` is an object; beyond 64 none is known to be.
    objects: u64,
    depth: u32,
    /// Whether the innermost is an object: asked for at every step.
    in_object: bool,
}

impl Path {
    /// How many objects and arrays are open.
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    /// The key under which the open object or array at `level` stands; the document is level 0.
    pub(super) fn at(&self, level: usize) -> Key {
        match u32::try_from(level) {
            Ok(n) if n < self.depth => self.keys.get(level).copied().unwrap_or(Key::Other),
            _ => Key::Other,
        }
    }

    /// Whether the innermost is an object.
    pub(super) fn in_object(&self) -> bool {
        self.in_object
    }

    /// An object or array opens under `key`.
    pub(super) fn enter(&mut self, key: Key, object: bool) {
        let slot = usize::try_from(self.depth).ok();
        if let Some(slot) = slot.and_then(|level| self.keys.get_mut(level)) {
            *slot = key;
        }
        let bit = bit(self.depth);
        if object {
            self.objects |= bit;
        } else {
            self.objects &= !bit;
        }
        self.in_object = object && bit != 0;
        self.depth = self.depth.saturating_add(1);
    }

    /// The innermost closes.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        let bit = self.depth.checked_sub(1).map_or(0, bit);
        self.in_object = self.objects & bit != 0;
    }
}

fn bit(depth: u32) -> u64 {
    1u64.checked_shl(depth).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outer_levels_survive_any_depth() {
        let mut path = Path::default();
        path.enter(Key::None, true);
        path.enter(Key::Choices, false);
        for _ in 0..1000 {
            path.enter(Key::Other, true);
        }
        assert!(!path.in_object(), "too deep to know");
        for _ in 0..1000 {
            path.leave();
        }
        assert!(!path.in_object());
        assert_eq!(path.at(1), Key::Choices);
        assert_eq!(path.at(2), Key::Other, "not open");
        path.leave();
        assert!(path.in_object());
    }
}
