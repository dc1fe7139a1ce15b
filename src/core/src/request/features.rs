//! What a request is like, read in a second pass that only requests for the model `auto` take.
//!
//! Nothing here refuses: the first pass has checked what costs depend on, and a field of another
//! shape than expected is to its provider to judge. Strings are looked at where they lie; of images
//! and files nothing is copied.

use super::body::ModelRequest;
use super::endpoint::Endpoint;
use super::hints::Hints;
use crate::policy::{Priority, Temperature, seen};
use crate::usage::is_batch_tier;
use crate::wire_format::WireFormat;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// How deep parts are looked for in parts: a tool's result holds images one level down.
const DEEPEST: u8 = 3;

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// What a request is like, as far as rules ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// The wire format it is written in; absent where that is no matter.
    pub format: Option<WireFormat>,
    /// The cap it sets on its output tokens.
    pub max_output_tokens: Option<u64>,
    /// The temperature it sets.
    pub temperature: Option<Temperature>,
    /// Its system prompt, in lower case.
    pub system_prompt: String,
    /// Whether it says that it can wait.
    pub batch: bool,
    /// The priority it names.
    pub priority: Option<Priority>,
    /// The capabilities it needs of a model ([`crate::policy::capability`]).
    pub needs: Vec<String>,
}

/// The features of `request`, which was read from `body`, with what its headers say of it.
pub fn read_features(
    endpoint: &Endpoint,
    request: &ModelRequest<'_>,
    body: &[u8],
    hints: &Hints,
) -> Features {
    let top: Members<'_> = serde_json::from_slice(body).unwrap_or_default();
    let mut reader = Reader {
        top: &top,
        features: Features {
            format: Some(endpoint.format()),
            max_output_tokens: request.output_limits.read_as(None),
            ..Features::default()
        },
        system: Vec::new(),
    };
    reader.settings();
    reader.prompts();
    reader.capabilities();
    if endpoint.embeds() {
        reader.need(seen::EMBEDDINGS);
    }
    let Reader {
        mut features,
        system,
        ..
    } = reader;
    features.system_prompt = system.join("\n").to_lowercase();
    features.batch |= hints.batch;
    features.priority = hints.priority.or(features.priority);
    for capability in &hints.capabilities {
        if !features.needs.contains(capability) {
            features.needs.push(capability.clone());
        }
    }
    features
}

struct Reader<'a> {
    top: &'a Members<'a>,
    features: Features,
    system: Vec<String>,
}

