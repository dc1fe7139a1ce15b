//! No chunking changes what is read or passed on, and nothing at all makes the meter panic.

use crate::bodies::{BODIES, Body};
use crate::run;
use paddock_core::meter::{Framing, Meter, Passed};
use paddock_core::wire_format::WireFormat;
use proptest::prelude::*;

/// Cuts a body at these places.
pub fn cut(bytes: &[u8], mut at: Vec<usize>) -> Vec<&[u8]> {
    for place in &mut at {
        *place %= bytes.len() + 1;
    }
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// A golden body, a few of its bytes replaced, removed, repeated or cut off.
pub fn mutated() -> impl Strategy<Value = (Body, Vec<u8>)> {
    let change = (any::<prop::sample::Index>(), 0u8..6, any::<u8>());
    let changes = prop::collection::vec(change, 0..6);
    (prop::sample::select(BODIES), changes).prop_map(|(body, changes)| {
        let mut bytes = body.bytes.to_vec();
        for (at, kind, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let to = (at + usize::from(byte)).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.insert(at, b"\n\r\"\\{}[],:"[usize::from(byte) % 10]),
                3 => drop(bytes.drain(at..to)),
                4 => {
                    let again = bytes[at..to].to_vec();
                    bytes.splice(at..at, again);
                }
                _ => bytes.truncate(at.max(bytes.len() / 2)),
            }
        }
        (body, bytes)
    })
}

fn formats() -> impl Strategy<Value = (WireFormat, Framing)> {
    let formats = [
        WireFormat::OpenAi,
        WireFormat::OpenAiResponses,
        WireFormat::Anthropic,
        WireFormat::Gemini,
    ];
    let framings = [Framing::Json, Framing::EventStream];
    (
        prop::sample::select(formats.to_vec()),
        prop::sample::select(framings.to_vec()),
    )
}

#[test]
fn every_byte_for_itself_and_every_cut_in_two() {
    for body in BODIES {
        for hide in [false, true] {
            let meter = || Meter::new(body.format, body.framing, hide);
            let whole = run(meter(), [body.bytes]);
            assert_eq!(run(meter(), body.bytes.chunks(1)), whole, "{}", body.name);
            for at in 0..body.bytes.len() {
                let (left, right) = body.bytes.split_at(at);
                assert!(
                    run(meter(), [left, right]) == whole,
                    "{} at {at}",
                    body.name
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_chunking_is_the_same(
        (body, bytes) in mutated(),
        at in prop::collection::vec(any::<usize>(), 0..20),
        hide: bool,
    ) {
        let meter = || Meter::new(body.format, body.framing, hide);
        let whole = run(meter(), [&bytes[..]]);
        prop_assert_eq!(run(meter(), cut(&bytes, at)), whole.clone());
        prop_assert_eq!(run(meter(), bytes.chunks(1)), whole);
    }

    #[test]
    fn any_bytes_pass_unchanged_where_nothing_is_hidden(
        (format, framing) in formats(),
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..8),
    ) {
        let mut meter = Meter::new(format, framing, false);
        for chunk in &chunks {
            prop_assert_eq!(meter.feed(chunk), Passed::Unchanged);
        }
        prop_assert!(meter.finish().is_empty());
    }

    #[test]
    fn any_structural_bytes_do_no_harm(
        (format, framing) in formats(),
        parts in prop::collection::vec(
            prop::sample::select(&[
                "{", "}", "[", "]", ",", ":", "\"", "\\", "\n", "\r", "data:", "data: ", ":",
                "\"usage\":", "\"choices\":", "\"usageMetadata\":", "\"response\":", "\"message\":",
                "\"prompt_tokens\":1", "\"output_tokens\":2", "\"content\":", "\"delta\":", "[DONE]",
                "\"x\"", "\u{feff}",
            ][..]),
            0..60,
        ),
        at in prop::collection::vec(any::<usize>(), 0..6),
        hide: bool,
    ) {
        let bytes = parts.concat().into_bytes();
        let meter = || Meter::new(format, framing, hide);
        prop_assert_eq!(run(meter(), cut(&bytes, at)), run(meter(), [&bytes[..]]));
    }
}

#[test]
fn a_large_body_is_metered_in_bounded_memory() {
    // Usage larger than is captured counts for nothing, and nothing of it is kept.
    let mut meter = Meter::new(WireFormat::OpenAi, Framing::Json, false);
    let _ = meter.feed(b"{\"usage\":{\"prompt_tokens\":1,\"x\":\"");
    for _ in 0..100 {
        let _ = meter.feed(&[b'a'; 1000]);
    }
    let _ = meter.feed(b"\"},\"choices\":[");
    for _ in 0..100 {
        let _ = meter.feed(&[b'['; 1000]);
    }
    let _ = meter.feed(&[b']'; 100_001]);
    let _ = meter.feed(b",\"usage\":{\"prompt_tokens\":3}}");
    let reading = meter.reading();
    assert_eq!(reading.usage.unwrap().input, 3);
    assert!(reading.ended);
}
