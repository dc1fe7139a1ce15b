//! Inputs that nobody thought of, for everything that reads what strangers write.
//!
//! Each target is a function of bytes that panics if a property does not hold. Its inputs are real ones
//! (answers of providers, bodies of the cases, messages as they are sent) that [`mutation`] changes. What
//! was found once is kept in `corpus/TARGET` and is tried first, every time. `make fuzz` runs for long, the
//! test of this crate for some seconds.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a target fails by a panic and runs with checks of overflow; runs have a clock"
)]

pub mod corpus;
pub mod mutation;
pub mod run;
pub mod store;
pub mod targets;

/// What inputs are given to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folder in `corpus`.
    pub name: &'static str,
    /// Panics if a property does not hold.
    pub check: fn(&[u8]),
    /// Real inputs.
    pub seeds: fn() -> anyhow::Result<Vec<Vec<u8>>>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    targets::answers::TARGET,
    targets::bodies::TARGET,
    targets::configurations::TARGET,
    targets::exchanges::TARGET,
    targets::keys::TARGET,
    targets::messages::TARGET,
];
