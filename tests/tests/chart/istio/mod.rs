//! Mode `istio`: what istiod makes of the EnvoyFilter, done here to a gateway like istiod's, is told to the real
//! Envoy over xDS and serves calls. How istiod patches: pilot/pkg/networking/core/envoyfilter of
//! github.com/istio/istio; what a gateway is before: buildHTTPConnectionManager in listener_builder.go beside it.

mod gateway;
mod patches;
mod plugin;

pub use plugin::by_hand;

use crate::envoy::{HTTP, has_all_of_it, original};
use crate::render::{document, documents};
use crate::traffic::{self, Form, Rotation};
use crate::{everything, simple};
use patches::made;
use serde_json::Value;

#[test]
fn envoy_takes_what_istiod_makes_of_it() {
    for values in [simple("istio"), everything("istio")] {
        let all = documents(values);
        let made = made(&all);
        let names: Vec<&Value> = made.config.pointer(HTTP).unwrap()["http_filters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|filter| &filter["name"])
            .collect();
        let original = original();
        let wanted: Vec<&Value> = original.pointer(HTTP).unwrap()["http_filters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|filter| &filter["name"])
            .collect();
        assert!(names.ends_with(&wanted), "{names:?}");
        has_all_of_it(&made.config);
        traffic::loads(made, files(&all));
    }
}

fn files(all: &[Value]) -> &Value {
    &document(all, "ConfigMap", "paddock-gateway")["data"]
}

#[test]
fn a_call_is_served_and_booked() {
    let all = documents(simple("istio"));
    traffic::through(Form::Told(made(&all)), files(&all), async |site| {
        traffic::serves(site).await;
        traffic::takes_a_new_filter(site, "paddock").await;
        traffic::takes_a_new_credential(site, Rotation::File).await;
        traffic::answers_in_form(site).await;
    });
}

#[test]
fn an_overload_is_told_in_form() {
    let all = documents(simple("istio"));
    traffic::tells_of_overload(made(&all), files(&all));
}

/// The gateway's pods are those that the EnvoyFilter and the Gateway select.
#[test]
fn everything_is_for_the_same_pods() {
    let all = documents(simple("istio"));
    let labels =
        &document(&all, "Deployment", "paddock-gateway")["spec"]["template"]["metadata"]["labels"];
    let filter =
        &document(&all, "EnvoyFilter", "paddock-gateway")["spec"]["workloadSelector"]["labels"];
    let gateway = &document(&all, "Gateway", "paddock-gateway")["spec"]["selector"];
    assert_eq!(filter, gateway);
    for (name, value) in filter.as_object().unwrap() {
        assert_eq!(&labels[name], value);
    }
}
