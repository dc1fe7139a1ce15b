//! Requests as clients send them: compressed, below other base URLs, asking for models, from web pages.

use super::bench::{Bench, CHAT, HeaderList, KEY, body, error, header, headers, reply};
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::policy::{FormatPaths, Routing};
use crate::request::Headers;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use serde_json::Value;

fn gzip(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(),
        compress_to_vec(text, 6),
        vec![0; 4],
        length.to_le_bytes().to_vec(),
    ]
    .concat()
}

fn encoded(encoding: &str, path: &str, body: &[u8]) -> Step {
    let mut bench = Bench::standalone("", "");
    let length = body.len().to_string();
    let more = [("content-encoding", encoding), ("content-length", &length)];
    let mut exchange = Exchange::default();
    bench.send(&mut exchange, &headers(path, KEY, &more), body)
}

#[test]
fn a_compressed_body_is_read_and_goes_on_as_it_was_read() {
    let plain = body("tiny", "");
    for (encoding, sent) in [
        ("gzip", gzip(&plain)),
        ("deflate", compress_to_vec_zlib(&plain, 6)),
    ] {
        let step = encoded(encoding, CHAT, &sent);
        assert_eq!(step.verdict, Verdict::Continue, "{encoding}");
        let renamed = body("small", "");
        let length = renamed.len().to_string();
        for effect in [
            Effect::RemoveRequestHeader("content-encoding".to_owned()),
            Effect::ReplaceRequestBody(renamed),
            Effect::SetRequestHeader("content-length", length),
        ] {
            assert!(step.effects.contains(&effect), "{effect:?}");
        }
    }
    // Where nothing else changes, the plain body goes on all the same.
    let plain = body("small", "");
    let step = encoded("gzip", CHAT, &gzip(&plain));
    assert!(step.effects.contains(&Effect::ReplaceRequestBody(plain)));
}

