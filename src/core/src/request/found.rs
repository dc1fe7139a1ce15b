//! What the walk through a body has found so far.

use super::body::BodyError;
use super::media::{Form, Media, MediaKind, form};
use super::models::Named;
use super::place::Place;
use super::prompt::PromptSize;
use super::references::References;
use super::scalar::invalid;
use super::walk::Walk;
use super::word::{Hint, Stored, Word};
use crate::usage::{Tool, ToolCalls};
use core::fmt;
use serde::de::{DeserializeSeed, Error};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How deep settings that are read twice may be nested: each reading begins anew.
const MOST_RAW_LEVELS: u8 = 2;

/// The most members that the objects of a body may have together.
pub(super) const MOST_MEMBERS: u32 = 100_000;

/// What the walk through a body has found so far.
#[derive(Default)]
pub(super) struct Found<'a> {
    pub(super) body: &'a [u8],
    pub(super) size: PromptSize,
    pub(super) models: Vec<Named<'a>>,
    /// Calls of tools that may be called so often.
    pub(super) tools: ToolCalls,
    /// Tools that set no bound, one call each.
    pub(super) unbounded: ToolCalls,
    pub(super) references: References<'a>,
    /// Whether the provider may shorten the prompt with a run of its own.
    pub(super) compacts: bool,
    pub(super) audio_output: bool,
    pub(super) image_output: bool,
    /// Bytes of what a model is told to predict: what is wrong of it is billed as output.
    pub(super) predicted_bytes: u64,
    /// Whether `route` leaves the choice of fallbacks to the provider.
    pub(super) routes: bool,
    /// The speed and the most output tokens that a fallback asks for.
    pub(super) fallback_speed: Option<Cow<'a, str>>,
    pub(super) fallback_cap: Option<u64>,
    /// How many values it has, but for the few at the top that are fields of their own.
    pub(super) values: u64,
    /// Why the body is refused.
    pub(super) refusal: Option<BodyError>,
    /// The id in the value that was read last.
    pub(super) id: Option<Cow<'a, str>>,
    pending: Pending,
    raw_levels: u8,
    members: u32,
}

/// What may be media, until the kind of their object is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    media: Media,
    addresses: Media,
}

impl<'a> Found<'a> {
    /// Counts a member of an object: each costs its worker time, and a body of nothing else holds up
    /// all tenants.
    pub(super) fn member<E: Error>(&mut self) -> Result<(), E> {
        self.members = self.members.saturating_add(1);
        match self.members > MOST_MEMBERS {
            true => self.refuse(BodyError::TooManyMembers),
            false => Ok(()),
        }
    }

    /// Counts a value, or an element that is looked at as if it were one.
    pub(super) fn value(&mut self) {
        self.values = self.values.saturating_add(1);
    }

    /// Refuses the body.
    pub(super) fn refuse<T, E: Error>(&mut self, error: BodyError) -> Result<T, E> {
        self.refusal.get_or_insert(error);
        Err(E::custom("refused"))
    }

    /// Why a body was refused that could not be read to its end.
    pub(super) fn refusal(&mut self, error: &serde_json::Error) -> BodyError {
        let refusal = self.refusal.take();
        refusal.unwrap_or_else(|| BodyError::not_json(error))
    }

    /// Walks through a value that was set aside.
    pub(super) fn walk_raw<E: Error>(
        &mut self,
        raw: &'a RawValue,
        place: Place,
        word: Word,
    ) -> Result<(), E> {
        if self.raw_levels >= MOST_RAW_LEVELS {
            return self.refuse(invalid("models", "and `tools` are nested too deep"));
        }
        self.raw_levels = self.raw_levels.saturating_add(1);
        let mut json = serde_json::Deserializer::from_slice(raw.get().as_bytes());
        let read = Walk::member(self, place, word).deserialize(&mut json);
        self.raw_levels = self.raw_levels.saturating_sub(1);
        read.map(|_| ())
            .or_else(|error| self.refuse(BodyError::not_json(&error)))
    }

