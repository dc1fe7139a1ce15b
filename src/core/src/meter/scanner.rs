//! An incremental JSON scanner: takes a document at any chunking, keeps no tree of it, and tells a
//! [`Watcher`] about the few values it is interested in.
//!
//! It is no validator. What is not JSON gives no readings, or odd ones, but never a panic and
//! never more memory than a captured object may have.

use super::path::{Key, Path};
use super::watcher::{Interest, Shape, Voice, Watcher, Word};
use memchr::memchr2;

/// The most bytes of an object that are captured; a larger one is skipped.
pub(super) const CAPTURE_LIMIT: usize = 16 * 1024;
/// The most bytes of a key or word that are looked at; a longer one is none that is known.
const WORD_LIMIT: usize = 40;
const _: () = assert!(Key::LONGEST <= WORD_LIMIT);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Between,
    Key,
    Skipped,
    Text(Voice),
    Word(Word),
    Closed,
}

#[derive(Debug)]
struct Capture {
    top: bool,
    depth: u32,
    too_large: bool,
}

/// The scanner of one document.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    phase: Phase,
    /// Inside a string, the byte before was a backslash.
    escaped: bool,
    path: Path,
    key: Key,
    key_next: bool,
    /// The document is an array, and each of its items is taken for a document.
    in_root_array: bool,
    awaits_item: bool,
    all_text: Option<u32>,
    capture: Option<Capture>,
    /// The start of a captured object that was cut by the end of a chunk.
    captured: Vec<u8>,
    /// The start of a key or word that was cut by the end of a chunk.
    cut: Vec<u8>,
}

impl Scanner {
    /// Starts over with a new document, keeping the buffers.
    pub(super) fn reset(&mut self) {
        let (mut captured, mut cut) = (
            core::mem::take(&mut self.captured),
            core::mem::take(&mut self.cut),
        );
        captured.clear();
        cut.clear();
        *self = Scanner {
            captured,
            cut,
            ..Scanner::default()
        };
    }

