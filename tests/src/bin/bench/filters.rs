//! What each contender has in Envoy: the filter under test, and nothing of Paddock where it is not.

use crate::contender::Contender;
use anyhow::{Context, bail};
use paddock_local::root;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A cluster's options.
const OPTIONS: &str =
    "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
/// What goes through Envoy without Paddock: its filter, the order of deployments, and the pools of its
/// namespaces.
const FILTERS: [&str; 3] = [
    "paddock",
    "envoy.filters.http.header_to_metadata",
    "envoy.filters.http.set_filter_state",
];
const LUA: &str = include_str!("contender.lua");

/// Changes Envoy's configuration to a contender's. `ext_proc` is where the external processor is.
pub fn edit(contender: Contender, ext_proc: SocketAddr, config: &mut Value) {
    // The disk is no part of the comparison.
    if let Some(path) = config.pointer_mut(&format!("{HTTP}/access_log/0/typed_config/path")) {
        *path = json!("/dev/null");
    }
    if contender.is_paddock() {
        return;
    }
    let floor = contender.floor();
    let kept = if floor.is_some() { "paddock" } else { "" };
    let filters = config.pointer_mut(&format!("{HTTP}/http_filters"));
    if let Some(filters) = filters.and_then(Value::as_array_mut) {
        filters.retain(|filter| {
            let name = filter.get("name").and_then(Value::as_str);
            name == Some(kept) || !name.is_some_and(|name| FILTERS.contains(&name))
        });
        let text = "/typed_config/config/configuration/value";
        if let Some(floor) = floor
            && let Some(filter) = filters.first_mut()
            && let Some(text) = filter.pointer_mut(text)
        {
            *text = json!(floor);
        }
        let first = match contender {
            Contender::Lua => Some(lua()),
            Contender::ExtProc => Some(external_processor()),
            _ => None,
        };
        filters.splice(0..0, first);
    }
    let clusters = config.pointer_mut("/static_resources/clusters");
    for cluster in clusters.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(options) = cluster.pointer_mut(OPTIONS).and_then(Value::as_object_mut) {
            options.remove("http_filters");
        }
    }
    if contender == Contender::ExtProc
        && let Some(clusters) = config.pointer_mut("/static_resources/clusters")
        && let Some(clusters) = clusters.as_array_mut()
    {
        clusters.push(processor_cluster(ext_proc));
    }
    let routes = config.pointer_mut(&format!("{HTTP}/route_config/virtual_hosts/0/routes"));
    for route in routes.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(route) = route.as_object_mut() {
            route.remove("typed_per_filter_config");
        }
        let action = route.get_mut("route").and_then(Value::as_object_mut);
        if let Some(action) = action
            && action.remove("cluster_header").is_some()
        {
            action.insert("cluster".into(), "openai".into());
        }
    }
}

fn lua() -> Value {
    json!({
        "name": "lua",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": LUA},
        },
    })
}

/// It is asked with the request's headers and whole body, and with the answer's headers.
fn external_processor() -> Value {
    json!({
        "name": "ext-proc",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
            "grpc_service": {"envoy_grpc": {"cluster_name": "ext-proc"}},
            "processing_mode": {"request_body_mode": "BUFFERED"},
            "message_timeout": "10s",
        },
    })
}

fn processor_cluster(at: SocketAddr) -> Value {
    let http = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({
        "name": "ext-proc",
        "type": "STATIC",
        "typed_extension_protocol_options": {http: {
            "@type": format!("type.googleapis.com/{http}"),
            "explicit_http_config": {"http2_protocol_options": {}},
        }},
        "load_assignment": {
            "cluster_name": "ext-proc",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": {
                "address": at.ip().to_string(),
                "port_value": at.port(),
            }}}}]}],
        },
    })
}

/// Builds the filter of the floors, as `scripts/wasm` builds the real one.
pub fn build_floor() -> anyhow::Result<PathBuf> {
    let script = root().join("scripts/wasm-cargo");
    let built = Command::new(&script)
        .args(["build", "--locked", "--quiet", "-p", "floor-filter"])
        .args([
            "--profile",
            "wasm",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", script.display()))?;
    if !built.status.success() {
        bail!("the floor filter cannot be built");
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let files = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message.get("filenames").cloned());
    files
        .filter_map(|files| Some(PathBuf::from(files.get(0)?.as_str()?)))
        .find(|file| file.ends_with("floor_filter.wasm"))
        .context("cargo does not say where it put the floor filter")
}
