//! What is read from each golden body, number by number.

use crate::bodies::{BODIES, body};
use crate::run;
use paddock_core::meter::{Meter, Reading};
use paddock_core::usage::TokenUsage;

/// `[input, cached, written for 5 minutes, for 1 hour, output, reasoning]`
type Counts = [u64; 6];

/// Name, usage, `output_final`, `seen_output_tokens`, `ended`.
#[rustfmt::skip]
const EXPECTED: &[(&str, Option<Counts>, bool, u64, bool)] = &[
    ("openai-chat.sse", Some([128, 896, 0, 0, 17, 5]), true, 6, true),
    ("azure-chat-crlf.sse", Some([128, 896, 0, 0, 17, 5]), true, 1, true),
    ("compatible-usage-on-finish.sse", Some([9, 0, 0, 0, 4, 0]), true, 2, true),
    ("compatible-usage-on-every-chunk.sse", Some([7, 0, 0, 0, 3, 0]), true, 3, false),
    ("openai-chat-broken-off.sse", None, false, 10, false),
    ("openai-multi-line-data.sse", Some([3, 0, 0, 0, 0, 0]), true, 3, true),
    ("openai-tool-calls.sse", None, false, 5, true),
    ("openai-absurd-usage.sse", None, false, 2, true),
    ("deepseek-chat.sse", Some([36, 64, 0, 0, 30, 25]), true, 6, true),
    ("gemini-openai-thoughts-beside.sse", Some([8, 0, 0, 0, 58, 0]), true, 6, true),
    ("xai-reasoning-beside.json", Some([26, 6, 0, 0, 103, 94]), true, 10, true),
    ("openai-chat.json", Some([128, 896, 0, 0, 40, 5]), true, 16, true),
    ("openai-embeddings.json", Some([12, 0, 0, 0, 0, 0]), true, 0, true),
    ("openai-error.json", None, false, 0, true),
    ("openai-zero.json", Some([0, 0, 0, 0, 0, 0]), true, 0, true),
    ("responses.sse", Some([86, 1920, 0, 0, 300, 192]), true, 4, true),
    ("responses-incomplete-no-event-lines.sse", Some([86, 1920, 0, 0, 300, 192]), true, 4, true),
    ("responses-failed.sse", None, false, 4, true),
    ("responses-broken-off.sse", None, false, 4, false),
    ("responses.json", Some([86, 1920, 0, 0, 300, 192]), true, 4, true),
    ("anthropic.sse", Some([25, 4000, 500, 1000, 89, 0]), true, 13, true),
    ("anthropic-cumulative.sse", Some([630, 4100, 500, 1000, 120, 0]), true, 13, true),
    ("anthropic-broken-off.sse", Some([25, 4000, 500, 1000, 1, 0]), false, 13, false),
    ("anthropic.json", Some([12, 0, 300, 0, 6, 0]), true, 9, true),
    ("anthropic-count-tokens.json", None, false, 0, true),
    ("gemini.sse", Some([18, 32, 0, 0, 44, 30]), true, 10, true),
    ("gemini-blocked.sse", Some([8, 0, 0, 0, 0, 0]), true, 0, true),
    ("vertex-traffic-type.sse", Some([6, 0, 0, 0, 1, 0]), false, 2, false),
    ("gemini-array.json", Some([18, 32, 0, 0, 44, 30]), true, 10, true),
    ("gemini-array-broken-off.json", Some([8, 32, 0, 0, 34, 30]), false, 7, false),
    ("gemini.json", Some([5, 0, 0, 0, 2, 0]), true, 1, true),
];

#[test]
fn every_body_is_read_to_the_number() {
    assert_eq!(EXPECTED.len(), BODIES.len());
    for (name, counts, output_final, seen_output_tokens, ended) in EXPECTED {
        let body = body(name);
        let expected = Reading {
            usage: counts.map(
                |[input, cached, five, hour, output, reasoning]| TokenUsage {
                    input,
                    cached_input: cached,
                    cache_write_5m: five,
                    cache_write_1h: hour,
                    output,
                    reasoning,
                },
            ),
            output_final: *output_final,
            batch: false,
            seen_output_tokens: *seen_output_tokens,
            ended: *ended,
        };
        let meter = Meter::new(body.format, body.framing, false);
        let (reading, passed) = run(meter, [body.bytes]);
        assert_eq!(reading, expected, "{name}");
        assert!(passed == body.bytes, "{name}");
    }
}

#[test]
fn the_extra_usage_event_is_removed_and_nothing_else() {
    for (name, hidden) in [
        (
            "openai-chat.sse",
            &include_bytes!("golden/openai-chat.sse.hidden")[..],
        ),
        (
            "azure-chat-crlf.sse",
            include_bytes!("golden/azure-chat-crlf.sse.hidden"),
        ),
        (
            "openai-multi-line-data.sse",
            include_bytes!("golden/openai-multi-line-data.sse.hidden"),
        ),
        // Usage beside choices is no extra event.
        (
            "compatible-usage-on-finish.sse",
            body("compatible-usage-on-finish.sse").bytes,
        ),
    ] {
        let body = body(name);
        let plain = run(Meter::new(body.format, body.framing, false), [body.bytes]).0;
        let (reading, passed) = run(Meter::new(body.format, body.framing, true), [body.bytes]);
        assert_eq!(
            String::from_utf8_lossy(&passed),
            String::from_utf8_lossy(hidden),
            "{name}"
        );
        assert_eq!(reading, plain, "{name}");
    }
}
