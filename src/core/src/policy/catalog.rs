//! The models there are: their prices, their upstreams, their aliases.

use super::dearest::Dearest;
use super::{Deployment, FormatPaths};
use crate::price::Price;
use crate::timestamp::Timestamp;
use crate::usage::Tool;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// Output tokens assumed of a request that sets no limit of its own, if its model's most is not
/// known.
pub const DEFAULT_MAX_OUTPUT_TOKENS: u64 = 4_096;
/// Tokens that prompt and answer can have together, if the model's context window is not known: no
/// model that is sold in 2026 has more but for a few of Google's.
pub const DEFAULT_CONTEXT_WINDOW: u64 = 1_048_576;

/// Every model a gateway can route to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// The change of the whole policy that last touched the catalog.
    pub revision: u64,
    /// The models, in the order they are listed to callers.
    pub models: Vec<Model>,
    /// Alias ([`super::fold_alias`]) to the name of a model. One that ends with `*` stands for all
    /// names that begin with what is before it.
    pub aliases: HashMap<String, String>,
    /// The highest of all prices, once it is asked for.
    #[serde(skip)]
    pub dearest: Dearest,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The name callers use.
    pub name: String,
    /// The Envoy cluster that serves it.
    pub upstream: String,
    /// What that upstream calls it; absent means the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_model: Option<String>,
    /// Where that upstream serves each wire format.
    #[serde(default, skip_serializing_if = "FormatPaths::is_empty")]
    pub paths: FormatPaths,
    /// All that serve it, where the operator has listed them. The first is also the upstream above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployments: Vec<Deployment>,
    /// Its price; absent means unknown, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// When `price` came into force; zero if it always was.
    #[serde(default, skip_serializing_if = "is_epoch")]
    pub price_from: Timestamp,
    /// Prices that come into force later, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later_prices: Vec<LaterPrice>,
    /// Most output tokens of one answer; absent means unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// Which field of a request limits its output; absent means any that its format knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_limit_field: Option<OutputLimitField>,
    /// Most tokens of prompt and answer together; absent means unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Most tokens of one image, document, sound or video within a request.
    #[serde(default, skip_serializing_if = "MediaTokens::is_unset")]
    pub media_tokens: MediaTokens,
    /// What it can do ([`super::capability`]); empty means that nobody has said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
}

/// The field of OpenAI's chat completions that limits the output of a model. Providers that copy the
/// format ignore the one they do not know: DeepSeek reads `max_tokens` alone
/// (<https://api-docs.deepseek.com/api/create-chat-completion>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OutputLimitField {
    /// `max_tokens`. A request that has only `max_completion_tokens` is sent with both.
    MaxTokens,
    /// `max_completion_tokens`. OpenAI's reasoning models refuse the other one.
    MaxCompletionTokens,
    /// No field of any format: each answer may be as long as the model's longest.
    None,
}

/// A price that comes into force at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaterPrice {
    /// When.
    pub effective_from: Timestamp,
    /// The price.
    pub price: Price,
}

/// Most prompt tokens of one medium, by its kind. Of what is absent, its bytes tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaTokens {
    /// Of one image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<u64>,
    /// Of one document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<u64>,
    /// Of one sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<u64>,
    /// Of one video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<u64>,
}

impl MediaTokens {
    fn is_unset(&self) -> bool {
        *self == MediaTokens::default()
    }
}

/// A price, and since when it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceInForce<'a> {
    /// The price.
    pub price: &'a Price,
    /// Since when; zero if it always was.
    pub from: Timestamp,
}

fn is_epoch(time: &Timestamp) -> bool {
    *time == Timestamp::EPOCH
}

impl Model {
    /// A model of which no more is known than who serves it.
    pub fn new(name: &str, upstream: String) -> Model {
        Model {
            name: name.to_owned(),
            upstream,
            upstream_model: None,
            paths: FormatPaths::default(),
            deployments: Vec::new(),
            price: None,
            price_from: Timestamp::EPOCH,
            later_prices: Vec::new(),
            max_output_tokens: None,
            output_limit_field: None,
            context_window: None,
            media_tokens: MediaTokens::default(),
            capabilities: Vec::new(),
        }
    }

