//! The ways to spend more than one may.

use crate::price::{Prices, Used};
use clap::ValueEnum;
use paddock_tests::upstream::{Chunk, End, Framing, MARK, Output, Script, Unless};
use serde_json::{Value, json};
use std::time::Duration;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Many calls at once, without max_tokens.
    Races,
    /// A service tier at twice the price.
    Tiers,
    /// A dear model named inside the body of a cheap one's call.
    Models,
    /// A PDF and an image in the body, and an image by URL.
    Media,
    /// A long conversation that the provider has stored.
    Previous,
    /// Web searches that the provider runs.
    Tools,
    /// A stream that counts zero tokens until its end, which the client does not wait for.
    Zeros,
    /// A stream that says it is something else.
    Mislabelled,
    /// A client that leaves while the provider still thinks.
    Leaving,
}

/// When a client leaves.
#[derive(Clone, Debug)]
pub enum Leave {
    /// When all has come.
    Never,
    /// When this text has come.
    AfterText(&'static str),
    /// After so long.
    After(Duration),
}

/// One call, and what it is answered with.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The script's name.
    pub name: String,
    /// Below `/v1`.
    pub path: &'static str,
    /// What is asked.
    pub body: Value,
    /// What is answered, with the bill.
    pub script: Script,
    /// When the client leaves.
    pub leave: Leave,
}

/// What one call of the kinds about output writes.
const OUTPUT: u64 = 2_000;
/// A prompt of the kinds that are not about prompts.
const PROMPT: u64 = 70;

impl Kind {
    /// Its name.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// The calls that are tried, in turn. `models` are a cheap and a dear one.
    ///
    /// # Errors
    /// Where a model has no price.
    pub fn attempts(self, models: &[String; 2], prices: &Prices) -> anyhow::Result<Vec<Attempt>> {
        let make = Make {
            kind: self,
            models,
            prices,
        };
        match self {
            Kind::Races => make.races(),
            Kind::Tiers => make.tiers(),
            Kind::Models => make.models(),
            Kind::Media => make.media(),
            Kind::Previous => make.previous(),
            Kind::Tools => make.tools(),
            Kind::Zeros => make.zeros(),
            Kind::Mislabelled => make.mislabelled(),
            Kind::Leaving => make.leaving(),
        }
    }
}

struct Make<'a> {
    kind: Kind,
    models: &'a [String; 2],
    prices: &'a Prices,
}

