//! Visible output is never nothing, and no sequence of counts makes a call cheaper.

use crate::chunking::cut;
use crate::outputs::OUTPUTS;
use crate::{events, run};
use paddock_core::meter::{Framing, Meter};
use paddock_core::price::{Price, Usage};
use paddock_core::usage::TokenUsage;
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = (String, Option<u64>)> {
    prop_oneof![
        6 => (0u64..100_000).prop_map(|n| (n.to_string(), Some(n))),
        1 => (0u64..100_000).prop_map(|n| (format!("{n}.0"), Some(n))),
        1 => (0u64..100_000).prop_map(|n| (format!("\"{n}\""), Some(n))),
        1 => Just(("null".to_owned(), None)),
        1 => Just(("-1".to_owned(), None)),
        1 => Just(("[]".to_owned(), None)),
    ]
}

/// A usage object of a format, its prompt and its output.
fn usage(format: WireFormat) -> impl Strategy<Value = (String, u64, u64)> {
    (number(), number(), number()).prop_map(move |(prompt, output, cached)| {
        let names = match format {
            OpenAi => ["prompt_tokens", "completion_tokens", "cached_tokens"],
            OpenAiResponses => ["input_tokens", "output_tokens", "cached_tokens"],
            Anthropic => ["input_tokens", "output_tokens", "cache_read_input_tokens"],
            Gemini => [
                "promptTokenCount",
                "candidatesTokenCount",
                "cachedContentTokenCount",
            ],
        };
        let text = format!(
            r#"{{"{}":{},"{}":{},"{}":{}}}"#,
            names[0], prompt.0, names[1], output.0, names[2], cached.0
        );
        (text, prompt.1.unwrap_or(0), output.1.unwrap_or(0))
    })
}

/// An event of a format with text and usage; the last has what ends a stream.
fn event(format: WireFormat, usage: &str, last: bool) -> String {
    let word = if last { "" } else { "word" };
    match format {
        OpenAi => {
            let reason = if last { "\"stop\"" } else { "null" };
            format!(
                r#"{{"choices":[{{"delta":{{"content":"{word}"}},"finish_reason":{reason}}}],"usage":{usage}}}"#
            )
        }
        OpenAiResponses => {
            let kind = if last { "completed" } else { "in_progress" };
            format!(
                r#"{{"type":"response.{kind}","delta":"{word}","response":{{"usage":{usage}}}}}"#
            )
        }
        Anthropic => {
            let reason = if last { "\"end_turn\"" } else { "null" };
            format!(
                r#"{{"type":"message_delta","delta":{{"stop_reason":{reason},"text":"{word}"}},"usage":{usage}}}"#
            )
        }
        Gemini => {
            let reason = if last {
                ",\"finishReason\":\"STOP\""
            } else {
                ""
            };
            format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{word}"}}]}}{reason}}}],"usageMetadata":{usage}}}"#
            )
        }
    }
}

fn sequences() -> impl Strategy<Value = (WireFormat, Vec<(String, u64, u64)>, bool)> {
    let formats = prop::sample::select(&[OpenAi, OpenAiResponses, Anthropic, Gemini][..]);
    formats.prop_flat_map(|format| {
        let usages = prop::collection::vec(usage(format), 1..8);
        (Just(format), usages, any::<bool>())
    })
}

fn cost(tokens: TokenUsage) -> i64 {
    let usage = Usage {
        tokens,
        ..Usage::default()
    };
    let price = Price::of(1_000_000_000, 10_000_000_000);
    price.cost(&usage).unwrap().money.nanos()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_sequence_of_counts_is_cheaper_than_its_largest(
        (format, usages, whole) in sequences(),
        at in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let end = usages.len() - 1;
        let documents = usages.iter().enumerate();
        let body = events(documents.map(|(n, (text, _, _))| event(format, text, whole && n == end)));
        let reading = run(Meter::new(format, Framing::EventStream, false), [body.as_bytes()]).0;
        let chunked = run(Meter::new(format, Framing::Json, false), cut(body.as_bytes(), at)).0;
        prop_assert_eq!(&chunked, &reading);
        let tokens = reading.usage.unwrap_or_default();
        let seen = reading.seen_output_tokens;
        let output = if reading.output_final { tokens.output } else { tokens.output.max(seen) };
        for (text, prompt, counted) in &usages {
            prop_assert!(tokens.prompt() >= *prompt, "{} in {}", text, body);
            prop_assert!(tokens.output >= *counted, "{} in {}", text, body);
            let alone = TokenUsage { input: *prompt, output: *counted, ..TokenUsage::default() };
            prop_assert!(cost(TokenUsage { output, ..tokens }) >= cost(alone), "{} in {}", text, body);
        }
        prop_assert!(output > 0 || seen == 0, "zero for visible output in {}", body);
        if !whole {
            prop_assert!(!reading.output_final && output > 0, "{}", body);
        }
    }

    #[test]
    fn visible_output_is_never_nothing(
        (format, document) in prop::sample::select(OUTPUTS),
        usage in prop::sample::select(&[
            "null", "{}", "[]", "0", "\"\"", r#"{"prompt_tokens":0,"completion_tokens":0}"#,
            r#"{"input_tokens":5,"output_tokens":0}"#, r#"{"promptTokenCount":5}"#,
            r#"{"completion_tokens":-1,"output_tokens":"x","candidatesTokenCount":[]}"#,
        ][..]),
        framed: bool,
        ends: bool,
        at in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let document = document.replace('$', "0123456789");
        let document = document.strip_suffix('}').unwrap();
        let usage = format!(r#"{document},"usage":{usage},"usageMetadata":{usage}}}"#);
        let mut body = if framed { events([&usage]) } else { usage };
        if ends && framed {
            body.push_str("data: [DONE]\n\n");
        }
        let reading = run(Meter::new(format, Framing::Json, false), [body.as_bytes()]).0;
        let chunked = run(Meter::new(format, Framing::EventStream, false), cut(body.as_bytes(), at)).0;
        prop_assert_eq!(&chunked, &reading);
        prop_assert!(reading.seen_output_tokens > 0);
        prop_assert!(!reading.output_final, "{}", body);
    }
}
