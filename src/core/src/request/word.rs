//! Keys that mean something wherever they stand in a body, however a dialect spells them.

use crate::usage::Tool;

/// What a key says of the value under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing.
    Other,
    /// What kind of thing the object is.
    Type,
    /// The object's own name, or the name of what it stands for.
    Id,
    /// The kind of the media in the object.
    MediaType,
    /// An image, a sound, a video or a document.
    Media(Hint),
    /// The address of a stored file, in Gemini.
    FileUri,
    /// What a model reads: messages and parts.
    Content,
    /// What a model reads at the top of a body; what a tool was called with within messages.
    Input,
    /// A stored prompt, if it is an object.
    Prompt,
    /// Texts that tell a model what to predict.
    Prediction,
    /// Anybody's own JSON: schemas, arguments of tools, metadata.
    Data,
    /// Tools.
    Tools,
    /// What OpenRouter does beside the call.
    Plugins,
    /// A tool that is told by its key, as Gemini's are.
    Tool(Tool),
    /// How to search the web, at the top of a body.
    SearchOptions,
    /// Whether to search the web.
    EnableSearch,
    /// Settings of a tool, or the schema of a function.
    Parameters,
    /// How often a tool may be called.
    MaxUses,
    /// The most output tokens.
    MaxTokens,
    /// Anthropic's `speed`.
    Speed,
    /// OpenRouter's `route`.
    Route,
    /// A model.
    Model,
    /// Models that may serve in the place of another.
    Models,
    /// Models that serve where another fails.
    Fallbacks,
    /// The id of something that the provider has stored.
    Stored(Stored),
    /// Kinds of output that are asked for.
    Modalities,
    /// How to speak.
    Speech,
    /// How to draw.
    Drawing,
}

/// What a medium under a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    Any,
    /// Anything, but never an address: what a tool gave back.
    Result,
    Image,
    Document,
    Audio,
    Video,
}

/// Something that a provider stores for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Response,
    Message,
    Conversation,
    Container,
    /// One that stands in a part of a message, or in what a tool has written.
    File,
    Files,
    VectorStore,
    FileSearchStore,
    Cache,
    Skill,
    Tunnel,
    Preset,
    Prompt,
    Item,
}

impl Stored {
    /// Whether the account's owner makes it, in the provider's console and for all:
    /// <https://platform.openai.com/docs/guides/prompting>,
    /// <https://openrouter.ai/docs/features/presets>.
    pub(super) const fn is_shared(self) -> bool {
        matches!(self, Stored::Prompt | Stored::Preset | Stored::Tunnel)
    }

    /// Where a body names it.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Stored::Response => "previous_response_id",
            Stored::Message => "previous_message_id",
            Stored::Conversation => "conversation",
            Stored::Container => "container",
            Stored::File => "file_id",
            Stored::Files => "file_ids",
            Stored::VectorStore => "vector_store_ids",
            Stored::FileSearchStore => "fileSearchStoreNames",
            Stored::Cache => "cachedContent",
            Stored::Skill => "skill_id",
            Stored::Tunnel => "tunnel_id",
            Stored::Preset => "preset",
            Stored::Prompt => "prompt.id",
            Stored::Item => "input.id",
        }
    }
}

/// Bytes of the longest key that is looked up, without its underscores.
const LONGEST: usize = 24;

impl Word {
    /// What a key within messages and parts means.
    pub(super) fn of(key: &str) -> Word {
        if is_folded(key) {
            return known(key.as_bytes());
        }
        let mut folded = [0; LONGEST];
        fold(key, &mut folded).map_or(Word::Other, known)
    }

    /// What a key of a setting means. Any whose name ends in `model`, `models` or the like names
    /// models.
    pub(super) fn of_setting(key: &str) -> Word {
        let mut folded = [0; LONGEST];
        let folded = match is_folded(key) {
            true => Some(key.as_bytes()),
            false => fold(key, &mut folded),
        };
        match folded {
            Some(folded) => match known(folded) {
                Word::Other => naming_models(folded),
                word => word,
            },
            None => {
                let folded = key.to_lowercase().replace('_', "");
                naming_models(folded.as_bytes())
            }
        }
    }

    /// Whether a value under this key can be an image, a sound or a document. Under any other key
    /// `data:…` and base64 are text to the model as well, however they look.
    pub(super) const fn is_media(self) -> bool {
        matches!(self, Word::Media(_) | Word::FileUri)
    }
}

fn is_folded(key: &str) -> bool {
    key.bytes().all(|letter| letter.is_ascii_lowercase())
}

/// The key in lower case and without underscores, so that it is known in any dialect and to any
/// parser; `None` where it is too long or not ASCII. Parsers that ignore case also take the long s
/// for an s and the Kelvin sign for a k.
fn fold<'f>(key: &str, folded: &'f mut [u8; LONGEST]) -> Option<&'f [u8]> {
    let mut length: usize = 0;
    let mut push = |letter: u8| {
        *folded.get_mut(length)? = letter.to_ascii_lowercase();
        length = length.saturating_add(1);
        Some(())
    };
    if key.is_ascii() {
        for letter in key.bytes().filter(|letter| *letter != b'_') {
            push(letter)?;
        }
    } else {
        for letter in key.chars().filter(|letter| *letter != '_') {
            push(match letter {
                '\u{17f}' => b's',
                '\u{212a}' => b'k',
                _ => u8::try_from(letter).ok().filter(u8::is_ascii)?,
            })?;
        }
    }
    folded.get(..length)
}

