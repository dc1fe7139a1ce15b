//! Mode `envoy-gateway`: what Envoy Gateway makes of the resources, rebuilt here as far as it matters, is told to
//! the real Envoy over xDS and serves calls. What it makes of such resources: internal/xds/translator and its
//! testdata/out/xds-ir of github.com/envoyproxy/gateway v1.9.0 (wasm, credential-injection-backend-filter,
//! http-route-rewrite-url-host).

mod clusters;
mod patches;
mod routes;
mod translation;

pub use clusters::secret;
pub use translation::made;

use crate::code::Code;
use crate::envoy::has_all_of_it;
use crate::render::{document, documents};
use crate::traffic::{self, Form, Rotation};
use crate::{everything, simple};
use clusters::clusters;
use patches::named;
use serde_json::json;
use translation::FILTER;

#[test]
fn envoy_takes_what_envoy_gateway_makes_of_it() {
    for values in [simple("envoy-gateway"), everything("envoy-gateway")] {
        let all = documents(values);
        let mut made = made(&all, &Code::serve());
        let filter = named(&mut made.config, FILTER).unwrap();
        let plugin = &filter["typed_config"]["config"];
        assert_eq!(plugin["allow_on_headers_stop_iteration"], true);
        assert_eq!(plugin["failure_policy"], "FAIL_RELOAD");
        has_all_of_it(&made.config);
        traffic::loads(made, &json!({}));
    }
}

#[test]
fn a_call_is_served_and_booked() {
    let all = documents(simple("envoy-gateway"));
    let made = made(&all, &Code::serve());
    let secret = secret(document(&all, "HTTPRouteFilter", "paddock-openai"));
    traffic::through(Form::Told(made), &json!({}), async |site| {
        traffic::serves(site).await;
        traffic::takes_a_new_credential(site, Rotation::Secret(&secret)).await;
        traffic::answers_in_form(site).await;
    });
}

#[test]
fn an_overload_is_told_in_form() {
    let all = documents(simple("envoy-gateway"));
    traffic::tells_of_overload(made(&all, &Code::serve()), &json!({}));
}

/// The cluster that the filter asks is the one that Envoy Gateway makes of the management API's first rule.
#[test]
fn the_filter_finds_the_service() {
    let all = documents(simple("envoy-gateway"));
    let wasm = &document(&all, "EnvoyExtensionPolicy", "paddock")["spec"]["wasm"][0];
    let cluster = &wasm["config"]["accounting"]["cluster"];
    assert!(
        clusters(&all, &Code::serve())
            .iter()
            .any(|made| &made["name"] == cluster),
        "{cluster}"
    );
    let proxy = document(&all, "EnvoyProxy", "paddock");
    let token = proxy
        .pointer("/spec/provider/kubernetes/envoyDeployment/container/env/0")
        .unwrap();
    assert_eq!(&wasm["env"]["hostKeys"][0], &token["name"]);
}
