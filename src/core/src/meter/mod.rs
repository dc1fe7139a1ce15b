//! Reads what a call used out of the provider's answer while it passes by.
//!
//! A [`Meter`] is fed the body at any chunking. It looks at each byte once, keeps nothing of the
//! body but the usage objects, and says what to pass on: the same bytes, but for the extra usage
//! event a client had not asked for.
//!
//! Policy and prices must be absent: a meter counts, and nothing is decided by it.

mod anthropic;
mod event_stream;
mod gemini;
mod hiding;
mod openai;
mod path;
mod responses;
mod scanner;
mod sink;
mod tally;

use self::event_stream::{EventStream, Piece};
use self::hiding::{Chunk, Hiding};
use self::scanner::Scanner;
use self::tally::Tally;
use crate::usage::{TokenUsage, ToolCalls};
use crate::wire_format::WireFormat;

/// How the answers of a body follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One JSON value. A Gemini stream without `alt=sse` is one too: an array of answers.
    Json,
    /// Server-sent events, each with an answer in its data.
    EventStream,
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
    /// Whether the provider's own final count of output tokens is in `usage`.
    pub output_final: bool,
    /// The tier that the provider says it served the answer in. The last it says holds.
    pub tier: Option<String>,
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
}

/// Meters one answer.
#[derive(Debug)]
pub struct Meter {
    scanner: Scanner,
    tally: Tally,
    /// Absent for a body that is one JSON value.
    events: Option<Events>,
}

#[derive(Debug)]
struct Events {
    stream: EventStream,
    /// So many bytes of the data are those of `[DONE]`.
    done: usize,
    hiding: Option<Hiding>,
}

/// The data of the event after the last, which is not JSON.
const DONE: &[u8] = b"[DONE]";

impl Meter {
    /// A meter for one body. With `hide_usage` the extra usage event is removed: the one whose
    /// `choices` is `[]` and whose `usage` is an object (OpenAI's event streams only).
    pub fn new(format: WireFormat, framing: Framing, hide_usage: bool) -> Meter {
        let hides = hide_usage && format == WireFormat::OpenAi;
        Meter {
            scanner: Scanner::default(),
            tally: Tally::new(format, framing),
            events: (framing == Framing::EventStream).then(|| Events {
                stream: EventStream::new(),
                done: 0,
                hiding: hides.then(Hiding::default),
            }),
        }
    }

    /// Takes the next bytes of the body and says what to pass on in their place.
    pub fn feed(&mut self, chunk: &[u8]) -> Passed {
        let Some(events) = &mut self.events else {
            self.scanner.feed(chunk, &mut self.tally);
            return Passed::Unchanged;
        };
        events.feed(chunk, &mut self.scanner, &mut self.tally)
    }

    /// The body has ended: bytes held back that must still be passed on, usually none.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        match &mut self.events {
            Some(Events {
                hiding: Some(hiding),
                ..
            }) => hiding.finish(self.tally.looks_like_usage_event()),
            _ => Vec::new(),
        }
    }

    /// What has been seen so far.
    pub fn reading(&self) -> Reading {
        self.tally.reading()
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
                Piece::Begins => {
                    scanner.reset();
                    tally.event_begins();
                    self.done = 0;
                    if let Some(hiding) = &mut self.hiding {
                        hiding.begin(&mut chunk, at);
                    }
                }
                Piece::NextData => scanner.feed(b"\n", tally),
                Piece::Data => {
                    let over = self.is_done(part, tally);
                    scanner.feed(part, tally);
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

    /// Whether the data, up to and with `part`, is `[DONE]`.
    fn is_done(&mut self, part: &[u8], tally: &mut Tally) -> bool {
        let left = DONE.get(self.done..).unwrap_or_default();
        let common = left.iter().zip(part).take_while(|(a, b)| a == b).count();
        // Once the data has gone another way, no later part of it can be the rest of the marker.
        self.done = if common == left.len().min(part.len()) {
            self.done.saturating_add(common)
        } else {
            usize::MAX
        };
        if self.done == DONE.len() {
            tally.done();
        }
        self.done == DONE.len()
    }
}
