//! The output that has passed by, for an answer whose count is missing or wrong.

use super::sink::TextKind;

/// Bytes of text for a token.
const TEXT_BYTES: u64 = 4;
/// Bytes of base64 for a token of an image or of sound: half of what a PNG of OpenAI's highest
/// quality has (4160 tokens at 1024 pixels squared,
/// <https://platform.openai.com/docs/guides/image-generation>), and less than a tenth of what 16-bit
/// sound has (20 tokens a second). Counted as text they would come to sixty times as many.
const MEDIA_BYTES: u64 = 256;

/// The output seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Bytes of text, each once.
    text: u64,
    /// The same text again, as servers repeat it.
    items: u64,
    whole: u64,
    media: u64,
    /// Documents that brought text: each has a token at least.
    deltas: u64,
    /// Reasoning of the document that passes by, under its two names.
    reasoning: u64,
    reasoning_content: u64,
    /// Whether that document has brought any.
    in_document: bool,
}

impl Seen {
    /// Another document begins.
    pub(super) fn begin(&mut self) {
        self.reasoning = 0;
        self.reasoning_content = 0;
        self.in_document = false;
    }

    /// So many more bytes.
    pub(super) fn add(&mut self, kind: TextKind, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        // The same reasoning under two names is counted once: the longer of the two.
        let before = self.reasoning.max(self.reasoning_content);
        let (sum, new) = match kind {
            TextKind::Item => (&mut self.items, bytes),
            TextKind::Whole => (&mut self.whole, bytes),
            TextKind::Media => (&mut self.media, bytes),
            TextKind::Answer => (&mut self.text, bytes),
            TextKind::Reasoning => {
                self.reasoning = self.reasoning.saturating_add(bytes);
                (&mut self.text, self.reasoning.saturating_sub(before))
            }
            TextKind::ReasoningContent => {
                self.reasoning_content = self.reasoning_content.saturating_add(bytes);
                (
                    &mut self.text,
                    self.reasoning_content.saturating_sub(before),
                )
            }
        };
        *sum = sum.saturating_add(new);
        let repeats = matches!(kind, TextKind::Item | TextKind::Whole);
        if !core::mem::replace(&mut self.in_document, true) && !repeats {
            self.deltas = self.deltas.saturating_add(1);
        }
    }

    /// Whether the document that passes by has brought output.
    pub(super) fn in_document(&self) -> bool {
        self.in_document
    }

    /// Grows with every piece of output.
    pub(super) fn position(&self) -> u64 {
        let once = self.text.saturating_add(self.media);
        once.saturating_add(self.items).saturating_add(self.whole)
    }

    /// An estimate of the tokens.
    pub(super) fn tokens(&self) -> u64 {
        let text = self.text.max(self.items).max(self.whole);
        let media = self.media.div_ceil(MEDIA_BYTES);
        let tokens = text.div_ceil(TEXT_BYTES).saturating_add(media);
        tokens.max(self.deltas)
    }
}
