//! The one pass over a body: known fields are read, all else is measured.

use super::body::{BodyError, ModelRequest};
use super::endpoint::Endpoint;
use super::fields::{self, Field, Key, Row, classify};
use super::key::KeyAs;
use super::prompt::{PromptSize, Prompts, Walk};
use super::references::References;
use super::rewrite::{ModelName, Rewriting, span_of};
use super::scalar::{Scalar, invalid};
use crate::usage::ToolCalls;
use core::fmt;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What has been read so far.
#[derive(Default)]
pub(super) struct Reader<'a> {
    body: &'a [u8],
    /// One bit a [`Field`].
    seen: u32,
    refusal: Option<BodyError>,
    model: Option<&'a RawValue>,
    stream: bool,
    stream_options: Option<&'a RawValue>,
    include_usage: Option<&'a RawValue>,
    output_cap: Option<u64>,
    choices: Option<u64>,
    best_of: Option<u64>,
    prompts: Option<u64>,
    user: Option<Cow<'a, str>>,
    tier: Option<Cow<'a, str>>,
    request_models: Vec<&'a RawValue>,
    prompt: PromptSize,
}

/// One object of a body: its known fields go to the reader, all else is measured.
struct Object<'r, 'a> {
    reader: &'r mut Reader<'a>,
    rows: &'static [Row],
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key_seed(KeyAs(|key: &str| classify(self.rows, key)))? {
            let refusal = match key {
                Key::Known(field, param) if self.reader.is_first(field) => {
                    self.reader.field(field, param, &mut entries)?.err()
                }
                Key::Known(_, field) | Key::Near(field) => Some(BodyError::Ambiguous { field }),
                Key::Other => {
                    let size = &mut self.reader.prompt;
                    entries.next_value_seed(Walk::field(size))?;
                    None
                }
            };
            if refusal.is_some() {
                self.reader.refusal = refusal;
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    pub(super) fn read(endpoint: &Endpoint, body: &'a [u8]) -> Result<Self, BodyError> {
        let mut reader = Reader {
            body,
            ..Reader::default()
        };
        let mut json = serde_json::Deserializer::from_slice(body);
        let object = Object {
            reader: &mut reader,
            rows: fields::top_level(endpoint),
        };
        let read = json.deserialize_map(object).and_then(|()| json.end());
        match read {
            Ok(()) => Ok(reader),
            Err(error) => Err(reader.refusal.unwrap_or_else(|| not_json(&error))),
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
                return Ok(self.nested(raw, &fields::STREAM_OPTIONS, param));
            }
            Field::IncludeUsage => self.include_usage = Some(entries.next_value()?),
            Field::Metadata => {
                return Ok(self.nested(entries.next_value()?, &fields::METADATA, param));
            }
            Field::GenerationConfig => {
                return Ok(self.nested(entries.next_value()?, &fields::GENERATION_CONFIG, param));
            }
            Field::Requests => return Ok(self.requests(entries.next_value()?, param)),
            Field::RequestModel => self.request_models.push(entries.next_value()?),
            Field::Prompt => {
                self.prompts = Some(entries.next_value_seed(Prompts(&mut self.prompt))?);
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
            // Where two caps are given, the provider chooses; the larger bounds either.
            Field::OutputCap | Field::CompletionCap => {
                self.output_cap = self.output_cap.max(value.count(param)?);
            }
            Field::Choices => self.choices = value.count(param)?,
            Field::BestOf => self.best_of = value.count(param)?,
            Field::User => self.user = value.text(param)?.filter(|user| !user.is_empty()),
            Field::ServiceTier => {
                self.tier = value.text(param)?;
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
        };
        let read = serde_json::Deserializer::from_str(raw.get()).deserialize_map(object);
        match read {
            Ok(()) => Ok(()),
            Err(error) => Err(self.refusal.take().unwrap_or_else(|| not_json(&error))),
        }
    }

    fn requests(&mut self, raw: &'a RawValue, param: &'static str) -> Result<(), BodyError> {
        let requests: Vec<&'a RawValue> = serde_json::from_str(raw.get())
            .map_err(|_| invalid(param, "must be an array of objects"))?;
        for request in requests {
            self.seen &= !bit(Field::RequestModel);
            self.nested(request, &fields::EMBED_REQUEST, param)?;
            self.prompt.objects = self.prompt.objects.saturating_add(1);
        }
        Ok(())
    }

    pub(super) fn finish(self, endpoint: &'a Endpoint) -> Result<ModelRequest<'a>, BodyError> {
        let in_body = match self.model {
            Some(raw) => text_of(raw)?.text("model")?,
            None => None,
        };
        let include_usage = match self.include_usage {
            Some(raw) => text_of(raw)?.flag("stream_options.include_usage")?,
            None => None,
        };
        let include_usage = include_usage.unwrap_or(false);
        let mut rewriting = Rewriting::default();
        let model = if let Endpoint::Gemini { model, .. } = endpoint {
            let top = self.model.map(|raw| (raw, "model"));
            let inner = self.request_models.into_iter();
            for (raw, field) in top
                .into_iter()
                .chain(inner.map(|raw| (raw, "requests.model")))
            {
                let name = same_model(self.body, raw, model, field)?;
                rewriting.models.extend(name);
            }
            Cow::Borrowed(model.as_str())
        } else {
            let span = self.model.and_then(|raw| span_of(self.body, raw.get()));
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
            rewriting.force_usage(self.body, self.stream_options, self.include_usage);
        }
        let each = self.choices.max(self.best_of).unwrap_or(1).max(1);
        Ok(ModelRequest {
            model,
            stream,
            include_usage,
            max_output_tokens: self.output_cap,
            choices: each.saturating_mul(self.prompts.unwrap_or(1)),
            user: self.user,
            tier: self.tier,
            speed: None,
            region: None,
            other_models: Vec::new(),
            tools: ToolCalls::NONE,
            references: References::default(),
            passes: 1,
            audio_output: false,
            image_output: false,
            prompt: self.prompt,
            rewriting,
        })
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
    serde_json::from_str(raw.get()).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> BodyError {
    // The parser's own words are safe to repeat, but for the value it names in a wrong type.
    let message = if error.is_data() {
        let (line, column) = (error.line(), error.column());
        format!("expected an object at line {line} column {column}")
    } else {
        error.to_string()
    };
    BodyError::NotJson { message }
}
