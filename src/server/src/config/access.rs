//! Who may connect, and how often they may ask.

use crate::connections::Bounds;
use clap::Args;
use ipnet::IpNet;
use paddock_core::policy::MAX_RATE;
use std::net::{IpAddr, SocketAddr};

/// Options of connections and of rates of management requests.
#[derive(Clone, Debug, Args)]
pub struct AccessOptions {
    /// Address to listen on for gateways. If it is set, --listen does not answer them.
    #[arg(long, env = "PADDOCK_GATEWAY_LISTEN")]
    pub gateway_listen: Option<SocketAddr>,
    /// Connections at once; at most what the process may have open files for.
    #[arg(long, env = "PADDOCK_MAX_CONNECTIONS", default_value_t = 4096)]
    pub max_connections: usize,
    /// Connections at once from one address. An Envoy needs some hundreds.
    #[arg(
        long,
        env = "PADDOCK_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = 1024
    )]
    pub max_connections_per_address: usize,
    /// Networks of proxies whose X-Forwarded-For is believed, like 10.1.0.0/16,fd00::/8.
    #[arg(
        long,
        env = "PADDOCK_TRUSTED_PROXIES",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Management requests per minute of one key. The operator's have no limit.
    #[arg(long, env = "PADDOCK_MANAGEMENT_RPM", default_value_t = 1_200)]
    pub management_rpm: u64,
    /// Management requests per minute from one address. The operator's have no limit.
    #[arg(
        long,
        env = "PADDOCK_MANAGEMENT_RPM_PER_ADDRESS",
        default_value_t = 6_000
    )]
    pub management_rpm_per_address: u64,
    /// Wrong keys, tokens and signatures per minute from one address. Beyond it only credentials that
    /// were right from there before are looked at.
    #[arg(long, env = "PADDOCK_WRONG_KEYS_PER_MINUTE", default_value_t = 300)]
    pub wrong_keys_per_minute: u64,
}

impl Default for AccessOptions {
    fn default() -> Self {
        AccessOptions {
            gateway_listen: None,
            max_connections: 4096,
            max_connections_per_address: 1024,
            trusted_proxies: Vec::new(),
            management_rpm: 1_200,
            management_rpm_per_address: 6_000,
            wrong_keys_per_minute: 300,
        }
    }
}

impl AccessOptions {
    /// What is wrong, for the operator.
    pub(crate) fn problems(&self, listen: SocketAddr) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=1_000_000).contains(&self.max_connections) {
            problems.push("--max-connections must be from 1 to 1000000".to_owned());
        }
        if !(1..=1_000_000).contains(&self.max_connections_per_address) {
            problems.push("--max-connections-per-address must be from 1 to 1000000".to_owned());
        }
        for (rate, flag) in [
            (self.management_rpm, "management-rpm"),
            (
                self.management_rpm_per_address,
                "management-rpm-per-address",
            ),
            (self.wrong_keys_per_minute, "wrong-keys-per-minute"),
        ] {
            if !(1..=MAX_RATE).contains(&rate) {
                problems.push(format!("--{flag} must be from 1 to {MAX_RATE}"));
            }
        }
        if listen.port() != 0 && self.gateway_listen == Some(listen) {
            problems.push("--gateway-listen must differ from --listen".to_owned());
        }
        problems
    }

    /// How many connections there may be, where the process may have so many files open. Some are for
    /// the database, webhooks and the log.
    pub fn bounds(&self, files: usize) -> Bounds {
        let reserved = 64.min(files / 2);
        Bounds {
            total: self
                .max_connections
                .min(files.saturating_sub(reserved))
                .max(1),
            per_address: self.max_connections_per_address,
        }
    }

    /// Whether what a peer says about its client is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&peer))
    }
}
