//! The categories of a policy, judged on whole bodies.

use super::{ContentPolicy, RawContentPolicy};
use crate::policy::ContentMode;
use crate::request::texts;
use proptest::prelude::*;
use serde_json::{Value, json};

fn compile(categories: Value) -> (ContentPolicy, Vec<String>) {
    let raw: RawContentPolicy = serde_json::from_value(json!({"categories": categories})).unwrap();
    let mut problems = Vec::new();
    let policy = raw.compile(&mut problems);
    (policy, problems)
}

fn policy() -> ContentPolicy {
    let (policy, problems) = compile(json!([
        {"name": "weapons", "phrases": ["make a bomb", "nerve gas"], "enforced_from": "relaxed"},
        {"name": "cards", "patterns": ["\\b\\d{4}[ -]?\\d{4}[ -]?\\d{4}[ -]?\\d{4}\\b"]},
        {"name": "medical", "phrases": ["diagnosis"], "patterns": ["(?i)ICD-10"],
         "enforced_from": "strict"},
    ]));
    assert_eq!(problems, Vec::<String>::new());
    policy
}

fn found(body: &Value, mode: ContentMode, allowed: &[&str]) -> Option<String> {
    judged(body.to_string().as_bytes(), mode, allowed)
}

fn judged(body: &[u8], mode: ContentMode, allowed: &[&str]) -> Option<String> {
    let allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
    let policy = policy();
    let found = policy.violation(&texts(body), mode, &allowed);
    found.map(str::to_owned)
}

#[test]
fn modes_and_exemptions_decide_what_is_enforced() {
    use ContentMode::{Relaxed, Standard, Strict};
    let says = |text: &str| json!({"model": "m", "messages": [{"role": "user", "content": text}]});
    let (bomb, card, ill) = (
        says("how to Make  a BOMB?"),
        says("4111 1111 1111 1111"),
        says("icd-10"),
    );
    let every = ["weapons", "cards", "medical"];
    for (body, mode, allowed, expected) in [
        (&bomb, Relaxed, &[][..], Some("weapons")),
        (&bomb, Strict, &[], Some("weapons")),
        (&bomb, Strict, &["weapons"], Some("weapons")),
        (&card, Relaxed, &[], None),
        (&card, Standard, &[], Some("cards")),
        (&card, Standard, &["weapons"], Some("cards")),
        (&ill, Standard, &[], None),
        (&ill, Strict, &[], Some("medical")),
        (&ill, Strict, &every[..], None),
        (&says("a bomb"), Strict, &[], None),
        (&says("14111 1111 1111 11112"), Strict, &[], None),
    ] {
        let found = found(body, mode, allowed);
        assert_eq!(found.as_deref(), expected, "{body} {mode:?} {allowed:?}");
    }
    let policy = policy();
    assert!(policy.enforces(Relaxed, &[]));
    assert!(policy.enforces(Relaxed, &["weapons".to_owned()]));
    assert!(!ContentPolicy::default().enforces(Strict, &[]));
}

#[test]
fn every_place_a_model_reads_is_looked_at() {
    let bomb = "make a bomb";
    for body in [
        json!({"messages": [{"role": "user", "content": bomb}]}),
        json!({"messages": [{"content": [{"type": "text", "text": bomb}]}]}),
        json!({"messages": [{"role": "tool", "content": bomb}]}),
        json!({"messages": [{"tool_calls": [{"function": {"arguments": bomb}}]}]}),
        json!({"tools": [{"function": {"name": "f", "description": bomb}}]}),
        json!({"tools": [{"function": {"parameters": {"properties": {"make a bomb": {}}}}}]}),
        json!({"prompt": bomb}),
        json!({"prompt": ["fine", bomb]}),
        json!({"input": bomb}),
        json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": bomb}]}]}),
        json!({"instructions": bomb}),
        json!({"system": bomb}),
        json!({"system": [{"type": "text", "text": bomb}]}),
        json!({"messages": [{"content": [{"type": "tool_result", "content": [{"text": bomb}]}]}]}),
        json!({"contents": [{"parts": [{"text": bomb}]}]}),
        json!({"systemInstruction": {"parts": [{"text": bomb}]}}),
        json!({"contents": [{"parts": [{"functionResponse": {"response": {"any": bomb}}}]}]}),
        // What only looks like a medium, and what stands under the key of one.
        json!({"messages": [{"content": [{"image_url": {"url": bomb}}]}]}),
        json!({"messages": [{"content": format!("data:text/plain,{bomb}")}]}),
    ] {
        let found = found(&body, ContentMode::Standard, &[]);
        assert_eq!(found.as_deref(), Some("weapons"), "{body}");
    }
    let image = format!("data:image/png;base64,{}", "4111111111111111".repeat(100));
    for body in [
        json!({"model": bomb, "messages": []}),
        json!({"user": bomb, "messages": []}),
        json!({"messages": [{"content": [{"image_url": {"url": image}}]}]}),
        json!({"messages": [{"content": "unmake a bombardment"}], "seed": 4_111_111_111_111_111_u64}),
    ] {
        assert_eq!(found(&body, ContentMode::Standard, &[]), None, "{body}");
    }
}

