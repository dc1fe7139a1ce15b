//! Answers of providers, in every format and framing, in pieces and whole.

use super::choice;
use crate::{Target, corpus};
use paddock_core::meter::{Framing, Meter, Passed, Reading};
use paddock_core::price::{Price, Usage};
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};

/// The first byte chooses format, framing, whether usage is hidden, and the size of pieces.
pub const TARGET: Target = Target {
    name: "answers",
    check,
    seeds,
};

const FORMATS: [WireFormat; 4] = [OpenAi, Anthropic, OpenAiResponses, Gemini];
const SIZES: [usize; 4] = [1, 3, 64, 1_000];

fn check(input: &[u8]) {
    let (first, body) = choice(input);
    let format = FORMATS[usize::from(first & 3)];
    let framing = if first & 4 == 0 {
        Framing::EventStream
    } else {
        Framing::Json
    };
    let hides = first & 8 != 0;
    let size = SIZES[usize::from(first >> 4 & 3)];
    let (whole, passed) = read(Meter::new(format, framing, hides), [body]);
    let in_pieces = read(Meter::new(format, framing, hides), body.chunks(size));
    assert_eq!(
        in_pieces,
        (whole.clone(), passed.clone()),
        "pieces change nothing"
    );
    assert!(passed.len() <= body.len(), "nothing is added");
    if !hides {
        assert_eq!(passed, body, "what is not hidden passes as it is");
    }
    // A count that any prompt or answer of a context of millions may have; what is above is not read.
    for tokens in whole
        .usage
        .iter()
        .chain(whole.others.iter().map(|(_, usage)| usage))
    {
        assert!(tokens.reasoning <= tokens.output, "{tokens:?}");
        assert!(
            tokens.audio_input.saturating_add(tokens.image_input) <= tokens.input,
            "{tokens:?}"
        );
        assert!(
            tokens.audio_output.saturating_add(tokens.image_output) <= tokens.output,
            "{tokens:?}"
        );
        let price: Price =
            serde_json::from_str(r#"{"input":1000,"output":10000}"#).unwrap_or_default();
        let usage = Usage {
            tokens: *tokens,
            ..Usage::default()
        };
        if let Ok(cost) = price.cost(&usage) {
            assert!(cost.money.nanos() >= 0, "{cost:?}");
        }
    }
    assert!(whole.others.len() <= 64, "models are bounded");
    let names = [&whole.tier, &whole.speed, &whole.region, &whole.model];
    for name in names
        .into_iter()
        .flatten()
        .chain(whole.others.iter().map(|(name, _)| name))
    {
        assert!(name.len() <= 256, "names are bounded: {name}");
    }
    let seen = whole.seen_output_tokens;
    assert!(
        seen <= u64::try_from(body.len()).unwrap_or(u64::MAX),
        "{seen} tokens of {} bytes",
        body.len()
    );
}

fn read<'a>(mut meter: Meter, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Reading, Vec<u8>) {
    let mut passed = Vec::new();
    for piece in pieces {
        match meter.feed(piece) {
            Passed::Unchanged => passed.extend_from_slice(piece),
            Passed::Replaced(bytes) => passed.extend(bytes),
        }
    }
    passed.extend(meter.finish());
    assert!(meter.stored().len() <= 4_096, "what is stored is bounded");
    (meter.reading(), passed)
}

fn seeds() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut seeds = Vec::new();
    for (name, body) in corpus::answers()? {
        let format = match name.as_str() {
            name if name.starts_with("anthropic") => 1,
            name if name.starts_with("responses") => 2,
            name if name.starts_with("gemini") || name.starts_with("vertex") => 3,
            _ => 0,
        };
        let framing = if name.ends_with(".json") { 4 } else { 0 };
        for more in [0, 8, 16, 32] {
            seeds.push([&[format | framing | more], body.as_slice()].concat());
        }
    }
    Ok(seeds)
}
