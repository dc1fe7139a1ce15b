//! The gateway that a form makes, in a real Envoy before the real service and a fake provider. Addresses alone are
//! replaced by those of this machine.

mod checks;
mod envoys_own;

pub use checks::{Rotation, serves, takes_a_new_credential, takes_a_new_filter};
pub use envoys_own::{answers_in_form, tells_of_overload};

use crate::envoy::{HTTP, placed};
use crate::xds::{ControlPlane, Made, split};
use paddock_local::{Stack, StackOptions, envoy};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

/// How a gateway gets its configuration.
#[derive(Debug)]
pub enum Form {
    /// By a file.
    File(Value),
    /// By a control plane.
    Told(Made),
}

/// A running gateway with all around it.
pub struct Site {
    pub service: Stack,
    pub gateway: Stack,
    /// Which told the gateway, if it was no file.
    pub plane: Option<Arc<ControlPlane>>,
    /// What a gateway's pod mounts.
    pub folder: tempfile::TempDir,
    pub client: reqwest::Client,
    /// Where the management API is: behind the gateway, if it has it.
    pub management: String,
}

/// Starts a gateway, looks at it and stops it. `files` are those of the gateway's ConfigMap.
pub fn through(form: Form, files: &Value, look: impl AsyncFnOnce(&mut Site)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut site = start(form, files).await;
        look(&mut site).await;
        if let Some(plane) = &site.plane {
            plane.taken().await;
        }
        site.gateway.shut_down().await.unwrap();
        site.service.shut_down().await.unwrap();
    });
}

async fn start(form: Form, files: &Value) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let service = Stack::start(StackOptions::default()).await.unwrap();
    let url = service.service_url().unwrap();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let plane = match &form {
        Form::File(_) => None,
        Form::Told(_) => Some(Arc::new(ControlPlane::start())),
    };
    let (made, plane_of_it) = (in_place(form, files, folder.path()), plane.clone());
    let options = StackOptions {
        with_service: false,
        replicas: vec![port],
        await_filter: false,
        edit_bootstrap: Some(Box::new(move |local| {
            *local = on_this_machine(made, local, plane_of_it.as_deref());
        })),
        ..StackOptions::default()
    };
    let gateway = Stack::start(options).await.unwrap();
    Site {
        management: gateway.url(),
        service,
        gateway,
        plane,
        folder,
        client: paddock_local::client().unwrap().build().unwrap(),
    }
}

/// A gateway with the paths of its pod in a folder.
fn in_place(form: Form, files: &Value, folder: &Path) -> Form {
    match form {
        Form::File(config) => Form::File(placed(&config, files, folder)),
        Form::Told(made) => {
            let all = json!([made.config, made.extensions, made.secrets]);
            let all = placed(&all, files, folder);
            let list = |index: usize| all[index].as_array().unwrap().clone();
            Form::Told(Made {
                config: all[0].clone(),
                extensions: list(1),
                secrets: list(2),
                cluster: made.cluster,
            })
        }
    }
}

/// What Envoy starts with, with the addresses of a stack whose own configuration is `local`.
fn on_this_machine(form: Form, local: &Value, plane: Option<&ControlPlane>) -> Value {
    let addressed = |config: &mut Value| {
        config["admin"] = local["admin"].clone();
        let fields = config.as_object_mut().unwrap();
        fields
            .entry("node")
            .or_insert_with(|| local["node"].clone());
        let of = |name: &str| {
            let clusters = local["static_resources"]["clusters"].as_array().unwrap();
            let found = clusters.iter().find(|cluster| cluster["name"] == name);
            found.unwrap()["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
                .clone()
        };
        let listen = &local["static_resources"]["listeners"][0]["address"];
        address(config, listen, &of("paddock"), &of("openai"));
    };
    match (form, plane) {
        (Form::Told(mut made), Some(plane)) => {
            addressed(&mut made.config);
            let (bootstrap, resources) = split(made, plane.port());
            plane.serve(resources);
            bootstrap
        }
        (Form::File(mut config), _) => {
            addressed(&mut config);
            config
        }
        (Form::Told(_), None) => unreachable!("a control plane was started"),
    }
}

fn address(config: &mut Value, listen: &Value, service: &Value, provider: &Value) {
    assert!(config.pointer(HTTP).is_some());
    let listeners = config["static_resources"]["listeners"].as_array_mut();
    let listeners = listeners.unwrap();
    // Others are for Kubernetes alone.
    listeners.truncate(1);
    listeners[0]["address"] = listen.clone();
    let clusters = config["static_resources"]["clusters"].as_array_mut();
    for cluster in clusters.unwrap() {
        let endpoint =
            &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"];
        let socket = &endpoint["address"]["socket_address"];
        if socket["address"] == "127.0.0.1" {
            continue;
        }
        let is_service = socket["port_value"] == 10080;
        endpoint["address"] = if is_service { service } else { provider }.clone();
        if !is_service {
            // The fake provider speaks no TLS.
            cluster.as_object_mut().unwrap().remove("transport_socket");
        }
    }
}

/// Tells Envoy what a control plane has made, and waits until Envoy has taken each type of it.
pub fn loads(made: Made, files: &Value) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let Form::Told(mut made) = in_place(Form::Told(made), files, folder.path()) else {
            unreachable!("it stays what it is");
        };
        let at =
            |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
        address(&mut made.config, &at(0), &at(1), &at(1));
        made.config["admin"] = json!({"address": at(0)});
        let named = made.config.as_object_mut().unwrap();
        named
            .entry("node")
            .or_insert_with(|| json!({"id": "gateway", "cluster": "gateway"}));
        let plane = ControlPlane::start();
        let (bootstrap, resources) = split(made, plane.port());
        plane.serve(resources);
        let file = folder.path().join("bootstrap.json");
        std::fs::write(&file, bootstrap.to_string()).unwrap();
        let mut envoy = tokio::process::Command::new(envoy().unwrap())
            .arg("-c")
            .arg(&file)
            .args([
                "--use-dynamic-base-id",
                "--log-level",
                "error",
                "--concurrency",
                "1",
            ])
            .env("PADDOCK_GATEWAY_TOKEN", "a-token-of-sixteen-characters")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        tokio::select! {
            () = plane.taken() => {}
            ended = envoy.wait() => panic!("Envoy ended: {ended:?}"),
        }
        envoy.kill().await.unwrap();
    });
}

/// Has a gateway's listener speak TLS, with a certificate that comes by SDS.
pub fn encrypt(config: &mut Value, name: &str) {
    let certificate = rcgen::generate_simple_self_signed(["llm.example".to_owned()]).unwrap();
    let chain = &mut config["static_resources"]["listeners"][0]["filter_chains"][0];
    chain["transport_socket"] = json!({"name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificate_sds_secret_configs": [{"name": name, "sds_config": crate::xds::ads()}],
        },
    }});
    let secrets = config["static_resources"].as_object_mut().unwrap();
    let secrets = secrets.entry("secrets").or_insert_with(|| json!([]));
    secrets
        .as_array_mut()
        .unwrap()
        .push(json!({"name": name, "tls_certificate": {
            "certificate_chain": {"inline_string": certificate.cert.pem()},
            "private_key": {"inline_string": certificate.signing_key.serialize_pem()},
        }}));
}
