//! What a client sends, as far as an answer depends on it, and what it costs in tokens.

use serde::Deserialize;
use serde_json::Value;

/// A request to any of the endpoints; each uses its own fields.
#[derive(Debug, Default, Deserialize)]
pub struct Request {
    /// The model, echoed in the answer.
    pub model: Option<String>,
    /// Chat and messages: the conversation.
    pub messages: Option<Value>,
    /// Messages: what stands before the conversation.
    pub system: Option<Value>,
    /// Completions: a text, several, or token numbers.
    pub prompt: Option<Value>,
    /// Embeddings: a text, several, or token numbers. Responses: a text, or the conversation.
    pub input: Option<Value>,
    /// Responses: what stands before the conversation.
    pub instructions: Option<Value>,
    /// Gemini: the conversation.
    pub contents: Option<Value>,
    /// Gemini: what stands before the conversation.
    #[serde(rename = "systemInstruction")]
    pub system_instruction: Option<Value>,
    /// Gemini: what to embed.
    pub content: Option<Value>,
    /// Gemini: several to embed.
    pub requests: Option<Vec<Value>>,
    /// Whether to answer as server-sent events.
    pub stream: Option<bool>,
    /// What to add to a stream.
    pub stream_options: Option<StreamOptions>,
    /// Chat, completions and messages: the longest completion.
    pub max_tokens: Option<u64>,
    /// Chat: the longest completion, as newer clients call it.
    pub max_completion_tokens: Option<u64>,
    /// Responses: the longest completion.
    pub max_output_tokens: Option<u64>,
    /// Gemini: its settings.
    #[serde(rename = "generationConfig", default)]
    pub generation: Generation,
    /// How many choices.
    pub n: Option<u64>,
    /// Images: how many are shown before they are done.
    pub partial_images: Option<u64>,
    /// Speech: `audio` or `sse`.
    pub stream_format: Option<String>,
    /// Sound: how it is written down.
    pub response_format: Option<Value>,
    /// Rerank: what is ranked.
    pub documents: Option<Vec<Value>>,
    /// Bytes of the files of a form.
    #[serde(skip)]
    pub file_bytes: usize,
    /// OpenAI's embeddings: `float` or `base64`.
    pub encoding_format: Option<String>,
    /// Embeddings: the length of a vector.
    #[serde(alias = "outputDimensionality")]
    pub dimensions: Option<usize>,
}

/// `stream_options`.
#[derive(Debug, Deserialize)]
pub struct StreamOptions {
    /// Whether a last chunk carries the usage.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

/// `generationConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Generation {
    /// The longest completion.
    pub max_output_tokens: Option<u64>,
    /// How many choices.
    pub candidate_count: Option<u64>,
}

impl Request {
    /// Reads a body: JSON, or a form.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn read(body: &[u8]) -> serde_json::Result<Self> {
        match body.starts_with(b"--") {
            true => Self::of_form(body),
            false => serde_json::from_slice(body),
        }
    }

    /// Forms have texts alone: `true` and numbers are read as such.
    fn of_form(body: &[u8]) -> serde_json::Result<Self> {
        // A letter for each byte, whatever it is.
        let text: String = body.iter().copied().map(char::from).collect();
        let boundary = text.lines().next().unwrap_or_default();
        let mut fields = serde_json::Map::new();
        let mut file_bytes: usize = 0;
        for part in text.split(boundary) {
            let Some((head, value)) = part.split_once("\r\n\r\n") else {
                continue;
            };
            let value = value.strip_suffix("\r\n").unwrap_or(value);
            let name = head.split_once("name=").map_or("", |(_, rest)| rest);
            let name = name.split(['"', ';', '\r']).find(|word| !word.is_empty());
            if head.contains("filename=") {
                file_bytes = file_bytes.saturating_add(value.chars().count());
                continue;
            }
            let known = ["stream", "n", "partial_images"];
            let read = known
                .contains(&name.unwrap_or_default())
                .then(|| serde_json::from_str(value).ok());
            let value = read.flatten().unwrap_or_else(|| Value::from(value));
            fields.insert(name.unwrap_or_default().to_owned(), value);
        }
        let request: Self = serde_json::from_value(Value::Object(fields))?;
        Ok(Self {
            file_bytes,
            ..request
        })
    }

    /// The characters and token numbers of everything the model would read.
    pub fn prompt_tokens(&self) -> u64 {
        let parts = [
            &self.messages,
            &self.system,
            &self.prompt,
            &self.input,
            &self.instructions,
            &self.contents,
            &self.system_instruction,
            &self.content,
        ];
        let several = self.requests.iter().flatten();
        let parts = parts.into_iter().flatten().chain(several);
        let size = parts.map(Size::of).sum::<Size>();
        (size.characters / 4).saturating_add(size.numbers).max(1)
    }

    /// The longest completion the client allows.
    pub fn limit(&self) -> Option<u64> {
        self.max_completion_tokens
            .or(self.max_tokens)
            .or(self.max_output_tokens)
            .or(self.generation.max_output_tokens)
    }

    /// How many choices the client wants.
    pub fn choices(&self) -> u64 {
        self.n.or(self.generation.candidate_count).unwrap_or(1)
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
        let several = self.requests.iter().flatten();
        let one = match &self.input {
            None => Vec::new(),
            Some(Value::Array(list)) if !list.iter().all(Value::is_number) => list.iter().collect(),
            Some(one) => vec![one],
        };
        several.chain(&self.content).chain(one).collect()
    }
}

#[derive(Default)]
struct Size {
    characters: u64,
    numbers: u64,
}

/// Where the text of a message or of a part of one is, in one format or another.
const TEXTS: [&str; 3] = ["text", "content", "parts"];

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
            Value::Object(part) => TEXTS
                .iter()
                .filter_map(|name| part.get(*name))
                .map(Self::of)
                .sum(),
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
    fn every_format_has_its_prompt_where_it_keeps_it() {
        let turn =
            json!([{"role": "user", "content": [{"type": "input_text", "text": "12345678"}]}]);
        assert_eq!(tokens(json!({"input": turn, "instructions": "1234"})), 3);
        assert_eq!(tokens(json!({"system": "1234", "messages": turn})), 3);
        let content = json!({"role": "user", "parts": [{"text": "12345678"}]});
        let system = json!({"parts": [{"text": "1234"}]});
        assert_eq!(
            tokens(json!({"contents": [content], "systemInstruction": system})),
            3
        );
        assert_eq!(tokens(json!({"content": content})), 2);
        let several = json!([{"model": "models/m", "content": content}, {"content": content}]);
        assert_eq!(tokens(json!({"requests": several})), 4);
    }

    #[test]
    fn a_list_of_numbers_is_one_input() {
        let one: Request = serde_json::from_value(json!({"input": [1, 2, 3]})).unwrap();
        assert_eq!(one.inputs().len(), 1);
        let two: Request = serde_json::from_value(json!({"input": ["a", "b"]})).unwrap();
        assert_eq!(two.inputs().len(), 2);
        let three = json!({"requests": [{}, {}, {}]});
        let three: Request = serde_json::from_value(three).unwrap();
        assert_eq!(three.inputs().len(), 3);
    }
}
