//! What a body refers to without having it in its text: its size is not known here.

use std::borrow::Cow;

/// The most stored things that one body may refer to.
const MOST_STORED: usize = 64;
/// The most bytes of an id: the providers' own have no more than a hundred.
const LONGEST_ID: usize = 256;

/// What is stored elsewhere and a model will read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// Ids of what the provider has stored for an account: responses, conversations, prompts,
    /// files, containers, caches, … as the provider names them. Each once, at most 64, and none
    /// longer than 256 bytes.
    pub stored: Vec<Cow<'a, str>>,
    /// Images, sounds and documents that the provider is to fetch from a URL.
    pub urls: u64,
}

impl<'a> References<'a> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.urls == 0
    }

    /// Adds an id, or says why it cannot be one.
    pub(super) fn add(&mut self, id: Cow<'a, str>) -> Result<(), &'static str> {
        if id.len() > LONGEST_ID {
            return Err("must be an id of at most 256 bytes");
        }
        if self.stored.contains(&id) {
            return Ok(());
        }
        if self.stored.len() >= MOST_STORED {
            return Err("is one too many: a body may refer to 64 stored things at most");
        }
        self.stored.push(id);
        Ok(())
    }
}
