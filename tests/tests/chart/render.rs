//! The chart as Helm renders it. `tests/chart/render.py` does it, and judges each document by its schema.

use paddock_local::root;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// What came of one set of values: documents, or what Helm says is wrong.
pub type Rendered = Result<Vec<Value>, String>;

/// Renders each set of values. Panics if a document is none that Kubernetes would take.
pub fn render(sets: &[Value]) -> Vec<Rendered> {
    let output = python(&[], &json!(sets));
    let answers: Vec<Value> = serde_json::from_slice(&output).unwrap();
    assert_eq!(answers.len(), sets.len());
    answers.into_iter().map(rendered).collect()
}

fn rendered(answer: Value) -> Rendered {
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["documents"].as_array().unwrap().clone()),
    }
}

/// One set of values that is right.
pub fn documents(values: Value) -> Vec<Value> {
    let mut all = render(&[values]);
    all.remove(0).unwrap_or_else(|error| panic!("{error}"))
}

/// The one document of that kind and name.
pub fn document<'a>(documents: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let mut found = documents
        .iter()
        .filter(|document| document["kind"] == kind && document["metadata"]["name"] == name);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {kind} {name} was rendered"));
    assert!(found.next().is_none(), "{kind} {name} is there twice");
    first
}

/// Panics if a document is none that Kubernetes would take.
pub fn judge(documents: &[Value]) {
    python(&["judge"], &json!(documents));
}

fn python(arguments: &[&str], input: &Value) -> Vec<u8> {
    let python = root().join(".paddock/chart/venv/bin/python");
    assert!(
        python.exists(),
        "Helm is missing: run scripts/setup-venv chart tests/chart/requirements.txt"
    );
    let mut child = Command::new(python)
        .arg(root().join("tests/chart/render.py"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = input.to_string();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    output.stdout
}
