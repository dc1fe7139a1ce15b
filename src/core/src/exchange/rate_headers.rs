//! The rate-limit headers of OpenAI's API.

use super::effect::Effect;
use crate::admission::{BucketView, RateView};
use crate::policy::MAX_RATE;
use core::time::Duration;

/// What is answered where nothing is limited: the highest rate there is.
const UNLIMITED: BucketView = BucketView {
    limit: MAX_RATE,
    remaining: MAX_RATE,
    reset: Duration::ZERO,
};

/// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`.
pub(crate) fn rate_headers(rates: &RateView) -> [(&'static str, String); 6] {
    let requests = rates.requests.unwrap_or(UNLIMITED);
    let tokens = rates.tokens.unwrap_or(UNLIMITED);
    [
        ("x-ratelimit-limit-requests", requests.limit.to_string()),
        (
            "x-ratelimit-remaining-requests",
            requests.remaining.to_string(),
        ),
        ("x-ratelimit-reset-requests", go_duration(requests.reset)),
        ("x-ratelimit-limit-tokens", tokens.limit.to_string()),
        ("x-ratelimit-remaining-tokens", tokens.remaining.to_string()),
        ("x-ratelimit-reset-tokens", go_duration(tokens.reset)),
    ]
}

pub(crate) fn set_rate_headers(effects: &mut Vec<Effect>, rates: &RateView) {
    let headers = rate_headers(rates);
    effects.extend(headers.map(|(name, value)| Effect::SetResponseHeader(name, value)));
}

/// `6m0s`, `1.5s`, `120ms`: the notation of Go, which OpenAI's headers use. Rounded up to the
/// millisecond, so that waiting as long is enough.
fn go_duration(duration: Duration) -> String {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    let (minutes, rest) = (millis.div_euclid(60_000), millis.rem_euclid(60_000));
    if millis < 1_000 {
        return if millis == 0 {
            "0s".to_owned()
        } else {
            format!("{millis}ms")
        };
    }
    let fraction = format!("{:03}", rest.rem_euclid(1_000));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let seconds = format!("{}{point}{fraction}s", rest.div_euclid(1_000));
    match (minutes.div_euclid(60), minutes.rem_euclid(60)) {
        (0, 0) => seconds,
        (0, minutes) => format!("{minutes}m{seconds}"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
    }
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
