//! Who calls which models in the demo.

use crate::client::{field, text_of};
use serde_json::Value;

/// The demo's organization.
pub const ORGANIZATION: &str = "northwind";

/// A namespace of the demo.
#[derive(Debug)]
pub struct DemoNamespace {
    /// Its name.
    pub name: &'static str,
    /// Whose it is.
    pub team: &'static str,
    /// Who pays.
    pub cost_center: &'static str,
    /// Its budget of a month in dollars.
    pub monthly_usd: u64,
    /// Its keys, each with its weight among them.
    pub keys: &'static [(&'static str, u64)],
    /// Calls of a working day.
    pub daily_calls: u64,
    /// Tokens of a typical prompt.
    pub prompt: u64,
    /// Percent of a typical prompt that come from the provider's cache.
    pub cached_percent: u64,
    /// Tokens of a typical answer.
    pub answer: u64,
    /// Whether people use it, who rest at night and at weekends.
    pub by_people: bool,
    /// The weights of the first models there are.
    pub models: [u64; 5],
}

/// The namespaces.
pub const NAMESPACES: [DemoNamespace; 6] = [
    DemoNamespace {
        name: "support-bot",
        team: "customer-care",
        cost_center: "4100",
        monthly_usd: 60,
        keys: &[("web-chat", 6), ("mail-triage", 3), ("staging", 1)],
        daily_calls: 90,
        prompt: 3_200,
        cached_percent: 55,
        answer: 420,
        by_people: true,
        models: [6, 2, 1, 0, 1],
    },
    DemoNamespace {
        name: "code-assist",
        team: "platform",
        cost_center: "2200",
        monthly_usd: 150,
        keys: &[("ide", 7), ("review-bot", 3)],
        daily_calls: 70,
        prompt: 18_000,
        cached_percent: 80,
        answer: 1_100,
        by_people: true,
        models: [2, 7, 1, 0, 0],
    },
    DemoNamespace {
        name: "search",
        team: "shop",
        cost_center: "3100",
        monthly_usd: 30,
        keys: &[("query-rewriting", 5), ("catalog-summaries", 4)],
        daily_calls: 110,
        prompt: 900,
        cached_percent: 20,
        answer: 160,
        by_people: false,
        models: [3, 0, 4, 2, 1],
    },
    DemoNamespace {
        name: "marketing",
        team: "brand",
        cost_center: "5300",
        monthly_usd: 20,
        keys: &[("copywriter", 4), ("translations", 2)],
        daily_calls: 26,
        prompt: 2_100,
        cached_percent: 0,
        answer: 1_500,
        by_people: true,
        models: [3, 3, 0, 2, 0],
    },
    DemoNamespace {
        name: "data-science",
        team: "analytics",
        cost_center: "2700",
        monthly_usd: 80,
        keys: &[("notebooks", 3), ("nightly-labels", 5)],
        daily_calls: 60,
        prompt: 5_400,
        cached_percent: 10,
        answer: 700,
        by_people: false,
        models: [1, 2, 3, 3, 1],
    },
    DemoNamespace {
        name: "internal-tools",
        team: "platform",
        cost_center: "2200",
        monthly_usd: 13,
        keys: &[("meeting-notes", 2), ("wiki", 2)],
        daily_calls: 22,
        prompt: 7_800,
        cached_percent: 0,
        answer: 600,
        by_people: true,
        models: [2, 1, 2, 0, 1],
    },
];

/// A model, and its prices in nano-dollars per million tokens.
#[derive(Debug)]
pub struct DemoModel {
    /// Its name.
    pub name: String,
    /// Of input.
    pub input: u64,
    /// Of input from a cache.
    pub cached: u64,
    /// Of output.
    pub output: u64,
}

/// Names that are taken where there are such, in this order.
const LIKED: [&str; 5] = ["gpt-4.1", "claude-sonnet", "gemini", "deepseek", "mistral"];

/// Five models of the price list, of five makers where it has as many. `None` if none has a price.
pub fn models(prices: &Value) -> Option<Vec<DemoModel>> {
    let all = field(prices, "data").as_array()?;
    let all: Vec<DemoModel> = all.iter().filter_map(model).collect();
    let first = all.first()?;
    let liked = LIKED.map(|name| {
        let is_it = |model: &&DemoModel| model.name.contains(name);
        all.iter().find(is_it).unwrap_or(first)
    });
    let copy = |model: &DemoModel| DemoModel {
        name: model.name.clone(),
        ..*model
    };
    Some(liked.into_iter().map(copy).collect())
}

fn model(price: &Value) -> Option<DemoModel> {
    let of = |name: &str| {
        let dollars = field(price, name).as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a price is from 0 to some thousand dollars"
        )]
        let nanos = (dollars.clamp(0.0, 1e6) * 1e9).round() as u64;
        Some(nanos)
    };
    let input = of("input_usd_per_million")?;
    let output = of("output_usd_per_million").filter(|output| *output > 0)?;
    Some(DemoModel {
        name: text_of(price, "model").to_owned(),
        input,
        cached: of("cached_input_usd_per_million").unwrap_or(input),
        output,
    })
}
