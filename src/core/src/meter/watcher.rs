//! What can be asked of the scanner, and what it then tells.

use super::path::{Key, Path};

/// The shape of a value, known by its first byte. Numbers and literals are never asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
    String,
}

/// Which kind of generated text a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Answer,
    /// Two names of one thing: some servers send both with the same text.
    Reasoning,
    ReasoningContent,
}

/// A short string that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The type of an event.
    Type,
    /// Why the answer ended.
    Finish,
    /// The tier that served it.
    Tier,
}

/// What a watcher wants to know of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    Nothing,
    /// The length of the string.
    Text(Voice),
    /// The lengths of all strings inside the object or array.
    AllText,
    /// The string itself.
    Word(Word),
    /// Whether the array has items.
    Items,
    /// The whole object. `true`: the one at the top of the document, not one further in.
    Capture(bool),
}

/// Is told what the scanner comes across.
pub(super) trait Watcher {
    /// What there is to know about the value under `key`, inside `path`.
    fn interest(&self, path: &Path, key: Key, shape: Shape) -> Interest;
    /// So many more bytes of text.
    fn text(&mut self, voice: Voice, bytes: usize);
    /// A short string; a long one comes as an empty one.
    fn word(&mut self, word: Word, raw: &[u8]);
    /// The array has items, or none.
    fn items(&mut self, any: bool);
    /// An object asked for has opened.
    fn capturing(&mut self);
    /// An object asked for, complete.
    fn captured(&mut self, top: bool, raw: &[u8]);
    /// An object begins: the document, or an item of the array that is the document.
    fn document_begins(&mut self);
    /// That object has closed.
    fn document_ends(&mut self);
    /// Nothing more can come.
    fn all_ends(&mut self);
}
