//! What is read from each golden body, number by number.

use crate::bodies::{BODIES, body};
use crate::run;
use paddock_core::meter::{Meter, Reading};
use paddock_core::usage::TokenUsage;

/// `[input, cached, written for 5 minutes, for 1 hour, output, reasoning]`
type Counts = [u64; 6];

/// Name, usage, `output_final`, `seen_output_tokens`, `ended`, `closed`, `failed`.
type Golden = (&'static str, Option<Counts>, bool, u64, bool, bool, bool);

#[rustfmt::skip]
const EXPECTED: &[Golden] = &[
    ("openai-chat.sse", Some([128, 896, 0, 0, 17, 5]), true, 6, true, true, false),
    ("azure-chat-crlf.sse", Some([128, 896, 0, 0, 17, 5]), true, 1, true, false, false),
    ("compatible-usage-on-finish.sse", Some([9, 0, 0, 0, 4, 0]), true, 2, true, false, false),
    ("compatible-usage-on-every-chunk.sse", Some([7, 0, 0, 0, 3, 0]), false, 3, false, false, false),
    ("openai-chat-broken-off.sse", None, false, 10, false, false, false),
    ("openai-multi-line-data.sse", Some([3, 0, 0, 0, 0, 0]), false, 3, true, true, false),
    ("openai-tool-calls.sse", None, false, 8, true, true, false),
    ("openai-absurd-usage.sse", None, false, 2, true, true, false),
    ("deepseek-chat.sse", Some([36, 64, 0, 0, 30, 25]), true, 6, true, true, false),
    ("gemini-openai-thoughts-beside.sse", Some([8, 0, 0, 0, 58, 51]), true, 6, true, true, false),
    ("xai-reasoning-beside.json", Some([26, 6, 0, 0, 103, 94]), true, 10, true, true, false),
    ("openai-chat.json", Some([128, 896, 0, 0, 40, 5]), true, 16, true, true, false),
    ("openai-embeddings.json", Some([12, 0, 0, 0, 0, 0]), true, 0, true, true, false),
    ("openai-error.json", None, false, 0, true, true, true),
    ("openai-zero.json", Some([0, 0, 0, 0, 0, 0]), true, 0, true, true, false),
    ("responses.sse", Some([86, 1920, 0, 0, 300, 192]), true, 4, true, true, false),
    ("responses-incomplete-no-event-lines.sse", Some([86, 1920, 0, 0, 300, 192]), true, 4, true, true, false),
    ("responses-failed.sse", None, false, 4, true, true, true),
    ("responses-broken-off.sse", None, false, 4, false, false, false),
    ("responses.json", Some([86, 1920, 0, 0, 300, 192]), true, 4, true, true, false),
    ("anthropic.sse", Some([25, 4000, 500, 1000, 89, 0]), true, 14, true, true, false),
    ("anthropic-cumulative.sse", Some([630, 4100, 500, 1000, 120, 0]), true, 14, true, true, false),
    ("anthropic-broken-off.sse", Some([25, 4000, 500, 1000, 1, 0]), false, 14, false, false, true),
    ("anthropic.json", Some([12, 0, 300, 0, 6, 0]), true, 11, true, true, false),
    ("anthropic-count-tokens.json", None, false, 6, true, true, false),
    ("gemini.sse", Some([18, 32, 0, 0, 44, 30]), true, 10, true, false, false),
    ("gemini-blocked.sse", Some([8, 0, 0, 0, 0, 0]), true, 0, true, false, false),
    ("vertex-traffic-type.sse", Some([6, 0, 0, 0, 1, 0]), false, 2, false, false, false),
    ("gemini-array.json", Some([18, 32, 0, 0, 44, 30]), true, 10, true, true, false),
    ("gemini-array-broken-off.json", Some([8, 32, 0, 0, 34, 30]), false, 7, false, false, false),
    ("gemini.json", Some([5, 0, 0, 0, 2, 0]), true, 1, true, true, false),
];

#[test]
fn every_body_is_read_to_the_number() {
    assert_eq!(EXPECTED.len(), BODIES.len());
    for (name, counts, output_final, seen_output_tokens, ended, closed, failed) in EXPECTED {
        let body = body(name);
        let usage = counts.map(
            |[input, cached, five, hour, output, reasoning]| TokenUsage {
                input,
                cached_input: cached,
                cache_write_5m: five,
                cache_write_1h: hour,
                output,
                reasoning,
                ..TokenUsage::default()
            },
        );
        let meter = Meter::new(body.format, body.framing, false);
        let (reading, passed) = run(meter, [body.bytes]);
        let expected = Reading {
            usage,
            output_final: *output_final,
            seen_output_tokens: *seen_output_tokens,
            ended: *ended,
            closed: *closed,
            failed: *failed,
            ..reading.clone()
        };
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
