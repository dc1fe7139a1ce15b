//! What a client sends, as far as an answer depends on it, and what it costs in tokens.

use serde::Deserialize;
use serde_json::Value;

/// A request to any of the endpoints; each uses its own fields.
#[derive(Debug, Default, Deserialize)]
pub struct Request {
    /// The model, echoed in the answer.
    pub model: Option<String>,
    /// Chat: the conversation.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Completions: a text, several, or token numbers.
    pub prompt: Option<Value>,
    /// Embeddings: a text, several, or token numbers.
    pub input: Option<Value>,
    /// Whether to answer as server-sent events.
    #[serde(default)]
    pub stream: Option<bool>,
    /// What to add to a stream.
    pub stream_options: Option<StreamOptions>,
    /// The longest completion.
    pub max_tokens: Option<u64>,
    /// The longest completion, as newer clients call it.
    pub max_completion_tokens: Option<u64>,
    /// How many choices.
    pub n: Option<u64>,
    /// Embeddings: `float` or `base64`.
    pub encoding_format: Option<String>,
    /// Embeddings: the length of a vector.
    pub dimensions: Option<usize>,
}

/// One message of a conversation.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// A text, a list of parts, or nothing.
    pub content: Option<Value>,
}

/// `stream_options`.
#[derive(Debug, Deserialize)]
pub struct StreamOptions {
    /// Whether a last chunk carries the usage.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

impl Request {
    /// The characters and token numbers of everything the model would read.
    pub fn prompt_tokens(&self) -> u64 {
        let messages = self
            .messages
            .iter()
            .filter_map(|message| message.content.as_ref());
        let size = messages
            .chain(&self.prompt)
            .chain(&self.input)
            .map(Size::of)
            .sum::<Size>();
        (size.characters / 4).saturating_add(size.numbers).max(1)
    }

    /// The longest completion the client allows.
    pub fn limit(&self) -> Option<u64> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// Whether the client asked for the usage of a stream.
    pub fn wants_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .and_then(|options| options.include_usage)
            == Some(true)
    }

    /// The texts to embed, each with its own vector.
    pub fn inputs(&self) -> Vec<&Value> {
        match &self.input {
            None => Vec::new(),
            Some(Value::Array(list)) if !list.iter().all(Value::is_number) => list.iter().collect(),
            Some(one) => vec![one],
        }
    }
}

#[derive(Default)]
struct Size {
    characters: u64,
    numbers: u64,
}

impl Size {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => {
                let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
                Self {
                    characters,
                    numbers: 0,
                }
            }
            Value::Number(_) => Self {
                characters: 0,
                numbers: 1,
            },
            Value::Array(list) => list.iter().map(Self::of).sum(),
            Value::Object(part) => part.get("text").map(Self::of).unwrap_or_default(),
            Value::Null | Value::Bool(_) => Self::default(),
        }
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), |a, b| Self {
            characters: a.characters.saturating_add(b.characters),
            numbers: a.numbers.saturating_add(b.numbers),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tokens(body: Value) -> u64 {
        serde_json::from_value::<Request>(body)
            .unwrap()
            .prompt_tokens()
    }

    #[test]
    fn four_characters_are_a_token_and_a_number_is_one() {
        assert_eq!(tokens(json!({})), 1);
        assert_eq!(tokens(json!({"messages": [{"content": "hi"}]})), 1);
        assert_eq!(
            tokens(json!({"messages": [{"content": "12345678"}, {"content": null}]})),
            2
        );
        let parts = json!([{"type": "text", "text": "ééééééé"}, {"type": "text", "text": "x"}]);
        assert_eq!(tokens(json!({"messages": [{"content": parts}]})), 2);
        assert_eq!(tokens(json!({"input": [1, 2, 3]})), 3);
        assert_eq!(tokens(json!({"prompt": ["abcd", "efgh"]})), 2);
    }

    #[test]
    fn a_list_of_numbers_is_one_input() {
        let one: Request = serde_json::from_value(json!({"input": [1, 2, 3]})).unwrap();
        assert_eq!(one.inputs().len(), 1);
        let two: Request = serde_json::from_value(json!({"input": ["a", "b"]})).unwrap();
        assert_eq!(two.inputs().len(), 2);
    }
}
