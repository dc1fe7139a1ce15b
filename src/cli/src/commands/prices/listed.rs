//! One model of a price list, whatever the list's format.

use anyhow::bail;
use paddock_core::policy::{FormatPaths, OutputLimitField};
use paddock_core::price::{Price, Rates, Step};
use paddock_ledger::model::price_document::in_dollars;
use serde_json::{Map, Value, json};

/// What a list says about a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Name in the list.
    pub name: String,
    /// Who sells it at this price, by its name in the list.
    pub provider: String,
    /// What it costs.
    pub price: Price,
    pub max_output_tokens: Option<u64>,
    /// The most tokens of a prompt.
    pub context_window: Option<u64>,
    /// What it can do; empty if the list does not say.
    pub capabilities: Vec<String>,
    /// Whether it is made for an endpoint that is metered.
    pub is_metered: bool,
    /// From when on its provider does not serve it any more: `YYYY-MM-DD`.
    pub retired_from: Option<String>,
    /// Who serves it, if the list says.
    pub upstream: Option<String>,
    /// Where that upstream serves each wire format.
    pub paths: FormatPaths,
    /// A note for the operator about what the price leaves out.
    pub note: Option<&'static str>,
}

/// The note of models that cost less at some hours.
pub const HOURLY: &str = "the price differs at other hours; only the usual price is imported";

impl Listed {
    /// Its name without its provider in front.
    pub fn short_name(&self) -> &str {
        let rest = self.name.strip_prefix(self.provider.as_str());
        rest.and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(&self.name)
    }

    /// The fields of `PUT /v1/prices/{model}` that the list gives.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = in_dollars(&self.price);
        // It is one of the tiers.
        fields.remove("batch_percent");
        let mut put = |name: &str, value: Option<Value>| {
            fields.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("max_output_tokens", self.max_output_tokens.map(Value::from));
        put(
            "output_limit_field",
            self.output_limit_field().map(|field| json!(field)),
        );
        put("context_window", self.context_window.map(Value::from));
        let capabilities = (!self.capabilities.is_empty()).then(|| json!(self.capabilities));
        put("capabilities", capabilities);
        fields
    }

    /// The field that its provider reads a limit of the output from, if it reads one alone.
    pub fn output_limit_field(&self) -> Option<OutputLimitField> {
        let is_deepseek = self.provider == "deepseek";
        is_deepseek.then_some(OutputLimitField::MaxTokens)
    }

    /// Whether both have the same prices.
    pub fn costs_as(&self, other: &Listed) -> bool {
        self.price == other.price
    }
}

/// Nano-dollars of a price in dollars, rounded to undo binary fractions.
///
/// # Errors
/// If it is not a price from 0 to a million dollars. `what` says which one it is.
pub fn nanos(what: &str, dollars: f64) -> anyhow::Result<u64> {
    if !(0.0..=1e6).contains(&dollars) {
        bail!("{what} is {dollars}: it must be dollars from 0 to 1000000");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1e15, without a fraction"
    )]
    Ok((dollars * 1e9).round() as u64)
}

/// The rates of a list, each with the one that it follows if it is absent.
fn with_followed(rates: &mut Rates) -> [(&mut Option<u64>, Option<u64>); 9] {
    let (input, output) = (rates.input, rates.output);
    [
        (&mut rates.cached_input, input),
        (&mut rates.cache_write_5m, input),
        (&mut rates.cache_write_1h, None),
        (&mut rates.reasoning, output),
        (&mut rates.audio_input, None),
        (&mut rates.image_input, input),
        (&mut rates.audio_output, None),
        (&mut rates.image_output, None),
        (&mut rates.output, None),
    ]
}

/// Takes out rates that are as high as those that they follow.
pub fn simplify(rates: &mut Rates) {
    for (rate, followed) in with_followed(rates) {
        if *rate == followed {
            *rate = None;
        }
    }
}

/// Gives a list of a tier or of long prompts what it lacks of the standard list: as much dearer as
/// its other rates are at most, and never cheaper.
pub fn fill(rates: &mut Rates, standard: &Rates) {
    let mut standard = *standard;
    let given = [
        (rates.input, standard.input),
        (rates.output, standard.output),
    ];
    let percents = given.into_iter().filter_map(|(own, standard)| {
        own?.saturating_mul(100)
            .checked_add(standard?.saturating_sub(1))?
            .checked_div(standard?)
    });
    let percent = percents.max().unwrap_or(100).max(100);
    let lists = with_followed(rates)
        .into_iter()
        .zip(with_followed(&mut standard));
    for ((rate, _), (standard, _)) in lists {
        if rate.is_none() {
            *rate = standard.map(|nanos| nanos.saturating_mul(percent).div_ceil(100));
        }
    }
}

/// Whole percent of the standard rates that all rates of a tier cost, its long prompts included, if
/// they do.
pub fn uniform_percent(rates: &Rates, steps: &[Step], standard: &Price) -> Option<u64> {
    let of = |rates: &Rates, standard: &Rates| {
        let (mut own, mut standard) = (*rates, *standard);
        let (input, output) = ((own.input, standard.input), (own.output, standard.output));
        let others = with_followed(&mut own)
            .into_iter()
            .zip(with_followed(&mut standard))
            .map(|((own, _), (standard, followed))| (*own, (*standard).or(followed)));
        let all = [input, output].into_iter().chain(others);
        let mut percents = all.filter_map(|(own, standard)| {
            let own = own?;
            Some(match standard.filter(|standard| *standard > 0) {
                None if own == 0 => return None,
                None => None,
                Some(standard) => {
                    let hundred = own.checked_mul(100)?;
                    let percent = hundred.checked_div(standard)?;
                    (hundred.checked_rem(standard) == Some(0)).then_some(percent)
                }
            })
        });
        let first = percents.next()??;
        percents
            .all(|percent| percent == Some(first))
            .then_some(first)
    };
    let percent = of(rates, &standard.rates)?;
    let same = |step: &Step| {
        let standard = standard
            .steps
            .iter()
            .find(|other| other.above == step.above);
        standard.and_then(|standard| of(&step.rates, &standard.rates)) == Some(percent)
    };
    steps.iter().all(same).then_some(percent)
}
