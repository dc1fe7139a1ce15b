//! What the body of a request says, read in one pass.

use super::endpoint::Endpoint;
use super::found::MOST_MEMBERS;
use super::prompt::PromptSize;
use super::reader::Reader;
use super::references::References;
use super::rewrite::{ModelName, Rewriting};
use crate::policy::OutputLimitField;
use crate::price::Variant;
use crate::units::Units;
use crate::usage::ToolCalls;
use core::fmt;
use std::borrow::Cow;

/// What reading one value costs beside its own bytes, in bytes.
pub const VALUE_BYTES: u64 = 32;

/// What it costs to read a body that is refused unread or half-read, in bytes: as if each comma parted
/// two values.
pub fn cost_of_unread(body: &[u8]) -> u64 {
    let commas = body.iter().filter(|byte| **byte == b',').count() as u64;
    (body.len() as u64).saturating_add(commas.saturating_mul(VALUE_BYTES))
}

/// A call to a model, as its caller put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRequest<'a> {
    /// The model asked for, not yet looked up; never blank.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be a stream.
    pub stream: bool,
    /// Whether the caller asked for the usage in an OpenAI stream.
    pub include_usage: bool,
    /// The caller's limits on the output tokens of one choice.
    pub output_limits: OutputLimits,
    /// How many outputs are generated. At least 1.
    pub choices: u64,
    /// The end user the caller names.
    pub user: Option<Cow<'a, str>>,
    /// The tier the caller asks for: `service_tier`, in lower case. Like speed and region it has 64
    /// bytes at most.
    pub tier: Option<Cow<'a, str>>,
    /// The speed the caller asks for: Anthropic's `speed`, which is sold like a tier.
    pub speed: Option<Cow<'a, str>>,
    /// The region the caller asks for: Anthropic's `inference_geo`.
    pub region: Option<Cow<'a, str>>,
    /// Every other model the body names, each once: fallbacks, models of tools.
    pub other_models: Vec<OtherModel<'a>>,
    /// How often each of the provider's tools may be called.
    pub tools: ToolCalls,
    /// What the body refers to without having it in its text.
    pub references: References<'a>,
    /// How often the provider may run the model over the prompt: more than once if it shortens the
    /// prompt first. At least 1.
    pub passes: u64,
    /// Whether the answer may be audio.
    pub audio_output: bool,
    /// Whether the answer may be images.
    pub image_output: bool,
    /// The most that it can use of what is counted beside tokens.
    pub units: Units,
    /// The quality of the images it asks for; empty if that is left to the provider.
    pub quality: Cow<'a, str>,
    /// Their size, as `1024x1024`; empty if that is left to the provider.
    pub size: Cow<'a, str>,
    /// The size of all there is to read.
    pub prompt: PromptSize,
    /// How many values it has: members of objects, elements of arrays. The few at the top that are fields
    /// of their own are not among them.
    pub values: u64,
    pub(super) rewriting: Rewriting,
}

impl ModelRequest<'_> {
    /// Which images it asks for.
    pub fn variant(&self) -> Variant<'_> {
        Variant {
            quality: &self.quality,
            size: &self.size,
        }
    }

    /// What it costs to read a body of so many bytes that says this, in bytes.
    pub fn cost_of_reading(&self, bytes: usize) -> u64 {
        (bytes as u64).saturating_add(self.values.saturating_mul(VALUE_BYTES))
    }
}

/// Limits of output tokens, by the field that sets them. None is zero: providers take that for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimits {
    /// The format's own field.
    pub usual: Option<u64>,
    /// `max_completion_tokens` of OpenAI's chat completions.
    pub completion: Option<u64>,
}

impl OutputLimits {
    /// The one that holds for a model that reads `field`. If two may be read, the larger.
    pub fn read_as(self, field: Option<OutputLimitField>) -> Option<u64> {
        match field {
            None => self.usual.max(self.completion),
            Some(OutputLimitField::MaxTokens) => self.usual,
            Some(OutputLimitField::MaxCompletionTokens) => self.completion,
            Some(OutputLimitField::None) => None,
        }
    }

