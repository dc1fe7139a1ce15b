//! The rate-limit headers of OpenAI's API.

use super::effect::Effect;
use crate::admission::RateView;
use crate::bucket::BucketView;
use crate::config::RateHeaders;
use crate::policy::MAX_RATE;
use core::time::Duration;

/// What is answered where nothing is limited: the highest rate there is.
const UNLIMITED: BucketView = BucketView {
    limit: MAX_RATE,
    remaining: MAX_RATE,
    reset: Duration::ZERO,
};

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

/// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`.
pub(crate) fn rate_headers(
    rates: &RateView,
    tells: RateHeaders,
) -> impl Iterator<Item = (&'static str, String)> {
    let told = |view: Option<BucketView>| match tells {
        RateHeaders::Always => Some(view.unwrap_or(UNLIMITED)),
        RateHeaders::Limited => view,
        RateHeaders::Off => None,
    };
    let (requests, tokens) = (told(rates.requests), told(rates.tokens));
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

pub(crate) fn set_rate_headers(effects: &mut Vec<Effect>, rates: &RateView, tells: RateHeaders) {
    let headers = rate_headers(rates, tells);
    effects.extend(headers.map(|(name, value)| Effect::SetResponseHeader(name, value)));
}

/// `6m0s`, `1.5s`, `120ms`: the notation of Go, which OpenAI's headers use. Rounded up to the
/// millisecond, so that waiting as long is enough.
fn go_duration(duration: Duration) -> String {
    let begun = u64::from(duration.subsec_nanos()).div_ceil(1_000_000);
    let millis = duration.as_secs().saturating_mul(1_000);
    let millis = millis.saturating_add(begun);
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
    fn what_is_not_limited_is_told_where_it_must_be() {
        let limited = RateView {
            requests: Some(UNLIMITED),
            ..RateView::default()
        };
        let count = |rates: &RateView, tells| rate_headers(rates, tells).count();
        for (tells, of_none, of_requests) in [
            (RateHeaders::Always, 6, 6),
            (RateHeaders::Limited, 0, 3),
            (RateHeaders::Off, 0, 0),
        ] {
            assert_eq!(count(&RateView::default(), tells), of_none);
            assert_eq!(count(&limited, tells), of_requests);
        }
    }

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
