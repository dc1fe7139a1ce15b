//! A provider that answers as OpenAI does, without a model: for trying Paddock out, for its
//! tests and for its benchmarks.
//!
//! It serves `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings` and `/v1/models` over
//! HTTP/1.1 and h2c. What it answers is deterministic: a prompt costs one token for every four
//! characters of its text (at least one), and the completion is `--completion-tokens` long, or of
//! a length drawn from `--seed` and the prompt. Request headers steer a single answer: see
//! [`behaviour`]. What arrived can be asked for: see [`record`].
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod answer;
pub mod behaviour;
mod pour;
pub mod record;
mod request;
mod server;
mod shapes;
mod text;

pub use server::{Options, serve};
