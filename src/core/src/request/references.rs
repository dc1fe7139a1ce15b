//! What a body refers to without having it in its text: its size is not known here.

use std::borrow::Cow;

/// What is stored elsewhere and a model will read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// Ids of what the provider has stored for an account: responses, conversations, prompts,
    /// files, caches. Each once.
    pub stored: Vec<Cow<'a, str>>,
    /// Images, sounds and documents that the provider is to fetch from a URL.
    pub urls: u64,
}

impl References<'_> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.urls == 0
    }
}
