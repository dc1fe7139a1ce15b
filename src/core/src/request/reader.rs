//! The one pass over a body: known fields are read, all else is measured.

use super::body::{BodyError, ModelRequest, OtherModel, OutputLimits};
use super::endpoint::Endpoint;
use super::fields::{self, Field, Key, Row, classify};
use super::form;
use super::found::Found;
use super::key::KeyAs;
use super::media::{Media, MediaKind};
use super::models;
use super::modifier::{modifier, tier_of};
use super::place::{Place, Role};
use super::prompt::Prompts;
use super::rewrite::{ModelName, Rewriting, span_of};
use super::scalar::{Scalar, invalid};
use super::sound;
use super::tool::CALLS_OF_UNBOUNDED;
use super::walk::Walk;
use super::word::Word;
use crate::price::MAX_VARIANT;
use crate::units::{Unit, Units};
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
    /// Bytes of the query that documents are ranked by, and how many they are.
    query_bytes: u64,
    documents: u64,
    characters: u64,
    seconds: u64,
    quality: Cow<'a, str>,
    size: Cow<'a, str>,
    /// The model that a form names, and where.
    in_form: Option<(&'a str, ModelName)>,
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
        if endpoint.takes_forms() && form::is_form(body) {
            reader.form(endpoint, body)?;
            return reader.finish(endpoint);
        }
        if endpoint.hears() {
            let problem = "send the sound as its field `file`";
            return Err(BodyError::NotForm { problem });
        }
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
            Field::Query => {
                let before = self.found.size.text_bytes;
                let place = Place::Content;
                entries.next_value_seed(Walk::member(&mut self.found, place, Word::Other))?;
                self.query_bytes = self.found.size.text_bytes.saturating_sub(before);
            }
            Field::Documents => {
                self.documents = entries.next_value_seed(Prompts(&mut self.found))?;
            }
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
            Field::Quality => self.quality = variant(value, param)?,
            Field::Size => self.size = variant(value, param)?,
            Field::Spoken => {
                let text = value.text(param)?.unwrap_or_default();
                self.characters = text.chars().count() as u64;
                self.found.size.add_text(&text);
            }
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

    /// Reads a form. Its files are measured, all else is read like the fields of an object.
    fn form(&mut self, endpoint: &Endpoint, body: &'a [u8]) -> Result<(), BodyError> {
        let rows = fields::top_level(endpoint);
        for part in form::parts(body)? {
            self.found.value();
            let name = part.name.strip_suffix("[]").unwrap_or(part.name);
            let (field, param) = match classify(rows, name.trim()) {
                Key::Known(field, param) => (field, param),
                Key::Near(field) => return Err(BodyError::Ambiguous { field }),
                Key::Other(_) => {
                    self.unknown_part(endpoint, &part);
                    continue;
                }
            };
            if name != part.name || name.trim() != name || part.is_file || !self.is_first(field) {
                return Err(BodyError::Ambiguous { field: param });
            }
            let Ok(text) = core::str::from_utf8(part.value) else {
                return Err(invalid(param, "must be UTF-8"));
            };
            if field == Field::Model {
                let end = part.at.saturating_add(part.value.len());
                let span = part.at..end;
                self.in_form = Some((text, ModelName { span, prefix: "" }));
                continue;
            }
            let value = match field {
                Field::Stream => match text.to_ascii_lowercase().as_str() {
                    "true" | "1" | "yes" | "on" => Scalar::Bool(true),
                    "" | "false" | "0" | "no" | "off" => Scalar::Bool(false),
                    _ => Scalar::Other,
                },
                Field::Choices if text.is_empty() => Scalar::Null,
                Field::Choices => text.parse().map_or(Scalar::Other, Scalar::Count),
                _ => Scalar::Text(Cow::Borrowed(text)),
            };
            self.scalar(field, param, value)?;
        }
        Ok(())
    }

    /// Measures a part of a form that is no field of its own.
    fn unknown_part(&mut self, endpoint: &Endpoint, part: &form::Part<'a>) {
        let hears = endpoint.hears();
        let kind = match hears {
            true => MediaKind::Audio,
            false => MediaKind::Image,
        };
        if part.is_file {
            let bytes = part.value.len() as u64;
            self.found.size.add_media(Some(kind), Media::one(bytes));
            if hears {
                let seconds = sound::most_seconds(part.value);
                self.seconds = self.seconds.saturating_add(seconds);
            }
        } else if part.name == "url" && hears {
            // Groq's and others' way to have the file fetched.
            self.found.link(kind, 1);
            let seconds = sound::most_seconds_of_linked();
            self.seconds = self.seconds.saturating_add(seconds);
        } else {
            self.found
                .size
                .add_text(&String::from_utf8_lossy(part.value));
        }
    }

    /// The most that can be used of what is counted beside tokens.
    fn units(&self, endpoint: &Endpoint, images: u64) -> Units {
        let Some(unit) = endpoint.unit() else {
            return Units::NONE;
        };
        let count = match unit {
            Unit::Image => images,
            Unit::Character => self.characters,
            Unit::Second => self.seconds,
            Unit::SearchUnit => self.search_units(),
            Unit::Page => 0,
        };
        Units::of(unit, count)
    }

    /// A search unit is a query and up to 100 documents, of which each 500 tokens, together with the
    /// query, count as one more (<https://docs.cohere.com/docs/how-does-cohere-pricing-work>).
    fn search_units(&self) -> u64 {
        let room = 500u64.saturating_sub(self.query_bytes / 2).max(100);
        let tokens = self.found.size.ceiling_tokens();
        let more = tokens.checked_div(room).unwrap_or(tokens);
        let documents = self.documents.saturating_add(more);
        documents.div_ceil(100).max(1)
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
        let model = if let Some((model, name)) = self.in_form.take() {
            rewriting.in_form = true;
            rewriting.models.push(name);
            Cow::Borrowed(model)
        } else if let Endpoint::Gemini { model, .. } = endpoint {
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
        let each = self.choices.max(self.best_of).unwrap_or(1).max(1);
        let units = self.units(endpoint, each);
        let found = &mut self.found;
        // Each document is read together with the query.
        let again = self.documents.saturating_sub(1);
        let again = self.query_bytes.saturating_mul(again);
        found.size.text_bytes = found.size.text_bytes.saturating_add(again);
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
            audio_output: found.audio_output || *endpoint == Endpoint::Speech,
            image_output: found.image_output || endpoint.unit() == Some(Unit::Image),
            units,
            quality: core::mem::take(&mut self.quality),
            size: core::mem::take(&mut self.size),
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

/// The quality or size of images; empty if it is left to the provider.
fn variant<'a>(value: Scalar<'a>, param: &'static str) -> Result<Cow<'a, str>, BodyError> {
    let word = modifier(value, param)?.filter(|word| word != "auto");
    match word {
        Some(word) if word.len() > MAX_VARIANT || word.contains(':') => {
            Err(invalid(param, "must have 32 bytes at most, and no colon"))
        }
        word => Ok(word.unwrap_or_default()),
    }
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
