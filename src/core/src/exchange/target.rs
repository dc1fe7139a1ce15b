//! What a request is for.

use crate::config::Config;
use crate::request::{Endpoint, RequestHead};
use crate::wire_format::WireFormat;

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A model endpoint.
    Model(Endpoint),
    /// A path the operator lets pass, and the upstream that serves it.
    PassThrough(String),
    /// Anything else: refused, whoever calls.
    Nothing {
        /// The method, for the refusal.
        method: Vec<u8>,
    },
}

impl Target {
    pub(super) fn of(head: &RequestHead<'_>, config: &Config) -> Target {
        if let Some(endpoint) = Endpoint::of(head.method, head.path) {
            return Target::Model(endpoint);
        }
        match config
            .pass_through
            .iter()
            .find(|rule| rule.covers(head.path))
        {
            Some(rule) => Target::PassThrough(rule.upstream.clone()),
            None => Target::Nothing {
                method: head.method.to_vec(),
            },
        }
    }

    pub(super) fn format(&self) -> Option<WireFormat> {
        match self {
            Target::Model(endpoint) => Some(endpoint.format()),
            _ => None,
        }
    }
}
