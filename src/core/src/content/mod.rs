//! What prompts may say: the operator's categories of phrases and patterns.
//!
//! Phrases are found by their words, whatever the case and what stands between; patterns are regular
//! expressions that take linear time. Both are compiled once, and a prompt is only looked at where
//! its namespace's mode enforces a category.
//!
//! The text of a prompt must be absent from every result.
//! Builds for a filter without a content policy leave all of it out: it is a third of the module.

#[cfg(not(feature = "content-policy"))]
mod absent;
#[cfg(feature = "content-policy")]
mod patterns;
#[cfg(feature = "content-policy")]
mod phrases;
#[cfg(feature = "content-policy")]
mod policy;
#[cfg(feature = "content-policy")]
mod words;

#[cfg(not(feature = "content-policy"))]
pub use absent::ContentPolicy;
#[cfg(not(feature = "content-policy"))]
pub(crate) use absent::RawContentPolicy;
#[cfg(feature = "content-policy")]
pub use policy::ContentPolicy;
#[cfg(feature = "content-policy")]
pub(crate) use policy::RawContentPolicy;

#[cfg(test)]
#[cfg(feature = "content-policy")]
mod tests;