    /// The limits of the body as it is sent to a model that reads `field`: see [`Rewrite`].
    ///
    /// [`Rewrite`]: super::Rewrite
    #[must_use]
    pub fn as_sent_to(self, field: Option<OutputLimitField>) -> OutputLimits {
        OutputLimits {
            usual: self.usual.or(self.unread(field)),
            ..self
        }
    }

    /// The limit that such a model would not read, and can be told in `max_tokens`.
    pub(super) fn unread(self, field: Option<OutputLimitField>) -> Option<u64> {
        let reads = field == Some(OutputLimitField::MaxTokens) && self.usual.is_none();
        self.completion.filter(|_| reads)
    }
}

/// Another model that a body names beside its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherModel<'a> {
    /// Its name, not yet looked up.
    pub name: Cow<'a, str>,
    /// How often it may be called beside the body's own model; 0 if it may serve in its place.
    pub calls: u64,
    /// The caller's cap on the output tokens of one such call.
    pub max_output_tokens: Option<u64>,
    /// Where the body names it.
    pub(super) places: Vec<ModelName>,
}

impl OtherModel<'_> {
    /// Whether it may serve in the place of the body's own model.
    pub const fn may_serve(&self) -> bool {
        self.calls == 0
    }
}

/// Why a body cannot be governed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Not one JSON object.
    NotJson {
        /// What is wrong, with line and column; nothing of the body.
        message: String,
    },
    /// A field that two parsers could read differently: it comes twice, or in odd case.
    Ambiguous {
        /// The field.
        field: &'static str,
    },
    /// A field of the wrong type or out of range.
    Invalid {
        /// The field.
        param: &'static str,
        /// What it must be.
        message: String,
    },
    /// `model` is absent or blank.
    MissingModel,
    /// More members of objects than anybody needs.
    TooManyMembers,
    /// Not the form that the request says it is, or one that may be read in several ways.
    NotForm {
        /// What is wrong; nothing of the body.
        problem: &'static str,
    },
}

impl BodyError {
    pub(super) fn not_json(error: &serde_json::Error) -> BodyError {
        // The parser's own words are safe to repeat, but for the value it names in a wrong type.
        let message = if error.is_data() {
            let (line, column) = (error.line(), error.column());
            format!("expected an object at line {line} column {column}")
        } else {
            error.to_string()
        };
        BodyError::NotJson { message }
    }

    /// The field at fault.
    pub fn param(&self) -> Option<&'static str> {
        match self {
            BodyError::NotJson { .. } | BodyError::TooManyMembers | BodyError::NotForm { .. } => {
                None
            }
            BodyError::Ambiguous { field } => Some(field),
            BodyError::Invalid { param, .. } => Some(param),
            BodyError::MissingModel => Some("model"),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyError::NotJson { message } => {
                write!(f, "The body must be one JSON object: {message}")
            }
            BodyError::Ambiguous { field } => write!(
                f,
                "`{field}` is ambiguous: send it once, spelled exactly so, with one value"
            ),
            BodyError::Invalid { message, .. } => f.write_str(message),
            BodyError::TooManyMembers => write!(
                f,
                "The objects in the body have more than {MOST_MEMBERS} members together: send less"
            ),
            BodyError::NotForm { problem } => {
                write!(
                    f,
                    "The body must be a form (multipart/form-data): {problem}"
                )
            }
            BodyError::MissingModel => f.write_str("`model` is missing: name the model to use"),
        }
    }
}

/// Reads `body` as a call of `endpoint`.
///
/// # Errors
/// [`BodyError`] where it is not JSON, names no model, or means different things to different
/// readers: what was checked here must be what the provider does.
pub fn read_body<'a>(
    endpoint: &'a Endpoint,
    body: &'a [u8],
) -> Result<ModelRequest<'a>, BodyError> {
    Reader::read(endpoint, body)
}
