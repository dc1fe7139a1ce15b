//! The providers' credentials: each where it belongs, and nowhere else.

use crate::client::{Answer, Call, Connection, http2};
use crate::examples::{example, tour};
use crate::gateway::{Gateway, eventually, header_of, target};
use paddock_local::{Part, root};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const EXAMPLE: &str = "examples/provider-credentials/envoy.yaml";
const README: &str = "examples/provider-credentials/README.md";
const FOLDER: &str = "examples/provider-credentials/credentials";
/// What every credential of the example begins with.
const CREDENTIAL: &str = "the-credential-of-";
/// What every key of the example ends with.
const KEY: &str = "-key-for-trying-out";

/// The example with a copy of its credentials, which is gone with it.
struct Credentials {
    gateway: Gateway,
    folder: TempDir,
}

impl Credentials {
    fn start(edit: impl FnOnce(&Path)) -> Credentials {
        let folder = tempfile::tempdir_in(target()).unwrap();
        let moved = folder.path().to_str().unwrap().to_owned();
        for entry in std::fs::read_dir(root().join(FOLDER)).unwrap() {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let copy = folder.path().join(entry.file_name());
            std::fs::write(copy, text.replace(FOLDER, &moved)).unwrap();
        }
        edit(folder.path());
        let gateway = example(EXAMPLE, |text| text.replace(FOLDER, &moved));
        Credentials { gateway, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a credential in place as an operator does: by a move.
    fn provide(&self, name: &str, credential: &str) {
        std::fs::write(self.path("next"), credential).unwrap();
        std::fs::rename(self.path("next"), self.path(&format!("{name}.key"))).unwrap();
    }

    /// The requests that have arrived since it was last asked.
    fn arrived(&self) -> Vec<Value> {
        let requests = self.gateway.send_to_provider(&Call::get("/_fake/requests"));
        let forget = Call::new("DELETE", "/_fake/requests");
        self.gateway.send_to_provider(&forget);
        requests.json().as_array().unwrap().clone()
    }
}

fn key(namespace: &str) -> String {
    format!("{namespace}{KEY}")
}

fn chat(namespace: &str) -> Call {
    Call::chat_with(&key(namespace), &json!({"max_tokens": 16}))
}

fn messages(namespace: &str) -> Call {
    let body = json!({"model": "claude-sonnet-4.5", "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello, horse"}]});
    Call::post("/v1/messages", body.to_string()).header("x-api-key", key(namespace))
}

fn generate(namespace: &str) -> Call {
    let path = "/v1beta/models/gemini-2.5-flash:generateContent";
    let body = json!({"contents": [{"parts": [{"text": "Hello, horse"}]}]});
    Call::post(path, body.to_string()).header("x-goog-api-key", key(namespace))
}

#[test]
fn the_examples_tour_does_what_it_says() {
    let credentials = Credentials::start(|_| ());
    let provider = format!("http://{}", credentials.gateway.provider);
    let environment = [
        ("PROVIDER_URL", provider.as_str()),
        ("CREDENTIALS", credentials.folder.path().to_str().unwrap()),
    ];
    tour(&credentials.gateway, README, &environment);
}

/// Whatever else a client sends that looks like a key or chooses whom the provider bills.
fn presumptuous(call: Call) -> Call {
    let mut call = call;
    for name in ["authorization", "x-api-key", "api-key", "x-goog-api-key"] {
        if !call.headers.iter().any(|(other, _)| other == name) {
            call = call.header(name, "Bearer a-clients-own");
        }
    }
    for name in [
        "openai-project",
        "openai-organization",
        "x-goog-user-project",
    ] {
        call = call.header(name, "a-clients-own");
    }
    call.header("x-paddock-namespace", "support")
        .header("x-paddock-upstream", "openai-support")
}

#[test]
fn each_request_shows_the_credential_of_its_namespace_and_no_other() {
    let credentials = Credentials::start(|_| ());
    let gateway = &credentials.gateway;
    let bearer = |name: &str| ("authorization", format!("Bearer {CREDENTIAL}{name}"));
    let cases = [
        (chat("search"), bearer("openai-search")),
        (chat("support"), bearer("openai-support")),
        (chat("others"), bearer("openai")),
        (
            messages("search"),
            ("x-api-key", format!("{CREDENTIAL}anthropic")),
        ),
        (
            generate("search"),
            ("x-goog-api-key", format!("{CREDENTIAL}gemini")),
        ),
    ];
    for (call, (header, credential)) in cases {
        // A key in Authorization would come first.
        let bare = call.clone().header("api-key", "a-clients-own");
        let clients = match header {
            "authorization" => presumptuous(call.clone()),
            _ => bare.clone(),
        };
        for call in [call, bare, clients] {
            gateway.send(&call).expect(200);
            http2::send(gateway.address, &call).expect(200);
        }
        let arrived = credentials.arrived();
        assert_eq!(arrived.len(), 6);
        for request in arrived {
            assert_eq!(
                header_of(&request, header),
                Some(credential.as_str()),
                "{request:#}"
            );
            let text = request.to_string();
            assert_eq!(text.matches(CREDENTIAL).count(), 1, "{request:#}");
            assert!(
                !text.contains(KEY) && !text.contains("a-clients-own"),
                "{request:#}"
            );
            assert!(!text.contains("x-paddock"), "{request:#}");
        }
    }
}

