//! What requests say, as tables of what comes in and what is read.

mod batch;
mod body;
mod body_errors;
mod costs;
mod head;
mod media;
mod models;
mod prompt;
mod references;
mod rewrite;
mod units;

use super::{BodyError, Endpoint, GeminiVerb, ModelRequest, read_body};

/// A Gemini endpoint for `gemini-2.5-flash`.
fn gemini(verb: GeminiVerb) -> Endpoint {
    let model = "gemini-2.5-flash".to_owned();
    Endpoint::Gemini { model, verb }
}

fn read<'a>(endpoint: &'a Endpoint, body: &'a str) -> Result<ModelRequest<'a>, BodyError> {
    read_body(endpoint, body.as_bytes())
}
