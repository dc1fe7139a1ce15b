//! Where requests are held at the body, their paths are fixed.

use super::asked;
use crate::client::Call;
use crate::gateway::Gateway;
use crate::gateway::tenant::{MARK, Tenant};
use paddock_local::StackOptions;
use serde_json::{Value, json};

const KEY: &str = "a-key-of-the-operators-own";

/// A gateway without a service that holds at the body, whose route leads to Google.
fn gateway() -> Gateway {
    let digest = paddock_core::secret::digest(KEY.as_bytes()).to_hex();
    let policy = json!({
        "namespaces": [{"name": "n"}],
        "keys": [{"id": "k", "sha256": digest, "namespace": "n"}],
    });
    let plugin = json!({"policy": policy, "hold": "body", "upstream": "gemini"});
    let hcm = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    let lead_to_google = move |bootstrap: &mut Value| {
        let routes = format!("{hcm}/route_config/virtual_hosts/0/routes");
        let routes = bootstrap.pointer_mut(&routes).unwrap().as_array_mut();
        let last = routes.unwrap().last_mut().unwrap();
        let route = last["route"].as_object_mut().unwrap();
        route.remove("cluster_header");
        route.insert("cluster".to_owned(), json!("gemini"));
    };
    Gateway::start(StackOptions {
        with_service: false,
        edit_plugin: Some(Box::new(move |config| *config = plugin)),
        edit_bootstrap: Some(Box::new(lead_to_google)),
        ..StackOptions::default()
    })
}

#[test]
fn a_model_that_needs_another_path_is_refused_and_one_that_does_not_is_served() {
    let gateway = gateway();
    let chat = Call::chat_with(KEY, &json!({"model": "gemini-2.5-flash"}));
    let answer = gateway.send(&chat).expect(403);
    let answer = answer.says("/error/code", "model_not_allowed");
    answer.mentions("/error/message", "at '/v1beta/openai/chat/completions'");
    let tenant = Tenant {
        namespace: "n".to_owned(),
        id: "k".to_owned(),
        key: KEY.to_owned(),
        mark: "served".to_owned(),
    };
    let path = "/v1/models/gemini-2.5-flash:generateContent";
    let body = json!({"contents": [{"parts": [{"text": "Hello, horse"}]}]});
    let call = Call::post(path, body.to_string()).key(KEY);
    gateway.send(&call.header(MARK, &tenant.mark)).expect(200);
    assert_eq!(asked(&gateway, &tenant).1, path);
}
