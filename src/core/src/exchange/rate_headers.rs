//! The rate-limit headers of OpenAI's API.

use super::effect::Effect;
use crate::admission::{BucketView, RateView};
use crate::config::Switch;
use core::time::Duration;

const REQUESTS: [&str; 3] = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];
const TOKENS: [&str; 3] = [
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

/// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, of what is limited.
pub(crate) fn rate_headers(
    rates: &RateView,
    tells: Switch,
) -> impl Iterator<Item = (&'static str, String)> {
    let is_told = tells == Switch::On;
    let requests = rates.requests.filter(|_| is_told);
    let tokens = rates.tokens.filter(|_| is_told);
    let requests = requests
        .into_iter()
        .flat_map(|view| headers(REQUESTS, view));
    requests.chain(tokens.into_iter().flat_map(|view| headers(TOKENS, view)))
}

fn headers(
    [limit, remaining, reset]: [&'static str; 3],
    view: BucketView,
) -> [(&'static str, String); 3] {
    [
        (limit, view.limit.to_string()),
        (remaining, view.remaining.to_string()),
        (reset, go_duration(view.reset)),
    ]
}

pub(crate) fn set_rate_headers(effects: &mut Vec<Effect>, rates: &RateView, tells: Switch) {
    let headers = rate_headers(rates, tells);
    effects.extend(headers.map(|(name, value)| Effect::SetResponseHeader(name, value)));
}

/// `6m0s`, `1.5s`, `120ms`: the notation of Go, which OpenAI's headers use. Rounded up to the
/// millisecond, so that waiting as long is enough.
fn go_duration(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    let millis = u64::try_from(millis).unwrap_or(u64::MAX);
    if millis < 1_000 {
        return match millis {
            0 => "0s".to_owned(),
            millis => millis.to_string() + "ms",
        };
    }
    let (minutes, rest) = (millis.div_euclid(60_000), millis.rem_euclid(60_000));
    let (hours, minutes) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    let mut text = String::new();
    if hours > 0 {
        text = hours.to_string() + "h";
    }
    if hours > 0 || minutes > 0 {
        text = text + &minutes.to_string() + "m";
    }
    text += &rest.div_euclid(1_000).to_string();
    let thousandths = rest.rem_euclid(1_000);
    if thousandths > 0 {
        // The one makes room for zeros in front.
        let digits = thousandths.saturating_add(1_000).to_string();
        text = text + "." + digits.get(1..).unwrap_or_default().trim_end_matches('0');
    }
    text + "s"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_openai_does() {
        let table = [
            (0, "0s"),
            (120, "120ms"),
            (1_000, "1s"),
            (1_050, "1.05s"),
            (59_999, "59.999s"),
            (360_000, "6m0s"),
            (3_661_500, "1h1m1.5s"),
        ];
        for (millis, text) in table {
            assert_eq!(go_duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(go_duration(Duration::from_nanos(1)), "1ms");
    }
}
