//! What is tried, and what must hold.

pub mod answers;
pub mod bodies;
pub mod configurations;
pub mod exchanges;
pub mod keys;
pub mod messages;

/// Splits the first byte off: it chooses.
fn choice(input: &[u8]) -> (u8, &[u8]) {
    input
        .split_first()
        .map_or((0, input), |(first, rest)| (*first, rest))
}
