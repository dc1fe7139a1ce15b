//! Bodies of requests: what is read is what the provider reads.

use super::choice;
use crate::{Target, corpus};
use paddock_core::policy::OutputLimitField;
use paddock_core::request::{
    Endpoint, GeminiVerb, Hints, Rewrite, read_body, read_features, texts,
};
use paddock_core::wire_format::WireFormat;
use serde_json::Value;

/// The first byte chooses the endpoint.
pub const TARGET: Target = Target {
    name: "bodies",
    check,
    seeds,
};

fn endpoints() -> [Endpoint; 8] {
    [
        Endpoint::ChatCompletions,
        Endpoint::Messages,
        Endpoint::Responses,
        Endpoint::Gemini {
            model: "small".to_owned(),
            verb: GeminiVerb::GenerateContent,
        },
        Endpoint::Completions,
        Endpoint::Embeddings,
        Endpoint::CountTokens,
        Endpoint::Gemini {
            model: "small".to_owned(),
            verb: GeminiVerb::StreamGenerateContent,
        },
    ]
}

fn check(input: &[u8]) {
    let (first, body) = choice(input);
    let endpoint = &endpoints()[usize::from(first & 7)];
    let _ = texts(body);
    let request = match read_body(endpoint, body) {
        Ok(request) => request,
        Err(error) => {
            assert!(
                error.to_string().len() < 1_024,
                "a refusal is short: {error}"
            );
            return;
        }
    };
    let _ = read_features(endpoint, &request, body, &Hints::default());
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    assert!(request.prompt.text_bytes <= length, "{:?}", request.prompt);
    let prompt = request.prompt;
    let media = [
        prompt.images,
        prompt.documents,
        prompt.audio,
        prompt.video,
        prompt.unknown_media,
    ];
    if media.iter().all(|media| media.count == 0) {
        assert!(
            prompt.likely_tokens() <= prompt.ceiling_tokens(),
            "{prompt:?}"
        );
    }
    assert!(request.choices >= 1 && request.passes >= 1);
    let limits = request.output_limits;
    assert!(
        limits.usual != Some(0) && limits.completion != Some(0),
        "{limits:?}"
    );
    // Whatever is read by us is JSON to others, and says the same to them.
    let Ok(seen) = serde_json::from_slice::<Value>(body) else {
        panic!("what is not JSON was read");
    };
    if let (Some(said), Endpoint::ChatCompletions | Endpoint::Messages) =
        (seen.get("stream"), endpoint)
    {
        assert_eq!(said.as_bool().unwrap_or(false), request.stream, "{said}");
    }
    for field in [None, Some(OutputLimitField::MaxTokens)] {
        let to = Rewrite {
            // Google's models are named by the path.
            model: (endpoint.format() != WireFormat::Gemini).then_some("other \"model\""),
            force_usage: request.stream,
            output_limit_field: field,
            ..Rewrite::default()
        };
        let Some(changed) = request.rewrite(body, &to) else {
            continue;
        };
        assert!(changed.len() <= body.len() + 4_096);
        let again = read_body(endpoint, &changed);
        let again =
            again.unwrap_or_else(|error| panic!("it was rewritten into what is refused: {error}"));
        assert_eq!(
            again.prompt.text_bytes, request.prompt.text_bytes,
            "the prompt stays"
        );
        assert_eq!(
            (again.choices, again.passes),
            (request.choices, request.passes)
        );
    }
}

fn seeds() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for (kind, body) in corpus::requests()? {
        let kind = u8::try_from(kind)?;
        seeds.push([&[kind], body.as_slice()].concat());
        seeds.push([&[kind | 4], body.as_slice()].concat());
    }
    Ok(seeds)
}
