//! One worker and its streams, on a host in memory.

mod attempts;
mod bodies;
mod calls;
mod host_calls;
mod queue;
pub(crate) mod world;