impl Make<'_> {
    fn attempt(&self, name: &str, path: &'static str, body: Value, script: Script) -> Attempt {
        let name = format!("{}_{name}", self.kind.name());
        let mut body = body;
        let [cheap, _] = self.models;
        if let Some(fields) = body.as_object_mut() {
            fields.insert("model".to_owned(), json!(cheap));
            let prompt = format!("{MARK}{name}: Name three rivers.");
            match path {
                "/responses" => {
                    fields.insert("input".to_owned(), json!(prompt));
                }
                _ => {
                    let mut parts = vec![json!({"type": "text", "text": prompt})];
                    if let Some(Value::Array(more)) = fields.remove("parts") {
                        parts.extend(more);
                    }
                    let messages = json!([{"role": "user", "content": parts}]);
                    fields.insert("messages".to_owned(), messages);
                }
            }
        }
        Attempt {
            name,
            path,
            body,
            script,
            leave: Leave::Never,
        }
    }

    fn billed(&self, script: Script, model: &str, used: Used) -> anyhow::Result<Script> {
        let bill_nanos = self.prices.bill(model, used)?;
        Ok(Script {
            bill_nanos,
            head_delay_ms: 800,
            ..script
        })
    }

    /// A chat completion of the cheap model.
    fn chat(&self, used: Used) -> anyhow::Result<Script> {
        let [cheap, _] = self.models;
        self.billed(Script::json(&completion(cheap, used)), cheap, used)
    }

    /// A gateway may set a limit of its own, which a provider obeys.
    fn races(&self) -> anyhow::Result<Vec<Attempt>> {
        let [cheap, _] = self.models;
        let unwritten = Used {
            output: 0,
            ..written()
        };
        let one = Used {
            output: 1,
            ..unwritten
        };
        let (least, first) = (
            self.prices.bill(cheap, unwritten)?,
            self.prices.bill(cheap, one)?,
        );
        let text = completion(cheap, unwritten).to_string();
        let total = format!(r#""total_tokens":{PROMPT}"#);
        let text = text.replace(r#""completion_tokens":0"#, r#""completion_tokens":{n}"#);
        let text = text.replace(&total, &format!(r#""total_tokens":{{n+{PROMPT}}}"#));
        let script = Script {
            chunks: vec![Chunk::Text(text)],
            output: Some(Output {
                tokens: OUTPUT,
                nanos: first.saturating_sub(least),
            }),
            ..self.chat(unwritten)?
        };
        Ok(vec![self.attempt(
            "chat",
            "/chat/completions",
            json!({}),
            script,
        )])
    }

    fn tiers(&self) -> anyhow::Result<Vec<Attempt>> {
        let used = written();
        let priority = Used {
            priority: true,
            ..used
        };
        let [cheap, _] = self.models;
        let mut dear = completion(cheap, used);
        if let Some(fields) = dear.as_object_mut() {
            fields.insert("service_tier".to_owned(), json!("priority"));
        }
        let dear = self.billed(Script::json(&dear), cheap, priority)?;
        let script = Script {
            unless: Some(Box::new(Unless {
                body_contains: "priority".to_owned(),
                script: dear,
            })),
            ..self.chat(used)?
        };
        let body = json!({"max_tokens": OUTPUT, "service_tier": "priority"});
        Ok(vec![self.attempt(
            "chat",
            "/chat/completions",
            body,
            script,
        )])
    }

    fn models(&self) -> anyhow::Result<Vec<Attempt>> {
        let [cheap, dear] = self.models;
        let used = Used {
            output: 400,
            ..written()
        };
        let otherwise = |script: Script, plain: Script| Script {
            unless: Some(Box::new(Unless {
                body_contains: dear.clone(),
                script,
            })),
            ..plain
        };
        let chat = self.billed(Script::json(&completion(dear, used)), dear, used)?;
        let plain = self.chat(used)?;
        let fallback = json!({"max_tokens": 400, "models": [dear, cheap]});
        let advice = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": cheap,
            "content": [{"type": "text", "text": "Ob, Po, Oder."}], "stop_reason": "end_turn",
            "usage": {
                "input_tokens": PROMPT, "output_tokens": 10,
                "iterations": [
                    {"type": "message", "input_tokens": PROMPT, "output_tokens": 10},
                    {"type": "advisor_message", "model": dear, "input_tokens": PROMPT, "output_tokens": 400},
                ],
            },
        });
        let advice = self.billed(Script::json(&advice), dear, used)?;
        let tool = json!({
            "max_tokens": 400,
            "tools": [{"type": "advisor_20260301", "name": "advisor", "model": dear, "max_uses": 1}],
        });
        Ok(vec![
            self.attempt(
                "fallback",
                "/chat/completions",
                fallback,
                otherwise(chat, plain.clone()),
            ),
            self.attempt("advisor", "/messages", tool, otherwise(advice, plain)),
        ])
    }

    fn media(&self) -> anyhow::Result<Vec<Attempt>> {
        let read = |input| Used {
            input,
            output: 10,
            ..Used::default()
        };
        let pdf = "A".repeat(1_048_576);
        let pdf = json!({"max_tokens": 100, "parts": [{
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": pdf},
        }]});
        let image = |url: String| {
            json!({"max_tokens": 100, "parts": [
                {"type": "image_url", "image_url": {"url": url}},
            ]})
        };
        let [cheap, _] = self.models;
        let document = self.billed(
            Script::json(&message(cheap, read(100_000))),
            cheap,
            read(100_000),
        )?;
        let picture = self.chat(read(25_500))?;
        let bytes = format!("data:image/png;base64,{}", "A".repeat(40_000));
        let url = "https://pictures.test/a.png".to_owned();
        Ok(vec![
            self.attempt("pdf", "/messages", pdf, document),
            self.attempt("bytes", "/chat/completions", image(bytes), picture.clone()),
            self.attempt("url", "/chat/completions", image(url), picture),
        ])
    }

    fn previous(&self) -> anyhow::Result<Vec<Attempt>> {
        let [cheap, _] = self.models;
        let used = Used {
            input: 120_000,
            output: 10,
            ..Used::default()
        };
        let answer = json!({
            "id": "resp_2", "object": "response", "status": "completed", "model": cheap,
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "Ob"}]}],
            "usage": {"input_tokens": used.input, "output_tokens": used.output, "total_tokens": 120_010},
        });
        let script = self.billed(Script::json(&answer), cheap, used)?;
        let body = json!({"max_output_tokens": 100, "previous_response_id": "resp_1"});
        Ok(vec![self.attempt("response", "/responses", body, script)])
    }

    fn tools(&self) -> anyhow::Result<Vec<Attempt>> {
        let [cheap, _] = self.models;
        let used = Used {
            searches: 7,
            output: 10,
            ..written()
        };
        let mut answer = message(cheap, used);
        if let Some(usage) = answer.get_mut("usage").and_then(Value::as_object_mut) {
            usage.insert(
                "server_tool_use".to_owned(),
                json!({"web_search_requests": 7}),
            );
        }
        let script = self.billed(Script::json(&answer), cheap, used)?;
        let tool = json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 7});
        let body = json!({"max_tokens": 100, "tools": [tool]});
        Ok(vec![self.attempt("search", "/messages", body, script)])
    }

    fn zeros(&self) -> anyhow::Result<Vec<Attempt>> {
        let [cheap, _] = self.models;
        let words = "river ".repeat(100);
        let zero = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
        let mut chunks: Vec<Chunk> = (1..=20)
            .map(|number| event(&delta(cheap, &format!("{words}part{number}. "), &zero)))
            .collect();
        chunks.push(Chunk::Pause { pause_ms: 5_000 });
        chunks.push(Chunk::Text("data: [DONE]\n\n".to_owned()));
        let script = self.billed(Script::stream(chunks), cheap, written())?;
        let body = json!({"max_tokens": OUTPUT, "stream": true});
        Ok(vec![Attempt {
            leave: Leave::AfterText("part20."),
            ..self.attempt("stream", "/chat/completions", body, script)
        }])
    }

    fn mislabelled(&self) -> anyhow::Result<Vec<Attempt>> {
        let [cheap, _] = self.models;
        let usage = usage(written());
        let chunks = || {
            let mut chunks: Vec<Chunk> = (1..=20)
                .map(|number| event(&delta(cheap, &format!("word{number} "), &Value::Null)))
                .collect();
            chunks.push(event(&json!({"id": "c1", "object": "chat.completion.chunk", "model": cheap, "choices": [], "usage": usage})));
            chunks.push(Chunk::Text("data: [DONE]\n\n".to_owned()));
            chunks
        };
        let body = || json!({"max_tokens": OUTPUT, "stream": true});
        let labels = [
            ("none", None),
            ("text", Some("text/plain")),
            ("json", Some("application/json")),
        ];
        let attempt = |(name, label): (&str, Option<&str>)| {
            let headers = label.map(|label| ("content-type".to_owned(), label.to_owned()));
            let script = Script {
                headers: headers.into_iter().collect(),
                chunks: chunks(),
                framing: Framing::Chunked,
                then: End::End,
                ..Script::default()
            };
            let script = self.billed(script, cheap, written())?;
            Ok(self.attempt(name, "/chat/completions", body(), script))
        };
        labels.into_iter().map(attempt).collect()
    }

    fn leaving(&self) -> anyhow::Result<Vec<Attempt>> {
        let script = self.chat(written())?;
        let body = json!({"max_tokens": OUTPUT});
        Ok(vec![Attempt {
            leave: Leave::After(Duration::from_millis(300)),
            ..self.attempt("chat", "/chat/completions", body, script)
        }])
    }
}

/// What a call of the kinds about output uses.
fn written() -> Used {
    Used {
        input: PROMPT,
        output: OUTPUT,
        ..Used::default()
    }
}

fn usage(used: Used) -> Value {
    json!({
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input.saturating_add(used.output),
    })
}

fn completion(model: &str, used: Used) -> Value {
    json!({
        "id": "c1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": "Ob, Po, Oder."},
            "finish_reason": "stop",
        }],
        "usage": usage(used),
    })
}

fn message(model: &str, used: Used) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": "Ob, Po, Oder."}], "stop_reason": "end_turn",
        "usage": {"input_tokens": used.input, "output_tokens": used.output},
    })
}

fn delta(model: &str, text: &str, usage: &Value) -> Value {
    let mut chunk = json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
    });
    if let Some(fields) = chunk.as_object_mut().filter(|_| !usage.is_null()) {
        fields.insert("usage".to_owned(), usage.clone());
    }
    chunk
}

fn event(value: &Value) -> Chunk {
    Chunk::Text(format!("data: {value}\n\n"))
}
