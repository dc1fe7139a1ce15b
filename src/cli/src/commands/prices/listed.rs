//! One model of a price list, whatever the list's format.

use serde_json::{Map, Value, json};

/// Prices of a model in dollars per million tokens; those that a list does not give are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Name in the list.
    pub name: String,
    /// Who sells it at this price, by its name in the list.
    pub provider: String,
    pub input: Option<f64>,
    pub cached_input: Option<f64>,
    pub cache_write_5m: Option<f64>,
    pub cache_write_1h: Option<f64>,
    pub output: Option<f64>,
    pub reasoning: Option<f64>,
    pub max_output_tokens: Option<u64>,
    /// A note for the operator about what the price leaves out.
    pub note: Option<&'static str>,
}

/// The note of models whose long prompts cost more.
pub const TIERED: &str = "long prompts cost more; only the base price is imported";

impl Listed {
    /// The fields of `PUT /v1/prices/{model}` that the list gives.
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

    /// Whether both have the same prices.
    pub fn costs_as(&self, other: &Listed) -> bool {
        self.fields() == other.fields()
    }
}

/// Dollars per million tokens, rounded to the nano-dollar to undo binary fractions.
pub fn rounded(dollars_per_million: f64) -> Option<f64> {
    let fits = (0.0..=1e6).contains(&dollars_per_million);
    fits.then(|| (dollars_per_million * 1e9).round() / 1e9)
}
