use super::*;
use WireFormat::{Anthropic, Gemini, OpenAi, OpenAiResponses};

fn listed(headers: &[&str], query: &[&str]) -> (Forwarding, Vec<String>) {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let raw = RawForwarding {
        forward_headers: own(headers),
        forward_query: own(query),
    };
    let mut problems = Vec::new();
    (raw.validate(&mut problems), problems)
}

#[test]
fn each_format_has_its_own_headers() {
    let none = Forwarding::default();
    for (name, formats) in [
        ("content-type", &WireFormat::ALL[..]),
        ("user-agent", &WireFormat::ALL),
        (":path", &WireFormat::ALL),
        ("traceparent", &WireFormat::ALL),
        ("openai-beta", &[OpenAi, OpenAiResponses]),
        ("x-client-request-id", &[OpenAi, OpenAiResponses]),
        ("anthropic-version", &[Anthropic]),
        ("anthropic-beta", &[Anthropic]),
        ("x-server-timeout", &[Gemini]),
        ("openai-organization", &[]),
        ("openai-project", &[]),
        ("x-goog-user-project", &[]),
        ("cookie", &[]),
        ("proxy-authorization", &[]),
        ("x-auth-token", &[]),
        ("x-http-method-override", &[]),
        ("forwarded", &[]),
        ("idempotency-key", &[]),
        ("content-encoding", &[]),
        ("x-stainless-os", &WireFormat::ALL),
        ("x-app", &[]),
        ("x_content-type", &[]),
    ] {
        for format in WireFormat::ALL {
            let expected = formats.contains(&format);
            assert_eq!(
                none.header(Some(format), name),
                expected,
                "{name} {format:?}"
            );
        }
    }
    for never in NEVER {
        let reaches = WireFormat::ALL.map(|format| none.header(Some(format), never));
        assert_eq!(reaches, [false; 4], "{never}");
    }
    for (name, passes) in [
        ("range", true),
        ("x-goog-upload-command", true),
        ("anthropic-version", true),
        ("openai-project", false),
        ("authorization", false),
        ("cookie", false),
    ] {
        assert_eq!(none.header(None, name), passes, "{name}");
    }
}

#[test]
fn each_format_has_its_own_parameters() {
    let none = Forwarding::default();
    for (name, value, format) in [
        ("beta", "true", Some(Anthropic)),
        ("alt", "sse", Some(Gemini)),
        ("%61lt", "s%73e", Some(Gemini)),
        ("alt", "proto", None),
        ("alt", "sse;fields=x", None),
        ("prettyPrint", "false", Some(Gemini)),
        ("prettyPrint", "1;$fields=x", None),
        ("fields", "x", None),
        ("$httpHeaders", "x-goog-fieldmask:a", None),
        ("access_token", "x", None),
        ("model", "x", None),
        ("api-version", "x", None),
    ] {
        for asked in WireFormat::ALL {
            let reaches = none.parameter(Some(asked), name.as_bytes(), value.as_bytes());
            assert_eq!(reaches, Some(asked) == format, "{name}={value} {asked:?}");
        }
    }
    for (name, passes) in [
        ("limit", true),
        ("fields", true),
        ("$fields", false),
        ("%24httpHeaders", false),
        ("access_token", false),
    ] {
        assert_eq!(
            none.parameter(None, name.as_bytes(), b"x"),
            passes,
            "{name}"
        );
    }
}

#[test]
fn the_operator_lists_more() {
    let (more, problems) = listed(&["X-Title", "x-fake-*"], &["api-version"]);
    assert_eq!(problems, [""; 0]);
    for (name, passes) in [
        ("x-title", true),
        ("x-titles", false),
        ("x-fake-a", true),
        ("x-fak", false),
    ] {
        assert_eq!(more.header(Some(OpenAi), name), passes, "{name}");
    }
    assert!(more.parameter(Some(OpenAi), b"api-version", b"2026"));
    assert!(!more.parameter(Some(OpenAi), b"api-version", b"1;b=2"));
}

#[test]
fn what_must_not_reach_a_provider_cannot_be_listed() {
    for name in [
        "*",
        "x-*",
        "x-paddock-*",
        "x-paddock-key",
        "X-Pad*",
        "Authorization",
        "auth*",
        "x-goog-*",
        "x goog",
        "",
    ] {
        assert_eq!(listed(&[name], &[]).1.len(), 1, "{name}");
    }
    for name in ["key", "alt", "$fields", "access_token", "a=b", ""] {
        assert_eq!(listed(&[], &[name]).1.len(), 1, "{name}");
    }
    let many = ["a"; MOST + 1];
    assert_eq!(listed(&many, &many).1.len(), 2);
}
