use super::*;
use crate::units::{Unit, Units};
use proptest::prelude::*;

fn priced(rates: Rates) -> Price {
    Price {
        rates,
        ..Price::FREE
    }
}

const GPT_4_1: Rates = Rates {
    cached_input: Some(625_000_000),
    ..Rates::of(2_500_000_000, 8_000_000_000)
};

const USAGE: TokenUsage = TokenUsage {
    input: 1_000,
    cached_input: 200,
    cache_write_5m: 0,
    cache_write_1h: 0,
    output: 500,
    reasoning: 300,
    audio_input: 0,
    image_input: 0,
    audio_output: 0,
    image_output: 0,
};

fn cost(price: &Price, tokens: TokenUsage, tier: &str) -> (i64, bool) {
    let usage = Usage {
        tokens,
        tier,
        ..Usage::default()
    };
    let cost = price.cost(&usage).unwrap();
    (cost.money.nanos(), cost.assumed)
}

#[test]
fn a_call_costs_what_the_price_list_says() {
    let price = priced(GPT_4_1);
    assert_eq!(cost(&price, USAGE, ""), (6_625_000, false));
    assert_eq!(cost(&price, TokenUsage::default(), ""), (0, false));
    let one = TokenUsage {
        input: 1,
        ..TokenUsage::default()
    };
    assert_eq!(cost(&Price::of(1, 0), one, ""), (1, false), "rounded up");
    let reasoning = Rates {
        reasoning: Some(16_000_000_000),
        ..GPT_4_1
    };
    assert_eq!(cost(&priced(reasoning), USAGE, ""), (9_025_000, false));
}

#[test]
fn an_overflow_is_an_error_and_never_a_bargain() {
    let tokens = TokenUsage {
        input: u64::MAX,
        output: u64::MAX,
        ..TokenUsage::default()
    };
    let usage = Usage {
        tokens,
        ..Usage::default()
    };
    assert_eq!(priced(GPT_4_1).cost(&usage), Err(CostOverflow));
    let dearest = Price::of(u64::MAX, u64::MAX);
    assert_eq!(dearest.cost(&usage), Err(CostOverflow));
}

#[test]
fn a_tier_has_a_percentage_or_rates_of_its_own() {
    let mut price = priced(GPT_4_1);
    assert_eq!(cost(&price, USAGE, "flex"), (6_625_000, false), "unset");
    assert_eq!(cost(&price, USAGE, "priority"), (13_250_000, true), "unset");
    assert_eq!(cost(&price, USAGE, "fast"), (39_750_000, true), "unset");
    price.set_batch_percent(Some(33));
    assert_eq!(cost(&price, USAGE, "flex"), (2_186_250, false));
    let rates = Rates::of(5_000_000_000, 10_000_000_000);
    let steps = Vec::new();
    let own = Tier::Rates { rates, steps };
    price.tiers.insert("priority".to_owned(), own);
    let own = 1_200 * 5_000 + 500 * 10_000;
    assert_eq!(cost(&price, USAGE, "priority"), (own, false));
    for standard in ["", "default", "standard", "on_demand"] {
        assert_eq!(cost(&price, USAGE, standard), (6_625_000, false));
    }
    let tiny = priced(Rates::of(1_000_001, 0));
    let half = Price {
        tiers: [("flex".to_owned(), Tier::Percent(50))].into(),
        ..tiny
    };
    let one = TokenUsage {
        input: 1,
        ..TokenUsage::default()
    };
    assert_eq!(cost(&half, one, "flex"), (1, false), "rounded up once");
}

#[test]
fn a_long_prompt_is_charged_whole_at_its_step() {
    let price = Price {
        steps: vec![Step {
            above: 1_200,
            rates: Rates {
                input: Some(5_000_000_000),
                ..Rates::default()
            },
        }],
        ..priced(GPT_4_1)
    };
    assert_eq!(cost(&price, USAGE, ""), (6_625_000, false), "not above");
    let longer = TokenUsage {
        input: 1_001,
        ..USAGE
    };
    let expected = (1_001 + 200) * 5_000 + 500 * 8_000;
    assert_eq!(cost(&price, longer, ""), (expected, false));
}

#[test]
fn audio_images_tools_and_regions_are_priced() {
    let mut price = priced(GPT_4_1);
    let tokens = TokenUsage {
        input: 600,
        output: 900,
        audio_input: 500,
        audio_output: 800,
        ..TokenUsage::default()
    };
    let text = 100 * 2_500 + 100 * 8_000;
    let assumed = text + 16 * (500 * 2_500 + 800 * 8_000);
    assert_eq!(cost(&price, tokens, ""), (assumed, true));
    price.rates.audio_input = Some(40_000_000_000);
    price.rates.audio_output = Some(80_000_000_000);
    assert_eq!(
        cost(&price, tokens, ""),
        (text + 500 * 40_000 + 800 * 80_000, false)
    );
    price.surcharges.insert("us".to_owned(), 10);
    price.fees.insert(Tool::WebSearch, 10_000_000);
    let mut tools = ToolCalls::NONE;
    tools.add(Tool::WebSearch, 7);
    let usage = Usage {
        tokens: USAGE,
        tools,
        region: "us",
        ..Usage::default()
    };
    let found = price.cost(&usage).unwrap();
    let expected = 6_625_000 + 662_500 + 70_000_000;
    assert_eq!((found.money.nanos(), found.assumed), (expected, false));
    tools.add(Tool::Grounding, 1);
    let found = price.cost(&Usage { tools, ..usage }).unwrap();
    assert_eq!(
        (found.money.nanos(), found.assumed),
        (expected + 35_000_000, true)
    );
}

