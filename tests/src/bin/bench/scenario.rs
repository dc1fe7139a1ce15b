//! What is asked: five kinds of request.

use serde_json::{Value, json};

/// The events with content of a streamed answer.
pub const EVENTS: usize = 200;
/// The models that are asked, one for each format.
pub const MODELS: [&str; 3] = ["gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-flash"];

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// A chat of 1 KB, a small answer in one piece.
    #[value(name = "1kb")]
    Small,
    /// The same in Anthropic's format.
    Anthropic,
    /// The same in Gemini's format.
    Gemini,
    /// A body of 100 KB, a small answer in one piece.
    #[value(name = "100kb")]
    Large,
    /// A body of 1 KB, an answer streamed in 200 events.
    Stream,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Small,
        Self::Anthropic,
        Self::Gemini,
        Self::Large,
        Self::Stream,
    ];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "1kb",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Large => "100kb",
            Self::Stream => "stream",
        }
    }

    /// What it is, for a heading.
    pub fn title(self) -> String {
        match self {
            Self::Small => "1 KB request".into(),
            Self::Anthropic => "1 KB request, Anthropic".into(),
            Self::Gemini => "1 KB request, Gemini".into(),
            Self::Large => "100 KB request".into(),
            Self::Stream => format!("1 KB request, answer of {EVENTS} events"),
        }
    }

    /// Where it is asked.
    pub fn path(self) -> &'static str {
        match self {
            Self::Small | Self::Large | Self::Stream => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::Gemini => "/v1beta/models/gemini-2.5-flash:generateContent",
        }
    }

    /// The headers that a stock client of the format sends, but for the credential.
    pub fn headers(self) -> &'static str {
        match self {
            Self::Small | Self::Large | Self::Stream => {
                "user-agent: OpenAI/Python 2.8.1\r\nx-stainless-lang: python\r\n\
                 x-stainless-retry-count: 0\r\n"
            }
            Self::Anthropic => {
                "user-agent: Anthropic/Python 0.75.0\r\nx-stainless-lang: python\r\n\
                 anthropic-version: 2023-06-01\r\n"
            }
            Self::Gemini => {
                "user-agent: google-genai-sdk/1.52.0\r\nx-goog-api-client: google-genai-sdk/1.52.0\r\n"
            }
        }
    }

    /// What goes before the key.
    pub fn credential(self) -> &'static str {
        match self {
            Self::Small | Self::Large | Self::Stream => "authorization: Bearer ",
            Self::Anthropic => "x-api-key: ",
            Self::Gemini => "x-goog-api-key: ",
        }
    }

    /// Whether the answer is streamed.
    pub fn streams(self) -> bool {
        self == Self::Stream
    }

    /// The request's body, of its size to the byte.
    pub fn body(self) -> String {
        match self {
            Self::Large => self.conversation(100 << 10),
            _ => self.conversation(1 << 10),
        }
    }

    /// A conversation of turns of at most 2 KB, with the newlines, quotes and other scripts that
    /// make JSON strings more than a run of letters.
    fn conversation(self, size: usize) -> String {
        const TURN: usize = 2 << 10;
        let mut turns = Vec::new();
        let mut body = self.render(&turns);
        loop {
            let users = turns.len() % 2 == 0;
            turns.push(self.turn(users, ""));
            let empty = self.render(&turns).len();
            let Some(room) = size.checked_sub(empty).filter(|room| *room > 0) else {
                // Not even an empty turn fits: fill up behind the JSON, as RFC 8259 allows.
                body.push_str(&" ".repeat(size.saturating_sub(body.len())));
                return body;
            };
            if let Some(last) = turns.last_mut() {
                *last = self.turn(users, &prose(room.min(TURN)));
            }
            body = self.render(&turns);
        }
    }

    fn turn(self, users: bool, text: &str) -> Value {
        match self {
            Self::Gemini => {
                let role = if users { "user" } else { "model" };
                json!({"role": role, "parts": [{"text": text}]})
            }
            _ => {
                let role = if users { "user" } else { "assistant" };
                json!({"role": role, "content": text})
            }
        }
    }

    fn render(self, turns: &[Value]) -> String {
        const SYSTEM: &str = "You are a careful assistant. Answer in one paragraph.";
        let [openai, anthropic, _] = MODELS;
        let body = match self {
            Self::Small | Self::Large | Self::Stream => {
                let mut messages = vec![json!({"role": "system", "content": SYSTEM})];
                messages.extend_from_slice(turns);
                let mut body = json!({
                    "model": openai,
                    "messages": messages,
                    "temperature": 0.7,
                    "max_tokens": 256,
                    "user": "u-4711",
                });
                if let Some(fields) = body.as_object_mut().filter(|_| self.streams()) {
                    fields.insert("stream".into(), true.into());
                }
                body
            }
            Self::Anthropic => json!({
                "model": anthropic,
                "system": SYSTEM,
                "messages": turns,
                "temperature": 0.7,
                "max_tokens": 256,
                "metadata": {"user_id": "u-4711"},
            }),
            Self::Gemini => json!({
                "contents": turns,
                "systemInstruction": {"parts": [{"text": SYSTEM}]},
                "generationConfig": {"temperature": 0.7, "maxOutputTokens": 256},
            }),
        };
        body.to_string()
    }
}

/// Text whose JSON is at most `room` bytes longer than that of an empty string.
fn prose(room: usize) -> String {
    const TEXT: &str = "Summarise the \"quarterly\" figures below.\n\n- Revenue rose by 12 % to \
        4.2 million; the café in Zürich did best.\n- Costs: see the table\tand its notes.\n\
        Then say what you would change, and why: 日本語でも構いません。 ";
    let mut text = String::new();
    let mut taken = 0_usize;
    for letter in TEXT.chars().cycle() {
        let bytes = match letter {
            '"' | '\n' | '\t' => 2,
            other => other.len_utf8(),
        };
        taken = taken.saturating_add(bytes);
        if taken > room {
            break;
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_their_size() {
        for scenario in Scenario::ALL {
            let body = scenario.body();
            let size = if scenario == Scenario::Large {
                102_400
            } else {
                1_024
            };
            assert_eq!(body.len(), size);
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["stream"] == true, scenario.streams());
        }
    }
}