    /// Adds the id of something stored.
    pub(super) fn refer<E: Error>(&mut self, to: Stored, id: Cow<'a, str>) -> Result<(), E> {
        // The providers' own skills have names; what an account has stored has an id.
        if id.is_empty() || (to == Stored::Skill && !id.starts_with("skill_")) {
            return Ok(());
        }
        if to.is_shared() {
            let shared = self.references.shared;
            self.references.shared = shared.saturating_add(1);
            return Ok(());
        }
        match self.references.add(id) {
            Ok(()) => Ok(()),
            Err(problem) => self.refuse(invalid(to.field(), problem)),
        }
    }

    /// Adds a text under a key of media.
    pub(super) fn medium(&mut self, text: &str, hint: Hint) {
        match form(text) {
            Form::Inline(bytes, mime) => {
                let mime = mime.filter(|mime| !mime.is_empty() && !mime.starts_with(';'));
                let told = mime.map(MediaKind::of_mime).or(MediaKind::of_hint(hint));
                let one = Media::one(bytes);
                match told {
                    Some(kind) => self.size.add_media(Some(kind), one),
                    None => self.pending.media = self.pending.media.plus(one),
                }
            }
            Form::Address => match (MediaKind::of_hint(hint), hint) {
                (Some(kind), _) => self.link(kind, 1),
                (None, Hint::Any) => {
                    let one = Media::one(text.len() as u64);
                    self.pending.addresses = self.pending.addresses.plus(one);
                }
                _ => self.size.add_text(text),
            },
            Form::Text => self.size.add_text(text),
        }
    }

    /// Adds media that the provider fetches.
    pub(super) fn link(&mut self, kind: MediaKind, count: u64) {
        self.references.urls = self.references.urls.saturating_add(count);
        self.size.add_media(Some(kind), Media { count, bytes: 0 });
    }

    /// What is pending where an object begins.
    pub(super) const fn pending(&self) -> Pending {
        self.pending
    }

    /// Where an object ends whose kind is known: what it has that was pending is of that kind.
    pub(super) fn settle(&mut self, before: Pending, kind: MediaKind) {
        let own = self.take_pending(before);
        if own.media.count > 0 {
            self.size.add_media(Some(kind), own.media);
        }
        if own.addresses.count > 0 {
            self.link(kind, own.addresses.count);
        }
    }

    /// Where an object ends that holds no media: what looked so was text.
    pub(super) fn settle_as_text(&mut self, before: Pending) {
        let own = self.take_pending(before);
        let base64 = own.media.bytes.saturating_mul(4) / 3;
        let text = base64.saturating_add(own.addresses.bytes);
        self.size.text_bytes = self.size.text_bytes.saturating_add(text);
    }

    /// Where the body ends: addresses that nothing calls media are links in a text.
    pub(super) fn finish(&mut self) {
        let own = self.take_pending(Pending::default());
        self.size.add_media(None, own.media);
        let text = self.size.text_bytes;
        self.size.text_bytes = text.saturating_add(own.addresses.bytes);
    }

    fn take_pending(&mut self, before: Pending) -> Pending {
        let since = |now: Media, before: Media| Media {
            count: now.count.saturating_sub(before.count),
            bytes: now.bytes.saturating_sub(before.bytes),
        };
        let own = Pending {
            media: since(self.pending.media, before.media),
            addresses: since(self.pending.addresses, before.addresses),
        };
        self.pending = before;
        own
    }

    /// Adds a tool of the provider's, with the bound it sets.
    pub(super) fn add_tool(&mut self, tool: Tool, calls: Option<u64>) {
        match calls {
            Some(calls) => self.tools.add(tool, calls),
            None => self.unbounded.add(tool, 1),
        }
        self.image_output |= tool == Tool::ImageGeneration;
    }

    /// How often each tool may be called, if one without a bound may be called so often.
    pub(super) fn tool_calls(&self, unbounded: u64) -> ToolCalls {
        let mut calls = self.tools;
        for (tool, count) in self.unbounded.iter() {
            calls.add(tool, count.saturating_mul(unbounded));
        }
        calls
    }
}

impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").finish_non_exhaustive()
    }
}
