//! An answer, and what a test demands of it.

use super::Call;
use serde_json::Value;
use std::fmt;

#[derive(Clone)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether the answer came to its proper end.
    pub complete: bool,
}

impl Answer {
    pub fn to(call: &Call) -> Answer {
        Answer {
            asked: describe(call),
            status: 0,
            headers: Vec::new(),
            body: Vec::new(),
            trailers: Vec::new(),
            complete: false,
        }
    }

    /// All values of a header, joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = (self.headers.iter())
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| String::from_utf8_lossy(value))
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("the body is no JSON ({error}):\n{self}"))
    }

    /// The same answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert!(self.status == status, "expected {status}:\n{self}");
        self
    }

    /// The same answer, if a header has this value.
    #[track_caller]
    pub fn with(self, name: &str, value: &str) -> Answer {
        let found = self.header(name);
        assert!(
            found.as_deref() == Some(value),
            "expected {name}: {value}, found {found:?}:\n{self}"
        );
        self
    }

    /// The same answer, if it has no such header.
    #[track_caller]
    pub fn without(self, name: &str) -> Answer {
        assert!(self.header(name).is_none(), "unexpected {name}:\n{self}");
        self
    }

    /// The same answer, if the JSON of its body has this at `pointer`.
    #[track_caller]
    pub fn says(self, pointer: &str, value: impl Into<Value>) -> Answer {
        let (json, value) = (self.json(), value.into());
        let found = json.pointer(pointer);
        assert!(
            found == Some(&value),
            "expected {value} at {pointer}, found {found:?}:\n{self}"
        );
        self
    }

    /// The same answer, if the text at `pointer` contains `part`.
    #[track_caller]
    pub fn mentions(self, pointer: &str, part: &str) -> Answer {
        let json = self.json();
        let text = json.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        assert!(
            text.contains(part),
            "expected '{part}' at {pointer}:\n{self}"
        );
        self
    }

    /// The numbers of `usage`: prompt and completion tokens.
    #[track_caller]
    pub fn usage(&self) -> (u64, u64) {
        let json = self.json();
        let number = |name: &str| json["usage"][name].as_u64().unwrap_or(0);
        (number("prompt_tokens"), number("completion_tokens"))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "> {}", self.asked.replace('\n', "\n> "))?;
        writeln!(f, "< {}", self.status)?;
        for (name, value) in self.headers.iter().chain(&self.trailers) {
            writeln!(f, "< {name}: {}", String::from_utf8_lossy(value))?;
        }
        writeln!(f, "< {}", shorten(&self.body).replace('\n', "\n< "))?;
        writeln!(
            f,
            "< ({})",
            if self.complete {
                "complete"
            } else {
                "broken off"
            }
        )
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn describe(call: &Call) -> String {
    let mut text = format!("{} {}", call.method, call.path);
    for (name, value) in &call.headers {
        text += &format!("\n{name}: {}", String::from_utf8_lossy(value));
    }
    text + "\n" + &shorten(&call.body)
}

fn shorten(body: &[u8]) -> String {
    const MOST: usize = 3_000;
    let text = String::from_utf8_lossy(body);
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], body.len()),
        None => text.into_owned(),
    }
}
