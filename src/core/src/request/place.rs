//! What a value in a body is part of, and what the object around it learns of it.

use super::media::MediaKind;
use super::tool::ToolKind;

/// What a value is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// What a model reads: messages and their parts.
    Content,
    /// Anybody's own JSON, in which no key means anything here.
    Data,
    /// A setting.
    Setting(Role),
    /// A tool, or a list of them.
    Tool,
}

/// What the models are for that a setting names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// At the top of the body: those of a list may serve in the place of the body's own.
    Top,
    /// One that may serve in the place of the body's own.
    Fallback,
    /// One that is called beside it.
    Beside,
}

/// What a value was, as far as the object around it must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    /// A number; the count it is, if it is one.
    Number(Option<u64>),
    Kind(Kind),
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unknown,
    Media(MediaKind),
    /// Text, though it looks like media.
    Text,
    /// What a tool has written: the files it names are not read again.
    Output,
    /// A stored item that stands here by its id.
    Item,
    Tool(ToolKind),
}

impl Kind {
    /// The kind of a part of a message, by its `type`.
    pub(super) fn of_part(name: &str) -> Kind {
        match name {
            "image"
            | "image_url"
            | "input_image"
            | "image_generation_call"
            | "computer_screenshot" => Kind::Media(MediaKind::Image),
            "document" | "file" | "input_file" | "document_url" => Kind::Media(MediaKind::Document),
            "input_audio" | "audio" | "audio_url" => Kind::Media(MediaKind::Audio),
            "video" | "video_url" | "input_video" => Kind::Media(MediaKind::Video),
            "redacted_thinking" => Kind::Text,
            "code_execution_output" | "bash_code_execution_output" => Kind::Output,
            "item_reference" => Kind::Item,
            _ => Kind::Unknown,
        }
    }
}
