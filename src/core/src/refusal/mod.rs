//! Refusals: what a caller is told when a request does not go through, and in whose words.
//!
//! A [`Refusal`] knows what happened, which scope decided and what to do next. It becomes HTTP only
//! in [`Refusal::to_reply`], in the dialect of the caller.
//!
//! Decisions must be absent, and so must the modules that make them: `authorization` and `routing`
//! import this one.

mod access;
mod capacity;
mod code;
mod reply;
mod text;

pub use capacity::{Budget, Rate, Throttled};
pub use code::Code;
pub use reply::Reply;
pub use text::clip;
pub(crate) use text::{clip_bytes, header_value, list};

use crate::money::Money;
use crate::timestamp::Timestamp;
use core::time::Duration;
use std::borrow::Cow;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The contract's name for the case.
    pub code: Code,
    /// What happened and what to do next, for people.
    pub message: String,
    /// The scope that decided: `namespace:tenant-marketing`.
    pub scope: Option<String>,
    /// The field of the body at fault.
    pub param: Option<&'static str>,
    /// What ran out, where the code is [`Code::RateLimitExceeded`].
    pub rate: Option<Rate>,
    /// After which time the same request may succeed.
    pub retry_after: Option<Duration>,
    /// What a budget has left.
    pub remaining: Option<Money>,
    /// When a budget starts anew.
    pub resets_at: Option<Timestamp>,
    /// The category of content that was found.
    pub category: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: String) -> Self {
        Refusal {
            status: code.status(),
            code,
            message,
            scope: None,
            param: None,
            rate: None,
            retry_after: None,
            remaining: None,
            resets_at: None,
            category: None,
        }
    }

    /// The same refusal, decided by `scope` (`namespace:tenant-marketing`).
    #[must_use]
    pub fn by(mut self, scope: &str) -> Self {
        self.scope = Some(text::clip_bytes(scope.as_bytes()));
        self
    }

    /// The same to the holder of a key, whose id says nothing to people: its name takes that place in the
    /// message.
    pub fn naming_key(&self, id: &str, name: &str) -> Cow<'_, Self> {
        let scope = self.scope.as_deref().unwrap_or_default();
        if scope.strip_prefix("key:") != Some(id) || name.is_empty() {
            return Cow::Borrowed(self);
        }
        let name = format!("key '{}'", text::clip_bytes(name.as_bytes()));
        Cow::Owned(Refusal {
            message: self.message.replace(scope, &name),
            ..self.clone()
        })
    }

    pub(crate) fn at(mut self, param: Option<&'static str>) -> Self {
        self.param = param;
        self
    }
}

#[cfg(test)]
mod tests;
