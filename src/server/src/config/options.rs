//! The options of `paddock serve`, as given.

use super::CreditOptions;
use clap::{Args, ValueEnum, ValueHint};
use ipnet::IpNet;
use paddock_core::policy::MAX_RATE;
use paddock_ledger::model::secret::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person's eyes.
    Pretty,
}

/// Options of `paddock serve`, as given.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Address to listen on.
    #[arg(long, env = "PADDOCK_LISTEN", default_value = "127.0.0.1:10080")]
    pub listen: SocketAddr,
    /// sqlite:///path/file.db, a bare path of a file, or postgres://user:password@host/database.
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL",
        hide_env_values = true,
        default_value = "paddock.db",
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub database_url: Secret,
    /// A file that holds the database's URL, instead of --database-url.
    #[arg(long, env = "PADDOCK_DATABASE_URL_FILE", value_hint = ValueHint::FilePath)]
    pub database_url_file: Option<PathBuf>,
    /// Connections to PostgreSQL at most; SQLite always has one that writes and four that read.
    #[arg(long, env = "PADDOCK_DATABASE_CONNECTIONS", default_value_t = 16)]
    pub database_connections: u32,
    /// How many seconds a request waits for a connection or a lock of the database before it fails.
    #[arg(long, env = "PADDOCK_DATABASE_TIMEOUT_SECONDS", default_value_t = 10)]
    pub database_timeout_seconds: u64,
    /// The operator's key, which may manage everything: at least 16 characters.
    #[arg(
        long,
        env = "PADDOCK_ADMIN_KEY",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub admin_key: Option<Secret>,
    /// A file that holds the operator's key, instead of --admin-key.
    #[arg(long, env = "PADDOCK_ADMIN_KEY_FILE", value_hint = ValueHint::FilePath)]
    pub admin_key_file: Option<PathBuf>,
    /// The token gateways show: at least 16 characters.
    #[arg(
        long,
        env = "PADDOCK_GATEWAY_TOKEN",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub gateway_token: Option<Secret>,
    /// A file that holds the token gateways show, instead of --gateway-token.
    #[arg(long, env = "PADDOCK_GATEWAY_TOKEN_FILE", value_hint = ValueHint::FilePath)]
    pub gateway_token_file: Option<PathBuf>,
    /// A PEM file with the certificate to serve HTTPS with, and those above it. SIGHUP reads it
    /// again.
    #[arg(long, env = "PADDOCK_TLS_CERTIFICATE", value_hint = ValueHint::FilePath)]
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file with the key of --tls-certificate.
    #[arg(long, env = "PADDOCK_TLS_KEY", value_hint = ValueHint::FilePath)]
    pub tls_key: Option<PathBuf>,
    /// How many seconds open requests may go on after the order to stop.
    #[arg(long, env = "PADDOCK_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,
    /// Check the configuration, print it without its secrets, and end.
    #[arg(long)]
    pub print_config: bool,
    /// How logs are written; what is logged is chosen by RUST_LOG.
    #[arg(long, env = "PADDOCK_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
    #[command(flatten)]
    /// What tenants may be given.
    pub policy: PolicyOptions,
    #[command(flatten)]
    /// Who is told what, and how.
    pub notify: NotifyOptions,
    #[command(flatten)]
    /// How prepaid balances are paid.
    pub credits: CreditOptions,
}

