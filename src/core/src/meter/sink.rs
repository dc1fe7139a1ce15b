//! What can be asked of the scanner, and what it then tells.

use super::path::{Key, Path};

/// The shape of a value, known by its first byte. Of numbers and literals only those are asked about of
/// which [`Sink::wants_number`] says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
    String,
}

/// Which kind of generated text a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKind {
    Answer,
    /// Two names of one thing: some servers send both with the same text.
    Reasoning,
    ReasoningContent,
    /// What an item of the answer has once it is done, beside the deltas it came in; reasoning that is
    /// sealed, which may be shown as well.
    Item,
    /// What the whole answer has, at the end of the stream it came in.
    Whole,
    /// An image or sound in base64.
    Media,
}

/// A short string that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// The type of an event.
    Type,
    /// Why the answer ended.
    Finish,
    /// The tier that served it.
    Tier,
    /// The model that served it.
    Model,
    /// The id of something stored.
    Stored,
    /// An error in words.
    Error,
    /// The type of an item of the answer. `true`: in the whole answer, not alone.
    Item(bool),
    /// What a web search did.
    Action,
    /// The type of an annotation.
    Annotation,
    /// What was searched for.
    Query,
    /// An image, in base64 or at an address.
    Image(Held),
    /// How long a sound is.
    Duration,
}

/// How an answer has an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Inline,
    ByAddress,
}

/// A list, or an object, of which it matters whether it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Choices,
    Error,
    /// Pages that an answer is grounded on.
    Grounding,
    /// Anything else that an answer consists of.
    Other,
}

/// What a sink wants to know of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selector {
    Nothing,
    /// The length of the string.
    Text(TextKind),
    /// The lengths of all strings inside the object or array.
    AllText,
    /// The string itself.
    Marker(Marker),
    /// Whether the array has items, or the object members.
    Items(List),
    /// The whole object.
    Capture,
}

/// Is told what the scanner comes across.
pub(super) trait Sink {
    /// What there is to know about the value under `key`, inside `path`.
    fn select(&self, path: &Path, key: Key, shape: Shape) -> Selector;
    /// Whether the number or literal under `key` is wanted: then it comes as [`Marker::Duration`].
    fn wants_number(&self, path: &Path, key: Key) -> bool;
    /// So many more bytes of text.
    fn text(&mut self, kind: TextKind, bytes: usize);
    /// A short string; a long one comes as an empty one.
    fn marker(&mut self, marker: Marker, raw: &[u8]);
    /// The list has items, or none.
    fn items(&mut self, list: List, any: bool);
    /// An object asked for has opened.
    fn capturing(&mut self);
    /// An object asked for, complete.
    fn captured(&mut self, raw: &[u8]);
    /// An object begins: the document, or an item of the array that is the document.
    fn document_begins(&mut self);
    /// That object has closed.
    fn document_ends(&mut self);
    /// The value that is the whole text has closed.
    fn all_ends(&mut self);
    /// Another value follows it.
    fn goes_on(&mut self);
}