#[test]
fn a_body_that_cannot_be_read_goes_nowhere() {
    let plain = body("small", "");
    for (encoding, path, sent, status, code) in [
        ("zstd", CHAT, plain.clone(), 415, "unsupported_encoding"),
        ("gzip, br", CHAT, plain.clone(), 415, "unsupported_encoding"),
        ("gzip", CHAT, plain.clone(), 400, "invalid_request_error"),
        ("gzip", CHAT, gzip(b""), 400, "invalid_request_error"),
        ("gzip", CHAT, gzip(&[b' '; 4_096]), 413, "request_too_large"),
        ("br", "/v1/messages", plain, 415, "unsupported_encoding"),
    ] {
        let reply = reply(encoded(encoding, path, &sent));
        assert_eq!(reply.status, status, "{encoding}");
        assert_eq!(error(&reply)["code"], code, "{encoding}");
        let readable = (status == 415).then_some("gzip, deflate");
        assert_eq!(header(&reply, "accept-encoding"), readable);
    }
    // What is unpacked counts among the bodies that are held.
    let mut bench = Bench::standalone("", "");
    bench.worker.config.max_request_bytes = 1 << 20;
    bench.worker.config.held_bodies.key = 100_000;
    let mut exchange = Exchange::default();
    let sent = headers(CHAT, KEY, &[("content-encoding", "gzip")]);
    let long = body("small", &format!(r#","user":"{}""#, "x".repeat(200_000)));
    let full = reply(bench.send(&mut exchange, &sent, &gzip(&long)));
    assert_eq!(
        (full.status, &error(&full)["code"]),
        (429, &"rate_limit_exceeded".into())
    );
    // Nor does one that may name stored objects and that nothing here unpacks.
    let more = [
        ("content-encoding", "gzip"),
        ("content-type", "application/json"),
    ];
    let mut exchange = Exchange::default();
    let sent = headers("/v1/files", KEY, &more);
    let step = Bench::standalone("", "").send(&mut exchange, &sent, b"x");
    assert_eq!(reply(step).status, 415);
}

#[test]
fn base_urls_may_have_the_version_or_not() {
    for (path, usual) in [
        ("/v1/v1/messages?beta=true", "/v1/messages?beta=true"),
        (
            "/v1/v1beta/models/small:generateContent",
            "/v1beta/models/small:generateContent",
        ),
        ("/chat/completions", CHAT),
        ("/v1/chat/completions/", CHAT),
    ] {
        let mut bench = Bench::standalone("", "");
        let mut exchange = Exchange::default();
        let sent = headers(path, KEY, &[]);
        let step = bench.send(&mut exchange, &sent, &body("small", ""));
        assert_eq!(step.verdict, Verdict::Continue, "{path}");
        let set = Effect::SetPath(usual.to_owned());
        assert!(step.effects.contains(&set), "{path}: {:?}", step.effects);
    }
    for path in ["/", "/v1/v1", "/v2/messages", "/x/v1/messages"] {
        let step = ask(&mut Bench::standalone("", ""), "POST", path, &[]);
        assert_eq!(reply(step).status, 404, "{path}");
    }
}

/// A request without a body.
fn ask(bench: &mut Bench, method: &str, path: &str, more: &[(&str, &str)]) -> Step {
    let mut sent: HeaderList = headers(path, KEY, more);
    sent[0].1 = method.as_bytes().to_vec();
    if more.iter().any(|(name, _)| *name == "x-goog-api-key") {
        sent.retain(|(name, _)| name != "authorization");
    }
    let input = Input::RequestHeaders {
        headers: Headers(&crate::request::borrowed(&sent)),
        attributes: &[],
        end: true,
    };
    bench.step(&mut Exchange::default(), input)
}

fn answered(bench: &mut Bench, path: &str, more: &[(&str, &str)]) -> Value {
    let reply = reply(ask(bench, "GET", path, more));
    assert_eq!(reply.status, 200, "{path}");
    let has_request_id = header(&reply, "request-id").is_some();
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(has_request_id, body["has_more"] == false, "{path}");
    body
}

#[test]
fn models_are_listed_as_the_client_reads_them() {
    let mut bench = Bench::standalone("", r#","allowed_models":["small","large"]"#);
    let anthropic = [("anthropic-version", "2023-06-01")];
    let google = [("x-goog-api-key", KEY)];
    let list = answered(&mut bench, "/v1/models", &[]);
    assert_eq!(list["object"], "list");
    assert_eq!(list["data"][1]["id"], "large");
    assert!(list.get("models").is_none());
    let list = answered(&mut bench, "/v1/models?client_version=0.171.0", &[]);
    assert_eq!(
        (
            &list["data"][0]["id"],
            list["models"].as_array().unwrap().len()
        ),
        (&"small".into(), 0)
    );
    let list = answered(&mut bench, "/v1/models?limit=1", &anthropic);
    assert_eq!(
        (&list["first_id"], &list["last_id"]),
        (&"small".into(), &"large".into())
    );
    assert_eq!(list["data"][0]["type"], "model");
    for path in ["/v1beta/models", "/v1/models"] {
        let list = answered(&mut bench, path, &google);
        let names: Vec<_> = list["models"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| &model["name"])
            .collect();
        assert_eq!(names, ["models/small", "models/large"]);
        assert_eq!(list["models"][0]["outputTokenLimit"], 100);
    }
}

#[test]
fn one_model_is_answered_or_refused_as_a_call_of_it_would_be() {
    let mut bench = Bench::standalone("", r#","allowed_models":["small"]"#);
    let anthropic = [("anthropic-version", "2023-06-01")];
    assert_eq!(answered(&mut bench, "/v1/models/tiny", &[])["id"], "tiny");
    assert_eq!(
        ask(&mut bench, "HEAD", "/v1/models/tiny", &[]).verdict,
        ask(&mut bench, "GET", "/v1/models/tiny", &[]).verdict
    );
    let gemini = answered(&mut bench, "/v1beta/models/small", &[]);
    assert_eq!(gemini["name"], "models/small");
    for (name, status, code) in [
        ("large", 403, "model_not_allowed"),
        ("nothing", 404, "model_not_found"),
    ] {
        let path = format!("/v1/models/{name}");
        let reply = reply(ask(&mut bench, "GET", &path, &anthropic));
        assert_eq!(
            (reply.status, &error(&reply)["code"]),
            (status, &code.into())
        );
        assert!(header(&reply, "request-id").is_some());
    }
}

#[test]
fn what_google_does_not_serve_is_not_in_its_list() {
    let mut bench = Bench::standalone("", "");
    let policy = bench.worker.config.policy.clone().unwrap();
    let mut catalog = policy.catalog;
    catalog.models[0].paths = serde_json::from_str::<FormatPaths>(r#"{"openai":"/v1"}"#).unwrap();
    catalog.models[1].capabilities = vec!["embeddings".to_owned()];
    let routing = r#"{"name":"r","fallback_model":"large","rules":[]}"#;
    let routing = serde_json::from_str::<Routing>(routing).unwrap();
    let mut namespaces = policy.namespaces;
    namespaces[0].routing = Some(routing);
    bench.worker.cache =
        crate::cache::PolicyCache::complete(policy.keys, namespaces, policy.organizations, catalog);
    let list = answered(&mut bench, "/v1beta/models", &[]);
    assert_eq!(list["models"][0]["name"], "models/large");
    assert_eq!(
        list["models"][0]["supportedGenerationMethods"][0],
        "embedContent"
    );
    let names = list["models"].to_string();
    assert!(
        !names.contains("models/small") && names.contains("models/auto"),
        "{names}"
    );
    assert_eq!(
        reply(ask(&mut bench, "GET", "/v1beta/models/small", &[])).status,
        404
    );
    assert_eq!(
        answered(&mut bench, "/v1/models/auto", &[])["owned_by"],
        "paddock"
    );
}

const PAGE: (&str, &str) = ("origin", "https://app.test");

fn for_pages(origins: &str) -> Bench {
    let mut bench = Bench::standalone("", "");
    bench.worker.config.cors_origins = vec![origins.to_owned()];
    bench
}

#[test]
fn a_listed_page_may_ask_and_read() {
    let preflight = [
        PAGE,
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization, x-stainless-os",
        ),
    ];
    for origins in ["https://app.test", "*"] {
        let mut bench = for_pages(origins);
        let allowed = reply(ask(&mut bench, "OPTIONS", CHAT, &preflight));
        assert_eq!((allowed.status, allowed.body.len()), (204, 0));
        let names = header(&allowed, "access-control-allow-headers");
        assert_eq!(names, Some("authorization, x-stainless-os"));
        assert_eq!(
            header(&allowed, "access-control-allow-origin"),
            Some(PAGE.1)
        );
        assert_eq!(header(&allowed, "vary"), Some("origin"));
        // A refusal can be read as well, and so can a provider's answer.
        let refused = reply(ask(&mut bench, "POST", "/nowhere", &[PAGE]));
        assert_eq!(
            header(&refused, "access-control-allow-origin"),
            Some(PAGE.1)
        );
        let mut exchange = Exchange::default();
        bench.send(
            &mut exchange,
            &headers(CHAT, KEY, &[PAGE]),
            &body("small", ""),
        );
        let told = bench.answer(&mut exchange, 200, "application/json");
        let allow = Effect::SetResponseHeader("access-control-allow-origin", PAGE.1.to_owned());
        assert!(told.effects.contains(&allow));
    }
}

#[test]
fn other_pages_are_told_nothing() {
    let preflight = [PAGE, ("access-control-request-method", "POST")];
    let method = ("access-control-request-method", "POST");
    let odd = ("access-control-request-headers", "a\r\nb");
    let own_headers = [PAGE, method, odd];
    let key = crate::secret::write(&[0; 32]);
    let names_key = [PAGE, method, ("access-control-request-headers", &key)];
    for (mut bench, sent) in [
        (Bench::standalone("", ""), &preflight[..]),
        (for_pages("https://other.test"), &preflight),
        (for_pages(PAGE.1), &own_headers),
        (for_pages(PAGE.1), &names_key),
        (for_pages(PAGE.1), &[PAGE]),
    ] {
        let answer = reply(ask(&mut bench, "OPTIONS", CHAT, sent));
        assert_eq!(answer.status, 404);
        assert!(!answer.headers.iter().any(|(_, value)| value.contains(&key)));
        let listed = bench.worker.config.cors_origins == [PAGE.1];
        assert_eq!(
            header(&answer, "access-control-allow-origin").is_some(),
            listed
        );
        assert_eq!(header(&answer, "access-control-allow-methods"), None);
    }
    let mut bench = Bench::standalone("", "");
    let mut exchange = Exchange::default();
    bench.send(
        &mut exchange,
        &headers(CHAT, KEY, &[PAGE]),
        &body("small", ""),
    );
    let told = bench.answer(&mut exchange, 200, "application/json");
    let is_of_pages = |effect: &Effect| format!("{effect:?}").contains("access-control");
    assert!(!told.effects.iter().any(is_of_pages));
}
