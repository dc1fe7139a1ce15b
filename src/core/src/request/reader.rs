//! The one pass over a body: known fields are read, all else is measured.

use super::body::{BodyError, ModelRequest, OtherModel, OutputLimits};
use super::endpoint::Endpoint;
use super::fields::{self, Field, Key, Row, classify};
use super::found::Found;
use super::key::KeyAs;
use super::models;
use super::modifier::{modifier, tier_of};
use super::place::{Place, Role};
use super::prompt::Prompts;
use super::rewrite::{ModelName, Rewriting, span_of};
use super::scalar::{Scalar, invalid};
use super::tool::CALLS_OF_UNBOUNDED;
use crate::usage::Tool;
use core::fmt;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Sources of xAI's live search if a body sets no bound: its own default.
const SEARCH_RESULTS: u64 = 20;

/// What has been read so far.
#[derive(Default)]
pub(super) struct Reader<'a> {
    found: Found<'a>,
    /// One bit a [`Field`].
    seen: u32,
    model: Option<&'a RawValue>,
    stream: bool,
    stream_options: Option<&'a RawValue>,
    include_usage: Option<&'a RawValue>,
    output_limits: OutputLimits,
    choices: Option<u64>,
    best_of: Option<u64>,
    prompts: Option<u64>,
    user: Option<Cow<'a, str>>,
    safety_identifier: Option<Cow<'a, str>>,
    tier: Option<Cow<'a, str>>,
    speed: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    max_tool_calls: Option<u64>,
    searches: Option<u64>,
    request_models: Vec<&'a RawValue>,
}

/// One object of a body: its known fields go to the reader, all else is measured.
struct Object<'r, 'a> {
    reader: &'r mut Reader<'a>,
    rows: &'static [Row],
    /// What its other fields are.
    place: Place,
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key_seed(KeyAs(|key: &str| classify(self.rows, key)))? {
            self.reader.found.member()?;
            let refusal = match key {
                Key::Known(field, param) if self.reader.is_first(field) => {
                    self.reader.field(field, param, &mut entries)?.err()
                }
                Key::Known(_, field) | Key::Near(field) => Some(BodyError::Ambiguous { field }),
                Key::Other(word) => {
                    let found = &mut self.reader.found;
                    found.setting(self.place, word, true, &mut entries)?;
                    None
                }
            };
            if let Some(refusal) = refusal {
                return self.reader.found.refuse(refusal);
            }
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    /// Reads `body` as a call of `endpoint`.
    pub(super) fn read(
        endpoint: &'a Endpoint,
        body: &'a [u8],
    ) -> Result<ModelRequest<'a>, BodyError> {
        let mut reader = Reader::default();
        reader.found.body = body;
        let mut json = serde_json::Deserializer::from_slice(body);
        let object = Object {
            reader: &mut reader,
            rows: fields::top_level(endpoint),
            place: Place::Setting(Role::Top),
        };
        let read = json.deserialize_map(object).and_then(|()| json.end());
        match read {
            Ok(()) => reader.finish(endpoint),
            Err(error) => Err(reader.found.refusal(&error)),
        }
    }

    fn is_first(&mut self, field: Field) -> bool {
        let is_first = self.seen & bit(field) == 0;
        self.seen |= bit(field);
        is_first
    }

