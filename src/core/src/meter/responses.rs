//! OpenAI's responses API.
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>: the events that end a
//! stream, `response.completed`, `response.incomplete` and `response.failed`, carry the whole
//! response with its `usage`, which may be null. Other events repeat in items what `….delta` events
//! have brought. The `service_tier` of the first events is the one asked for; that of the last is
//! the one that served. `error` is an event of its own. A later request may name the response, its
//! conversation, the container that code ran in, and each item by its `id`.

use super::path::{Key, Path};
use super::sink::{List, Marker, Selector, Shape, TextKind};

const STORED: Selector = Selector::Marker(Marker::Stored);

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    let in_response = path.at(1) == Key::Response;
    match (path.depth(), shape, key) {
        (1, Shape::String, Key::Type) => Selector::Marker(Marker::Type),
        (1, Shape::String, Key::Delta) => Selector::Text(TextKind::Answer),
        (1, Shape::String, Key::PartialImage) => Selector::Text(TextKind::Media),
        (1, Shape::Array, Key::Output) => Selector::Items(List::Other),
        (1, _, _) => of_response(key, shape),
        (2, Shape::String, Key::Id) if path.at(1) == Key::Conversation => STORED,
        (3, Shape::String, Key::Id) if in_response && path.at(2) == Key::Conversation => STORED,
        (2, _, _) if in_response => match key {
            Key::Error if shape == Shape::Object => Selector::Items(List::Error),
            _ => of_response(key, shape),
        },
        (3.., _, _) if path.at(1) == Key::Output => of_item(path, key, shape, 3, TextKind::Answer),
        (2.., _, _) if path.at(1) == Key::Item => of_item(path, key, shape, 2, TextKind::Item),
        (4.., _, _) if in_response && path.at(2) == Key::Output => {
            of_item(path, key, shape, 4, TextKind::Whole)
        }
        _ => Selector::Nothing,
    }
}

fn of_response(key: Key, shape: Shape) -> Selector {
    match (shape, key) {
        (Shape::Object, Key::Usage | Key::ToolUsage) => Selector::Capture,
        (Shape::String, Key::ServiceTier) => Selector::Marker(Marker::Tier),
        (Shape::String, Key::Model) => Selector::Marker(Marker::Model),
        (Shape::String, Key::Id) => STORED,
        _ => Selector::Nothing,
    }
}

/// What there is to know about a value inside an item, whose members are at depth `item`.
fn of_item(path: &Path, key: Key, shape: Shape, item: u32, kind: TextKind) -> Selector {
    if shape != Shape::String {
        return Selector::Nothing;
    }
    let inside = usize::try_from(item).map_or(Key::Other, |level| path.at(level));
    match (path.depth().saturating_sub(item), inside, key) {
        (0, _, Key::Type) => Selector::Marker(Marker::Item(kind != TextKind::Item)),
        (0, _, Key::Id | Key::ContainerId) => STORED,
        (0, _, Key::Result) => Selector::Text(TextKind::Media),
        (0, _, Key::Arguments | Key::Input | Key::Code | Key::Name | Key::Sealed)
        | (2, Key::Content | Key::Summary, Key::Text | Key::Refusal) => Selector::Text(kind),
        (1, Key::Action, Key::Type) => Selector::Marker(Marker::Action),
        _ => Selector::Nothing,
    }
}

/// Whether an event of this type ends the stream.
pub(super) fn is_end(event_type: &[u8]) -> bool {
    matches!(
        event_type,
        b"response.completed" | b"response.incomplete" | b"response.failed"
    )
}
