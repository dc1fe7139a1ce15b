//! What the scanner has come across, summed up by the rules of the wire format.

use super::path::{Key, Path};
use super::sink::{Marker, Selector, Shape, Sink, TextKind};
use super::{Framing, Reading, anthropic, gemini, openai, responses};
use crate::usage::TokenUsage;
use crate::wire_format::WireFormat;

/// The sum of an answer.
#[derive(Debug)]
pub(super) struct Tally {
    format: WireFormat,
    framing: Framing,
    usage: Option<TokenUsage>,
    output_final: bool,
    tier: Option<String>,
    finished: bool,
    ended: bool,
    text_bytes: u64,
    /// Documents that brought text.
    deltas: u64,
    document: Document,
}

/// What is known of the document that passes by: a body, an event, an item of an array.
#[derive(Debug, Default)]
struct Document {
    choices: Choices,
    usage: Usage,
    ends_stream: bool,
    closed: bool,
    tier: Option<String>,
    has_text: bool,
    reasoning: u64,
    reasoning_content: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Choices {
    #[default]
    Unseen,
    Empty,
    Filled,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Usage {
    #[default]
    Unseen,
    Object,
    Read,
}

impl Tally {
    pub(super) fn new(format: WireFormat, framing: Framing) -> Tally {
        Tally {
            format,
            framing,
            usage: None,
            output_final: false,
            tier: None,
            finished: false,
            ended: false,
            text_bytes: 0,
            deltas: 0,
            document: Document::default(),
        }
    }

    /// An event begins, which may turn out to have no document.
    pub(super) fn event_begins(&mut self) {
        self.document = Document::default();
    }

    /// The event `[DONE]`.
    pub(super) fn done(&mut self) {
        self.ended = true;
    }

    /// Whether the event may yet turn out to be the extra usage event.
    pub(super) fn may_be_usage_event(&self) -> bool {
        let document = &self.document;
        document.choices != Choices::Filled && (!document.closed || self.looks_like_usage_event())
    }

    /// Whether the document has no choices and usage.
    pub(super) fn looks_like_usage_event(&self) -> bool {
        let document = &self.document;
        document.closed && document.choices == Choices::Empty && document.usage != Usage::Unseen
    }

    pub(super) fn reading(&self) -> Reading {
        Reading {
            usage: self.usage,
            output_final: self.output_final,
            tier: self.tier.clone(),
            seen_output_tokens: self.deltas.max(self.text_bytes.div_ceil(4)),
            ended: self.ended,
            ..Reading::default()
        }
    }
}

impl Sink for Tally {
    fn select(&self, path: &Path, key: Key, shape: Shape) -> Selector {
        match self.format {
            WireFormat::OpenAi => openai::select(path, key, shape),
            WireFormat::OpenAiResponses => responses::select(path, key, shape),
            WireFormat::Anthropic => anthropic::select(path, key, shape),
            WireFormat::Gemini => gemini::select(path, key, shape),
        }
    }

    fn text(&mut self, kind: TextKind, bytes: usize) {
        let document = &mut self.document;
        if bytes > 0 && !document.has_text {
            document.has_text = true;
            self.deltas = self.deltas.saturating_add(1);
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        // The same reasoning under two names is counted once: the longer of the two.
        let before = document.reasoning.max(document.reasoning_content);
        let new = match kind {
            TextKind::Answer => bytes,
            TextKind::Reasoning => {
                document.reasoning = document.reasoning.saturating_add(bytes);
                document.reasoning.saturating_sub(before)
            }
            TextKind::ReasoningContent => {
                document.reasoning_content = document.reasoning_content.saturating_add(bytes);
                document.reasoning_content.saturating_sub(before)
            }
        };
        self.text_bytes = self.text_bytes.saturating_add(new);
    }

    fn marker(&mut self, marker: Marker, raw: &[u8]) {
        match marker {
            // Some servers have an empty reason in every chunk.
            Marker::Finish if raw.is_empty() || raw == b"FINISH_REASON_UNSPECIFIED" => {}
            Marker::Finish => {
                self.finished = true;
                self.ended |= self.framing == Framing::EventStream;
            }
            Marker::Tier => self.document.tier = core::str::from_utf8(raw).ok().map(str::to_owned),
            Marker::Type => {
                self.document.ends_stream = match self.format {
                    WireFormat::OpenAiResponses => responses::is_end(raw),
                    WireFormat::Anthropic => anthropic::is_end(raw),
                    WireFormat::OpenAi | WireFormat::Gemini => false,
                };
            }
        }
    }

    fn items(&mut self, any: bool) {
        if any {
            self.document.choices = Choices::Filled;
        } else if self.document.choices == Choices::Unseen {
            self.document.choices = Choices::Empty;
        }
    }

    fn capturing(&mut self) {
        if self.document.usage == Usage::Unseen {
            self.document.usage = Usage::Object;
        }
    }

    fn captured(&mut self, top: bool, raw: &[u8]) {
        let usage = match self.format {
            WireFormat::OpenAi => openai::usage(raw),
            WireFormat::OpenAiResponses => responses::usage(raw),
            WireFormat::Gemini => gemini::usage(raw),
            WireFormat::Anthropic => {
                // Further in is `message_start`, whose output has only begun.
                let has_output = anthropic::overwrite(&mut self.usage, raw);
                self.output_final |= top && has_output;
                return;
            }
        };
        if usage.is_some() {
            self.usage = usage;
            self.document.usage = Usage::Read;
            self.output_final |= self.format == WireFormat::OpenAi;
        }
    }

    fn document_begins(&mut self) {
        self.document = Document::default();
    }

    fn document_ends(&mut self) {
        self.document.closed = true;
        let read = self.document.usage == Usage::Read;
        // Until the last event of a response its tier is the one asked for.
        let in_force = self.format != WireFormat::OpenAiResponses
            || self.framing == Framing::Json
            || self.document.ends_stream;
        if in_force && let Some(tier) = self.document.tier.take() {
            self.tier = Some(tier);
        }
        match self.format {
            WireFormat::OpenAi => {}
            WireFormat::Gemini => self.output_final |= read && self.finished,
            WireFormat::OpenAiResponses => {
                self.ended |= self.document.ends_stream && self.framing == Framing::EventStream;
                self.output_final |= read && self.document.ends_stream;
            }
            WireFormat::Anthropic => {
                self.ended |= self.document.ends_stream && self.framing == Framing::EventStream;
            }
        }
    }

    fn all_ends(&mut self) {
        if self.framing == Framing::Json {
            self.ended = true;
            self.output_final |= self.usage.is_some() && self.format != WireFormat::Anthropic;
        }
    }
}