#[test]
fn prices_of_earlier_versions_read() {
    let old = r#"{"input":5,"cached_input":1,"output":9,"batch_percent":50}"#;
    let price: Price = serde_json::from_str(old).unwrap();
    assert_eq!(price.rates.cached_input, Some(1));
    assert_eq!(price.batch_percent(), Some(50));
    assert_eq!(price.tiers.get("flex"), Some(&Tier::Percent(50)));
    let written = serde_json::to_string(&price).unwrap();
    assert_eq!(serde_json::from_str::<Price>(&written).unwrap(), price);
}

fn rates() -> impl Strategy<Value = Rates> {
    let rate = || proptest::option::of(0u64..1 << 40);
    let first = (0u64..1 << 40, 0u64..1 << 40, rate(), rate(), rate());
    (first, rate(), rate(), rate(), rate(), rate()).prop_map(
        |(
            (input, output, cached_input, five, hour),
            reasoning,
            audio_in,
            image_in,
            audio,
            image,
        )| {
            Rates {
                input: Some(input),
                output: Some(output),
                cached_input,
                cache_write_5m: five,
                cache_write_1h: hour,
                reasoning,
                audio_input: audio_in,
                image_input: image_in,
                audio_output: audio,
                image_output: image,
            }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    (0u64..1 << 21, rates()).prop_map(|(above, rates)| Step { above, rates })
}

fn tier() -> impl Strategy<Value = Tier> {
    prop_oneof![
        (0u64..1_000).prop_map(Tier::Percent),
        (rates(), proptest::collection::vec(step(), 0..2))
            .prop_map(|(rates, steps)| Tier::Rates { rates, steps }),
    ]
}

/// Prices of images.
const IMAGES: [&str; 5] = [
    "image",
    "image:hd",
    "image:1x1",
    "image:hd:1x1",
    "image:2x2",
];

proptest! {
    /// What is held covers the answer, however its tokens are split, and whichever tier of those the
    /// request can come to serves it.
    #[test]
    fn no_answer_costs_more_than_is_held(
        rates in rates(), tiers in proptest::collection::vec(tier(), 3),
        steps in proptest::collection::vec(step(), 0..3), surcharge in 0u64..50,
        parts in [0u64..1 << 20, 0..1 << 20, 0..1 << 20, 0..1 << 20, 0..1 << 20],
        split in [0u64..1 << 20, 0..1 << 20, 0..1 << 20],
        media in [0u64..1 << 20, 0..1 << 20], stored: bool,
        searches in 0u64..20, asked in 0usize..4, served in 0usize..4,
        units in prop::collection::btree_map(0usize..5, 0u64..100, 0..5), images in 0u64..5,
        quality in 0usize..3, size in 0usize..3,
    ) {
        let mut steps = steps;
        steps.sort_by_key(|step| step.above);
        let names = ["priority", "flex", "fast"];
        let price = Price {
            rates, steps,
            fees: [(Tool::WebSearch, 10)].into(),
            units: units.iter().map(|(name, nanos)| (IMAGES[*name].to_owned(), *nanos)).collect(),
            tiers: names.iter().map(|name| (*name).to_owned()).zip(tiers).collect(),
            surcharges: [("us".to_owned(), surcharge)].into(),
        };
        let [input, cached_input, cache_write_5m, cache_write_1h, output] = parts;
        let [reasoning, audio_output, image_output] = split;
        let [image_input, audio_input] = media;
        let tokens = TokenUsage {
            input: input + image_input + audio_input,
            cached_input, cache_write_5m, cache_write_1h, output,
            reasoning, audio_output, image_output, audio_input, image_input,
        };
        let mut tools = ToolCalls::NONE;
        tools.add(Tool::WebSearch, searches);
        let asked = ["", "priority", "flex", "auto"][asked];
        let speed = if served == 3 { "fast" } else { "" };
        let variant = Variant { quality: ["", "hd", "low"][quality], size: ["", "1x1", "2x2"][size] };
        let made = Units::of(Unit::Image, images);
        let ceiling = Ceiling {
            text_tokens: tokens.prompt() - image_input - audio_input,
            // What is stored may have sound, which counts if the model has a price of it.
            media_tokens: if stored { image_input + audio_input } else { image_input },
            audio_tokens: if stored { 0 } else { audio_input },
            output_tokens: output,
            audio_output: true,
            image_output: true,
            tools,
            units: made,
            variant,
            tiers: [asked, speed],
            region: "",
            unpriced: Unpriced::Assumed,
        };
        prop_assume!(!stored || price.rates.audio_input.is_some());
        let held = price.highest(&ceiling).unwrap();
        let tier = match (served, asked) {
            (0, _) => "default",
            (1, "auto") => "priority",
            (3, _) => "fast",
            (_, asked) => asked,
        };
        let usage = Usage {
            tokens, tools, units: made, variant, tier, region: "us", unpriced: Unpriced::Assumed,
        };
        prop_assert!(price.cost(&usage).unwrap().money <= held);
        let shorter = Usage {
            tokens: TokenUsage { input: input / 2, ..tokens },
            ..usage
        };
        prop_assert!(price.cost(&shorter).unwrap().money <= held, "below a step");
    }

    #[test]
    fn more_tokens_never_cost_less(a in 0u64..1 << 40, b in 0u64..1 << 20) {
        let price = priced(GPT_4_1);
        let less = TokenUsage { input: a, output: b, ..TokenUsage::default() };
        let more = TokenUsage { input: a + 1, output: b + 1, ..TokenUsage::default() };
        prop_assert!(cost(&price, less, "").0 < cost(&price, more, "").0);
    }
}