#[test]
fn escapes_and_seams_hide_nothing() {
    for body in [
        r#"{"prompt":"m\u0061ke a b\u006fmb"}"#,
        r#"{"\u0070rompt":"make\u0020a\u000abomb"}"#,
        r#"{"prompt":"make\u00a0a \uff22\uff4f\uff4d\uff42"}"#,
        r#"{"prompt":"make a bo\u200bmb"}"#,
        r#"{"messages":[{"content":[{"type":"text","text":"make a"},{"type":"text","text":"bomb"}]}]}"#,
        r#"{"messages":[{"content":[{"type":"text","text":"make a bo"},{"type":"text","text":"mb"}]}]}"#,
        r#"{"messages":[{"role":"user","content":"make"},{"role":"user","content":"a bomb"}]}"#,
        r#"{"contents":[{"parts":[{"text":"make "},{"text":"a bomb"}]}]}"#,
        r#"{"messages":[{"content":"fine"}],"messages":[{"content":"make a bomb"}]}"#,
    ] {
        let found = judged(body.as_bytes(), ContentMode::Standard, &[]);
        assert_eq!(found.as_deref(), Some("weapons"), "{body}");
    }
    let split = r#"{"input":[{"text":"4111 1111"},{"text":" 1111 1111"}]}"#;
    let found = judged(split.as_bytes(), ContentMode::Standard, &[]);
    assert_eq!(found.as_deref(), Some("cards"));
}

#[test]
fn what_cannot_be_compiled_is_named() {
    let many: Vec<String> = (0..10_001).map(|n| format!("w{n}")).collect();
    let (_, problems) = compile(json!([
        {"name": "a", "patterns": ["(", "\\w{1000}{1000}", "(?=x)", "fine"], "phrases": ["..."]},
        {"name": "a", "patterns": ["x".repeat(1_025)]},
        {"name": "", "phrases": many},
    ]));
    let all = problems.join("\n");
    for part in [
        "category `a`: pattern `(`: unclosed group",
        "category `a`: pattern `\\w{1000}{1000}`: it takes more than 262144 bytes compiled",
        "category `a`: pattern `(?=x)`: look-around",
        "category `a`: phrase `...` must have 1 to 32 words",
        "category `a` is there twice",
        "is longer than 1024 bytes",
        "category ``: name must have 1 to 64",
        "more than 10000 phrases and patterns",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>, text: String) {
        let _ = judged(&body, ContentMode::Strict, &[]);
        let _ = found(&json!({"input": [text]}), ContentMode::Strict, &[]);
    }

    /// A phrase is found wherever it stands, whatever surrounds it, and however it is cut up.
    #[test]
    fn a_phrase_is_found_however_it_is_cut(
        before in "[^0-9]{0,20}", after in "[^0-9]{0,20}", cut in 0usize..12,
    ) {
        let (head, tail) = "nerve gas!!!".split_at(cut);
        let parts = [format!("{before} {head}"), format!("{tail} {after}")];
        let content: Vec<Value> = parts.iter().map(|text| json!({"text": text})).collect();
        let body = json!({"messages": [{"role": "user", "content": content}]});
        let found = found(&body, ContentMode::Standard, &[]);
        prop_assert_eq!(found.as_deref(), Some("weapons"));
    }
}
