//! A request as it comes in: what its headers, its path and its body say, and nothing decided yet.

mod body;
mod endpoint;
mod fields;
mod gemini;
mod head;
mod prompt;
mod query;
mod reader;
mod rewrite;
mod scalar;

pub use body::{BodyError, ModelRequest, read_body};
pub use endpoint::{Endpoint, guess_format};
pub use gemini::{GeminiVerb, path_with_model};
pub use head::{Credential, CredentialSource, Headers, NamespaceConflict, RequestHead};
pub use prompt::PromptSize;

#[cfg(test)]
mod tests;
