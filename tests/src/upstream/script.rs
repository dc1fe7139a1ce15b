//! What a request is answered with, byte for byte.

use super::text::{expanded, numbered};
use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;

/// An answer. Fields left out have the value of [`Script::default`]: a chat completion of one word,
/// for seven tokens and three.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// The answer's status.
    pub status: u16,
    /// The words behind the status.
    pub reason: String,
    /// Header names and values, in order. Those of the framing are added.
    pub headers: Vec<(String, String)>,
    /// The body, in the pieces it is sent in.
    pub chunks: Vec<Chunk>,
    /// The body as one piece of JSON, sent as it is written here; it goes before `chunks`.
    pub json: Option<Box<RawValue>>,
    /// How the body is framed.
    pub framing: Framing,
    /// What happens after the last chunk.
    pub then: End,
    /// How long the head is held back, in milliseconds.
    pub head_delay_ms: u64,
    /// Sent before the head, as early hints are.
    pub before_head: String,
    /// Another answer, where the request's body has a text.
    pub unless: Option<Box<Unless>>,
    /// What this provider bills for the answer, in nano-dollars.
    pub bill_nanos: u64,
    /// What it writes, where it obeys the request's limit of output.
    pub output: Option<Output>,
}

/// An output that a request can limit. `{n}` and `{n+70}` in the answer stand for its tokens.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The tokens it has without a limit.
    pub tokens: u64,
    /// What each adds to the bill, in nano-dollars.
    pub nanos: u64,
}

/// Another answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    /// The text.
    pub body_contains: String,
    /// What is answered then.
    pub script: Script,
}

/// A piece of an answer's body.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Chunk {
    /// Text, with the short forms of [`expanded`].
    Text(String),
    /// Bytes in base64.
    Bytes {
        /// The base64.
        b64: String,
    },
    /// A pause.
    Pause {
        /// Milliseconds.
        pause_ms: u64,
    },
    /// A chunk for each number from the first to the last: `{n}` in the text stands for the number,
    /// and `{n+70}` for the sum.
    Each {
        /// The numbers, both included.
        each: (u64, u64),
        /// What is sent for one.
        text: String,
    },
    /// A text of which each byte is a chunk.
    Single {
        /// The text.
        bytes_of: String,
    },
}

/// How an answer says where its body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// `transfer-encoding: chunked`.
    Chunked,
    /// `content-length`.
    #[default]
    Length,
    /// `connection: close`, and the end of the connection.
    Close,
    /// Nothing is said.
    None,
}

/// What happens after the last chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The body ends as it should.
    #[default]
    End,
    /// The connection is closed, without the last chunk of a chunked body.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing more comes.
    Hang,
}

/// What is done next for an answer's body.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Bytes),
    Wait(Duration),
}

impl Default for Script {
    fn default() -> Self {
        let body = r#"{"id":"c0","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#;
        Self {
            status: 200,
            reason: "OK".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            chunks: vec![Chunk::Text(body.to_owned())],
            json: None,
            framing: Framing::default(),
            then: End::default(),
            head_delay_ms: 0,
            before_head: String::new(),
            unless: None,
            bill_nanos: 0,
            output: None,
        }
    }
}

impl Script {
    /// A JSON answer with a length.
    pub fn json(body: &Value) -> Self {
        Self {
            chunks: vec![Chunk::Text(body.to_string())],
            ..Self::default()
        }
    }

    /// A stream of server-sent events, chunked.
    pub fn stream(chunks: Vec<Chunk>) -> Self {
        let kind = ("content-type".to_owned(), "text/event-stream".to_owned());
        Self {
            headers: vec![kind],
            chunks,
            framing: Framing::Chunked,
            ..Self::default()
        }
    }

    /// What answers this body.
    pub(crate) fn for_body(&self, body: &[u8]) -> Self {
        let mut script = match &self.unless {
            Some(unless) if contains(body, unless.body_contains.as_bytes()) => &unless.script,
            _ => self,
        }
        .clone();
        if let Some(output) = script.output {
            let written = output.tokens.min(limit(body).unwrap_or(u64::MAX));
            for chunk in &mut script.chunks {
                if let Chunk::Text(text) = chunk {
                    *text = numbered(text, written);
                }
            }
            let cost = written.saturating_mul(output.nanos);
            script.bill_nanos = script.bill_nanos.saturating_add(cost);
        }
        script
    }

    /// The body's chunks and pauses.
    ///
    /// # Errors
    /// Where base64 cannot be read.
    pub(crate) fn steps(&self) -> anyhow::Result<Vec<Step>> {
        let mut steps = Vec::new();
        let send = |text: &str| Step::Send(expanded(text).into());
        if let Some(json) = &self.json {
            return Ok(vec![send(json.get())]);
        }
        for chunk in &self.chunks {
            match chunk {
                Chunk::Text(text) => steps.push(send(text)),
                Chunk::Bytes { b64 } => {
                    let bytes = STANDARD
                        .decode(b64)
                        .map_err(|error| anyhow!("a chunk is no base64: {error}"))?;
                    steps.push(Step::Send(bytes.into()));
                }
                Chunk::Pause { pause_ms } => {
                    steps.push(Step::Wait(Duration::from_millis(*pause_ms)));
                }
                Chunk::Each { each, text } => {
                    steps.extend((each.0..=each.1).map(|n| send(&numbered(text, n))));
                }
                Chunk::Single { bytes_of } => {
                    let single = |byte: u8| Step::Send(vec![byte].into());
                    steps.extend(bytes_of.bytes().map(single));
                }
            }
        }
        Ok(steps)
    }

    /// The head, with what the framing says.
    pub(crate) fn head(&self, steps: &[Step]) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.framing {
            Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
            Framing::Length => {
                let sizes = steps.iter().map(|step| match step {
                    Step::Send(bytes) => bytes.len(),
                    Step::Wait(_) => 0,
                });
                head.push_str(&format!("content-length: {}\r\n", sizes.sum::<usize>()));
            }
            Framing::Close => head.push_str("connection: close\r\n"),
            Framing::None => {}
        }
        head.push_str("\r\n");
        head
    }
}

/// The limit of output that a body sets.
fn limit(body: &[u8]) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let names = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    (names.into_iter()).find_map(|name| body.get(name)?.as_u64())
}

/// Whether a text is anywhere in bytes.
pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    text.is_empty() || bytes.windows(text.len()).any(|window| window == text)
}
