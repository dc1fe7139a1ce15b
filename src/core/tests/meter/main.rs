//! The meter over realistic bodies, at any chunking.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic
)]

mod bodies;
mod chunking;
mod counted;
mod cumulative;
mod errors;
mod framing;
mod golden;
mod hiding;
mod models;
mod outputs;
mod properties;
mod shapes;
mod spellings;
mod stored;
mod tiers;
mod tools;

use paddock_core::meter::{Framing, Meter, Passed, Reading};
use paddock_core::wire_format::WireFormat;

/// Feeds chunks to a meter; gives back what it read and what it passed on.
fn run<'a>(mut meter: Meter, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Reading, Vec<u8>) {
    let mut passed = Vec::new();
    for chunk in chunks {
        match meter.feed(chunk) {
            Passed::Unchanged => passed.extend_from_slice(chunk),
            Passed::Replaced(bytes) => passed.extend(bytes),
        }
    }
    passed.extend(meter.finish());
    (meter.reading(), passed)
}

/// What is read of a body, at some chunkings and whatever its content type claims.
fn read(format: WireFormat, body: &str) -> Reading {
    let bytes = body.as_bytes();
    let meter = |claimed| Meter::new(format, claimed, false);
    let whole = run(meter(Framing::Json), [bytes]).0;
    for claimed in [Framing::Json, Framing::EventStream] {
        for size in [1, 7, 100] {
            let chunks = bytes.chunks(size);
            assert_eq!(run(meter(claimed), chunks).0, whole, "{claimed:?} {size}");
        }
    }
    whole
}

/// An event stream with these documents.
fn events<S: AsRef<str>>(documents: impl IntoIterator<Item = S>) -> String {
    let documents = documents.into_iter();
    let events = documents.map(|document| format!("data: {}\n\n", document.as_ref()));
    events.collect()
}

/// A chunk of a chat stream: a word, and its `usage`.
fn word(usage: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","model":"probe","choices":[{{"index":0,"delta":{{"content":"word "}},"finish_reason":null}}],"usage":{usage}}}"#
    )
}

/// The chunk that says why a chat stream ended.
fn finish(usage: &str) -> String {
    format!(
        r#"{{"id":"c1","choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}],"usage":{usage}}}"#
    )
}

/// The chunk that has the usage of a chat stream.
fn last(usage: &str) -> String {
    format!(r#"{{"id":"c1","choices":[],"usage":{usage}}}"#)
}

/// A whole chat answer.
fn chat(text: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"c1","model":"probe","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
    )
}
