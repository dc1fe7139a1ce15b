//! What a stack is to consist of.

use crate::{Port, Upstream};
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;

/// A change to a piece of Envoy's configuration before it is started.
pub type Edit = Box<dyn FnOnce(&mut Value) + Send>;

/// What to start and how. The default is everything, on free ports, with state in a folder of its
/// own that goes with the stack: what a test wants.
pub struct StackOptions {
    /// Where clients connect.
    pub port: Port,
    /// Envoy's admin interface.
    pub admin_port: Port,
    /// The accounting service.
    pub service_port: Port,
    /// The fake provider.
    pub provider_port: Port,
    /// The operator's key, at least 16 characters.
    pub admin_key: String,
    /// What the filter shows to the service.
    pub gateway_token: String,
    /// The ledger; a SQLite file in the state folder where absent.
    pub database_url: Option<String>,
    /// A real provider in place of the fake one.
    pub upstream: Option<Upstream>,
    /// What the real provider wants as its key.
    pub upstream_key: Option<String>,
    /// Logs, the ledger and Envoy's configuration. Absent: a temporary folder.
    pub state: Option<PathBuf>,
    /// The filter; `target/paddock.wasm` where absent.
    pub wasm: Option<PathBuf>,
    /// Envoy's worker threads.
    pub concurrency: u32,
    /// Envoy's log level.
    pub envoy_log_level: String,
    /// Further arguments of Envoy.
    pub envoy_arguments: Vec<String>,
    /// Put before Envoy's command, such as `taskset -c 0`; it must exec.
    pub envoy_prefix: Vec<String>,
    /// Put before the commands of the service and the provider; it must exec.
    pub other_prefix: Vec<String>,
    /// Whether to start the accounting service. Without it the policy must be in the plugin's
    /// configuration: see [`StackOptions::edit_plugin`].
    pub with_service: bool,
    /// Whether what a killed Envoy did not report is booked from its access log, as long as the stack runs and
    /// when it starts again in the same folder.
    pub with_repair: bool,
    /// Ports of accounting services that somebody else runs, where `with_service` is not set.
    pub replicas: Vec<u16>,
    /// Whether to wait until the filter refuses an unknown key, rather than for any answer at all.
    pub await_filter: bool,
    /// Changes Envoy's whole configuration, last of all.
    pub edit_bootstrap: Option<Edit>,
    /// Changes the filter's JSON configuration.
    pub edit_plugin: Option<Edit>,
    /// Further arguments of `paddock serve`.
    pub service_arguments: Vec<String>,
    /// Further environment of `paddock serve`.
    pub service_environment: Vec<(String, String)>,
    /// Further arguments of the fake provider.
    pub provider_arguments: Vec<String>,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            port: Port::Free,
            admin_port: Port::Free,
            service_port: Port::Free,
            provider_port: Port::Free,
            admin_key: "local-admin-key-0123456789".into(),
            gateway_token: "local-gateway-token-0123456789".into(),
            database_url: None,
            upstream: None,
            upstream_key: None,
            state: None,
            wasm: None,
            concurrency: 2,
            envoy_log_level: "warning".into(),
            envoy_arguments: Vec::new(),
            envoy_prefix: Vec::new(),
            other_prefix: Vec::new(),
            with_service: true,
            with_repair: false,
            replicas: Vec::new(),
            await_filter: true,
            edit_bootstrap: None,
            edit_plugin: None,
            service_arguments: Vec::new(),
            service_environment: Vec::new(),
            provider_arguments: Vec::new(),
        }
    }
}

impl fmt::Debug for StackOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackOptions")
            .field("port", &self.port)
            .field("state", &self.state)
            .field("with_service", &self.with_service)
            .finish_non_exhaustive()
    }
}
