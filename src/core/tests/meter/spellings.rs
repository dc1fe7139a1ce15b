//! The many ways to write a `usage` object.

use crate::{chat, events, read};
use paddock_core::usage::TokenUsage;
use paddock_core::wire_format::WireFormat::{Anthropic, Gemini, OpenAi, OpenAiResponses};

const NONE: TokenUsage = TokenUsage {
    input: 0,
    cached_input: 0,
    cache_write_5m: 0,
    cache_write_1h: 0,
    output: 0,
    reasoning: 0,
    audio_input: 0,
    image_input: 0,
    audio_output: 0,
    image_output: 0,
};

fn of(input: u64, output: u64) -> TokenUsage {
    TokenUsage {
        input,
        output,
        ..NONE
    }
}

/// The tokens of a chat answer with this usage, and whether they are final.
fn chat_usage(usage: &str) -> (TokenUsage, bool) {
    let reading = read(OpenAi, &chat("Ob", usage));
    (reading.usage.unwrap_or_default(), reading.output_final)
}

#[test]
fn chat_counts_under_all_their_names() {
    let cached = |input, cached_input, output| TokenUsage {
        cached_input,
        ..of(input, output)
    };
    for (usage, expected) in [
        (
            r#"{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}"#,
            of(9, 3),
        ),
        (
            r#"{"input_tokens":9,"output_tokens":3,"total_tokens":12}"#,
            of(9, 3),
        ),
        (
            r#"{"prompt_tokens":0,"input_tokens":9,"completion_tokens":0,"output_tokens":3}"#,
            of(9, 3),
        ),
        (r#"{"completion_tokens":40,"total_tokens":110}"#, of(70, 40)),
        (
            r#"{"prompt_tokens":900,"completion_tokens":20,"total_tokens":920,"cached_tokens":800}"#,
            cached(100, 800, 20),
        ),
        (
            r#"{"prompt_tokens":900,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":800}}"#,
            cached(100, 800, 20),
        ),
        (
            r#"{"input_tokens":900,"output_tokens":20,"input_tokens_details":{"cached_tokens":800}}"#,
            cached(100, 800, 20),
        ),
        (
            r#"{"prompt_tokens":900,"completion_tokens":20,"prompt_cache_hit_tokens":800,"prompt_cache_miss_tokens":100}"#,
            cached(100, 800, 20),
        ),
        (
            r#"{"prompt_cache_hit_tokens":800,"prompt_cache_miss_tokens":100,"completion_tokens":20}"#,
            cached(100, 800, 20),
        ),
        (
            r#"{"prompt_tokens":1892,"completion_tokens":5,"total_tokens":1897,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":1889}}"#,
            TokenUsage {
                cache_write_5m: 1889,
                ..of(3, 5)
            },
        ),
        (
            r#"{"prompt_tokens":1000,"completion_tokens":5,"cache_read_input_tokens":300,"cache_creation_input_tokens":600}"#,
            TokenUsage {
                cached_input: 300,
                cache_write_5m: 600,
                ..of(100, 5)
            },
        ),
        (
            r#"{"prompt_tokens":600,"completion_tokens":900,"total_tokens":1500,"prompt_tokens_details":{"audio_tokens":500,"image_tokens":60},"completion_tokens_details":{"audio_tokens":800,"image_tokens":30,"reasoning_tokens":20}}"#,
            TokenUsage {
                audio_input: 500,
                image_input: 60,
                audio_output: 800,
                image_output: 30,
                reasoning: 20,
                ..of(600, 900)
            },
        ),
        // A part is never larger than its whole.
        (
            r#"{"prompt_tokens":6,"completion_tokens":9,"prompt_tokens_details":{"audio_tokens":500,"image_tokens":60},"completion_tokens_details":{"audio_tokens":800,"image_tokens":30}}"#,
            TokenUsage {
                audio_input: 6,
                audio_output: 9,
                ..of(6, 9)
            },
        ),
        // Perplexity's deep research.
        (
            r#"{"prompt_tokens":20,"completion_tokens":900,"total_tokens":920,"citation_tokens":15000,"num_search_queries":18,"reasoning_tokens":90000}"#,
            TokenUsage {
                reasoning: 90_000,
                ..of(15_020, 90_900)
            },
        ),
        // The same reasoning in both places.
        (
            r#"{"prompt_tokens":20,"completion_tokens":900,"reasoning_tokens":100,"completion_tokens_details":{"reasoning_tokens":100}}"#,
            TokenUsage {
                reasoning: 100,
                ..of(20, 900)
            },
        ),
    ] {
        assert_eq!(chat_usage(usage), (expected, true), "{usage}");
    }
}

#[test]
fn a_total_that_exceeds_its_parts_is_output_only_if_the_reasoning_fits() {
    let cached = r#","prompt_tokens_details":{"cached_tokens":18000}"#;
    let thinks = r#","completion_tokens_details":{"reasoning_tokens":94}"#;
    let told = |total: u64, more: &str| {
        chat_usage(&format!(
            r#"{{"prompt_tokens":12,"completion_tokens":5,"total_tokens":{total}{more}}}"#
        ))
        .0
    };
    let beside = TokenUsage {
        cached_input: 18_000,
        ..of(12, 5)
    };
    assert_eq!(told(18_017, cached), beside);
    assert_eq!(
        told(111, thinks),
        TokenUsage {
            reasoning: 94,
            ..of(12, 99)
        }
    );
    let both = format!("{cached}{thinks}");
    assert_eq!(
        told(18_111, &both),
        TokenUsage {
            output: 99,
            reasoning: 94,
            ..beside
        }
    );
    // Reasoning cannot be a part of a smaller count, whatever the total.
    assert_eq!(told(17, thinks).output, 99);
    assert_eq!(told(500, thinks).output, 99);
    // Nothing says what this is.
    assert_eq!(told(18_017, ""), of(12, 5));
    let thinks = r#","completion_tokens_details":{"reasoning_tokens":3}"#;
    assert_eq!(
        told(18_017, thinks),
        TokenUsage {
            reasoning: 3,
            ..of(12, 5)
        }
    );
    // Cached tokens that are not in the prompt though they would fit: the total says it.
    let usage =
        r#"{"prompt_tokens":1000,"completion_tokens":5,"total_tokens":1305,"cached_tokens":300}"#;
    assert_eq!(
        chat_usage(usage).0,
        TokenUsage {
            cached_input: 300,
            ..of(1000, 5)
        }
    );
}

#[test]
fn gemini_behind_the_compatible_endpoint_thinks_beside() {
    let usage = r#"{"prompt_tokens":8,"completion_tokens":7,"total_tokens":66}"#;
    for (model, output) in [
        ("gemini-2.5-flash", 58),
        ("google/gemini-3-pro", 58),
        ("gpt-5", 7),
    ] {
        let answer = chat("Ob", usage).replace("probe", model);
        assert_eq!(
            read(OpenAi, &answer).usage.unwrap().output,
            output,
            "{model}"
        );
    }
}

#[test]
fn one_bad_member_spoils_only_itself() {
    for bad in [
        "-1", "1.5", "null", "true", "[]", "{}", "\"x\"", "NaN", "1e99",
    ] {
        let usage = format!(r#"{{"prompt_tokens":9,"completion_tokens":{bad}}}"#);
        assert_eq!(chat_usage(&usage), (of(9, 0), false), "{bad}");
        let usage = format!(r#"{{"prompt_tokens":{bad},"completion_tokens":3}}"#);
        assert_eq!(chat_usage(&usage), (of(0, 3), true), "{bad}");
        let usage = format!(
            r#"{{"x":{bad},"prompt_tokens":9,"completion_tokens":3,"total_tokens":{bad},"prompt_tokens_details":{bad},"completion_tokens_details":{{"reasoning_tokens":{bad},"audio_tokens":1}}}}"#
        );
        let expected = TokenUsage {
            audio_output: 1,
            ..of(9, 3)
        };
        assert_eq!(chat_usage(&usage), (expected, true), "{bad}");
        let usage = format!(
            r#"{{"type":"message","content":[],"usage":{{"input_tokens":9,"cache_creation":{bad},"cache_read_input_tokens":{bad},"output_tokens":3}}}}"#
        );
        assert_eq!(read(Anthropic, &usage).usage, Some(of(9, 3)), "{bad}");
        let usage = format!(
            r#"{{"usageMetadata":{{"promptTokenCount":9,"candidatesTokenCount":3,"promptTokensDetails":{bad},"thoughtsTokenCount":{bad}}}}}"#
        );
        assert_eq!(read(Gemini, &usage).usage, Some(of(9, 3)), "{bad}");
    }
}

#[test]
fn counts_may_be_floats_text_or_told_twice() {
    for usage in [
        r#"{"prompt_tokens":9.0,"completion_tokens":3.0,"total_tokens":12.0}"#,
        r#"{"prompt_tokens":"9","completion_tokens":"3"}"#,
        r#"{"prompt_tokens":"9.0","completion_tokens":3e0}"#,
        r#"{"prompt_tokens":9,"prompt_tokens":9,"completion_tokens":1,"completion_tokens":3}"#,
        r#"{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":[],"completion_tokens_details":"none"}"#,
        r#"{"cost":0.00012,"is_byok":false,"prompt_tokens":9,"completion_tokens":3}"#,
    ] {
        assert_eq!(chat_usage(usage), (of(9, 3), true), "{usage}");
    }
    let message = r#"{"type":"message","content":[{"type":"text","text":"Ob"}],"usage":{"input_tokens":9.0,"output_tokens":"3"}}"#;
    assert_eq!(read(Anthropic, message).usage, Some(of(9, 3)));
    let response =
        r#"{"object":"response","output":[],"usage":{"input_tokens":9.0,"output_tokens":"3"}}"#;
    assert_eq!(read(OpenAiResponses, response).usage, Some(of(9, 3)));
}

#[test]
fn a_total_stands_for_a_count_that_is_missing() {
    // Embeddings.
    let embeddings = |usage: &str| {
        let body = format!(r#"{{"object":"list","data":[{{"embedding":[0.1]}}],"usage":{usage}}}"#);
        let reading = read(OpenAi, &body);
        (reading.usage.unwrap_or_default(), reading.output_final)
    };
    assert_eq!(
        embeddings(r#"{"prompt_tokens":12,"total_tokens":12}"#),
        (of(12, 0), true)
    );
    assert_eq!(embeddings(r#"{"total_tokens":12}"#), (of(12, 0), true));
    // The rest of a chat's total is its output, though not for certain.
    assert_eq!(
        chat_usage(r#"{"prompt_tokens":9,"total_tokens":12}"#),
        (of(9, 3), false)
    );
    assert_eq!(
        chat_usage(r#"{"completion_tokens":40,"total_tokens":40}"#),
        (of(0, 40), true)
    );
}

#[test]
fn usage_in_other_places_of_a_chat() {
    let usage = r#"{"prompt_tokens":9,"completion_tokens":3,"cached_tokens":4}"#;
    let expected = TokenUsage {
        cached_input: 4,
        ..of(5, 3)
    };
    let moonshot = format!(
        r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop","usage":{usage}}}]}}"#
    );
    let groq = format!(
        r#"{{"x_groq":{{"id":"r1","usage":{usage}}},"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}]}}"#
    );
    for chunk in [moonshot, groq] {
        let reading = read(OpenAi, &events([chunk.as_str(), "[DONE]"]));
        assert_eq!(
            (reading.usage, reading.output_final),
            (Some(expected), true),
            "{chunk}"
        );
    }
    // Words in the text and in a tool's arguments are none.
    let inside = r#"{"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":1}","tool_calls":[{"function":{"arguments":"{\"usage\":{\"prompt_tokens\":2}}"}}],"usage":null}}]}"#;
    assert_eq!(read(OpenAi, inside).usage, None);
}

#[test]
fn anthropics_cache_by_how_long_it_is_kept() {
    let read = |usage: &str| {
        let body = format!(r#"{{"type":"message","content":[],"usage":{usage}}}"#);
        read(Anthropic, &body).usage.unwrap()
    };
    for (usage, five, hour) in [
        (
            r#"{"input_tokens":1,"cache_creation_input_tokens":1500}"#,
            1500,
            0,
        ),
        (
            r#"{"input_tokens":1,"cache_creation_input_tokens":1500,"cache_creation":{"ephemeral_5m_input_tokens":500,"ephemeral_1h_input_tokens":1000}}"#,
            500,
            1000,
        ),
        (
            r#"{"input_tokens":1,"cache_creation_input_tokens":1500,"cache_creation":{"ephemeral_1h_input_tokens":1000}}"#,
            500,
            1000,
        ),
        (
            r#"{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":500,"ephemeral_1h_input_tokens":1000}}"#,
            500,
            1000,
        ),
    ] {
        let found = read(usage);
        assert_eq!(
            (found.cache_write_5m, found.cache_write_1h),
            (five, hour),
            "{usage}"
        );
    }
}

#[test]
fn gemini_counts_by_modality_and_beside_the_candidates() {
    let read = |usage: &str| {
        let body = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"word word"}}]}},"finishReason":"STOP"}}],"usageMetadata":{usage}}}"#
        );
        let reading = read(Gemini, &body);
        assert!(reading.output_final, "{usage}");
        reading.usage.unwrap()
    };
    for (usage, expected) in [
        (
            r#"{"promptTokenCount":100,"cachedContentTokenCount":40,"toolUsePromptTokenCount":7,"candidatesTokenCount":20,"thoughtsTokenCount":30,"totalTokenCount":157,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":50},{"modality":"AUDIO","tokenCount":30},{"modality":"IMAGE","tokenCount":12},{"modality":"VIDEO","tokenCount":8}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":10},{"modality":"TEXT","tokenCount":30}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":15},{"modality":"AUDIO","tokenCount":2}]}"#,
            TokenUsage {
                cached_input: 40,
                reasoning: 30,
                audio_input: 20,
                image_input: 20,
                audio_output: 2,
                image_output: 15,
                ..of(67, 50)
            },
        ),
        // A candidate's count that is missing is the rest of the total.
        (
            r#"{"promptTokenCount":70,"totalTokenCount":197}"#,
            of(70, 127),
        ),
        (
            r#"{"promptTokenCount":70,"thoughtsTokenCount":30,"toolUsePromptTokenCount":5,"totalTokenCount":115}"#,
            TokenUsage {
                reasoning: 30,
                ..of(75, 40)
            },
        ),
        (
            r#"{"promptTokenCount":70,"candidatesTokenCount":4,"totalTokenCount":500}"#,
            of(70, 4),
        ),
    ] {
        assert_eq!(read(usage), expected, "{usage}");
    }
}
