//! Which tier served an answer, by the provider's own word.

use crate::bodies::{Body, body};
use crate::run;
use paddock_core::meter::{Framing, Meter};
use paddock_core::wire_format::WireFormat;

fn tier(format: WireFormat, framing: Framing, text: &str) -> Option<String> {
    let meter = Meter::new(format, framing, false);
    let bytes = text.as_bytes().chunks(3);
    run(meter, bytes).0.tier
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
        for (word, expected) in [
            (r#""default""#, Some("default")),
            (r#""flex""#, Some("flex")),
            (r#""priority""#, Some("priority")),
            (r#""""#, None),
            ("null", None),
        ] {
            let text = compact.replace(
                r#""service_tier":"default""#,
                &format!(r#""service_tier":{word}"#),
            );
            let told = tier(format, framing, &text);
            assert_eq!(told.as_deref(), expected, "{name} {word}");
        }
    }
    // Only the answer's own tier counts, not a word somewhere inside.
    let inside = r#"{"choices":[{"message":{"service_tier":"flex"}}],"usage":{"prompt_tokens":1}}"#;
    assert_eq!(tier(WireFormat::OpenAi, Framing::Json, inside), None);
}

#[test]
fn of_a_response_the_last_event_says_it() {
    let event = |kind: &str, tier: &str| {
        format!("data: {{\"type\":\"{kind}\",\"response\":{{\"service_tier\":\"{tier}\"}}}}\n\n")
    };
    let stream = |events: &[String]| {
        let text = events.concat();
        tier(WireFormat::OpenAiResponses, Framing::EventStream, &text)
    };
    let asked = event("response.created", "flex");
    assert_eq!(stream(std::slice::from_ref(&asked)), None, "only asked for");
    let (served, not_served) = (
        event("response.completed", "flex"),
        event("response.completed", "default"),
    );
    assert_eq!(stream(&[asked.clone(), served]).as_deref(), Some("flex"));
    assert_eq!(stream(&[asked, not_served]).as_deref(), Some("default"));
    let whole = r#"{"object":"response","service_tier":"flex","usage":{"input_tokens":1}}"#;
    let told = tier(WireFormat::OpenAiResponses, Framing::Json, whole);
    assert_eq!(told.as_deref(), Some("flex"));
}

#[test]
fn anthropic_tells_tier_speed_and_region_in_its_usage() {
    let text = r#"{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1,
        "service_tier":"standard","speed":"fast","inference_geo":"us"}}"#;
    let meter = Meter::new(WireFormat::Anthropic, Framing::Json, false);
    let reading = run(meter, text.as_bytes().chunks(7)).0;
    assert_eq!(reading.tier.as_deref(), Some("standard"));
    assert_eq!(reading.speed.as_deref(), Some("fast"));
    assert_eq!(reading.region.as_deref(), Some("us"));
}

#[test]
fn vertex_tells_it_by_the_kind_of_traffic() {
    for (traffic, expected) in [
        ("ON_DEMAND", Some("on_demand")),
        ("ON_DEMAND_PRIORITY", Some("priority")),
        ("ON_DEMAND_FLEX", Some("flex")),
        ("PROVISIONED_THROUGHPUT", Some("scale")),
        ("TRAFFIC_TYPE_UNSPECIFIED", None),
    ] {
        let text = format!(r#"{{"usageMetadata":{{"trafficType":"{traffic}"}}}}"#);
        let told = tier(WireFormat::Gemini, Framing::Json, &text);
        assert_eq!(told.as_deref(), expected, "{traffic}");
    }
}
