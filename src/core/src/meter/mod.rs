//! Reads what a call used out of the provider's answer while it passes by.
//!
//! A [`Meter`] is fed the body at any chunking. It looks at each byte once, keeps nothing of the
//! body but the usage objects, and says what to pass on: the same bytes, but for the extra usage
//! event a client had not asked for.
//!
//! Policy and prices must be absent: a meter counts, and nothing is decided by it.

mod anthropic;
mod counted;
mod counts;
mod event_stream;
mod gemini;
mod hiding;
mod openai;
mod path;
mod responses;
mod scanner;
mod seen;
mod served;
mod sink;
mod tally;
mod template;
mod tools;
mod unknown;
mod value;

use self::event_stream::{EventStream, Piece};
use self::hiding::{Chunk, Hiding};
use self::scanner::Scanner;
use self::tally::Tally;
use self::unknown::DONE;
use crate::stored::StoredId;
use crate::units::{Unit, Units};
use crate::usage::{TokenUsage, ToolCalls};
use crate::wire_format::WireFormat;

/// How the answers of a body follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One JSON value, or several one after another (newline-delimited JSON). A Gemini stream
    /// without `alt=sse` is one too: an array of answers.
    Json,
    /// Server-sent events, each with an answer in its data.
    EventStream,
    /// Sound or plain text: nothing in it is read.
    Opaque,
}

impl Framing {
    /// What the first byte that is not blank tells; where it could begin anything, `claimed` holds.
    ///
    /// Servers send event streams as `application/json`, as `text/plain` or without a type, and one
    /// JSON value as `text/event-stream`. JSON begins with a bracket; a line of an event stream
    /// with a colon or one of the fields `data`, `event`, `id` and `retry`
    /// (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
    fn told_by(first: u8, claimed: Framing) -> Framing {
        match first {
            _ if claimed == Framing::Opaque => claimed,
            b'{' | b'[' => Framing::Json,
            b':' | b'd' | b'e' | b'i' | b'r' => Framing::EventStream,
            _ => claimed,
        }
    }
}

/// What to pass on in the place of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Passed {
    /// The chunk as it is.
    Unchanged,
    /// These bytes instead, which may be none.
    Replaced(Vec<u8>),
}

/// What has been seen of an answer so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The provider's own count of the model that was asked for: of each kind of token the largest
    /// value it gave.
    pub usage: Option<TokenUsage>,
    /// What other models used within the call, by the names that the provider gives them.
    pub others: Vec<(String, TokenUsage)>,
    /// The calls of the provider's tools.
    pub tools: ToolCalls,
    /// What is counted beside tokens.
    pub units: Units,
    /// Whether the provider's own final count of output tokens is in `usage`.
    pub output_final: bool,
    /// The tier that the provider says it served the answer in. The last it says holds.
    pub tier: Option<String>,
    /// The speed that it says it served the answer at, beside the tier (Anthropic).
    pub speed: Option<String>,
    /// The region that it says it served the answer in.
    pub region: Option<String>,
    /// The model that it says it served the answer with.
    pub model: Option<String>,
    /// Whether the answer is, or ends with, an error in the provider's format.
    pub failed: bool,
    /// An estimate of the tokens generated so far, for an answer that breaks off.
    pub seen_output_tokens: u64,
    /// Whether the answer came to a proper end.
    pub ended: bool,
    /// Whether nothing more can come: the event that ends a stream, or the whole of a JSON value,
    /// has passed.
    pub closed: bool,
}

/// Meters one answer.
#[derive(Debug)]
pub struct Meter {
    scanner: Scanner,
    tally: Tally,
    /// What the content type says.
    claimed: Framing,
    /// What the bytes say, once a byte has come that is not blank.
    framing: Option<Framing>,
    events: Events,
}

#[derive(Debug)]
struct Events {
    stream: EventStream,
    /// So many bytes of the data are those of `[DONE]`.
    done: usize,
    /// Whether the event has had no data yet.
    fresh: bool,
    hiding: Option<Hiding>,
}

/// Whether a byte may come before the first that tells something: blanks, with which servers keep
/// a connection alive, and those of the byte order mark.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0xEF | 0xBB | 0xBF)
}

impl Meter {
    /// A meter for one body, which its content type claims to be framed so. With `hide_usage` the
    /// extra usage event is removed: the one whose `choices` is `[]` and whose `usage` is an object
    /// (OpenAI's event streams only).
    pub fn new(format: WireFormat, claimed: Framing, hide_usage: bool) -> Meter {
        let hides = hide_usage && format == WireFormat::OpenAi;
        Meter {
            scanner: Scanner::default(),
            tally: Tally::new(format),
            claimed,
            framing: None,
            events: Events {
                stream: EventStream::new(),
                done: 0,
                fresh: false,
                hiding: hides.then(Hiding::default),
            },
        }
    }

    /// A meter for one body of an endpoint whose calls are counted in such units.
    pub fn of_unit(unit: Unit, claimed: Framing) -> Meter {
        let mut meter = Meter::new(WireFormat::OpenAi, claimed, false);
        meter.tally.count_unit(unit);
        meter
    }

