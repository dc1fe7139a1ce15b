//! The bytes of a request.

use crate::case::Ask;
use crate::client::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_tests::upstream::{NAME, expanded, numbered};
use serde_json::{Map, Value, json};

/// The words every usual prompt has.
const PROMPT: &str = "Name three rivers.";

/// Writes a request of a case; `number` is that of the repetition.
pub fn write(ask: &Ask, case: &str, key: &str, number: u64) -> Request {
    let (path, body, mut headers) = usual(ask);
    let body = body.map(|body| expanded(&numbered(&body, number)).into_bytes());
    let body = match &ask.b64 {
        Some(b64) => Some(STANDARD.decode(b64).unwrap()),
        None => body,
    };
    for (name, values) in &ask.headers {
        let values = values.list().iter().map(|value| value.replace("$KEY", key));
        headers.extend(values.map(|value| (name.clone(), value)));
    }
    let has = |headers: &[(String, String)], wanted: &str| {
        (headers.iter()).any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let version = ask.version.as_deref().unwrap_or("HTTP/1.1");
    let mut add = |name: &str, value: String| {
        if !has(&headers, name) {
            headers.push((name.to_owned(), value));
        }
    };
    if version == "HTTP/1.1" {
        add("Host", "gateway.test".to_owned());
    }
    if ask.key {
        add("Authorization", format!("Bearer {key}"));
    }
    add(NAME, case.to_owned());
    if let Some(body) = &body {
        add("Content-Type", "application/json".to_owned());
        match ask.chunked {
            Some(_) => add("Transfer-Encoding", "chunked".to_owned()),
            None => add("Content-Length", body.len().to_string()),
        }
    }
    let method = (ask.method.as_deref()).unwrap_or("POST");
    let mut head = format!("{method} {path} {version}\r\n");
    for (name, value) in &headers {
        head += &format!("{name}: {value}\r\n");
    }
    Request {
        head: (head + "\r\n").into_bytes(),
        body: framed(body.unwrap_or_default(), ask.chunked),
        without_body: method == "HEAD",
        body_delay_ms: ask.body_delay_ms,
        half_close: ask.half_close,
        leave: ask.leave.clone(),
    }
}

/// Path, body and headers of the request's kind.
fn usual(ask: &Ask) -> (String, Option<String>, Vec<(String, String)>) {
    let chat = json!({
        "model": "probe",
        "max_tokens": 400,
        "messages": [{"role": "user", "content": PROMPT}],
    });
    let responses = json!({"model": "probe", "max_output_tokens": 400, "input": PROMPT});
    let generate = json!({
        "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
        "generationConfig": {"maxOutputTokens": 400},
    });
    let mut headers = Vec::new();
    let (usual, body) = if let Some(fields) = &ask.chat {
        ("/v1/chat/completions", Some(with(chat, fields)))
    } else if let Some(fields) = &ask.messages {
        headers.push(("anthropic-version".to_owned(), "2023-06-01".to_owned()));
        ("/v1/messages", Some(with(chat, fields)))
    } else if let Some(fields) = &ask.responses {
        ("/v1/responses", Some(with(responses, fields)))
    } else if let Some(fields) = &ask.generate {
        let path = "/v1beta/models/probe:generateContent";
        (path, Some(with(generate, fields)))
    } else {
        let written = ask.body.as_ref().map(Value::to_string);
        ("", written.or_else(|| ask.text.clone()))
    };
    let path = ask.path.clone().unwrap_or_else(|| usual.to_owned());
    (path, body, headers)
}

/// The usual body with these fields; one whose value is the word "absent" is left out.
fn with(mut body: Value, fields: &Map<String, Value>) -> String {
    for (name, value) in fields {
        match value.as_str() {
            Some("absent") => drop(body.as_object_mut().unwrap().remove(name)),
            _ => body[name] = value.clone(),
        }
    }
    body.to_string()
}

/// The pieces a body is written in.
fn framed(body: Vec<u8>, chunked: Option<usize>) -> Vec<Vec<u8>> {
    let Some(size) = chunked else {
        return vec![body];
    };
    let chunk = |piece: &[u8]| {
        let size = format!("{:x}\r\n", piece.len());
        [size.as_bytes(), piece, b"\r\n"].concat()
    };
    let mut pieces: Vec<Vec<u8>> = body.chunks(size).map(chunk).collect();
    pieces.push(b"0\r\n\r\n".to_vec());
    pieces
}
