//! What is sent about prices.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::openapi::words::{Capability, Text};
use utoipa::ToSchema;

/// A model's price and route. A new model needs `input_usd_per_million`, `output_usd_per_million` and
/// `upstream`; of a known one what is left out stays, and a price that is `null` is no longer its own.
#[derive(ToSchema)]
#[schema(example = json!({
    "input_usd_per_million": 2.5, "cached_input_usd_per_million": 1.25,
    "output_usd_per_million": 8.0, "upstream": "openai",
}))]
pub struct PutPrice {
    /// US dollars per million input tokens.
    #[schema(minimum = 0, maximum = 1_000_000)]
    input_usd_per_million: Option<f64>,
    /// US dollars per million input tokens read from the provider's cache.
    #[schema(minimum = 0, maximum = 1_000_000)]
    cached_input_usd_per_million: Option<f64>,
    /// US dollars per million input tokens written to the provider's cache for five minutes.
    #[schema(minimum = 0, maximum = 1_000_000)]
    cache_write_5m_usd_per_million: Option<f64>,
    /// US dollars per million input tokens written to the provider's cache for an hour.
    #[schema(minimum = 0, maximum = 1_000_000)]
    cache_write_1h_usd_per_million: Option<f64>,
    /// US dollars per million output tokens.
    #[schema(minimum = 0, maximum = 1_000_000)]
    output_usd_per_million: Option<f64>,
    /// US dollars per million tokens of reasoning.
    #[schema(minimum = 0, maximum = 1_000_000)]
    reasoning_usd_per_million: Option<f64>,
    /// What a batch costs, in percent of the prices above.
    #[schema(minimum = 0, maximum = 100)]
    batch_percent: Option<u64>,
    /// The most output tokens of one answer: assumed where a request sets no limit.
    #[schema(minimum = 1, maximum = 100_000_000)]
    max_output_tokens: Option<u64>,
    /// What it can do, each one word such as `vision`, `tools` or `json`; nothing is known where it is
    /// empty.
    #[schema(value_type = Option<Vec<Capability>>, max_items = 1_000)]
    capabilities: Option<Vec<String>>,
    /// The Envoy cluster that serves it.
    #[schema(value_type = Option<Text>)]
    upstream: Option<String>,
    /// What the upstream calls it, where that is another name.
    #[schema(value_type = Option<Text>)]
    upstream_model: Option<String>,
    /// Where the upstream serves each wire format.
    paths: Option<FormatPaths>,
}

/// For each wire format the path that stands in the place of the `/v1` that clients ask below; empty
/// for wherever clients ask. Where no format has one, all are served wherever clients ask.
#[derive(ToSchema)]
#[schema(example = json!({ "openai": "/v1beta/openai" }))]
pub struct FormatPaths {
    /// OpenAI's chat completions, completions and embeddings.
    #[schema(max_length = 256, pattern = "^(/[A-Za-z0-9._~-]+)*$")]
    openai: Option<String>,
    /// OpenAI's responses.
    #[schema(max_length = 256, pattern = "^(/[A-Za-z0-9._~-]+)*$")]
    responses: Option<String>,
    /// Anthropic's messages.
    #[schema(max_length = 256, pattern = "^(/[A-Za-z0-9._~-]+)*$")]
    anthropic: Option<String>,
    /// Google's content generation and embeddings.
    #[schema(max_length = 256, pattern = "^(/[A-Za-z0-9._~-]+)*$")]
    gemini: Option<String>,
}
