//! A gateway before it is patched.

use serde_json::{Value, json};

pub const ROUTER: &str = "envoy.filters.http.router";

/// What of a gateway's listener matters here: one that has no routes of its own. What Istio's build of Envoy alone has
/// (istio.alpn, istio.stats, its exchange of metadata) is left out.
pub fn gateway() -> Value {
    json!({
        "node": {"id": "router~10.0.0.1~paddock.llm~llm.svc.cluster.local", "cluster": "paddock.llm"},
        "stats_config": {"use_all_default_tags": false, "stats_tags": [{"tag_name": "cache", "regex": "(cache\\.(.+?)\\.)"}]},
        "static_resources": {
            "clusters": [],
            "listeners": [{
                "name": "0.0.0.0_10000",
                "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "outbound_0.0.0.0_10000",
                        "route_config": {"name": "http.10000", "validate_clusters": false, "virtual_hosts": [{"name": "blackhole:10000", "domains": ["*"]}]},
                        "http_filters": [
                            {"name": "envoy.filters.http.grpc_stats", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", "emit_filter_state": true}},
                            {"name": "envoy.filters.http.fault", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}},
                            {"name": "envoy.filters.http.cors", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors"}},
                            {"name": ROUTER, "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}},
                        ],
                        "upgrade_configs": [{"upgrade_type": "websocket"}],
                        "server_name": "istio-envoy",
                        "use_remote_address": true,
                        "forward_client_cert_details": "SANITIZE_SET",
                        "normalize_path": true,
                        "stream_idle_timeout": "0s",
                    },
                }]}],
            }],
        },
    })
}
