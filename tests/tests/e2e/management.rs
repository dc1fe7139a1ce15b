//! The management API is reached through Envoy, all of it.

use crate::client::Call;
use crate::gateway::Gateway;

/// The service alone says which scheme it wants a key in; the filter refuses without.
#[test]
fn every_operation_of_the_document_is_routed_to_the_service() {
    let gateway = Gateway::shared();
    let document = gateway.send(&Call::get("/openapi.json")).expect(200).json();
    for (path, item) in document["paths"].as_object().unwrap() {
        let of_one = |segment: &str| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
            .to_owned()
        };
        let of_one: Vec<String> = path.split('/').map(of_one).collect();
        let of_one = of_one.join("/");
        for (method, operation) in item.as_object().unwrap() {
            let answer = gateway.send(&Call::new(&method.to_uppercase(), &of_one));
            if path.starts_with("/v1/") && operation.get("security").is_some() {
                // What is signed needs no key, and is not set up here.
                let refused = answer.expect(404).json();
                assert_eq!(refused["error"]["code"], "not_configured", "{path}");
            } else if path.starts_with("/v1/") || path == "/metrics" {
                // Who scrapes the service itself needs no key for its metrics.
                answer.expect(401).with("www-authenticate", "Bearer");
            } else {
                answer.expect(200);
            }
        }
    }
}
