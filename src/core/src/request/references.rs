//! What a body refers to without having it in its text: its size is not known here.

use crate::stored::MOST_STORED;
use std::borrow::Cow;

/// The most bytes of an id: the providers' own have no more than a hundred.
const LONGEST_ID: usize = 256;

/// What is stored elsewhere and a model will read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// Ids of what the provider has stored for a caller of it: responses, conversations, files,
    /// containers, caches, … as the provider names them. Each once, at most [`MOST_STORED`], and none
    /// longer than 256 bytes.
    pub stored: Vec<Cow<'a, str>>,
    /// Things that the owner of the account has stored for all its callers: prompts, presets.
    pub shared: u64,
    /// Images, sounds and documents that the provider is to fetch from a URL.
    pub urls: u64,
}

impl<'a> References<'a> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.shared == 0 && self.urls == 0
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
            return Err("is one too many: a body may refer to 512 stored things at most");
        }
        self.stored.push(id);
        Ok(())
    }
}

/// What Google's file API calls a file of this address; `None` for any other address. An address of
/// its is `https://generativelanguage.googleapis.com/v1beta/files/ID`, the name `files/ID`
/// (<https://ai.google.dev/api/files#File>).
pub(super) fn google_file(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?.split(':').next()?;
    if !host.eq_ignore_ascii_case("generativelanguage.googleapis.com") {
        return None;
    }
    let at = memchr::memmem::find(path.as_bytes(), b"files/")?;
    path.get(at..)
}
