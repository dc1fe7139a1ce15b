//! The options of `paddock serve`.

use super::{AccessOptions, CreditOptions};
use clap::{Args, ValueEnum, ValueHint};
use ipnet::IpNet;
use paddock_core::policy::MAX_RATE;
use paddock_ledger::model::secret::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Text for people.
    Pretty,
}

/// Options of `paddock serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Address to listen on.
    #[arg(long, env = "PADDOCK_LISTEN", default_value = "127.0.0.1:10080")]
    pub listen: SocketAddr,
    /// The database: sqlite:///path/file.db, a path, or postgres://user:password@host/database.
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL",
        hide_env_values = true,
        default_value = "paddock.db",
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub database_url: Secret,
    /// A file that holds the URL of the database, instead of --database-url.
    #[arg(long, env = "PADDOCK_DATABASE_URL_FILE", value_hint = ValueHint::FilePath)]
    pub database_url_file: Option<PathBuf>,
    /// Make a new database if there is none. Without it, a database that is absent or empty is an error.
    #[arg(long, env = "PADDOCK_CREATE")]
    pub create: bool,
    /// Maximum number of connections to PostgreSQL. SQLite always uses one to write and four to read.
    #[arg(long, env = "PADDOCK_DATABASE_CONNECTIONS", default_value_t = 16)]
    pub database_connections: u32,
    /// Seconds a request waits for a database connection or lock before it fails; 1 to 60.
    #[arg(long, env = "PADDOCK_DATABASE_TIMEOUT_SECONDS", default_value_t = 10)]
    pub database_timeout_seconds: u64,
    /// The operator's API key, with all rights: at least 16 characters.
    #[arg(
        long,
        env = "PADDOCK_ADMIN_KEY",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub admin_key: Option<Secret>,
    /// A file that holds the operator's key, instead of --admin-key: one key, or lines of NAME: KEY, and
    /// behind a key that only reads, read-only. SIGHUP reads it again.
    #[arg(long, env = "PADDOCK_ADMIN_KEY_FILE", value_hint = ValueHint::FilePath)]
    pub admin_key_file: Option<PathBuf>,
    /// The token that gateways authenticate with: at least 16 characters.
    #[arg(
        long,
        env = "PADDOCK_GATEWAY_TOKEN",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub gateway_token: Option<Secret>,
    /// A file that holds the gateways' token, instead of --gateway-token: one token, or lines of
    /// NAME: TOKEN, and behind a token that is for some organizations alone, organizations=A,B. The audit
    /// names the gateway's token. SIGHUP reads it again.
    #[arg(long, env = "PADDOCK_GATEWAY_TOKEN_FILE", value_hint = ValueHint::FilePath)]
    pub gateway_token_file: Option<PathBuf>,
    /// A file that holds keys to encrypt webhook secrets and URLs in the database with: each line 64 hex
    /// digits. The first encrypts; the others decrypt what they encrypted.
    #[arg(long, env = "PADDOCK_ENCRYPTION_KEY_FILE", value_hint = ValueHint::FilePath)]
    pub encryption_key_file: Option<PathBuf>,
    /// A PEM file with the certificate chain to serve HTTPS with. SIGHUP reloads it.
    #[arg(long, env = "PADDOCK_TLS_CERTIFICATE", value_hint = ValueHint::FilePath)]
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file with the private key of --tls-certificate.
    #[arg(long, env = "PADDOCK_TLS_KEY", value_hint = ValueHint::FilePath)]
    pub tls_key: Option<PathBuf>,
    /// Serve no console at /console/.
    #[arg(long, env = "PADDOCK_NO_CONSOLE")]
    pub no_console: bool,
    /// Seconds that open requests may take to finish after SIGTERM; 0 to 600.
    #[arg(long, env = "PADDOCK_DRAIN_SECONDS", default_value_t = 20)]
    pub drain_seconds: u64,
    /// Check the configuration, print it without secrets, and exit.
    #[arg(long)]
    pub print_config: bool,
    /// Log format. RUST_LOG sets the log level.
    #[arg(long, env = "PADDOCK_LOG_FORMAT", value_enum, default_value = "json")]
    pub log_format: LogFormat,
    #[command(flatten, next_help_heading = "Connections and requests")]
    /// Connections and requests.
    pub access: AccessOptions,
    #[command(flatten, next_help_heading = "Limits and budgets")]
    /// Bounds of what tenants may get.
    pub policy: PolicyOptions,
    #[command(flatten, next_help_heading = "Webhooks and mail")]
    /// Webhooks and mail.
    pub notify: NotifyOptions,
    #[command(flatten, next_help_heading = "Prepaid balances")]
    /// Prepaid balances.
    pub credits: CreditOptions,
}

