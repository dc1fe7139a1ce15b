//! What the scanner has come across, summed up by the rules of the wire format.

use super::anthropic::Iterations;
use super::counts::{Count, Counts};
use super::path::{Key, Path};
use super::scanner::WORD_LIMIT;
use super::seen::{Seen, unknown_tokens};
use super::sink::{List, Marker, Selector, Shape, Sink, TextKind};
use super::tools::{Items, Tools};
use super::value::Value;
use super::{Framing, Reading, anthropic, gemini, openai, responses};
use crate::stored::StoredId;
use crate::usage::TokenUsage;
use crate::wire_format::WireFormat;

/// Stored objects of one answer at most: the response, and its first items.
const MOST_STORED: usize = 64;

/// The sum of an answer.
#[derive(Debug)]
pub(super) struct Tally {
    format: WireFormat,
    /// Whether the answer comes in several documents.
    in_parts: bool,
    counts: Counts,
    iterations: Iterations,
    tools: Tools,
    model: Option<String>,
    stored: Vec<StoredId>,
    tier: Option<String>,
    speed: Option<String>,
    region: Option<String>,
    seen: Seen,
    /// What had been seen when the output was counted last.
    counted_at: Option<u64>,
    /// Whether that count came where a final one comes.
    settled: bool,
    failed: bool,
    /// A reason was given why the answer ended.
    finished: bool,
    /// The event that ends a stream has come.
    closed: bool,
    /// The document that is the whole answer has ended.
    whole: bool,
    /// Whether anything of the format has been seen.
    known: bool,
    /// Bytes of the documents before this one.
    bytes: u64,
    /// Bytes of an event stream that are in no document.
    bytes_beside: u64,
    document: Document,
    /// Bytes of the document that passes by, and whether it is the marker of the end.
    document_bytes: u64,
    document_is_done: bool,
}

/// What is known of the document that passes by: a body, an event, an item of an array.
#[derive(Debug, Default)]
struct Document {
    choices: Choices,
    has_usage: bool,
    counts_output: bool,
    ends_stream: bool,
    closed: bool,
    failed: bool,
    tier: Option<String>,
    items: Items,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Choices {
    #[default]
    Unseen,
    Empty,
    Filled,
}

impl Tally {
    pub(super) fn new(format: WireFormat) -> Tally {
        Tally {
            format,
            in_parts: false,
            counts: Counts::default(),
            iterations: Iterations::default(),
            tools: Tools::default(),
            model: None,
            stored: Vec::new(),
            tier: None,
            speed: None,
            region: None,
            seen: Seen::default(),
            counted_at: None,
            settled: false,
            failed: false,
            finished: false,
            closed: false,
            whole: false,
            known: false,
            bytes: 0,
            bytes_beside: 0,
            document: Document::default(),
            document_bytes: 0,
            document_is_done: false,
        }
    }

    /// How the documents follow each other has been told.
    pub(super) fn framed(&mut self, framing: Framing) {
        self.in_parts = framing == Framing::EventStream;
    }

    /// So many bytes come next.
    pub(super) fn passes(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.document_bytes = self.document_bytes.saturating_add(bytes);
    }

    /// These bytes come next and are in no document.
    pub(super) fn passes_beside(&mut self, part: &[u8]) {
        if !self.known {
            let bytes = part.iter().filter(|byte| !byte.is_ascii_whitespace());
            let bytes = u64::try_from(bytes.count()).unwrap_or(u64::MAX);
            self.bytes_beside = self.bytes_beside.saturating_add(bytes);
        }
    }

    /// An event begins, which may turn out to have no document.
    pub(super) fn event_begins(&mut self) {
        self.bytes = self.unknown_bytes();
        self.document_bytes = 0;
        self.document_is_done = false;
        self.begin_document();
    }

    /// The event `[DONE]`, so far.
    pub(super) fn done(&mut self) {
        self.document_is_done = true;
        self.end_stream();
    }

    fn end_stream(&mut self) {
        self.closed = true;
        self.settled |= self.counted_at.is_some();
    }

    fn begin_document(&mut self) {
        self.document = Document::default();
        self.seen.begin();
    }

    fn unknown_bytes(&self) -> u64 {
        let is_done = self.document_is_done && self.document_bytes == super::DONE_LENGTH;
        let bytes = if is_done { 0 } else { self.document_bytes };
        self.bytes.saturating_add(bytes)
    }

