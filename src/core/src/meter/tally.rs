//! What the scanner has come across, summed up by the rules of the wire format.

use super::anthropic::Iterations;
use super::counted::Counted;
use super::counts::{Count, Counts};
use super::path::{Key, Path};
use super::seen::Seen;
use super::served::{Served, remember};
use super::sink::{List, Marker, Selector, Shape, Sink, TextKind};
use super::tools::{Items, Tools};
use super::unknown::Unknown;
use super::value::Value;
use super::{Framing, Reading, anthropic, gemini, openai, responses};
use crate::stored::StoredId;
use crate::units::{Unit, Units};
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
    /// What is counted beside tokens, where that is.
    counted: Option<Box<Counted>>,
    served: Served,
    stored: Vec<StoredId>,
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
    unknown: Unknown,
    document: Document,
}

/// What is known of the document that passes by: a body, an event, an item of an array.
#[derive(Debug, Default)]
struct Document {
    begun: bool,
    choices: Choices,
    has_usage: bool,
    counts_output: bool,
    ends_stream: bool,
    /// The item of this event has only begun.
    begins_item: bool,
    closed: bool,
    failed: bool,
    tier: Option<String>,
    items: Option<Box<Items>>,
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
            counted: None,
            served: Served::default(),
            stored: Vec::new(),
            seen: Seen::default(),
            counted_at: None,
            settled: false,
            failed: false,
            finished: false,
            closed: false,
            whole: false,
            known: false,
            unknown: Unknown::default(),
            document: Document::default(),
        }
    }

    /// Counts such units beside tokens.
    pub(super) fn count_unit(&mut self, unit: Unit) {
        self.counted = Some(Box::new(Counted::new(unit)));
    }

    /// How the documents follow each other has been told.
    pub(super) fn framed(&mut self, framing: Framing) {
        self.in_parts = framing == Framing::EventStream;
    }

    /// So many bytes of a document come next.
    pub(super) fn passes(&mut self, bytes: usize) {
        self.unknown.pass(bytes);
    }

    /// These bytes come next and are in no document.
    pub(super) fn passes_beside(&mut self, part: &[u8]) {
        if !self.known {
            self.unknown.pass_beside(part);
        }
    }

    /// An event begins, which may turn out to have no document.
    pub(super) fn event_begins(&mut self) {
        self.unknown.begin();
        self.begin_document();
    }

    /// The event `[DONE]`, so far.
    pub(super) fn done(&mut self) {
        self.unknown.done();
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

    fn items_of_document(&mut self) -> &mut Items {
        self.document.items.get_or_insert_default()
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
            false => self.unknown.tokens(self.closed),
        };
        let output = usage.map_or(0, |usage| usage.output);
        let counted = self.counted_at == Some(self.seen.position());
        let is_final = counted && (self.settled || self.whole);
        Reading {
            usage,
            others,
            tools: self.tools.calls(self.served.model.as_deref(), closed),
            units: self
                .counted
                .as_ref()
                .map_or(Units::NONE, |counted| counted.units()),
            output_final: is_final && (output > 0 || seen_output_tokens == 0),
            tier: self.served.tier.clone(),
            speed: self.served.speed.clone(),
            region: self.served.region.clone(),
            model: self.served.model.clone(),
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
        if let Some(counted) = &self.counted {
            return (counted.tokens(&self.counts), Vec::new());
        }
        if self.counts.is_empty() {
            return (None, Vec::new());
        }
        let model = self.served.model.as_deref();
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
}

impl Sink for Tally {
    fn select(&self, path: &Path, key: Key, shape: Shape) -> Selector {
        if path.depth() == 1 && key == Key::Error {
            return match shape {
                Shape::String => Selector::Marker(Marker::Error),
                Shape::Object | Shape::Array => Selector::Items(List::Error),
            };
        }
        if let Some(counted) = &self.counted {
            return counted.select(path, key, shape);
        }
        match self.format {
            WireFormat::OpenAi => openai::select(path, key, shape),
            WireFormat::OpenAiResponses => responses::select(path, key, shape),
            WireFormat::Anthropic => anthropic::select(path, key, shape),
            WireFormat::Gemini => gemini::select(path, key, shape),
        }
    }

    fn wants_number(&self, path: &Path, key: Key) -> bool {
        path.depth() == 1 && key == Key::Duration && self.counted.is_some()
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
            Marker::Model => remember(&mut self.served.model, raw),
            // Until the last event of a response its tier is the one asked for.
            Marker::Tier if self.format == WireFormat::OpenAiResponses => {
                remember(&mut self.document.tier, raw);
            }
            Marker::Tier => remember(&mut self.served.tier, raw),
            Marker::Stored => self.store(raw),
            Marker::Error => self.document.failed |= !raw.is_empty(),
            Marker::Item(whole) => self.items_of_document().item(raw, whole),
            Marker::Action => self.items_of_document().action(raw),
            Marker::Annotation if raw == b"url_citation" => self.tools.cited(),
            Marker::Annotation => {}
            Marker::Query if raw.is_empty() => {}
            Marker::Query => self.items_of_document().query(),
            Marker::Image(_) | Marker::Duration => {
                if let Some(counted) = &mut self.counted {
                    counted.marker(marker, raw);
                }
            }
            Marker::Type => {
                self.document.failed |= matches!(raw, b"error" | b"response.failed");
                self.document.begins_item = raw == b"response.output_item.added";
                if let Some(counted) = &mut self.counted {
                    self.finished |= counted.event(raw);
                }
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
        let count = match self.format {
            WireFormat::OpenAi | WireFormat::OpenAiResponses => openai::count,
            WireFormat::Gemini => gemini::count,
            WireFormat::Anthropic => anthropic::count,
        };
        if let (Some(counted), true) = (&mut self.counted, self.in_parts) {
            counted.next_usage(&mut self.counts);
        }
        let mut counts = Counts::default();
        for (key, value) in Value::new(raw).members() {
            if let Some(counted) = &mut self.counted {
                counted.count(key, value);
            }
            if count(&mut counts, key, value) || self.served.read(key, value) {
                continue;
            }
            match key {
                b"iterations" => self.iterations.read(value),
                _ => self.tools.count(key, value),
            }
        }
        self.counts.raise_all(&counts);
        self.document.counts_output |= match self.format {
            WireFormat::OpenAi | WireFormat::OpenAiResponses => openai::tell_output(&counts),
            // A count of zero is left out.
            WireFormat::Gemini => !counts.is_empty(),
            WireFormat::Anthropic => counts.told(Count::Output).is_some(),
        };
    }

    fn document_begins(&mut self) {
        if self.document.begun {
            self.begin_document();
        }
        self.document.begun = true;
    }

    fn document_ends(&mut self) {
        self.document.closed = true;
        if let Some(items) = self.document.items.take() {
            self.tools.add(&items, self.document.begins_item);
        }
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
            self.served.tier = Some(tier);
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
