//! The shape of an event, so that the next one of the same shape need not be scanned.
//!
//! The events of a stream differ in their texts, and hardly in anything else. What the scanner told of
//! one is told again of another whose bytes are the same outside of strings that nobody looks into.

use super::sink::{List, Marker, Sink, TextKind};
use core::ops::Range;
use memchr::memchr2;

/// Bytes of an event at most, and strings in it that may differ. Those of deltas are far below.
const MOST_BYTES: usize = 1_024;
const MOST_HOLES: usize = 16;
/// Events of another shape each after which it is not tried any more.
const MOST_MISSES: u8 = 32;

/// What the scanner told, in order.
#[derive(Debug)]
enum Told {
    DocumentBegins,
    DocumentEnds,
    AllEnds,
    Items(List, bool),
    /// The length of the string in that hole.
    Text(TextKind, usize),
    Marker(Marker, Range<usize>),
}

/// The shape of the last event.
#[derive(Debug, Default)]
pub(super) struct Template {
    text: Vec<u8>,
    /// The insides of strings that may differ.
    holes: Vec<Range<usize>>,
    told: Vec<Told>,
    /// Whether the scanner reads an event whose shape is wanted.
    learns: bool,
    /// Whether there is a shape.
    is_known: bool,
    misses: u8,
    lengths: Vec<usize>,
}

impl Template {
    /// Tells `sink` all of the event, if it has the shape of the last one.
    pub(super) fn tell<W: Sink>(&mut self, event: &[u8], sink: &mut W) -> bool {
        if !self.is_known || self.fits(event).is_none() {
            return false;
        }
        self.misses = 0;
        for told in &self.told {
            match told {
                Told::DocumentBegins => sink.document_begins(),
                Told::DocumentEnds => sink.document_ends(),
                Told::AllEnds => sink.all_ends(),
                Told::Items(list, any) => sink.items(*list, *any),
                Told::Text(kind, hole) => {
                    sink.text(*kind, self.lengths.get(*hole).copied().unwrap_or(0));
                }
                Told::Marker(marker, at) => {
                    sink.marker(*marker, self.text.get(at.clone()).unwrap_or_default());
                }
            }
        }
        true
    }

    /// Takes the lengths of the strings in the holes; `None` if the event is of another shape.
    fn fits(&mut self, event: &[u8]) -> Option<()> {
        self.lengths.clear();
        let (mut rest, mut from) = (event, 0);
        for hole in &self.holes {
            rest = rest.strip_prefix(self.text.get(from..hole.start)?)?;
            let length = memchr2(b'"', b'\\', rest)?;
            rest = rest.get(length..)?;
            self.lengths.push(length);
            from = hole.end;
        }
        // What comes next begins with a quote, so that an escape does not fit.
        (rest == self.text.get(from..)?).then_some(())
    }

    /// The scanner reads this event next, all of it at once.
    pub(super) fn learn(&mut self, event: &[u8]) {
        self.is_known = false;
        self.learns = event.len() <= MOST_BYTES && self.misses < MOST_MISSES;
        if self.learns {
            self.misses = self.misses.saturating_add(1);
            self.text.clear();
            self.text.extend_from_slice(event);
            self.holes.clear();
            self.told.clear();
        }
    }

    /// It has. `is_whole`: the event was one whole document.
    pub(super) fn learnt(&mut self, is_whole: bool) {
        self.is_known = self.learns && is_whole;
        self.learns = false;
    }

    /// The scanner tells something that depends on more than the shape.
    pub(super) fn spoil(&mut self) {
        self.learns = false;
    }

    fn push(&mut self, told: Told) {
        if self.learns {
            self.told.push(told);
        }
    }

    pub(super) fn document_begins(&mut self) {
        self.push(Told::DocumentBegins);
    }

    pub(super) fn document_ends(&mut self) {
        self.push(Told::DocumentEnds);
    }

    pub(super) fn all_ends(&mut self) {
        self.push(Told::AllEnds);
    }

    pub(super) fn items(&mut self, list: List, any: bool) {
        self.push(Told::Items(list, any));
    }

    /// A string that nobody looks into, though its length may count.
    pub(super) fn string(&mut self, kind: Option<TextKind>, inside: Range<usize>) {
        if !self.learns {
            return;
        }
        if self.holes.len() >= MOST_HOLES {
            return self.spoil();
        }
        if let Some(kind) = kind {
            self.push(Told::Text(kind, self.holes.len()));
        }
        self.holes.push(inside);
    }

    pub(super) fn marker(&mut self, marker: Marker, inside: Range<usize>) {
        self.push(Told::Marker(marker, inside));
    }
}
