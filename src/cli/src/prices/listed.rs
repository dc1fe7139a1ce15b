//! One model of a price list, whatever the list's format.

use serde_json::{Map, Value, json};

/// A model's prices in dollars per million tokens; what a list does not say is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// As the list calls it.
    pub name: String,
    /// Who sells it at this price, as the list calls them.
    pub provider: String,
    pub input: Option<f64>,
    pub cached_input: Option<f64>,
    pub cache_write_5m: Option<f64>,
    pub cache_write_1h: Option<f64>,
    pub output: Option<f64>,
    pub reasoning: Option<f64>,
    pub max_output_tokens: Option<u64>,
    /// What the price leaves out, for the operator.
    pub note: Option<&'static str>,
}

/// Said where longer prompts cost more.
pub const TIERED: &str = "dearer for long prompts: the base price is taken";

impl Listed {
    /// The fields of `PUT /v1/prices/{model}` that the list says something about.
    pub fn fields(&self) -> Map<String, Value> {
        let prices = [
            ("input_usd_per_million", self.input),
            ("cached_input_usd_per_million", self.cached_input),
            ("cache_write_5m_usd_per_million", self.cache_write_5m),
            ("cache_write_1h_usd_per_million", self.cache_write_1h),
            ("output_usd_per_million", self.output),
            ("reasoning_usd_per_million", self.reasoning),
        ];
        let prices = prices.into_iter();
        let mut fields: Map<String, Value> = prices
            .filter_map(|(name, price)| Some((name.to_owned(), json!(price?))))
            .collect();
        let tokens = self.max_output_tokens.map(|tokens| json!(tokens));
        fields.extend(tokens.map(|tokens| ("max_output_tokens".to_owned(), tokens)));
        fields
    }

    /// Whether both cost the same.
    pub fn costs_as(&self, other: &Listed) -> bool {
        self.fields() == other.fields()
    }
}

/// Dollars per million tokens, to the nano-dollar: what a list's binary fractions meant.
pub fn rounded(dollars_per_million: f64) -> Option<f64> {
    let fits = (0.0..=1e6).contains(&dollars_per_million);
    fits.then(|| (dollars_per_million * 1e9).round() / 1e9)
}