#[test]
fn no_tenant_sees_it_and_nothing_writes_it_down() {
    let credentials = Credentials::start(|_| ());
    let gateway = &credentials.gateway;
    let mut answers: Vec<Answer> = [
        chat("search"),
        Call::chat_with(&key("search"), &json!({"stream": true})),
        chat("search")
            .fake("trailers", true)
            .header("te", "trailers"),
        chat("search").fake("status", 400),
        chat("search").fake("status", 401),
        chat("search").fake("status", 429),
        chat("search").fake("status", 500),
        chat("search").fake("reset-after", 0),
        Call::chat_with(&key("search"), &json!({"stream": true})).fake("reset-after", 2),
        chat("search").fake("status", 401).header("x-debug", "1"),
        chat("nobody"),
        Call::chat_with(&key("search"), &json!({"model": "nothing"})),
        Call::get("/v1/files").key(&key("search")),
        Call::get("/v1/models").key(&key("search")),
        messages("support"),
        messages("support").fake("status", 529),
        generate("support"),
        generate("support").fake("status", 403),
    ]
    .iter()
    .flat_map(|call| [gateway.send(call), http2::send(gateway.address, call)])
    .collect();
    assert!(
        answers.iter().any(|answer| answer.status == 503),
        "broken off"
    );
    gateway.kill(Part::Provider);
    let gone = Connection::open(gateway.address).call(&chat("search"));
    answers.push(gone.expect(503));
    for answer in &answers {
        let heads = answer.headers.iter().chain(&answer.trailers);
        let told = heads.flat_map(|(name, value)| [name.as_bytes(), value.as_slice()]);
        for part in told.chain([answer.body.as_slice()]) {
            let text = String::from_utf8_lossy(part);
            assert!(
                !text.contains(CREDENTIAL) && !text.contains(KEY),
                "{answer}"
            );
        }
    }
    let written = eventually("all is logged", || {
        let log = gateway.access_log();
        (log.len() >= answers.len()).then(|| Value::from(log).to_string())
    });
    let metrics = gateway.envoy_metrics();
    let dump = gateway.envoy_stats("/config_dump?include_eds");
    for text in [written, metrics, dump, gateway.envoy_log()] {
        assert!(!text.contains(CREDENTIAL) && !text.contains(KEY), "{text}");
    }
}

#[test]
fn a_rotated_one_takes_effect_without_a_restart_and_the_old_one_is_gone() {
    let credentials = Credentials::start(|_| ());
    let gateway = &credentials.gateway;
    let shown = || {
        gateway.send(&chat("search")).expect(200);
        let request = credentials.arrived().pop().unwrap();
        header_of(&request, "authorization").unwrap().to_owned()
    };
    assert_eq!(shown(), format!("Bearer {CREDENTIAL}openai-search"));
    for next in ["second", "third"] {
        credentials.provide("openai-search", next);
        let next = format!("Bearer {next}");
        // Each worker has a copy of its own, and connections are spread over them.
        eventually("the new one is shown everywhere", || {
            (0..20).all(|_| shown() == next).then_some(())
        });
    }
    // The others' are as they were.
    gateway.send(&chat("support")).expect(200);
    let request = credentials.arrived().pop().unwrap();
    let expected = format!("Bearer {CREDENTIAL}openai-support");
    assert_eq!(
        header_of(&request, "authorization"),
        Some(expected.as_str())
    );
}

#[test]
fn without_one_nothing_is_sent() {
    let credentials = Credentials::start(|folder| {
        std::fs::remove_file(folder.join("gemini.key")).unwrap();
    });
    let gateway = &credentials.gateway;
    let refused = gateway.send(&generate("search")).expect(503);
    refused.says("/error/code", "gateway_misconfigured");
    assert!(credentials.arrived().is_empty());
    gateway.send(&chat("search")).expect(200);
    assert_eq!(credentials.arrived().len(), 1);
    credentials.provide("gemini", "late");
    eventually("the late one is shown", || {
        (gateway.send(&generate("search")).status == 200).then_some(())
    });
    let request = credentials.arrived().pop().unwrap();
    assert_eq!(header_of(&request, "x-goog-api-key"), Some("late"));
}