    /// Whether the event may yet turn out to be the extra usage event.
    pub(super) fn may_be_usage_event(&self) -> bool {
        let document = &self.document;
        document.choices != Choices::Filled && (!document.closed || self.looks_like_usage_event())
    }

    /// Whether the document has no choices and usage.
    pub(super) fn looks_like_usage_event(&self) -> bool {
        let document = &self.document;
        document.closed && document.choices == Choices::Empty && document.has_usage
    }

    pub(super) fn reading(&self) -> Reading {
        let (usage, others) = self.usage();
        let closed = self.closed || self.whole;
        let seen_output_tokens = match self.known {
            true => self.seen.tokens(),
            false => unknown_tokens(match self.unknown_bytes() {
                0 if !self.closed => self.bytes_beside,
                bytes => bytes,
            }),
        };
        let output = usage.map_or(0, |usage| usage.output);
        let counted = self.counted_at == Some(self.seen.position());
        let is_final = counted && (self.settled || self.whole);
        Reading {
            usage,
            others,
            tools: self.tools.calls(self.model.as_deref(), closed),
            output_final: is_final && (output > 0 || seen_output_tokens == 0),
            tier: self.tier.clone(),
            speed: self.speed.clone(),
            region: self.region.clone(),
            model: self.model.clone(),
            failed: self.failed,
            seen_output_tokens,
            ended: closed || (self.in_parts && self.finished),
            closed,
        }
    }

    /// What the provider has stored so far, each once.
    pub(super) fn stored(&self) -> &[StoredId] {
        &self.stored
    }

    fn store(&mut self, raw: &[u8]) {
        if raw.is_empty() {
            return;
        }
        let id = StoredId::of(&String::from_utf8_lossy(raw));
        if self.stored.len() < MOST_STORED && !self.stored.contains(&id) {
            self.stored.push(id);
        }
    }

    fn usage(&self) -> (Option<TokenUsage>, Vec<(String, TokenUsage)>) {
        if self.counts.is_empty() {
            return (None, Vec::new());
        }
        let model = self.model.as_deref();
        match self.format {
            WireFormat::OpenAi | WireFormat::OpenAiResponses => {
                let mut tokens = self.counts.wholes();
                if model.is_some_and(openai::hides_thoughts) {
                    let thoughts = self.counts.unexplained();
                    tokens.output = tokens.output.saturating_add(thoughts);
                    tokens.reasoning = tokens.reasoning.saturating_add(thoughts);
                }
                (Some(tokens), Vec::new())
            }
            WireFormat::Gemini => (Some(gemini::tokens(&self.counts)), Vec::new()),
            WireFormat::Anthropic => {
                let (own, others) = self.iterations.split(model);
                (Some(self.counts.beside_the_cache().max(&own)), others)
            }
        }
    }

    /// Reads what an object says of who served the answer, and how.
    fn read_served(&mut self, usage: Value<'_>) {
        for (key, value) in usage.members() {
            let text = value.text().filter(|text| text.len() <= WORD_LIMIT);
            let Some(text) = text else { continue };
            match key {
                b"service_tier" => remember(&mut self.tier, text.as_bytes()),
                b"speed" => remember(&mut self.speed, text.as_bytes()),
                b"inference_geo" => remember(&mut self.region, text.as_bytes()),
                b"trafficType" => {
                    if let Some(tier) = gemini::tier(text) {
                        remember(&mut self.tier, tier.as_bytes());
                    }
                }
                _ => {}
            }
        }
    }
}

/// Keeps a word, if it is another one.
fn remember(known: &mut Option<String>, raw: &[u8]) {
    let is_known = known.as_ref().is_some_and(|known| known.as_bytes() == raw);
    if !is_known && !raw.is_empty() {
        // Some servers escape the slashes of a model's name.
        *known = Some(String::from_utf8_lossy(raw).replace("\\/", "/"));
    }
}

impl Sink for Tally {
    fn select(&self, path: &Path, key: Key, shape: Shape) -> Selector {
        if path.depth() == 1 && key == Key::Error {
            return match shape {
                Shape::String => Selector::Marker(Marker::Error),
                Shape::Object | Shape::Array => Selector::Items(List::Error),
            };
        }
        match self.format {
            WireFormat::OpenAi => openai::select(path, key, shape),
            WireFormat::OpenAiResponses => responses::select(path, key, shape),
            WireFormat::Anthropic => anthropic::select(path, key, shape),
            WireFormat::Gemini => gemini::select(path, key, shape),
        }
    }

