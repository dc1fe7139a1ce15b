//! A provider that answers as OpenAI, Anthropic and Google do, without a model: for trying Paddock
//! out, for its tests and for its benchmarks.
//!
//! Over HTTP/1.1 and h2c it serves OpenAI's `/v1/chat/completions`, `/v1/completions`,
//! `/v1/embeddings`, `/v1/responses` and `/v1/models`, also below `/v1beta/openai` as Google does;
//! Anthropic's `/v1/messages` and `/v1/messages/count_tokens`, also below `/anthropic/v1` as
//! DeepSeek does; and Google's `/v1beta/models/{model}:generateContent`, `:streamGenerateContent`,
//! `:countTokens`, `:embedContent` and `:batchEmbedContents`, also below `/v1/models`. What it answers is deterministic: a prompt costs one token for every four
//! characters of its text (at least one), and the completion is `--completion-tokens` long, or of
//! a length drawn from `--seed` and the prompt. Request headers steer a single answer: see
//! [`behaviour`]. What arrived can be asked for: see [`record`].
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod answer;
pub mod behaviour;
mod compose;
mod endpoint;
mod pour;
pub mod record;
mod request;
mod server;
mod shapes;
mod text;
mod usage;

pub use server::{Options, serve};
