//! An incremental JSON scanner: takes a document at any chunking, keeps no tree of it, and tells a
//! [`Sink`] about the few values it is interested in.
//!
//! It is no validator. What is not JSON gives no readings, or odd ones, but never a panic and
//! never more memory than a captured object may have.

use super::path::{Key, Path};
use super::sink::{List, Marker, Selector, Shape, Sink, TextKind};
use super::template::Template;
use memchr::memchr2;

/// The most bytes of an object that are captured; a larger one is skipped.
pub(super) const CAPTURE_LIMIT: usize = 16 * 1024;
/// The most bytes of a key or marker that are looked at; a longer one is none that is known.
pub(super) const WORD_LIMIT: usize = 128;
const _: () = assert!(Key::LONGEST <= WORD_LIMIT);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Between,
    Key,
    Skipped,
    Text(TextKind),
    Marker(Marker),
    Closed,
}

#[derive(Debug)]
struct Capture {
    depth: u32,
    too_large: bool,
}

/// The scanner of one document, or of several one after another.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    phase: Phase,
    /// Inside a string, the byte before was a backslash.
    escaped: bool,
    path: Path,
    key: Key,
    key_next: bool,
    /// The value that comes next is a number that is wanted, of which this has come.
    number: Option<Vec<u8>>,
    /// The document is an array, and each of its items is taken for a document.
    in_root_array: bool,
    awaits_item: Option<List>,
    all_text: Option<u32>,
    capture: Option<Capture>,
    /// The start of a captured object that was cut by the end of a chunk.
    captured: Vec<u8>,
    /// The start of a key or marker that was cut by the end of a chunk.
    cut: Vec<u8>,
    /// The shape of the last event; absent in a body that is no stream of them.
    template: Option<Box<Template>>,
}

impl Scanner {
    /// Starts over with a new document, keeping the buffers.
    pub(super) fn reset(&mut self) {
        self.captured.clear();
        self.cut.clear();
        self.phase = Phase::Between;
        self.escaped = false;
        self.path = Path::default();
        self.key = Key::None;
        self.key_next = false;
        self.number = None;
        self.in_root_array = false;
        self.awaits_item = None;
        self.all_text = None;
        self.capture = None;
    }

    /// Takes a whole event, of which nothing has been fed. If it is one document, and of the same shape
    /// as the last, it is not scanned.
    pub(super) fn feed_event<W: Sink>(&mut self, event: &[u8], sink: &mut W) {
        let template = self.template.get_or_insert_default();
        if template.tell(event, sink) {
            self.phase = Phase::Closed;
            return;
        }
        template.learn(event);
        self.feed(event, sink);
        if let Some(template) = &mut self.template {
            template.learnt(self.phase == Phase::Closed);
        }
    }

    /// Has the shape of the event that is read note something.
    fn learn(&mut self, note: impl FnOnce(&mut Template)) {
        if let Some(template) = &mut self.template {
            note(template);
        }
    }