    fn text(&mut self, kind: TextKind, bytes: usize) {
        self.known = true;
        self.seen.add(kind, bytes);
    }

    fn marker(&mut self, marker: Marker, raw: &[u8]) {
        self.known |= !matches!(marker, Marker::Model | Marker::Tier | Marker::Stored);
        match marker {
            // Some servers have an empty reason in every chunk.
            Marker::Finish => {
                let none = [&b""[..], b"null", b"FINISH_REASON_UNSPECIFIED"];
                self.finished |= !none.contains(&raw);
            }
            Marker::Model => remember(&mut self.model, raw),
            // Until the last event of a response its tier is the one asked for.
            Marker::Tier if self.format == WireFormat::OpenAiResponses => {
                remember(&mut self.document.tier, raw);
            }
            Marker::Tier => remember(&mut self.tier, raw),
            Marker::Stored => self.store(raw),
            Marker::Error => self.document.failed |= !raw.is_empty(),
            Marker::Item(whole) => self.document.items.item(raw, whole),
            Marker::Action => self.document.items.action(raw),
            Marker::Annotation if raw == b"url_citation" => self.tools.cited(),
            Marker::Annotation => {}
            Marker::Query if raw.is_empty() => {}
            Marker::Query => self.document.items.query(),
            Marker::Type => {
                self.document.failed |= matches!(raw, b"error" | b"response.failed");
                self.document.items.begun = raw == b"response.output_item.added";
                self.document.ends_stream = match self.format {
                    WireFormat::OpenAiResponses => responses::is_end(raw),
                    WireFormat::Anthropic => anthropic::is_end(raw),
                    WireFormat::OpenAi | WireFormat::Gemini => false,
                };
            }
        }
    }

    fn items(&mut self, list: List, any: bool) {
        self.known = true;
        match list {
            List::Choices if any => self.document.choices = Choices::Filled,
            List::Choices if self.document.choices == Choices::Unseen => {
                self.document.choices = Choices::Empty;
            }
            List::Error if any => self.document.failed = true,
            List::Grounding if any => self.tools.grounded(),
            _ => {}
        }
    }

    fn capturing(&mut self) {
        self.known = true;
        self.document.has_usage = true;
    }

    fn captured(&mut self, raw: &[u8]) {
        let usage = Value::new(raw);
        let counts = match self.format {
            WireFormat::OpenAi | WireFormat::OpenAiResponses => openai::counts(usage),
            WireFormat::Gemini => gemini::counts(usage),
            WireFormat::Anthropic => {
                let iterations = usage.members().find(|(key, _)| *key == b"iterations");
                if let Some((_, iterations)) = iterations {
                    self.iterations.read(iterations);
                }
                anthropic::counts(usage)
            }
        };
        self.counts.raise_all(&counts);
        self.tools.read(usage);
        self.read_served(usage);
        self.document.counts_output |= match self.format {
            WireFormat::OpenAi | WireFormat::OpenAiResponses => openai::tell_output(&counts),
            // A count of zero is left out.
            WireFormat::Gemini => !counts.is_empty(),
            WireFormat::Anthropic => counts.told(Count::Output).is_some(),
        };
    }

    fn document_begins(&mut self) {
        self.begin_document();
    }

    fn document_ends(&mut self) {
        self.document.closed = true;
        self.tools.add(&self.document.items);
        if self.document.failed {
            self.failed = true;
        } else if self.seen.in_document() {
            self.failed = false;
        }
        if self.document.counts_output {
            self.counted_at = Some(self.seen.position());
            self.settled = self.document.choices == Choices::Empty;
        }
        let in_force = !self.in_parts || self.document.ends_stream;
        if in_force && let Some(tier) = self.document.tier.take() {
            self.tier = Some(tier);
        }
        self.settled |= self.finished && self.counted_at.is_some();
        if self.document.ends_stream && self.in_parts {
            self.end_stream();
        }
    }

    fn all_ends(&mut self) {
        self.whole = !self.in_parts;
    }

    fn goes_on(&mut self) {
        self.in_parts = true;
        self.whole = false;
    }
}
