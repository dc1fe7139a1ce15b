//! The walk through settings and tools: what may cost more than the tokens of the prompt.

use super::body::BodyError;
use super::found::Found;
use super::key::KeyAs;
use super::place::{Kind, Place, Role, Seen};
use super::scalar::invalid;
use super::tool::ToolKind;
use super::walk::Walk;
use super::word::{Hint, Stored, Word};
use crate::usage::Tool;
use serde::de::MapAccess;
use serde_json::value::RawValue;

/// What one object of settings says.
#[derive(Default)]
struct Facts<'a> {
    tool: Option<ToolKind>,
    max_uses: Option<u64>,
    max_tokens: Option<u64>,
    /// Parameters that came before the kind of the tool.
    parameters: Option<&'a RawValue>,
}

impl<'a> Walk<'_, 'a> {
    /// An object of settings, or a tool.
    pub(super) fn settings<A: MapAccess<'a>>(self, mut entries: A) -> Result<Seen, A::Error> {
        let Walk {
            found,
            place,
            word: above,
            ..
        } = self;
        match above {
            Word::Tool(tool) => found.add_tool(tool, None),
            Word::SearchOptions => found.add_tool(Tool::WebSearch, None),
            Word::Speech => found.audio_output = true,
            Word::Drawing => found.image_output = true,
            _ => {}
        }
        let first = found.models.len();
        let mut facts = Facts::default();
        loop {
            let add_key = KeyAs(|key: &str| {
                found.size.add_text(key);
                Word::of_setting(key)
            });
            let Some(word) = entries.next_key_seed(add_key)? else {
                break;
            };
            found.member()?;
            let word = match (word, above) {
                // A plugin is told by its id.
                (Word::Id, Word::Plugins) => Word::Type,
                (Word::Id, Word::Stored(stored)) => Word::Stored(stored),
                (Word::Id, Word::Prompt) => Word::Stored(Stored::Prompt),
                (word, _) => word,
            };
            if word == Word::Parameters && place == Place::Tool {
                match facts.tool {
                    Some(kind) => {
                        let inner = parameters_of(kind);
                        entries.next_value_seed(Walk::member(found, inner, Word::Other))?;
                    }
                    None => facts.parameters = Some(entries.next_value()?),
                }
                continue;
            }
            let seen = found.setting(place, word, false, &mut entries)?;
            match (word, seen) {
                (Word::Type, Seen::Kind(Kind::Tool(_))) if facts.tool.is_some() => {
                    let field = "tools.type";
                    return found.refuse(BodyError::Ambiguous { field });
                }
                (Word::Type, Seen::Kind(Kind::Tool(kind))) => facts.tool = Some(kind),
                (Word::MaxUses, Seen::Number(uses)) => facts.max_uses = uses,
                (Word::MaxTokens, Seen::Number(tokens)) => {
                    facts.max_tokens = tokens.filter(|tokens| *tokens > 0);
                }
                _ => {}
            }
        }
        if let Some(raw) = facts.parameters {
            let inner = parameters_of(facts.tool.unwrap_or(ToolKind::Function));
            found.walk_raw(raw, inner, Word::Other)?;
        }
        match (place, facts.tool) {
            (Place::Tool, Some(ToolKind::Provider(tool))) => found.add_tool(tool, facts.max_uses),
            (Place::Tool, Some(ToolKind::Model)) if found.models.len() == first => {
                let problem = "with an advisor must name its `model`: which one the provider takes, \
                               and its price, are not known here";
                return found.refuse(invalid("tools", problem));
            }
            (Place::Setting(Role::Fallback), _) => {
                found.fallback_cap = found.fallback_cap.max(facts.max_tokens);
            }
            _ => {}
        }
        for model in found.models.iter_mut().skip(first) {
            model.calls = model.calls.or(facts.max_uses);
            model.max_output_tokens = model.max_output_tokens.or(facts.max_tokens);
        }
        Ok(Seen::Nothing)
    }
}

/// What the `parameters` of a tool are: OpenRouter's own tools have settings there, functions a
/// schema.
fn parameters_of(kind: ToolKind) -> Place {
    match kind {
        ToolKind::Function => Place::Data,
        _ => Place::Setting(Role::Beside),
    }
}

impl<'a> Found<'a> {
    /// Walks through the value of one member of an object at `place`.
    pub(super) fn setting<A: MapAccess<'a>>(
        &mut self,
        place: Place,
        word: Word,
        is_field: bool,
        entries: &mut A,
    ) -> Result<Seen, A::Error> {
        let role = match place {
            Place::Setting(role) => role,
            _ => Role::Beside,
        };
        let beside = Place::Setting(Role::Beside);
        let (place, word) = match word {
            _ if place == Place::Data => (Place::Data, Word::Other),
            Word::Model | Word::Models | Word::Fallbacks => {
                let raw = entries.next_value()?;
                self.name_models(raw, word, role)?;
                return Ok(Seen::Nothing);
            }
            // LiteLLM's routers write a model and the list of those that may follow it.
            Word::Other if role == Role::Fallback => {
                let raw: &'a RawValue = entries.next_value()?;
                match raw.get().starts_with('[') {
                    true => self.name_models(raw, Word::Fallbacks, role)?,
                    false => self.walk_raw(raw, beside, Word::Other)?,
                }
                return Ok(Seen::Nothing);
            }
            Word::Content | Word::Input | Word::Prompt | Word::Prediction => (Place::Content, word),
            Word::Data => (Place::Data, Word::Other),
            Word::Tools => (Place::Tool, Word::Tools),
            Word::Plugins => (Place::Tool, Word::Plugins),
            Word::Tool(_) if place == Place::Tool => (beside, word),
            Word::SearchOptions | Word::EnableSearch | Word::Route if role == Role::Top => {
                (beside, word)
            }
            Word::Speed if role == Role::Fallback => (beside, word),
            Word::Type => (place, word),
            Word::MaxUses
            | Word::MaxTokens
            | Word::Stored(_)
            | Word::FileUri
            | Word::Modalities
            | Word::Speech
            | Word::Drawing => (beside, word),
            // A mask, or the picture to begin with.
            Word::Media(hint) if hint != Hint::Any => (Place::Content, word),
            _ => (beside, Word::Other),
        };
        let before = (word == Word::Prediction).then_some(self.size.text_bytes);
        let walk = match is_field {
            true => Walk::field(self, place, word),
            false => Walk::member(self, place, word),
        };
        let seen = entries.next_value_seed(walk)?;
        if let Some(before) = before {
            let predicted = self.size.text_bytes.saturating_sub(before);
            self.predicted_bytes = self.predicted_bytes.saturating_add(predicted);
        }
        Ok(seen)
    }
}