fn naming_models(folded: &[u8]) -> Word {
    let ends = |ends: &[&[u8]]| ends.iter().any(|end| folded.ends_with(end));
    let holds = |part: &[u8]| memchr::memmem::find(folded, part).is_some();
    if holds(b"fallback") && !holds(b"token") && !holds(b"allow") {
        Word::Fallbacks
    } else if ends(&[
        b"model",
        b"modelid",
        b"modelname",
        b"models",
        b"modelids",
        b"modelnames",
    ]) {
        Word::Model
    } else {
        Word::Other
    }
}

fn known(folded: &[u8]) -> Word {
    match folded {
        b"role" | b"text" | b"name" => Word::Other,
        b"content" | b"contents" | b"parts" | b"messages" | b"system" | b"systeminstruction"
        | b"instructions" | b"documents" | b"suffix" => Word::Content,
        b"type" => Word::Type,
        b"id" => Word::Id,
        b"input" => Word::Input,
        b"prompt" => Word::Prompt,
        b"prediction" => Word::Prediction,
        b"function"
        | b"functions"
        | b"functiondeclarations"
        | b"functioncall"
        | b"args"
        | b"arguments"
        | b"response"
        | b"inputschema"
        | b"schema"
        | b"jsonschema"
        | b"responseschema"
        | b"responsejsonschema"
        | b"parametersjsonschema"
        | b"guidedjson"
        | b"metadata"
        | b"labels"
        | b"annotations"
        | b"citations"
        | b"results"
        | b"logprobs"
        | b"diagnostics"
        | b"promptcacheoptions"
        | b"moderation" => Word::Data,
        b"mediatype" | b"mimetype" => Word::MediaType,
        b"data" | b"url" | b"uri" => Word::Media(Hint::Any),
        b"result" => Word::Media(Hint::Result),
        b"image" | b"images" | b"imageurl" | b"b64json" => Word::Media(Hint::Image),
        b"audio" | b"audiourl" | b"inputaudio" => Word::Media(Hint::Audio),
        b"video" | b"videourl" => Word::Media(Hint::Video),
        b"filedata" | b"fileurl" | b"documenturl" => Word::Media(Hint::Document),
        b"fileuri" => Word::FileUri,
        b"tools" => Word::Tools,
        b"plugins" => Word::Plugins,
        b"googlesearch"
        | b"googlesearchretrieval"
        | b"googlemaps"
        | b"enterprisewebsearch"
        | b"parallelaisearch"
        | b"exaaisearch"
        | b"retrieval" => Word::Tool(Tool::Grounding),
        b"filesearch" => Word::Tool(Tool::FileSearch),
        b"urlcontext" => Word::Tool(Tool::WebFetch),
        b"websearchoptions" => Word::SearchOptions,
        b"enablesearch" => Word::EnableSearch,
        b"parameters" => Word::Parameters,
        b"maxuses" => Word::MaxUses,
        b"maxtokens" | b"maxcompletiontokens" | b"maxoutputtokens" => Word::MaxTokens,
        b"speed" => Word::Speed,
        b"route" => Word::Route,
        b"models" => Word::Models,
        b"previousresponseid" => Word::Stored(Stored::Response),
        b"previousmessageid" => Word::Stored(Stored::Message),
        b"conversation" => Word::Stored(Stored::Conversation),
        b"container" | b"containerid" => Word::Stored(Stored::Container),
        b"fileid" => Word::Stored(Stored::File),
        b"fileids" => Word::Stored(Stored::Files),
        b"vectorstoreid" | b"vectorstoreids" => Word::Stored(Stored::VectorStore),
        b"filesearchstorenames" => Word::Stored(Stored::FileSearchStore),
        b"cachedcontent" => Word::Stored(Stored::Cache),
        b"skillid" => Word::Stored(Stored::Skill),
        b"tunnelid" => Word::Stored(Stored::Tunnel),
        b"preset" => Word::Stored(Stored::Preset),
        b"modalities" | b"responsemodalities" => Word::Modalities,
        b"speechconfig" => Word::Speech,
        b"imageconfig" => Word::Drawing,
        _ => Word::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_any_spelling() {
        for (key, word) in [
            ("tools", Word::Tools),
            ("Tools", Word::Tools),
            ("too\u{212a}s", Word::Other),
            ("tool\u{17f}", Word::Tools),
            ("max_to\u{212a}ens", Word::MaxTokens),
            ("google_search", Word::Tool(Tool::Grounding)),
            ("googleSearch", Word::Tool(Tool::Grounding)),
            ("cached_content", Word::Stored(Stored::Cache)),
            ("cachedContent", Word::Stored(Stored::Cache)),
            ("image_url", Word::Media(Hint::Image)),
            ("model", Word::Other),
            ("", Word::Other),
            ("____", Word::Other),
            (&"x".repeat(99), Word::Other),
        ] {
            assert_eq!(Word::of(key), word, "{key}");
        }
    }

    #[test]
    fn any_setting_that_ends_so_names_models() {
        for (key, word) in [
            ("models", Word::Models),
            ("model", Word::Model),
            ("Model_ID", Word::Model),
            ("modelName", Word::Model),
            ("analysis_models", Word::Model),
            ("some_providers_very_long_draft_model", Word::Model),
            ("fallbacks", Word::Fallbacks),
            ("fallback_models", Word::Fallbacks),
            ("context_window_fallbacks", Word::Fallbacks),
            ("fallback_credit_token", Word::Other),
            ("allow_fallbacks", Word::Other),
            ("modelling", Word::Other),
            ("modalities", Word::Modalities),
            ("temperature", Word::Other),
        ] {
            assert_eq!(Word::of_setting(key), word, "{key}");
        }
    }
}
