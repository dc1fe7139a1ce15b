//! The Helm chart `deploy/helm/paddock`: what it renders is what Kubernetes, Istio and Envoy Gateway take,
//! and the real Envoy loads what each of them makes of it. No cluster runs it here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod by_hand;
mod code;
mod compose;
mod envoy;
mod envoy_gateway;
mod istio;
mod render;
mod routes;
mod traffic;
mod xds;

use render::{document, documents, render};
use serde_json::{Value, json};

/// Everything that can be switched on, for a mode.
fn everything(mode: &str) -> Value {
    let scaled = json!({"enabled": true});
    json!({
        "mode": mode,
        "hosts": ["llm.example"],
        "imagePullSecrets": ["pull"],
        "secrets": {"existing": "paddock-secrets"},
        "image": {"digest": format!("sha256:{}", "a".repeat(64))},
        "database": {"kind": "postgresql", "url": {"secret": "postgresql"}},
        "service": {
            "strategy": "RollingUpdate",
            "autoscaling": scaled,
            "settings": {"DRAIN_SECONDS": 30},
            "nodeSelector": {"disk": "fast"},
        },
        "gateway": {
            "tlsSecret": "tls",
            "serviceType": "LoadBalancer",
            "autoscaling": scaled,
            "nodeSelector": {"net": "fast"},
            "tolerations": [{"key": "llm", "operator": "Exists"}],
        },
        "reconcile": {"enabled": true},
        "serviceMonitor": {"enabled": true, "labels": {"release": "prometheus"}},
    })
}

fn simple(mode: &str) -> Value {
    json!({"mode": mode, "hosts": ["llm.example"]})
}

#[test]
fn each_mode_renders_what_kubernetes_takes() {
    let modes = ["envoy", "istio", "envoy-gateway"];
    let sets: Vec<Value> = modes
        .into_iter()
        .flat_map(|mode| [simple(mode), everything(mode)])
        .collect();
    for (values, rendered) in sets.iter().zip(render(&sets)) {
        let documents = rendered.unwrap_or_else(|error| panic!("{values}: {error}"));
        assert!(documents.len() > 8, "{values}");
    }
}

#[test]
fn values_that_cannot_work_are_refused() {
    let cases = [
        (json!({"mode": "nginx"}), "mode"),
        (json!({"servise": {}}), "servise"),
        (
            json!({"service": {"replicas": 2}}),
            "need database.kind postgresql",
        ),
        (
            json!({"service": {"strategy": "RollingUpdate"}}),
            "two services must never open one SQLite file",
        ),
        (
            json!({"database": {"kind": "postgresql"}}),
            "name the Secret that holds PostgreSQL's URL",
        ),
        (json!({"mode": "istio"}), "Istio needs the names"),
        (
            json!({"providers": [{"name": "paddock-api", "host": "x.example"}]}),
            "providers/0/name",
        ),
        (
            json!({"service": {"settings": {"ADMIN_KEY": "in-clear"}}}),
            "ADMIN_KEY",
        ),
        (json!({"image": {"digest": "sha256:1"}}), "digest"),
    ];
    let sets: Vec<Value> = cases.iter().map(|(values, _)| values.clone()).collect();
    for ((values, expected), rendered) in cases.iter().zip(render(&sets)) {
        let error = rendered.err().unwrap_or_else(|| panic!("{values} passed"));
        assert!(error.contains(expected), "{values}: {error}");
    }
}

/// Every pod of ours meets the profile "restricted" of Pod Security Standards
/// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
#[test]
fn pods_have_no_rights() {
    for mode in ["envoy", "istio"] {
        for deployment in documents(everything(mode))
            .iter()
            .filter(|document| document["kind"] == "Deployment")
        {
            let spec = &deployment["spec"]["template"]["spec"];
            let pod = &spec["securityContext"];
            assert_eq!(pod["runAsNonRoot"], true, "{deployment:#}");
            assert_eq!(pod["seccompProfile"]["type"], "RuntimeDefault");
            let lists = ["containers", "initContainers"].map(|list| spec[list].as_array());
            for container in lists.into_iter().flatten().flatten() {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false);
                assert_eq!(context["readOnlyRootFilesystem"], true);
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
            }
        }
    }
}

/// A second installation must not be an empty one, and SQLite must not be opened twice.
#[test]
fn a_database_is_made_only_when_told_to() {
    let environment = |values: Value| {
        let all = documents(values);
        document(&all, "Deployment", "paddock")["spec"]["template"]["spec"]["containers"][0]["env"]
            .to_string()
    };
    assert!(!environment(json!({})).contains("PADDOCK_CREATE"));
    assert!(environment(json!({"database": {"create": true}})).contains("PADDOCK_CREATE"));
    let all = documents(json!({}));
    let deployment = document(&all, "Deployment", "paddock");
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    let claim = document(&all, "PersistentVolumeClaim", "paddock");
    assert_eq!(claim["spec"]["accessModes"], json!(["ReadWriteOncePod"]));
}

/// No secret stands in what is rendered but in the Secret.
#[test]
fn secrets_stand_in_secrets_alone() {
    let all = documents(json!({}));
    let secret = document(&all, "Secret", "paddock");
    let base64 = |name: &str| secret["data"][name].as_str().unwrap().to_owned();
    use base64::Engine as _;
    let decode = |text: String| {
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    };
    let key = String::from_utf8(decode(base64("encryption-key"))).unwrap();
    assert_eq!(key.len(), 64);
    assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for name in ["admin-key", "gateway-token"] {
        assert!(decode(base64(name)).len() >= 32);
    }
    let others = all.iter().filter(|document| document["kind"] != "Secret");
    let others = Value::from(others.cloned().collect::<Vec<_>>()).to_string();
    for name in ["admin-key", "gateway-token", "encryption-key"] {
        let plain = String::from_utf8_lossy(&decode(base64(name))).into_owned();
        assert!(!others.contains(&plain), "{name}");
    }
}
