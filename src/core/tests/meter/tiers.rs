//! Which tier served an answer, by the provider's own word.

use crate::bodies::{Body, body};
use crate::run;
use paddock_core::meter::{Framing, Meter};
use paddock_core::wire_format::WireFormat;

fn is_batch(format: WireFormat, framing: Framing, text: &str) -> bool {
    let meter = Meter::new(format, framing, false);
    let bytes = text.as_bytes().chunks(3);
    run(meter, bytes).0.batch
}

#[test]
fn an_openai_answer_says_which_tier_served_it() {
    for name in ["openai-chat.json", "openai-chat-broken-off.sse"] {
        let Body {
            format,
            framing,
            bytes,
            ..
        } = body(name);
        let text = str::from_utf8(bytes).unwrap();
        let compact = text.replace(r#""service_tier": "#, r#""service_tier":"#);
        for (tier, expected) in [
            (r#""default""#, false),
            (r#""flex""#, true),
            (r#""batch""#, true),
            (r#""priority""#, false),
            ("null", false),
        ] {
            let text = compact.replace(
                r#""service_tier":"default""#,
                &format!(r#""service_tier":{tier}"#),
            );
            assert_eq!(is_batch(format, framing, &text), expected, "{name} {tier}");
        }
    }
    // Only the answer's own tier counts, not a word somewhere inside.
    let inside = r#"{"choices":[{"message":{"service_tier":"flex"}}],"usage":{"prompt_tokens":1}}"#;
    assert!(!is_batch(WireFormat::OpenAi, Framing::Json, inside));
}

#[test]
fn of_a_response_the_last_event_says_it() {
    let event = |kind: &str, tier: &str| {
        format!("data: {{\"type\":\"{kind}\",\"response\":{{\"service_tier\":\"{tier}\"}}}}\n\n")
    };
    let stream = |events: &[String]| {
        let text = events.concat();
        is_batch(WireFormat::OpenAiResponses, Framing::EventStream, &text)
    };
    let asked = event("response.created", "flex");
    assert!(!stream(std::slice::from_ref(&asked)), "only asked for");
    let (served, not_served) = (
        event("response.completed", "flex"),
        event("response.completed", "default"),
    );
    assert!(stream(&[asked.clone(), served]));
    assert!(!stream(&[asked, not_served]));
    let whole = r#"{"object":"response","service_tier":"flex","usage":{"input_tokens":1}}"#;
    assert!(is_batch(WireFormat::OpenAiResponses, Framing::Json, whole));
}