    /// Takes the next bytes of the body and says what to pass on in their place.
    pub fn feed(&mut self, chunk: &[u8]) -> Passed {
        match self.framing {
            Some(Framing::EventStream) => self.feed_events(chunk),
            Some(Framing::Json) => self.feed_json(chunk),
            Some(Framing::Opaque) => Passed::Unchanged,
            None => self.feed_first(chunk),
        }
    }

    fn feed_events(&mut self, chunk: &[u8]) -> Passed {
        self.events.feed(chunk, &mut self.scanner, &mut self.tally)
    }

    fn feed_json(&mut self, chunk: &[u8]) -> Passed {
        self.tally.passes(chunk.len());
        self.scanner.feed(chunk, &mut self.tally);
        Passed::Unchanged
    }

    fn feed_first(&mut self, chunk: &[u8]) -> Passed {
        let told = chunk.iter().position(|byte| !is_blank(*byte));
        let told = told.and_then(|at| chunk.get(at..));
        let Some((rest, first)) = told.and_then(|rest| Some((rest, rest.first()?))) else {
            return self.feed_events(chunk);
        };
        let framing = Framing::told_by(*first, self.claimed);
        self.framing = Some(framing);
        self.tally.framed(framing);
        match framing {
            Framing::Opaque => Passed::Unchanged,
            Framing::EventStream => self.feed_events(chunk),
            Framing::Json => {
                let held = self.finish();
                let _ = self.feed_json(rest);
                match held.is_empty() {
                    true => Passed::Unchanged,
                    false => Passed::Replaced([&held, chunk].concat()),
                }
            }
        }
    }

    /// The body has ended: bytes held back that must still be passed on, usually none.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let likely = self.tally.looks_like_usage_event();
        let hiding = self.events.hiding.as_mut();
        hiding.map_or_else(Vec::new, |hiding| hiding.finish(likely))
    }

    /// Whether any of the answer has come: blanks that keep a connection alive are none of it.
    pub fn has_begun(&self) -> bool {
        self.framing.is_some()
    }

    /// What the provider has stored so far, each once: what a later request may name by its id.
    pub fn stored(&self) -> &[StoredId] {
        self.tally.stored()
    }

    /// What has been seen so far.
    pub fn reading(&self) -> Reading {
        let mut reading = self.tally.reading();
        // What is not read has no end that could be seen: its body's is one.
        reading.ended |= self.framing == Some(Framing::Opaque);
        reading
    }
}

impl Events {
    fn feed(&mut self, bytes: &[u8], scanner: &mut Scanner, tally: &mut Tally) -> Passed {
        let mut chunk = Chunk::new(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = bytes.len().saturating_sub(rest.len());
            let (piece, length) = self.stream.next(rest);
            let (part, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = after;
            match piece {
                Piece::Other => {}
                Piece::Unknown => tally.passes_beside(part),
                Piece::Begins => {
                    scanner.reset();
                    tally.event_begins();
                    self.done = 0;
                    self.fresh = true;
                    if let Some(hiding) = &mut self.hiding {
                        hiding.begin(&mut chunk, at);
                    }
                }
                Piece::NextData => scanner.feed(b"\n", tally),
                Piece::Data => {
                    tally.passes(length);
                    let over = self.is_done(part, tally);
                    // The first line of data, all of it.
                    let is_whole = core::mem::take(&mut self.fresh) && !rest.is_empty();
                    match is_whole {
                        true => scanner.feed_event(part, tally),
                        false => scanner.feed(part, tally),
                    }
                    if let Some(hiding) = &mut self.hiding
                        && hiding.holds()
                        && (over || !tally.may_be_usage_event())
                    {
                        hiding.release(&mut chunk);
                    }
                }
                Piece::Ends => {
                    if let Some(hiding) = &mut self.hiding {
                        let end = at.saturating_add(length);
                        hiding.end(&mut chunk, end, tally.looks_like_usage_event());
                    }
                }
                Piece::EndsLate => {
                    if let Some(hiding) = &mut self.hiding {
                        hiding.end_late(&mut chunk, at);
                    }
                }
            }
        }
        match &mut self.hiding {
            None => Passed::Unchanged,
            Some(hiding) => hiding.pass(chunk),
        }
    }

    /// Whether `part` has the end of `[DONE]`, with which the data begins.
    fn is_done(&mut self, part: &[u8], tally: &mut Tally) -> bool {
        let left = DONE.get(self.done..).unwrap_or_default();
        let common = left.iter().zip(part).take_while(|(a, b)| a == b).count();
        // Once the data has gone another way, no later part of it can be the rest of the marker.
        self.done = if !left.is_empty() && common == left.len().min(part.len()) {
            self.done.saturating_add(common)
        } else {
            usize::MAX
        };
        let is_done = self.done == DONE.len();
        if is_done {
            tally.done();
        }
        is_done
    }
}
