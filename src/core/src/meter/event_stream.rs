//! Server-sent events, as <https://html.spec.whatwg.org/multipage/server-sent-events.html> has
//! them: LF, CRLF or CR end a line, a blank line ends an event, a colon begins a comment, one
//! space may follow `data:`, and a byte order mark may come first.

use memchr::memchr2;

const FIELD: &[u8] = b"data";
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the next bytes of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// An event's first line begins here. Has no bytes of its own. Comments before it, a blank
    /// line before it and the byte order mark belong to no event.
    Begins,
    /// A further `data` line of the event: its data goes on after a newline.
    NextData,
    /// A part of a `data` line's value.
    Data,
    /// The blank line that ends the event.
    Ends,
    /// The LF of the CRLF of which the CR has ended the event.
    EndsLate,
    /// A part of a line that is neither data nor a comment.
    Unknown,
    /// Anything else.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So many bytes of the byte order mark have been seen.
    Mark(usize),
    Start,
    /// So many bytes of the field's name have been seen.
    Name(usize),
    /// One space may follow.
    Colon,
    Value,
    Comment,
    Ignored,
}

/// Cuts a stream into pieces.
#[derive(Debug)]
pub(super) struct EventStream {
    line: Line,
    in_event: bool,
    has_data: bool,
    /// The last byte was a CR, which a LF may follow; and whether it ended an event.
    after_cr: Option<bool>,
}

impl EventStream {
    pub(super) fn new() -> EventStream {
        EventStream {
            line: Line::Mark(0),
            in_event: false,
            has_data: false,
            after_cr: None,
        }
    }

    /// The first piece of `rest`, which is not empty, and its length.
    pub(super) fn next(&mut self, rest: &[u8]) -> (Piece, usize) {
        let Some(first) = rest.first().copied() else {
            return (Piece::Other, 0);
        };
        if let Some(ended) = self.after_cr.take()
            && first == b'\n'
        {
            return (if ended { Piece::EndsLate } else { Piece::Other }, 1);
        }
        match self.line {
            Line::Mark(seen) => {
                if BYTE_ORDER_MARK.get(seen) == Some(&first) {
                    self.line = Line::Mark(seen.saturating_add(1));
                    return (Piece::Other, 1);
                }
                self.line = Line::Start;
                (Piece::Other, 0)
            }
            Line::Start => self.start(first),
            Line::Name(seen) => self.name(seen, first, rest),
            Line::Colon => {
                self.line = Line::Value;
                (Piece::Other, usize::from(first == b' '))
            }
            Line::Value => self.until_line_end(Piece::Data, rest),
            Line::Comment => self.until_line_end(Piece::Other, rest),
            Line::Ignored => self.until_line_end(Piece::Unknown, rest),
        }
    }

    fn start(&mut self, first: u8) -> (Piece, usize) {
        if first == b'\n' || first == b'\r' {
            let ended = core::mem::take(&mut self.in_event);
            self.has_data = false;
            self.after_cr = (first == b'\r').then_some(ended);
            return (if ended { Piece::Ends } else { Piece::Other }, 1);
        }
        if first == b':' {
            self.line = Line::Comment;
            return (Piece::Other, 1);
        }
        self.line = Line::Name(0);
        if self.in_event {
            return (Piece::Other, 0);
        }
        self.in_event = true;
        (Piece::Begins, 0)
    }

    fn name(&mut self, seen: usize, first: u8, rest: &[u8]) -> (Piece, usize) {
        let left = FIELD.get(seen..).unwrap_or_default();
        let common = left.iter().zip(rest).take_while(|(a, b)| a == b).count();
        if common > 0 {
            self.line = Line::Name(seen.saturating_add(common));
            return (Piece::Other, common);
        }
        if first == b':' && left.is_empty() {
            self.line = Line::Colon;
            let again = core::mem::replace(&mut self.has_data, true);
            return (if again { Piece::NextData } else { Piece::Other }, 1);
        }
        self.line = Line::Ignored;
        (Piece::Other, 0)
    }

    fn until_line_end(&mut self, piece: Piece, rest: &[u8]) -> (Piece, usize) {
        match memchr2(b'\n', b'\r', rest) {
            None => (piece, rest.len()),
            Some(0) => {
                self.line = Line::Start;
                self.after_cr = (rest.first() == Some(&b'\r')).then_some(false);
                (Piece::Other, 1)
            }
            Some(at) => (piece, at),
        }
    }
}