    /// Reads the value of a known field. The outer error is the parser's, the inner one ours.
    fn field<A: MapAccess<'a>>(
        &mut self,
        field: Field,
        param: &'static str,
        entries: &mut A,
    ) -> Result<Result<(), BodyError>, A::Error> {
        match field {
            Field::Model => self.model = Some(entries.next_value()?),
            Field::StreamOptions => {
                let raw = entries.next_value()?;
                self.stream_options = Some(raw);
                return Ok(self.nested(raw, &fields::STREAM_OPTIONS, Place::Data, param));
            }
            Field::IncludeUsage => self.include_usage = Some(entries.next_value()?),
            Field::Metadata => {
                let raw = entries.next_value()?;
                return Ok(self.nested(raw, &fields::METADATA, Place::Data, param));
            }
            Field::GenerationConfig => {
                let raw = entries.next_value()?;
                let place = Place::Setting(Role::Beside);
                return Ok(self.nested(raw, &fields::GENERATION_CONFIG, place, param));
            }
            Field::SearchParameters => {
                let raw: &'a RawValue = entries.next_value()?;
                if raw.get() != "null" {
                    self.searches = Some(SEARCH_RESULTS);
                }
                return Ok(self.nested(raw, &fields::SEARCH, Place::Data, param));
            }
            Field::Requests => return Ok(self.requests(entries.next_value()?, param)),
            Field::RequestModel => self.request_models.push(entries.next_value()?),
            Field::Prompt => {
                self.prompts = Some(entries.next_value_seed(Prompts(&mut self.found))?);
            }
            _ => {
                let value = entries.next_value::<Scalar<'a>>()?;
                return Ok(self.scalar(field, param, value));
            }
        }
        Ok(Ok(()))
    }

    fn scalar(
        &mut self,
        field: Field,
        param: &'static str,
        value: Scalar<'a>,
    ) -> Result<(), BodyError> {
        match field {
            Field::Stream => self.stream = value.flag(param)?.unwrap_or(false),
            Field::OutputLimit => self.output_limits.usual = limit(value, param)?,
            Field::CompletionLimit => self.output_limits.completion = limit(value, param)?,
            Field::Choices => self.choices = value.count(param)?,
            Field::BestOf => self.best_of = value.count(param)?,
            Field::User => self.user = value.text(param)?.filter(|user| !user.is_empty()),
            Field::SafetyIdentifier => {
                let user = value.text(param)?.filter(|user| !user.is_empty());
                self.safety_identifier = user;
            }
            Field::ServiceTier => self.tier = modifier(value, param)?,
            Field::Speed => self.speed = modifier(value, param)?,
            Field::Region => self.region = modifier(value, param)?,
            Field::MaxToolCalls => self.max_tool_calls = value.count(param)?,
            Field::SearchResults => {
                self.searches = self.searches.and(value.count(param)?).or(self.searches);
            }
            Field::SearchMode => {
                let is_off = value.text(param)?.as_deref() == Some("off");
                self.searches = self.searches.filter(|_| !is_off);
            }
            Field::Background if value.flag(param)? == Some(true) => {
                let problem = "is not supported: its cost is not known when the answer ends. \
                               Leave it out, or set it to false";
                return Err(invalid(param, problem));
            }
            _ => {}
        }
        Ok(())
    }

    fn nested(
        &mut self,
        raw: &'a RawValue,
        rows: &'static [Row],
        place: Place,
        param: &'static str,
    ) -> Result<(), BodyError> {
        if raw.get() == "null" {
            return Ok(());
        }
        if !raw.get().starts_with('{') {
            return Err(invalid(param, "must be an object"));
        }
        let object = Object {
            reader: &mut *self,
            rows,
            place,
        };
        let read =
            serde_json::Deserializer::from_slice(raw.get().as_bytes()).deserialize_map(object);
        match read {
            Ok(()) => Ok(()),
            Err(error) => Err(self.found.refusal(&error)),
        }
    }

    fn requests(&mut self, raw: &'a RawValue, param: &'static str) -> Result<(), BodyError> {
        let requests: Vec<&'a RawValue> = serde_json::from_slice(raw.get().as_bytes())
            .map_err(|_| invalid(param, "must be an array of objects"))?;
        for request in requests {
            self.seen &= !bit(Field::RequestModel);
            let place = Place::Setting(Role::Top);
            self.nested(request, &fields::EMBED_REQUEST, place, param)?;
            self.found.value();
            let size = &mut self.found.size;
            size.objects = size.objects.saturating_add(1);
        }
        Ok(())
    }

    fn finish(&mut self, endpoint: &'a Endpoint) -> Result<ModelRequest<'a>, BodyError> {
        let in_body = match self.model {
            Some(raw) => text_of(raw)?.text("model")?,
            None => None,
        };
        let include_usage = match self.include_usage {
            Some(raw) => text_of(raw)?.flag("stream_options.include_usage")?,
            None => None,
        };
        let include_usage = include_usage.unwrap_or(false);
        let body = self.found.body;
        let mut rewriting = Rewriting::default();
        let model = if let Endpoint::Gemini { model, .. } = endpoint {
            let top = self.model.map(|raw| (raw, "model"));
            let inner = self.request_models.drain(..);
            for (raw, field) in top
                .into_iter()
                .chain(inner.map(|raw| (raw, "requests.model")))
            {
                let name = same_model(body, raw, model, field)?;
                rewriting.models.extend(name);
            }
            Cow::Borrowed(model.as_str())
        } else {
            let span = self.model.and_then(|raw| span_of(body, raw.get()));
            let name = span.map(|span| ModelName { span, prefix: "" });
            rewriting.models.extend(name);
            in_body.unwrap_or_default()
        };
        if model.trim().is_empty() {
            return Err(BodyError::MissingModel);
        }
        let stream = self.stream || endpoint.streams();
        let takes_usage = matches!(endpoint, Endpoint::ChatCompletions | Endpoint::Completions);
        if stream && takes_usage && !include_usage {
            rewriting.force_usage(body, self.stream_options, self.include_usage);
        }
        let named = core::mem::take(&mut self.found.models);
        let (other_models, own_places) = models::others(&model, named)?;
        rewriting.models.extend(own_places);
        if self.found.routes && !other_models.iter().any(OtherModel::may_serve) {
            let problem = "needs `models`: which ones the provider takes, and their prices, are not \
                           known here";
            return Err(invalid("route", problem));
        }
        self.found.finish();
        let found = &mut self.found;
        let each = self.choices.max(self.best_of).unwrap_or(1).max(1);
        // No provider is known to read it where a prompt is completed.
        let is_chat = matches!(endpoint, Endpoint::ChatCompletions);
        let completion = self.output_limits.completion.filter(|_| is_chat);
        let with_more = |limit: u64| {
            // What was predicted and not said is billed as output, beyond any limit
            // (<https://platform.openai.com/docs/guides/predicted-outputs>).
            let predicted = found.predicted_bytes.div_ceil(2);
            let limit = limit.max(found.fallback_cap.unwrap_or(0));
            limit.saturating_add(predicted)
        };
        let output_limits = OutputLimits {
            usual: self.output_limits.usual.map(with_more),
            completion: completion.map(with_more),
        };
        let mut tools = found.tool_calls(self.max_tool_calls.unwrap_or(CALLS_OF_UNBOUNDED));
        tools.add(Tool::WebSearch, self.searches.unwrap_or(0));
        Ok(ModelRequest {
            model,
            stream,
            include_usage,
            output_limits,
            choices: each.saturating_mul(self.prompts.unwrap_or(1)),
            user: self.user.take().or(self.safety_identifier.take()),
            tier: tier_of(endpoint, self.tier.take()),
            speed: self.speed.take().or(found.fallback_speed.take()),
            region: self.region.take(),
            other_models,
            tools,
            passes: if found.compacts { 2 } else { 1 },
            audio_output: found.audio_output,
            image_output: found.image_output,
            references: core::mem::take(&mut found.references),
            prompt: found.size,
            values: found.values,
            rewriting,
        })
    }
}

