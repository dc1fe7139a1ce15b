//! Reads what a call used out of the provider's answer while it passes by.
//!
//! A [`Meter`] is fed the body at any chunking. It looks at each byte once, keeps nothing of the
//! body but the usage objects, and says what to pass on: the same bytes, but for the extra usage
//! event a client had not asked for.

use crate::usage::TokenUsage;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The provider's own count, by the last values it gave. An explicit zero is a zero.
    pub usage: Option<TokenUsage>,
    /// Whether the provider's own final count of output tokens is in `usage`.
    pub output_final: bool,
    /// An estimate of the tokens generated so far, for an answer that breaks off.
    pub seen_output_tokens: u64,
    /// Whether the answer came to a proper end.
    pub ended: bool,
}

/// Meters one answer.
#[derive(Debug)]
pub struct Meter {
    reading: Reading,
}

impl Meter {
    /// A meter for one body. With `hide_usage` the extra usage event is removed: the one whose
    /// `choices` is `[]` and whose `usage` is an object (OpenAI's event streams only).
    pub fn new(format: WireFormat, framing: Framing, hide_usage: bool) -> Meter {
        let _ = (format, framing, hide_usage);
        Meter {
            reading: Reading::default(),
        }
    }

    /// Takes the next bytes of the body and says what to pass on in their place.
    pub fn feed(&mut self, chunk: &[u8]) -> Passed {
        let _ = chunk;
        Passed::Unchanged
    }

    /// The body has ended: bytes held back that must still be passed on, usually none.
    pub fn finish(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// What has been seen so far.
    pub fn reading(&self) -> Reading {
        self.reading
    }
}
