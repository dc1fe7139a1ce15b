//! A request as it comes in: what its headers, its path and its body say, and nothing decided yet.

mod body;
mod endpoint;
mod fields;
mod head;
mod prompt;
mod query;
mod rewrite;
mod scalar;

pub use body::{BodyError, ModelRequest, PromptSize, read_body};
pub use endpoint::{Endpoint, GeminiVerb, guess_format, path_with_model};
pub use head::{Credential, CredentialSource, Headers, NamespaceConflict, RequestHead};