    /// Takes the next bytes of the document.
    pub(super) fn feed<W: Sink>(&mut self, bytes: &[u8], sink: &mut W) {
        // What of `bytes` belongs to a captured object begins here.
        let mut capture_from = bytes;
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.phase {
                Phase::Closed => {
                    let next = rest.iter().position(|byte| matches!(byte, b'{' | b'['));
                    let Some(at) = next else { return };
                    rest = rest.get(at..).unwrap_or_default();
                    self.reset();
                    self.learn(Template::spoil);
                    sink.goes_on();
                }
                Phase::Between => {
                    let Some(at) = self.next_structural(rest) else {
                        self.add_number(rest);
                        break;
                    };
                    let Some((before, [byte, after @ ..])) = rest.split_at_checked(at) else {
                        break;
                    };
                    let from = rest.get(before.len()..).unwrap_or_default();
                    self.add_number(before);
                    self.end_number(*byte, sink);
                    rest = after;
                    match byte {
                        b'"' => self.begin_string(sink),
                        b',' => {
                            self.key = Key::None;
                            self.key_next = self.path.in_object();
                        }
                        b'{' | b'[' => {
                            if self.open(*byte == b'{', sink) {
                                capture_from = from;
                            }
                        }
                        _ => {
                            let part = capture_from.len().saturating_sub(rest.len());
                            let part = capture_from.get(..part).unwrap_or_default();
                            self.close(part, sink);
                        }
                    }
                }
                phase => {
                    let at = bytes.len().saturating_sub(rest.len());
                    rest = self.string(phase, at, rest, sink);
                }
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

    fn begin_string<W: Sink>(&mut self, sink: &mut W) {
        self.item(sink);
        self.phase = if self.key_next {
            Phase::Key
        } else if self.all_text.is_some() {
            Phase::Text(TextKind::Answer)
        } else if self.capture.is_some() {
            Phase::Skipped
        } else {
            match sink.select(&self.path, self.key, Shape::String) {
                Selector::Text(kind) => Phase::Text(kind),
                Selector::Marker(marker) => Phase::Marker(marker),
                _ => Phase::Skipped,
            }
        };
    }

    /// Goes on inside a string, which is `at` in the chunk; gives back what follows it.
    fn string<'a, W: Sink>(
        &mut self,
        phase: Phase,
        at: usize,
        bytes: &'a [u8],
        sink: &mut W,
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
        let range = at..at.saturating_add(length);
        match phase {
            Phase::Text(kind) => {
                self.learn(|template| template.string(Some(kind), range));
                sink.text(kind, length);
            }
            Phase::Key => {
                if self.all_text.is_some() {
                    self.learn(Template::spoil);
                    sink.text(TextKind::Answer, length);
                }
                self.spell(phase, inside, closed, sink);
            }
            Phase::Marker(marker) => {
                match length <= WORD_LIMIT {
                    true => self.learn(|template| template.marker(marker, range)),
                    false => self.learn(Template::spoil),
                }
                self.spell(phase, inside, closed, sink);
            }
            Phase::Skipped => self.learn(|template| template.string(None, range)),
            _ => {}
        }
        if closed {
            self.phase = Phase::Between;
        }
        rest
    }

    /// Takes a part of a key or marker.
    fn spell<W: Sink>(&mut self, phase: Phase, part: &[u8], closed: bool, sink: &mut W) {
        if closed && self.cut.is_empty() {
            self.spelled(phase, part, sink);
            return;
        }
        // One byte over the limit is enough to tell that it is too long.
        let room = WORD_LIMIT.saturating_add(1).saturating_sub(self.cut.len());
        self.cut.extend_from_slice(part.get(..room).unwrap_or(part));
        if closed {
            let mut marker = core::mem::take(&mut self.cut);
            self.spelled(phase, &marker, sink);
            marker.clear();
            self.cut = marker;
        }
    }

    fn spelled<W: Sink>(&mut self, phase: Phase, raw: &[u8], sink: &mut W) {
        if let Phase::Marker(marker) = phase {
            let known = if raw.len() <= WORD_LIMIT { raw } else { &[] };
            sink.marker(marker, known);
        } else {
            self.key = Key::of(raw);
            self.key_next = false;
            if self.capture.is_none() && sink.wants_number(&self.path, self.key) {
                self.learn(Template::spoil);
                self.number = Some(Vec::new());
            }
        }
    }

    /// Takes a part of what may be a number that is wanted.
    fn add_number(&mut self, part: &[u8]) {
        if let Some(number) = &mut self.number {
            let room = WORD_LIMIT.saturating_sub(number.len());
            number.extend_from_slice(part.get(..room).unwrap_or(part));
        }
    }

    /// Tells such a number, if it was one: what ended it is a comma or a bracket.
    fn end_number<W: Sink>(&mut self, end: u8, sink: &mut W) {
        if let Some(number) = self.number.take()
            && matches!(end, b',' | b'}')
        {
            let number = number.trim_ascii();
            let number = number.strip_prefix(b":").unwrap_or(number);
            sink.marker(Marker::Duration, number.trim_ascii());
        }
    }

    /// Says whether a capture has begun.
    fn open<W: Sink>(&mut self, object: bool, sink: &mut W) -> bool {
        self.item(sink);
        if self.path.depth() == 0 {
            if !object && !self.in_root_array {
                self.in_root_array = true;
                return false;
            }
            self.learn(Template::document_begins);
            sink.document_begins();
        }
        let select = if self.all_text.is_some() || self.capture.is_some() {
            Selector::Nothing
        } else {
            let shape = if object { Shape::Object } else { Shape::Array };
            sink.select(&self.path, self.key, shape)
        };
        self.path.enter(self.key, object);
        self.key = Key::None;
        self.key_next = self.path.in_object();
        match select {
            Selector::Items(list) => self.awaits_item = Some(list),
            Selector::AllText => self.all_text = Some(self.path.depth()),
            Selector::Capture => {
                self.learn(Template::spoil);
                sink.capturing();
                self.capture = Some(Capture {
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
    fn close<W: Sink>(&mut self, part: &[u8], sink: &mut W) {
        if let Some(list) = self.awaits_item.take() {
            self.learn(|template| template.items(list, false));
            sink.items(list, false);
        }
        let depth = self.path.depth();
        if let Some(capture) = self.capture.take_if(|capture| capture.depth == depth) {
            self.end_capture(&capture, part, sink);
        }
        self.all_text.take_if(|from| *from == depth);
        self.path.leave();
        self.key = Key::None;
        self.key_next = false;
        if depth == 1 {
            self.learn(Template::document_ends);
            sink.document_ends();
        }
        let root = if self.in_root_array { 0 } else { 1 };
        if depth == root {
            self.phase = Phase::Closed;
            self.learn(Template::all_ends);
            sink.all_ends();
        }
    }

    fn end_capture<W: Sink>(&mut self, capture: &Capture, part: &[u8], sink: &mut W) {
        let length = self.captured.len().saturating_add(part.len());
        if !capture.too_large && length <= CAPTURE_LIMIT {
            if self.captured.is_empty() {
                sink.captured(part);
            } else {
                self.captured.extend_from_slice(part);
                sink.captured(&self.captured);
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

    fn item<W: Sink>(&mut self, sink: &mut W) {
        if let Some(list) = self.awaits_item.take() {
            self.learn(|template| template.items(list, true));
            sink.items(list, true);
        }
    }
}
