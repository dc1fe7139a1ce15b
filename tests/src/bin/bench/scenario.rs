//! What is asked: three kinds of chat request.

use serde_json::{Value, json};

/// The events with content of a streamed answer.
pub const EVENTS: usize = 200;

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// A body of 1 KB, a small answer in one piece.
    #[value(name = "1kb")]
    Small,
    /// A body of 100 KB, a small answer in one piece.
    #[value(name = "100kb")]
    Large,
    /// A body of 1 KB, an answer streamed in 200 events.
    #[value(name = "stream")]
    Stream,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Small, Self::Large, Self::Stream];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Small => "1kb",
            Self::Large => "100kb",
            Self::Stream => "stream",
        }
    }

    /// What it is, for a heading.
    pub fn title(self) -> String {
        match self {
            Self::Small => "1 KB request".into(),
            Self::Large => "100 KB request".into(),
            Self::Stream => format!("1 KB request, answer of {EVENTS} events"),
        }
    }

    /// Whether the answer is streamed.
    pub fn streams(self) -> bool {
        self == Self::Stream
    }

    /// The request's body, of its size to the byte.
    pub fn body(self) -> String {
        match self {
            Self::Small | Self::Stream => self.chat(1 << 10),
            Self::Large => self.chat(100 << 10),
        }
    }

    /// A conversation of turns of at most 2 KB, with the newlines, quotes and other scripts that
    /// make JSON strings more than a run of letters.
    fn chat(self, size: usize) -> String {
        const TURN: usize = 2 << 10;
        let mut messages = vec![
            json!({"role": "system", "content": "You are a careful assistant. Answer in one paragraph."}),
        ];
        let mut body = self.render(&messages);
        loop {
            let role = if messages.len() % 2 == 1 {
                "user"
            } else {
                "assistant"
            };
            messages.push(json!({"role": role, "content": ""}));
            let empty = self.render(&messages).len();
            let Some(room) = size.checked_sub(empty).filter(|room| *room > 0) else {
                // Not even an empty turn fits: fill up behind the JSON, as RFC 8259 allows.
                body.push_str(&" ".repeat(size.saturating_sub(body.len())));
                return body;
            };
            if let Some(content) = messages.last_mut().and_then(|turn| turn.get_mut("content")) {
                *content = Value::from(prose(room.min(TURN)));
            }
            body = self.render(&messages);
        }
    }

    fn render(self, messages: &[Value]) -> String {
        let mut body = json!({
            "model": "gpt-4.1",
            "messages": messages,
            "temperature": 0.7,
            "max_tokens": 256,
            "user": "u-4711",
        });
        if let Some(fields) = body.as_object_mut().filter(|_| self.streams()) {
            fields.insert("stream".into(), true.into());
        }
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
        for (scenario, size) in Scenario::ALL.into_iter().zip([1_024, 102_400, 1_024]) {
            let body = scenario.body();
            assert_eq!(body.len(), size);
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["stream"] == true, scenario.streams());
        }
    }
}
