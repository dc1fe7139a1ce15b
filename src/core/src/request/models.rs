//! Every model that a body names beside its own.
//!
//! The rule: a text, or a list of texts, counts as a model wherever it stands in a setting whose
//! name ends in `model`, `models`, `model_id` or `model_name`, or has `fallback` in it, in any
//! spelling. That is how providers name the models of tools, advisors, plugins and routes, and new
//! ones will be named so as well: `tools[].model` and `fallbacks`
//! (<https://docs.claude.com/en/docs/agents-and-tools/tool-use/advisor-tool>,
//! <https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback>), `models`
//! (<https://openrouter.ai/docs/guides/routing/model-fallbacks>),
//! `fallbacks` (<https://docs.litellm.ai/docs/proxy/client_side_fallbacks>), `tools[].model` of an
//! image tool (<https://platform.openai.com/docs/api-reference/responses/create>).
//!
//! What is no setting is not looked at: what a model reads (messages, input, instructions), the
//! schemas of functions and of answers, arguments of tools, and metadata. Of `moderation` the model
//! is free of charge (<https://platform.openai.com/docs/guides/moderation>).

use super::body::{BodyError, OtherModel};
use super::found::Found;
use super::place::{Place, Role};
use super::rewrite::{ModelName, span_of};
use super::scalar::invalid;
use super::tool::CALLS_OF_UNBOUNDED;
use super::word::Word;
use serde::de::Error;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The most other models that one body may name.
const MOST_MODELS: usize = 16;
/// What precedes a model's name where it is a resource.
const RESOURCE: &str = "models/";

/// A place in a body that names a model.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) name: Cow<'a, str>,
    /// Where the body names it.
    pub(super) at: Option<ModelName>,
    /// Whether it may serve in the place of the body's own model.
    pub(super) may_serve: bool,
    /// How often it may be called, if the body says.
    pub(super) calls: Option<u64>,
    /// The most output tokens of one call, if the body says.
    pub(super) max_output_tokens: Option<u64>,
}

impl<'a> Found<'a> {
    /// Takes the models out of the value of a member that names some.
    pub(super) fn name_models<E: Error>(
        &mut self,
        raw: &'a RawValue,
        word: Word,
        role: Role,
    ) -> Result<(), E> {
        let may_serve = match role {
            Role::Top => matches!(word, Word::Models | Word::Fallbacks),
            Role::Fallback => true,
            Role::Beside => false,
        };
        let inner = match may_serve {
            true => Role::Fallback,
            false => Role::Beside,
        };
        match raw.get().as_bytes().first() {
            Some(b'"') => {
                let name: Cow<'a, str> = self.parse::<Text<'a>, E>(raw)?.0;
                if may_serve && word == Word::Fallbacks && name == "default" {
                    let problem = "must list the models by name: which ones the provider takes by \
                                   default, and their prices, are not known here";
                    return self.refuse(invalid("fallbacks", problem));
                }
                self.add_model(raw, name, may_serve);
                Ok(())
            }
            Some(b'[') => {
                for element in self.parse::<Vec<&'a RawValue>, E>(raw)? {
                    self.value();
                    match element.get().starts_with('"') {
                        true => {
                            let name = self.parse::<Text<'a>, E>(element)?.0;
                            self.add_model(element, name, may_serve);
                        }
                        false => self.walk_raw(element, Place::Setting(inner), Word::Other)?,
                    }
                }
                Ok(())
            }
            _ => self.walk_raw(raw, Place::Setting(inner), Word::Other),
        }
    }

    fn parse<T: serde::Deserialize<'a>, E: Error>(&mut self, raw: &'a RawValue) -> Result<T, E> {
        serde_json::from_slice(raw.get().as_bytes())
            .or_else(|error| self.refuse(BodyError::not_json(&error)))
    }

    fn add_model(&mut self, raw: &'a RawValue, name: Cow<'a, str>, may_serve: bool) {
        if name.trim().is_empty() {
            return;
        }
        // Gemini's bodies name resources.
        let (name, prefix) = match name {
            Cow::Borrowed(text) => match text.strip_prefix(RESOURCE) {
                Some(bare) => (Cow::Borrowed(bare), RESOURCE),
                None => (name, ""),
            },
            Cow::Owned(text) => match text.strip_prefix(RESOURCE) {
                Some(bare) => (Cow::Owned(bare.to_owned()), RESOURCE),
                None => (Cow::Owned(text), ""),
            },
        };
        let span = span_of(self.body, raw.get());
        self.models.push(Named {
            at: span.map(|span| ModelName { span, prefix }),
            name,
            may_serve,
            calls: None,
            max_output_tokens: None,
        });
    }
}

/// A text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The models other than `own`, each once for each way it may be called, and where else `own` is
/// named.
///
/// # Errors
/// Too many.
pub(super) fn others<'a>(
    own: &str,
    named: Vec<Named<'a>>,
) -> Result<(Vec<OtherModel<'a>>, Vec<ModelName>), BodyError> {
    let mut others: Vec<OtherModel<'a>> = Vec::new();
    let mut own_places = Vec::new();
    for model in named {
        let calls = match model.may_serve {
            true => 0,
            false => model.calls.unwrap_or(CALLS_OF_UNBOUNDED).max(1),
        };
        let max_output_tokens = model.max_output_tokens.filter(|_| !model.may_serve);
        if model.name == own && model.may_serve {
            own_places.extend(model.at);
            continue;
        }
        let same = |other: &OtherModel<'a>| {
            other.name == model.name
                && other.may_serve() == model.may_serve
                && other.max_output_tokens == max_output_tokens
        };
        let at = others.iter().position(same);
        let is_full = others.len() >= MOST_MODELS;
        match at.and_then(|at| others.get_mut(at)) {
            Some(other) => {
                other.calls = other.calls.saturating_add(calls);
                other.places.extend(model.at);
            }
            None if is_full => {
                let problem = "and the other fields that name models may name 16 models at most \
                               beside the body's own";
                return Err(invalid("models", problem));
            }
            None => others.push(OtherModel {
                name: model.name,
                calls,
                max_output_tokens,
                places: model.at.into_iter().collect(),
            }),
        }
    }
    Ok((others, own_places))
}
