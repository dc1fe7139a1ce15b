//! The models there are: their prices, their upstreams, their aliases.

use super::FormatPaths;
use crate::usage::Price;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// Output tokens assumed of a request that sets no limit of its own, where its model has none.
pub const DEFAULT_MAX_OUTPUT_TOKENS: u64 = 4_096;

/// Every model a gateway can route to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// The change of the whole policy that last touched the catalog.
    pub revision: u64,
    /// The models, in the order they are listed to callers.
    pub models: Vec<Model>,
    /// Alias (lower case, without outer blanks) to the name of a model.
    pub aliases: HashMap<String, String>,
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
    /// Its price; absent means unknown, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Most output tokens of a request that sets no limit: what its hold assumes.
    #[serde(default = "default_max_output_tokens")]
    pub max_output_tokens: u64,
    /// What it can do ([`super::capability`]); empty means that nobody has said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
}

impl Model {
    /// Whether it has a capability, as far as is known: what does not say what it can do may have
    /// it.
    pub fn may_have(&self, capability: &str) -> bool {
        self.capabilities.is_empty() || self.capabilities.iter().any(|own| own == capability)
    }
}

const fn default_max_output_tokens() -> u64 {
    DEFAULT_MAX_OUTPUT_TOKENS
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
        let dollars = |input: u64, output: u64| Price {
            input: input.saturating_mul(10_000_000),
            output: output.saturating_mul(10_000_000),
            ..Price::FREE
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
            name: name.to_owned(),
            upstream: upstream.to_owned(),
            upstream_model: None,
            paths,
            price: Some(price),
            max_output_tokens: DEFAULT_MAX_OUTPUT_TOKENS,
            capabilities: Vec::new(),
        };
        // Cents per million tokens.
        let models = vec![
            model("gpt-4.1", "openai", open_ai(), dollars(250, 800)),
            model(
                "claude-sonnet-4.5",
                "anthropic",
                paths("/v1", Some("/v1"), None),
                dollars(300, 1_500),
            ),
            model(
                "gemini-2.5-flash",
                "gemini",
                paths("/v1beta/openai", None, Some("")),
                dollars(30, 250),
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
        }
    }

    /// The model a caller means by `name`: a model's own name, or an alias of one. Case and outer
    /// blanks do not matter.
    pub fn resolve(&self, name: &str) -> Option<&Model> {
        if let Some(exact) = self.models.iter().find(|model| model.name == name) {
            return Some(exact);
        }
        let folded = name.trim().to_lowercase();
        let target = self
            .aliases
            .get(&folded)
            .map_or(folded.as_str(), String::as_str);
        self.models
            .iter()
            .find(|model| model.name.eq_ignore_ascii_case(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_ignore_case_and_outer_blanks() {
        let catalog = Catalog::builtin();
        for (asked, meant) in [
            ("gpt-4.1", "gpt-4.1"),
            (" GPT4 ", "gpt-4.1"),
            ("Claude-3.5", "claude-sonnet-4.5"),
            ("GEMINI-2.5-FLASH", "gemini-2.5-flash"),
            ("deepseek", "deepseek-v3.2"),
        ] {
            assert_eq!(
                catalog.resolve(asked).map(|model| model.name.as_str()),
                Some(meant)
            );
        }
        assert_eq!(catalog.resolve("gpt-5"), None);
    }

    #[test]
    fn the_contracts_prices_are_right() {
        let catalog = Catalog::builtin();
        let price = |name| catalog.resolve(name).unwrap().price.unwrap();
        assert_eq!(
            (price("gpt4").input, price("gpt4").output),
            (2_500_000_000, 8_000_000_000)
        );
        assert_eq!(
            (price("claude").input, price("claude").output),
            (3_000_000_000, 15_000_000_000)
        );
        assert_eq!(
            (price("gemini").input, price("gemini").output),
            (300_000_000, 2_500_000_000)
        );
        assert_eq!(
            (price("deepseek").input, price("deepseek").output),
            (100_000_000, 420_000_000)
        );
    }
}