    /// The price in force at a time; absent if it is not known.
    pub fn price_at(&self, now: Timestamp) -> Option<PriceInForce<'_>> {
        let later = self.later_prices.iter().rev();
        let mut later = later.filter(|later| later.effective_from <= now);
        let in_force = later.next().map(|later| PriceInForce {
            price: &later.price,
            from: later.effective_from,
        });
        in_force.or_else(|| {
            let price = self.price.as_ref()?;
            Some(PriceInForce {
                price,
                from: self.price_from,
            })
        })
    }

    /// Makes the newest price whose time has come its `price`.
    pub fn settle_prices(&mut self, now: Timestamp) {
        while let Some(next) = self.later_prices.first()
            && next.effective_from <= now
        {
            let next = self.later_prices.remove(0);
            (self.price, self.price_from) = (Some(next.price), next.effective_from);
        }
    }

    /// Output tokens of a request that sets no limit.
    pub fn assumed_output_tokens(&self) -> u64 {
        self.max_output_tokens.unwrap_or(DEFAULT_MAX_OUTPUT_TOKENS)
    }

    /// Whether it has a capability, as far as is known: what does not say what it can do may have
    /// it.
    pub fn may_have(&self, capability: &str) -> bool {
        self.capabilities.is_empty() || self.capabilities.iter().any(|own| own == capability)
    }
}

impl Model {
    /// What its upstream calls it.
    pub fn upstream_name(&self) -> &str {
        self.upstream_model.as_deref().unwrap_or(&self.name)
    }
}

impl Catalog {
    /// The catalog the product comes with: the contract's prices and aliases, and where each
    /// provider serves the formats it knows: its own, and OpenAI's.
    pub fn builtin() -> Self {
        let dollars = |input: u64, output: u64| {
            Price::of(
                input.saturating_mul(10_000_000),
                output.saturating_mul(10_000_000),
            )
        };
        let paths = |openai: &str, anthropic: Option<&str>, gemini: Option<&str>| FormatPaths {
            openai: Some(openai.to_owned()),
            anthropic: anthropic.map(str::to_owned),
            gemini: gemini.map(str::to_owned),
            responses: None,
        };
        // OpenAI's own formats are where clients ask for them.
        let open_ai = FormatPaths::default;
        let model = |name: &str, upstream: &str, paths: FormatPaths, price: Price| Model {
            paths,
            price: Some(price),
            output_limit_field: (upstream == "deepseek").then_some(OutputLimitField::MaxTokens),
            ..Model::new(name, upstream.to_owned())
        };
        let with_fee = |price: Price, tool: Tool, nanos: u64| Price {
            fees: [(tool, nanos)].into(),
            ..price
        };
        // Cents per million tokens, and the fees of the providers' lists.
        let models = vec![
            model(
                "gpt-4.1",
                "openai",
                open_ai(),
                with_fee(dollars(250, 800), Tool::WebSearch, 25_000_000),
            ),
            model(
                "claude-sonnet-4.5",
                "anthropic",
                paths("/v1", Some("/v1"), None),
                with_fee(dollars(300, 1_500), Tool::WebSearch, 10_000_000),
            ),
            model(
                "gemini-2.5-flash",
                "gemini",
                paths("/v1beta/openai", None, Some("")),
                with_fee(dollars(30, 250), Tool::Grounding, 35_000_000),
            ),
            model(
                "deepseek-v3.2",
                "deepseek",
                paths("/v1", Some("/anthropic/v1"), None),
                dollars(10, 42),
            ),
            model("text-embedding-3-small", "openai", open_ai(), dollars(2, 0)),
            model(
                "text-embedding-3-large",
                "openai",
                open_ai(),
                dollars(13, 0),
            ),
        ];
        let aliases = [
            ("gpt4", "gpt-4.1"),
            ("gpt-4", "gpt-4.1"),
            ("claude", "claude-sonnet-4.5"),
            ("claude-3.5", "claude-sonnet-4.5"),
            ("gemini", "gemini-2.5-flash"),
            ("deepseek", "deepseek-v3.2"),
        ];
        let aliases = aliases.map(|(alias, name)| (alias.to_owned(), name.to_owned()));
        Catalog {
            revision: 0,
            models,
            aliases: aliases.into_iter().collect(),
            dearest: Dearest::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_prices_are_right() {
        let catalog = Catalog::builtin();
        let price = |name| catalog.resolve(name).unwrap().price.clone().unwrap().rates;
        assert_eq!(
            (price("gpt4").input, price("gpt4").output),
            (Some(2_500_000_000), Some(8_000_000_000))
        );
        assert_eq!(
            (price("claude").input, price("claude").output),
            (Some(3_000_000_000), Some(15_000_000_000))
        );
        assert_eq!(
            (price("gemini").input, price("gemini").output),
            (Some(300_000_000), Some(2_500_000_000))
        );
        assert_eq!(
            (price("deepseek").input, price("deepseek").output),
            (Some(100_000_000), Some(420_000_000))
        );
    }
}