/// A limit of output. Zero is none: OpenAI refuses it, and servers that copy its format take it for unset.
fn limit(value: Scalar<'_>, param: &'static str) -> Result<Option<u64>, BodyError> {
    Ok(value.count(param)?.filter(|limit| *limit > 0))
}

/// Where a body repeats the model that the path has named: the path decides, and a body that names
/// another is up to something.
fn same_model(
    body: &[u8],
    raw: &RawValue,
    model: &str,
    field: &'static str,
) -> Result<Option<ModelName>, BodyError> {
    let Some(named) = text_of(raw)?.text(field)? else {
        return Ok(None);
    };
    let bare = named.strip_prefix("models/");
    if bare.unwrap_or(&named) != model {
        return Err(BodyError::Ambiguous { field });
    }
    let prefix = bare.map_or("", |_| "models/");
    Ok(span_of(body, raw.get()).map(|span| ModelName { span, prefix }))
}

fn bit(field: Field) -> u32 {
    1u32.wrapping_shl(field as u32)
}

/// A raw value as a setting. Its syntax was checked when it was set aside, but for escapes.
fn text_of(raw: &RawValue) -> Result<Scalar<'_>, BodyError> {
    serde_json::from_slice(raw.get().as_bytes()).map_err(|error| BodyError::not_json(&error))
}
