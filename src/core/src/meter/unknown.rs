//! The size of a body of which nothing is known, which may be output all the same.

/// Bytes of text for a token.
const TEXT_BYTES: u64 = 4;

/// The data of the event after the last, which is not JSON.
pub(super) const DONE: &[u8; 6] = b"[DONE]";

/// What has passed so far.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// Bytes of the documents before this one.
    before: u64,
    /// Bytes of this document.
    document: u64,
    /// Whether the document begins with the marker of the end.
    is_done: bool,
    /// Bytes of an event stream that are in no document.
    beside: u64,
}

impl Unknown {
    /// So many bytes of the document come next.
    pub(super) fn pass(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.document = self.document.saturating_add(bytes);
    }

    /// These bytes come next and are in no document.
    pub(super) fn pass_beside(&mut self, part: &[u8]) {
        let bytes = part.iter().filter(|byte| !byte.is_ascii_whitespace());
        let bytes = u64::try_from(bytes.count()).unwrap_or(u64::MAX);
        self.beside = self.beside.saturating_add(bytes);
    }

    /// The document begins with the marker of the end.
    pub(super) fn done(&mut self) {
        self.is_done = true;
    }

    /// Another document begins.
    pub(super) fn begin(&mut self) {
        self.before = self.in_documents();
        self.document = 0;
        self.is_done = false;
    }

    fn in_documents(&self) -> u64 {
        let is_marker = self.is_done && usize::try_from(self.document) == Ok(DONE.len());
        let document = if is_marker { 0 } else { self.document };
        self.before.saturating_add(document)
    }

    /// An estimate of the tokens, if none of it is known. What is in no document counts in a stream
    /// that has none and does not `close` either.
    pub(super) fn tokens(&self, closed: bool) -> u64 {
        let bytes = match self.in_documents() {
            0 if !closed => self.beside,
            bytes => bytes,
        };
        bytes.div_ceil(TEXT_BYTES)
    }
}