/// Options of webhooks and mail.
#[derive(Clone, Debug, Args)]
pub struct NotifyOptions {
    /// Allow webhooks to any address, including the service's own network. For trials only.
    #[arg(long, env = "PADDOCK_ALLOW_PRIVATE_WEBHOOKS")]
    pub allow_private_webhooks: bool,
    /// Private networks that webhooks may reach, like 10.1.0.0/16,fd00::/8.
    #[arg(long, env = "PADDOCK_WEBHOOK_ALLOW_CIDRS", value_delimiter = ',')]
    pub webhook_allow_cidrs: Vec<IpNet>,
    /// The SMTP server: smtp://user:password@host:587?tls=required, smtps://…, or smtp://host:25
    /// without encryption. If it is not set, no mail is sent.
    #[arg(
        long,
        env = "PADDOCK_SMTP_URL",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub smtp_url: Option<Secret>,
    /// A file that holds the URL of the SMTP server, instead of --smtp-url.
    #[arg(long, env = "PADDOCK_SMTP_URL_FILE", value_hint = ValueHint::FilePath)]
    pub smtp_url_file: Option<PathBuf>,
    /// Sender address of mail.
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

/// Bounds of what tenants may get.
#[derive(Clone, Debug, Args)]
pub struct PolicyOptions {
    /// Lowest rate limit that may be set, in requests per minute.
    #[arg(long, env = "PADDOCK_MIN_RPM", default_value_t = 10)]
    pub min_rpm: u64,
    /// Highest rate limit that may be set, in requests per minute.
    #[arg(long, env = "PADDOCK_MAX_RPM", default_value_t = 10_000)]
    pub max_rpm: u64,
    /// Highest rate limit that may be set, in tokens per minute.
    #[arg(long, env = "PADDOCK_MAX_TPM", default_value_t = MAX_RATE)]
    pub max_tpm: u64,
    /// Allow the quotas of keys to add up to more than the quota of their namespace, which is still
    /// enforced.
    #[arg(long, env = "PADDOCK_ALLOW_OVER_ASSIGNMENT")]
    pub allow_over_assignment: bool,
    /// Requests per minute of an organization that sets no limit; at least --max-rpm. This and the two
    /// options below bound what its namespaces may get; gateways enforce only limits that were set.
    #[arg(long, env = "PADDOCK_ORGANIZATION_RPM", default_value_t = 10_000)]
    pub organization_rpm: u64,
    /// Tokens per minute of an organization that sets no limit.
    #[arg(long, env = "PADDOCK_ORGANIZATION_TPM", default_value_t = MAX_RATE)]
    pub organization_tpm: u64,
    /// Monthly quota in dollars of an organization that sets none.
    #[arg(
        long,
        env = "PADDOCK_ORGANIZATION_MONTHLY_USD",
        default_value_t = 1_000_000.0
    )]
    pub organization_monthly_usd: f64,
    /// Seconds a gateway may spend a lease of budget while the service is away; 5 to 3600.
    #[arg(long, env = "PADDOCK_LEASE_TTL_SECONDS", default_value_t = 60)]
    pub lease_ttl_seconds: u64,
    /// Seconds after its end until the lease of a silent gateway is closed.
    #[arg(long, env = "PADDOCK_LEASE_GRACE_SECONDS", default_value_t = 900)]
    pub lease_grace_seconds: u64,
    /// Days that calls and changes stay in the audit log: at least 32. If it is not set, they are
    /// never deleted. Totals are never deleted.
    #[arg(long, env = "PADDOCK_AUDIT_RETENTION_DAYS")]
    pub audit_retention_days: Option<u64>,
    /// Seconds a reservation may wait for gateways to return leased budget; 0 to 30.
    #[arg(long, env = "PADDOCK_RESERVE_WAIT_SECONDS", default_value_t = 4)]
    pub reserve_wait_seconds: u64,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        PolicyOptions {
            min_rpm: 10,
            max_rpm: 10_000,
            max_tpm: MAX_RATE,
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
