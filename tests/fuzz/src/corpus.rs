//! Inputs from files.

use anyhow::Context;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A folder of the repository.
pub fn folder(below_root: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(below_root)
}

/// The files of a folder with their names, sorted; none if it is not there.
pub fn files(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .context("a file without a name")?;
        files.push((name.to_owned(), std::fs::read(&path)?));
    }
    files.sort();
    Ok(files)
}

/// The folder of what was found once for a target.
pub fn kept(target: &str) -> PathBuf {
    folder("tests/fuzz/corpus").join(target)
}

/// The answers of providers that the meter is tested with, with the names of their files.
pub fn answers() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    files(&folder("src/core/tests/meter/golden"))
}

/// The bodies of requests in the cases: of OpenAI's chats, of Anthropic's, of OpenAI's responses and of
/// Google's, in this order of formats.
pub fn requests() -> anyhow::Result<Vec<(usize, Vec<u8>)>> {
    let mut requests = Vec::new();
    for (kind, body) in bases().into_iter().enumerate() {
        requests.push((kind, body.to_string().into_bytes()));
    }
    for (name, text) in files(&folder("tests/tests/cases/data/cases"))? {
        let cases: Value = serde_json::from_slice(&text).with_context(|| name.clone())?;
        collect(&cases, &mut requests);
    }
    Ok(requests)
}

/// The body that the fields of a case are merged into.
fn bases() -> [Value; 4] {
    [
        json!({"model": "small", "max_tokens": 50, "user": "ann", "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "Name three rivers."}]}),
        json!({"model": "small", "max_tokens": 50, "metadata": {"user_id": "ann"}, "messages": [{"role": "user", "content": [{"type": "text", "text": "Name three rivers."}]}]}),
        json!({"model": "small", "max_output_tokens": 50, "input": "Name three rivers.", "tools": [{"type": "web_search"}]}),
        json!({"generationConfig": {"maxOutputTokens": 50, "candidateCount": 2}, "contents": [{"role": "user", "parts": [{"text": "Name three rivers."}]}]}),
    ]
}

fn collect(case: &Value, requests: &mut Vec<(usize, Vec<u8>)>) {
    match case {
        Value::Array(items) => items.iter().for_each(|item| collect(item, requests)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let kinds = ["chat", "messages", "responses", "generate"];
                match (kinds.iter().position(|kind| kind == name), value) {
                    (Some(kind), Value::Object(fields)) => {
                        requests.push((kind, merged(kind, fields).to_string().into_bytes()));
                    }
                    _ => collect(value, requests),
                }
            }
        }
        _ => {}
    }
}

fn merged(kind: usize, fields: &Map<String, Value>) -> Value {
    let mut body = bases().into_iter().nth(kind).unwrap_or_default();
    for (name, value) in fields {
        body[name] = value.clone();
    }
    // The cases name models of their own.
    if body.get("model").is_some() {
        body["model"] = json!("small");
    }
    body
}
