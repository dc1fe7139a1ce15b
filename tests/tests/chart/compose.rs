//! `examples/compose` is what Compose takes, and its Prometheus asks where the metrics are.

use crate::envoy::original;
use paddock_local::root;
use serde_json::Value;
use std::process::Command;

#[test]
fn the_compose_file_is_one() {
    let output = Command::new(root().join(".paddock/chart/venv/bin/python"))
        .arg(root().join("tests/chart/compose.py"))
        .arg(root().join("examples/compose/compose.yaml"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let services = String::from_utf8(output.stdout).unwrap();
    assert_eq!(services, "envoy\npaddock\nprometheus\n");
}

fn yaml(file: &str) -> Value {
    let text = std::fs::read_to_string(root().join("examples").join(file)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

#[test]
fn prometheus_asks_where_the_metrics_are() {
    let compose = yaml("compose/compose.yaml");
    let mount = &compose["services"]["prometheus"]["volumes"][0];
    assert_eq!(*mount, "${PWD}/examples/monitoring:/etc/prometheus:ro");
    let config = yaml("monitoring/prometheus.yaml");
    let target = |job: usize| &config["scrape_configs"][job]["static_configs"][0]["targets"][0];
    let original = original();
    let address = |pointer: &str| {
        let socket = &original.pointer(pointer).unwrap()["socket_address"];
        format!(
            "{}:{}",
            socket["address"].as_str().unwrap(),
            socket["port_value"]
        )
    };
    let service =
        "/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address";
    assert_eq!(*target(0), address(service));
    assert_eq!(*target(1), address("/admin/address"));
}