impl<'a> Reader<'a> {
    fn top(&self, name: &str) -> Option<&'a RawValue> {
        self.top.get(name).copied()
    }

    /// The member of an object at the top, under either of its names.
    fn within(&self, names: &[&str], members: &[&str]) -> Option<&'a RawValue> {
        let object = names.iter().find_map(|name| self.top(name))?;
        let object = object_of(object);
        members
            .iter()
            .find_map(|member| object.get(*member).copied())
    }

    fn generation(&self, members: &[&str]) -> Option<&'a RawValue> {
        self.within(&["generationConfig", "generation_config"], members)
    }

    fn need(&mut self, capability: &str) {
        let needs = &mut self.features.needs;
        if !needs.iter().any(|other| other == capability) {
            needs.push(capability.to_owned());
        }
    }

    fn settings(&mut self) {
        let temperature = self
            .top("temperature")
            .or_else(|| self.generation(&["temperature"]));
        self.features.temperature = temperature
            .and_then(|raw| serde_json::from_slice(raw.get().as_bytes()).ok())
            .and_then(Temperature::from_number);
        let tier = self.top("service_tier").and_then(text);
        self.features.batch = tier.is_some_and(|tier| is_batch_tier(tier.as_ref()))
            || self.top("batch_mode").is_some_and(says_yes)
            || self
                .within(&["metadata"], &["batch_mode"])
                .is_some_and(says_yes);
        let priority = self.top("priority").and_then(text);
        self.features.priority = priority.and_then(|name| Priority::named(name.trim().as_bytes()));
    }

    /// Looks through everything a prompt can be in: messages, input, contents, system prompts.
    fn prompts(&mut self) {
        for name in [
            "instructions",
            "system",
            "systemInstruction",
            "system_instruction",
        ] {
            if let Some(raw) = self.top(name) {
                self.say(raw);
            }
        }
        for name in ["messages", "input", "contents"] {
            for item in self.top(name).map(items).unwrap_or_default() {
                let message = object_of(item);
                let role = message.get("role").copied().and_then(text);
                let is_system = role.is_some_and(|role| role == "system" || role == "developer");
                let content = ["content", "parts"]
                    .iter()
                    .find_map(|name| message.get(*name));
                if let Some(content) = content {
                    if is_system {
                        self.say(content);
                    }
                    self.parts(content, DEEPEST);
                }
            }
        }
    }

    /// Takes down a system prompt: a text, a list of parts with texts, or an object with such parts.
    fn say(&mut self, raw: &RawValue) {
        self.system.extend(text(raw));
        for part in items(raw) {
            let part = object_of(part);
            self.system.extend(part.get("text").copied().and_then(text));
        }
        if let Some(parts) = object_of(raw).get("parts") {
            for part in items(parts) {
                let part = object_of(part);
                self.system.extend(part.get("text").copied().and_then(text));
            }
        }
    }

    fn parts(&mut self, content: &RawValue, levels: u8) {
        for part in items(content) {
            let part = object_of(part);
            let kind = part.get("type").copied().and_then(text);
            match kind.as_deref() {
                Some("image_url" | "input_image" | "image") => self.need(seen::VISION),
                Some("input_audio" | "audio") => self.need(seen::AUDIO),
                Some("file" | "input_file" | "document") => self.need(seen::DOCUMENTS),
                _ => {}
            }
            for name in ["inlineData", "inline_data", "fileData", "file_data"] {
                let data = part.get(name).map(|raw| object_of(raw)).unwrap_or_default();
                let mime = ["mimeType", "mime_type"]
                    .iter()
                    .find_map(|name| data.get(*name));
                if let Some(mime) = mime.copied().and_then(text) {
                    self.need(match mime.split('/').next() {
                        Some("image" | "video") => seen::VISION,
                        Some("audio") => seen::AUDIO,
                        _ => seen::DOCUMENTS,
                    });
                }
            }
            if let (Some(inner), Some(levels)) = (part.get("content"), levels.checked_sub(1)) {
                self.parts(inner, levels);
            }
        }
    }

    fn capabilities(&mut self) {
        if ["tools", "functions"]
            .iter()
            .any(|name| self.top(name).is_some_and(is_filled))
        {
            self.need(seen::TOOLS);
        }
        let modalities = [
            self.top("modalities"),
            self.generation(&["responseModalities", "response_modalities"]),
        ];
        let wants_audio = |raw: &RawValue| {
            let wanted = items(raw).into_iter().filter_map(text);
            wanted
                .into_iter()
                .any(|word| word.eq_ignore_ascii_case("audio"))
        };
        if modalities.into_iter().flatten().any(wants_audio) {
            self.need(seen::AUDIO);
        }
        if self.wants_json() {
            self.need(seen::JSON);
        }
        if self.wants_reasoning() {
            self.need(seen::REASONING);
        }
    }

    fn wants_json(&self) -> bool {
        let formats = [
            self.within(&["response_format"], &["type"]),
            self.within(&["text", "output_config"], &["format"])
                .and_then(kind_of),
            self.within(&["output_format"], &["type"]),
        ];
        let is_json = |raw: &RawValue| {
            text(raw).is_some_and(|kind| kind == "json_object" || kind == "json_schema")
        };
        let mime = self.generation(&["responseMimeType", "response_mime_type"]);
        let schemas = ["responseSchema", "response_schema", "responseJsonSchema"];
        formats.into_iter().flatten().any(is_json)
            || mime
                .and_then(text)
                .is_some_and(|mime| mime == "application/json")
            || self
                .generation(&schemas)
                .is_some_and(|raw| raw.get() != "null")
    }

    fn wants_reasoning(&self) -> bool {
        let efforts = [
            self.top("reasoning_effort"),
            self.within(&["reasoning"], &["effort"]),
        ];
        let is_effort = |raw: &RawValue| text(raw).is_some_and(|effort| effort != "none");
        let thinking = self.within(&["thinking"], &["type"]).and_then(text);
        let config = self.generation(&["thinkingConfig", "thinking_config"]);
        let config = config.map(object_of).unwrap_or_default();
        let budget = ["thinkingBudget", "thinking_budget"]
            .iter()
            .find_map(|name| config.get(*name));
        let level = ["thinkingLevel", "thinking_level"]
            .iter()
            .find_map(|name| config.get(*name));
        efforts.into_iter().flatten().any(is_effort)
            || thinking.is_some_and(|kind| kind == "enabled" || kind == "adaptive")
            || budget.is_some_and(|budget| budget.get() != "0" && budget.get() != "null")
            || level.copied().and_then(text).is_some()
    }
}

/// The `type` of an object.
fn kind_of(raw: &RawValue) -> Option<&RawValue> {
    object_of(raw).get("type").copied()
}

/// The members of an object; none of anything else.
fn object_of(raw: &RawValue) -> Members<'_> {
    match raw.get().starts_with('{') {
        true => serde_json::from_slice(raw.get().as_bytes()).unwrap_or_default(),
        false => Members::new(),
    }
}

/// The items of an array; none of anything else.
fn items(raw: &RawValue) -> Vec<&RawValue> {
    match raw.get().starts_with('[') {
        true => serde_json::from_slice(raw.get().as_bytes()).unwrap_or_default(),
        false => Vec::new(),
    }
}

fn text(raw: &RawValue) -> Option<String> {
    let is_text = raw.get().starts_with('"');
    is_text
        .then(|| serde_json::from_slice(raw.get().as_bytes()).ok())
        .flatten()
}

fn is_filled(raw: &RawValue) -> bool {
    !items(raw).is_empty()
}

/// `true`, or the text `"true"`: OpenAI's metadata holds texts alone.
fn says_yes(raw: &RawValue) -> bool {
    raw.get() == "true" || text(raw).is_some_and(|word| word.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests;
