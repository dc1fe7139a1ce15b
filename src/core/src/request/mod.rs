//! A request as it comes in: what its headers, its path and its body say, and nothing decided yet.
//!
//! Policy and state must be absent.

mod body;
mod encoding;
mod endpoint;
mod features;
mod fields;
mod form;
mod found;
mod gemini;
mod head;
mod hints;
mod key;
mod media;
mod model_list;
mod models;
mod modifier;
mod place;
mod prompt;
mod query;
mod reader;
mod references;
mod rewrite;
mod scalar;
mod settings;
mod sound;
mod stored_fields;
mod stored_path;
mod strip;
mod texts;
mod tool;
mod upstream_path;
mod walk;
mod word;

pub use body::{
    BodyError, ModelRequest, OtherModel, OutputLimits, VALUE_BYTES, cost_of_unread, read_body,
};
pub use encoding::{BodyEncoding, NotDecoded};
pub use endpoint::{Endpoint, guess_format, usual_path};
pub use features::{Features, read_features};
pub use form::{boundary_of, form_boundary};
pub use gemini::{GeminiVerb, path_with_model};
#[cfg(test)]
pub(crate) use head::borrowed;
pub use head::{Credential, CredentialSource, Headers, NamespaceConflict, RequestHead};
pub use hints::Hints;
pub use media::Media;
pub use model_list::{ListShape, ModelList};
pub use prompt::PromptSize;
pub use references::References;
pub use rewrite::Rewrite;
pub use stored_fields::{stored_by, stored_in};
pub use stored_path::{StoredPath, is_upload};
pub use strip::without_hints;
pub use texts::{Texts, texts};
pub use upstream_path::path_below;

#[cfg(test)]
mod tests;