/// Options of what goes out.
#[derive(Clone, Debug, Args)]
pub struct NotifyOptions {
    /// Let webhooks go to any address, also of the network the service is in. For trials.
    #[arg(long, env = "PADDOCK_ALLOW_PRIVATE_WEBHOOKS")]
    pub allow_private_webhooks: bool,
    /// Networks that webhooks may go to beside the public Internet, like 10.1.0.0/16,fd00::/8.
    #[arg(long, env = "PADDOCK_WEBHOOK_ALLOW_CIDRS", value_delimiter = ',')]
    pub webhook_allow_cidrs: Vec<IpNet>,
    /// The SMTP server for mail: smtp://user:password@host:587?tls=required, smtps://…, or
    /// smtp://host:25 without encryption. Without it no mail is sent.
    #[arg(
        long,
        env = "PADDOCK_SMTP_URL",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub smtp_url: Option<Secret>,
    /// A file that holds the SMTP server's URL, instead of --smtp-url.
    #[arg(long, env = "PADDOCK_SMTP_URL_FILE", value_hint = ValueHint::FilePath)]
    pub smtp_url_file: Option<PathBuf>,
    /// Who mail is from.
    #[arg(long, env = "PADDOCK_SMTP_FROM", default_value = "paddock@localhost")]
    pub smtp_from: String,
}

impl Default for NotifyOptions {
    fn default() -> Self {
        NotifyOptions {
            allow_private_webhooks: false,
            webhook_allow_cidrs: Vec::new(),
            smtp_url: None,
            smtp_url_file: None,
            smtp_from: "paddock@localhost".to_owned(),
        }
    }
}

/// Options that bound what tenants may be given.
#[derive(Clone, Debug, Args)]
pub struct PolicyOptions {
    /// Lowest rate that may be set, in requests a minute.
    #[arg(long, env = "PADDOCK_MIN_RPM", default_value_t = 10)]
    pub min_rpm: u64,
    /// Highest rate that may be set, in requests a minute.
    #[arg(long, env = "PADDOCK_MAX_RPM", default_value_t = 10_000)]
    pub max_rpm: u64,
    /// Allow the quotas of a namespace's keys to sum up to more than the namespace's own, which
    /// still holds.
    #[arg(long, env = "PADDOCK_ALLOW_OVER_ASSIGNMENT")]
    pub allow_over_assignment: bool,
    /// Requests a minute answered of an organization that sets none; at least --max-rpm. This and
    /// the two below bound what namespaces may be given; gateways enforce only what was set.
    #[arg(long, env = "PADDOCK_ORGANIZATION_RPM", default_value_t = 10_000)]
    pub organization_rpm: u64,
    /// Tokens a minute answered of an organization that sets none.
    #[arg(long, env = "PADDOCK_ORGANIZATION_TPM", default_value_t = MAX_RATE)]
    pub organization_tpm: u64,
    /// Monthly quota in dollars answered of an organization that sets none.
    #[arg(
        long,
        env = "PADDOCK_ORGANIZATION_MONTHLY_USD",
        default_value_t = 1_000_000.0
    )]
    pub organization_monthly_usd: f64,
    /// How many seconds a gateway may spend a budget slice while the service is away.
    #[arg(long, env = "PADDOCK_LEASE_TTL_SECONDS", default_value_t = 60)]
    pub lease_ttl_seconds: u64,
    /// How many seconds after its end the slice of a silent gateway is given up.
    #[arg(long, env = "PADDOCK_LEASE_GRACE_SECONDS", default_value_t = 900)]
    pub lease_grace_seconds: u64,
    /// How many days calls and changes stay in the audit: at least 32. They stay for ever where it
    /// is not set. Sums stay always.
    #[arg(long, env = "PADDOCK_AUDIT_RETENTION_DAYS")]
    pub audit_retention_days: Option<u64>,
    /// How many seconds a reservation may wait for gateways to give back what they hold; 0 to 30.
    #[arg(long, env = "PADDOCK_RESERVE_WAIT_SECONDS", default_value_t = 4)]
    pub reserve_wait_seconds: u64,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        PolicyOptions {
            min_rpm: 10,
            max_rpm: 10_000,
            allow_over_assignment: false,
            organization_rpm: 10_000,
            organization_tpm: MAX_RATE,
            organization_monthly_usd: 1_000_000.0,
            lease_ttl_seconds: 60,
            lease_grace_seconds: 900,
            audit_retention_days: None,
            reserve_wait_seconds: 4,
        }
    }
}
