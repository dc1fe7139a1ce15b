//! The meter over realistic bodies, at any chunking.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic
)]

mod bodies;
mod chunking;
mod golden;
mod hiding;
mod tiers;

use paddock_core::meter::{Meter, Passed, Reading};

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