    /// Takes the next bytes of the document.
    pub(super) fn feed<W: Watcher>(&mut self, bytes: &[u8], watcher: &mut W) {
        // What of `bytes` belongs to a captured object begins here.
        let mut capture_from = bytes;
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.phase {
                Phase::Closed => return,
                Phase::Between => {
                    let Some(at) = self.next_structural(rest) else {
                        break;
                    };
                    let Some((before, [byte, after @ ..])) = rest.split_at_checked(at) else {
                        break;
                    };
                    let from = rest.get(before.len()..).unwrap_or_default();
                    rest = after;
                    match byte {
                        b'"' => self.begin_string(watcher),
                        b',' => {
                            self.key = Key::None;
                            self.key_next = self.path.in_object();
                        }
                        b'{' | b'[' => {
                            if self.open(*byte == b'{', watcher) {
                                capture_from = from;
                            }
                        }
                        _ => {
                            let part = capture_from.len().saturating_sub(rest.len());
                            let part = capture_from.get(..part).unwrap_or_default();
                            self.close(part, watcher);
                        }
                    }
                }
                phase => rest = self.string(phase, rest, watcher),
            }
        }
        self.keep(capture_from);
    }

    /// Where the next byte is that means something between strings.
    fn next_structural(&self, rest: &[u8]) -> Option<usize> {
        if self.path.in_object() {
            rest.iter()
                .position(|b| matches!(b, b'"' | b',' | b'{' | b'}' | b'[' | b']'))
        } else {
            // The commas of an array mean nothing: long lists of numbers go by faster.
            rest.iter()
                .position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']'))
        }
    }

    fn begin_string<W: Watcher>(&mut self, watcher: &mut W) {
        self.item(watcher);
        self.phase = if self.key_next {
            Phase::Key
        } else if self.all_text.is_some() {
            Phase::Text(Voice::Answer)
        } else if self.capture.is_some() {
            Phase::Skipped
        } else {
            match watcher.interest(&self.path, self.key, Shape::String) {
                Interest::Text(voice) => Phase::Text(voice),
                Interest::Word(word) => Phase::Word(word),
                _ => Phase::Skipped,
            }
        };
    }

    /// Goes on inside a string; gives back what follows it.
    fn string<'a, W: Watcher>(
        &mut self,
        phase: Phase,
        bytes: &'a [u8],
        watcher: &mut W,
    ) -> &'a [u8] {
        let mut rest = bytes;
        let mut closed = false;
        loop {
            if self.escaped {
                let Some((_, after)) = rest.split_first() else {
                    break;
                };
                self.escaped = false;
                rest = after;
            }
            let found = memchr2(b'"', b'\\', rest);
            let Some([byte, after @ ..]) = found.and_then(|at| rest.get(at..)) else {
                rest = &[];
                break;
            };
            rest = after;
            if *byte == b'"' {
                closed = true;
                break;
            }
            self.escaped = true;
        }
        let length = bytes
            .len()
            .saturating_sub(rest.len())
            .saturating_sub(usize::from(closed));
        let inside = bytes.get(..length).unwrap_or_default();
        match phase {
            Phase::Text(voice) => watcher.text(voice, length),
            Phase::Key | Phase::Word(_) => {
                if phase == Phase::Key && self.all_text.is_some() {
                    watcher.text(Voice::Answer, length);
                }
                self.spell(phase, inside, closed, watcher);
            }
            _ => {}
        }
        if closed {
            self.phase = Phase::Between;
        }
        rest
    }

    /// Takes a part of a key or word.
    fn spell<W: Watcher>(&mut self, phase: Phase, part: &[u8], closed: bool, watcher: &mut W) {
        if closed && self.cut.is_empty() {
            self.spelled(phase, part, watcher);
            return;
        }
        // One byte over the limit is enough to tell that it is too long.
        let room = WORD_LIMIT.saturating_add(1).saturating_sub(self.cut.len());
        self.cut.extend_from_slice(part.get(..room).unwrap_or(part));
        if closed {
            let mut word = core::mem::take(&mut self.cut);
            self.spelled(phase, &word, watcher);
            word.clear();
            self.cut = word;
        }
    }

    fn spelled<W: Watcher>(&mut self, phase: Phase, raw: &[u8], watcher: &mut W) {
        if let Phase::Word(word) = phase {
            let known = if raw.len() <= WORD_LIMIT { raw } else { &[] };
            watcher.word(word, known);
        } else {
            self.key = Key::of(raw);
            self.key_next = false;
        }
    }

    /// Says whether a capture has begun.
    fn open<W: Watcher>(&mut self, object: bool, watcher: &mut W) -> bool {
        self.item(watcher);
        if self.path.depth() == 0 {
            if !object && !self.in_root_array {
                self.in_root_array = true;
                return false;
            }
            watcher.document_begins();
        }
        let interest = if self.all_text.is_some() || self.capture.is_some() {
            Interest::Nothing
        } else {
            let shape = if object { Shape::Object } else { Shape::Array };
            watcher.interest(&self.path, self.key, shape)
        };
        self.path.enter(self.key, object);
        self.key = Key::None;
        self.key_next = self.path.in_object();
        match interest {
            Interest::Items => self.awaits_item = true,
            Interest::AllText => self.all_text = Some(self.path.depth()),
            Interest::Capture(top) => {
                watcher.capturing();
                self.capture = Some(Capture {
                    top,
                    depth: self.path.depth(),
                    too_large: false,
                });
                return true;
            }
            _ => {}
        }
        false
    }

    /// `part` is what this chunk has of a captured object, up to and with the bracket.
    fn close<W: Watcher>(&mut self, part: &[u8], watcher: &mut W) {
        if core::mem::take(&mut self.awaits_item) {
            watcher.items(false);
        }
        let depth = self.path.depth();
        if let Some(capture) = self.capture.take_if(|capture| capture.depth == depth) {
            self.end_capture(&capture, part, watcher);
        }
        self.all_text.take_if(|from| *from == depth);
        self.path.leave();
        self.key = Key::None;
        self.key_next = false;
        if depth == 1 {
            watcher.document_ends();
        }
        let root = if self.in_root_array { 0 } else { 1 };
        if depth == root {
            self.phase = Phase::Closed;
            watcher.all_ends();
        }
    }

    fn end_capture<W: Watcher>(&mut self, capture: &Capture, part: &[u8], watcher: &mut W) {
        let length = self.captured.len().saturating_add(part.len());
        if !capture.too_large && length <= CAPTURE_LIMIT {
            if self.captured.is_empty() {
                watcher.captured(capture.top, part);
            } else {
                self.captured.extend_from_slice(part);
                watcher.captured(capture.top, &self.captured);
            }
        }
        self.captured.clear();
    }

    /// Keeps what the chunk had of an object that goes on in the next.
    fn keep(&mut self, part: &[u8]) {
        let Some(capture) = &mut self.capture else {
            return;
        };
        let length = self.captured.len().saturating_add(part.len());
        if capture.too_large || length > CAPTURE_LIMIT {
            capture.too_large = true;
            self.captured.clear();
        } else {
            self.captured.extend_from_slice(part);
        }
    }

    fn item<W: Watcher>(&mut self, watcher: &mut W) {
        if core::mem::take(&mut self.awaits_item) {
            watcher.items(true);
        }
    }
}
