//! Takes the extra usage event out of an event stream and passes all else on as it came.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create#chat-create-stream_options>: with
//! `include_usage` one more event comes before `[DONE]`, whose `choices` is always empty.
//!
//! An event is held only as long as it may yet be that one.

use super::Passed;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The largest event that can be taken for the usage event: as much as is ever held.
pub(super) const HOLD_LIMIT: usize = 16 * 1024;

/// Decides about the bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct Hiding {
    /// What earlier chunks had of the event that is held.
    held: Vec<u8>,
    holding: bool,
    /// The event before was removed: so is the rest of its line end.
    removed: bool,
}

/// What is to be passed on of one chunk.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    bytes: &'a [u8],
    /// What passes before `bytes[from..]`, once that is not simply the chunk.
    before: Option<Vec<u8>>,
    from: usize,
    /// Where the event that is held begins; 0 where it began earlier.
    held_from: usize,
}

impl<'a> Chunk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Chunk<'a> {
        Chunk {
            bytes,
            before: None,
            from: 0,
            held_from: 0,
        }
    }

    /// Passes what stands before `start` and leaves out what follows, up to `end`.
    fn cut(&mut self, start: usize, end: usize) {
        let passed = self.bytes.get(self.from..start).unwrap_or_default();
        self.before
            .get_or_insert_default()
            .extend_from_slice(passed);
        self.from = end;
    }
}

impl Hiding {
    /// Whether an event is held.
    pub(super) fn holds(&self) -> bool {
        self.holding
    }

    /// An event begins.
    pub(super) fn begin(&mut self, chunk: &mut Chunk<'_>, at: usize) {
        self.holding = true;
        self.removed = false;
        chunk.held_from = at;
    }

    /// The event is another one: what was held passes.
    pub(super) fn release(&mut self, chunk: &mut Chunk<'_>) {
        self.holding = false;
        if !self.held.is_empty() {
            // It began in an earlier chunk, so nothing of this one comes before it.
            chunk.before = Some(core::mem::take(&mut self.held));
        }
    }

    /// The event ends before `to`; `likely` if it looks like the usage event.
    pub(super) fn end(&mut self, chunk: &mut Chunk<'_>, to: usize, likely: bool) {
        self.removed = false;
        if !self.holding {
            return;
        }
        let part = chunk.bytes.get(chunk.held_from..to).unwrap_or_default();
        if likely && self.is_usage_event(part) {
            chunk.cut(chunk.held_from, to);
            self.held.clear();
            self.holding = false;
            self.removed = true;
        } else {
            self.release(chunk);
        }
    }

    /// The line end that ended an event has one more byte.
    pub(super) fn end_late(&mut self, chunk: &mut Chunk<'_>, at: usize) {
        if core::mem::take(&mut self.removed) {
            chunk.cut(at, at.saturating_add(1));
        }
    }

    /// The chunk has been seen to its end.
    pub(super) fn pass(&mut self, mut chunk: Chunk<'_>) -> Passed {
        if self.holding {
            let part = chunk.bytes.get(chunk.held_from..).unwrap_or_default();
            if self.held.len().saturating_add(part.len()) > HOLD_LIMIT {
                self.release(&mut chunk);
            } else {
                self.held.extend_from_slice(part);
                chunk.cut(chunk.held_from, chunk.bytes.len());
            }
        }
        match chunk.before {
            None => Passed::Unchanged,
            Some(mut before) => {
                before.extend_from_slice(chunk.bytes.get(chunk.from..).unwrap_or_default());
                Passed::Replaced(before)
            }
        }
    }

    /// The stream ends: what of an incomplete event is to be passed on.
    pub(super) fn finish(&mut self, likely: bool) -> Vec<u8> {
        self.holding = false;
        let held = core::mem::take(&mut self.held);
        if likely && is_usage_event(&held) {
            return Vec::new();
        }
        held
    }

    fn is_usage_event(&mut self, part: &[u8]) -> bool {
        if self.held.len().saturating_add(part.len()) > HOLD_LIMIT {
            return false;
        }
        if self.held.is_empty() {
            return is_usage_event(part);
        }
        let before = self.held.len();
        self.held.extend_from_slice(part);
        let is = is_usage_event(&self.held);
        self.held.truncate(before);
        is
    }
}

#[derive(Deserialize)]
struct UsageChunk {
    choices: Vec<IgnoredAny>,
    #[serde(rename = "usage")]
    _usage: AnyObject,
}

#[derive(Deserialize)]
struct AnyObject {}

/// Whether the data of this event is the extra usage chunk.
fn is_usage_event(event: &[u8]) -> bool {
    let mut data = Vec::with_capacity(event.len());
    for line in event.split(|byte| matches!(byte, b'\n' | b'\r')) {
        if let Some(value) = line.strip_prefix(b"data:") {
            data.extend_from_slice(value);
            data.push(b'\n');
        }
    }
    // As a client decodes it: bytes that are no UTF-8 make no difference.
    serde_json::from_slice::<UsageChunk>(String::from_utf8_lossy(&data).as_bytes())
        .is_ok_and(|chunk| chunk.choices.is_empty())
}
