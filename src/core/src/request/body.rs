//! What the body of a request says, read in one pass.

use super::endpoint::Endpoint;
use super::prompt::PromptSize;
use super::reader::Reader;
use super::rewrite::Rewriting;
use core::fmt;
use std::borrow::Cow;

/// A call to a model, as its caller put it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRequest<'a> {
    /// The model asked for, not yet looked up; never blank.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be a stream.
    pub stream: bool,
    /// Whether the caller asked for the usage in an OpenAI stream.
    pub include_usage: bool,
    /// The caller's cap on the output tokens of one choice.
    pub max_output_tokens: Option<u64>,
    /// How many outputs are generated. At least 1.
    pub choices: u64,
    /// The end user the caller names.
    pub user: Option<Cow<'a, str>>,
    /// Whether the caller asks for a tier for work that can wait ([`is_batch_tier`]).
    ///
    /// [`is_batch_tier`]: crate::usage::is_batch_tier
    pub batch: bool,
    /// The size of all there is to read.
    pub prompt: PromptSize,
    pub(super) rewriting: Rewriting,
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
}

impl BodyError {
    /// The field at fault.
    pub fn param(&self) -> Option<&'static str> {
        match self {
            BodyError::NotJson { .. } => None,
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
    Reader::read(endpoint, body)?.finish(endpoint)
}
