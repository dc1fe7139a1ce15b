//! How the service is configured: options as given, and the configuration they amount to.

mod credits;
pub mod file;
mod secrets;

pub use credits::CreditOptions;
pub use secrets::Secret;

use crate::delivery::guard::Guard;
use crate::delivery::mail::Mailer;
use crate::delivery::outlet::Outlet;
use crate::domain::caps::Terms;
use crate::domain::credits::currency::ExchangeRates;
use clap::{Args, ValueEnum, ValueHint};
use ipnet::IpNet;
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::{Limits, MAX_RATE};
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Shortest secret an operator may choose, in characters.
const MIN_SECRET: usize = 16;

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

/// Every problem of options that contradict each other or are out of range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

/// The configuration the service runs by. Of callers' secrets it holds digests.
#[derive(Clone, Debug)]
pub struct Config {
    /// The operator's key.
    pub admin_key: KeyDigest,
    /// What gateways show.
    pub gateway_token: KeyDigest,
    /// Lowest and highest rate that may be set, in requests a minute.
    pub rpm_range: (u64, u64),
    /// Whether keys' quotas may sum up to more than their namespace's.
    pub allow_over_assignment: bool,
    /// On what terms money is lent.
    pub terms: Terms,
    /// What is answered of an organization that sets no limits, and the most its namespaces may be
    /// given. Gateways enforce what was set alone.
    pub organization: Limits,
    /// The way out for webhooks.
    pub outlet: Outlet,
    /// How long entries stay in the audit; absent means for ever.
    pub audit_retention: Option<Duration>,
    /// The way out for mail, where there is one.
    pub mailer: Option<Mailer>,
    /// What other currencies are worth.
    pub exchange_rates: ExchangeRates,
    /// What signs payments that come in by hook; without it none do.
    pub credits_hook: Option<Secret>,
}

impl Config {
    /// Checks options. `now` is when the service starts.
    ///
    /// # Errors
    /// All that is wrong and what to do, in words for the operator.
    pub fn new(
        admin_key: &Secret,
        gateway_token: &Secret,
        policy: &PolicyOptions,
        notify: &NotifyOptions,
        prepaid: &CreditOptions,
        now: Timestamp,
    ) -> Result<Config, ConfigError> {
        let mut problems = Vec::new();
        for (secret, name) in [(admin_key, "ADMIN_KEY"), (gateway_token, "GATEWAY_TOKEN")] {
            if secret.expose().chars().count() < MIN_SECRET {
                let flag = name.to_lowercase().replace('_', "-");
                problems.push(format!(
                    "--{flag} (PADDOCK_{name}) is too short: choose at least {MIN_SECRET} random \
                     characters, for example with `openssl rand -hex 32`"
                ));
            }
        }
        if admin_key.expose() == gateway_token.expose() {
            problems.push(
                "--admin-key and --gateway-token are the same: a gateway must not be able to \
                 manage keys"
                    .to_owned(),
            );
        }
        if policy.min_rpm == 0 || policy.min_rpm > policy.max_rpm || policy.max_rpm > MAX_RATE {
            problems.push(format!(
                "--min-rpm must be at least 1 and --max-rpm from --min-rpm to {MAX_RATE}"
            ));
        }
        let monthly = Money::from_dollars(policy.organization_monthly_usd);
        let monthly = monthly.filter(|quota| *quota >= Money::ZERO);
        if monthly.is_none() {
            let message = "--organization-monthly-usd must be from 0 to 9 billion dollars";
            problems.push(message.to_owned());
        }
        let organization = Limits {
            requests_per_minute: Some(policy.organization_rpm.max(policy.max_rpm)),
            tokens_per_minute: Some(policy.organization_tpm),
            monthly_quota: monthly,
            ..Limits::default()
        };
        for problem in organization.problems() {
            problems.push(format!("limits of organizations: {problem}"));
        }
        if !(5..=3_600).contains(&policy.lease_ttl_seconds) {
            problems.push("--lease-ttl-seconds must be from 5 to 3600".to_owned());
        }
        // So that the current month can always be checked against its calls.
        if policy
            .audit_retention_days
            .is_some_and(|days| !(32..=36_500).contains(&days))
        {
            let message = "--audit-retention-days must be from 32 to 36500, or left out";
            problems.push(message.to_owned());
        }
        if policy.reserve_wait_seconds > 30 {
            let message = "--reserve-wait-seconds must be from 0 to 30";
            problems.push(message.to_owned());
        }
        let exchange_rates = ExchangeRates::new(&prepaid.exchange_rates)
            .map_err(|problem| problems.push(format!("--exchange-rates: {problem}")))
            .unwrap_or_default();
        let credits_hook = credits::hook_secret(prepaid, [admin_key, gateway_token])
            .map_err(|problem| problems.push(problem))
            .unwrap_or_default();
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        Ok(Config {
            admin_key: secret::digest(admin_key.expose().as_bytes()),
            gateway_token: secret::digest(gateway_token.expose().as_bytes()),
            rpm_range: (policy.min_rpm, policy.max_rpm),
            allow_over_assignment: policy.allow_over_assignment,
            terms: Terms {
                ttl: Duration::from_secs(policy.lease_ttl_seconds),
                grace: Duration::from_secs(policy.lease_grace_seconds),
                scarce_for: Duration::from_secs(3),
                started_at: now,
                patience: Duration::from_secs(policy.reserve_wait_seconds),
            },
            organization,
            outlet: outlet(notify)?,
            audit_retention: policy
                .audit_retention_days
                .map(|days| Duration::from_secs(days.saturating_mul(86_400))),
            mailer: mailer(notify)?,
            exchange_rates,
            credits_hook,
        })
    }
}

fn mailer(notify: &NotifyOptions) -> Result<Option<Mailer>, ConfigError> {
    if notify.smtp_url.is_none() && notify.smtp_url_file.is_none() {
        return Ok(None);
    }
    let file = notify.smtp_url_file.as_deref();
    let url = Secret::of(notify.smtp_url.as_ref(), file, "smtp-url")
        .map_err(|error| ConfigError(vec![format!("{error:#}")]))?;
    let mailer = Mailer::new(&url, &notify.smtp_from);
    mailer
        .map(Some)
        .map_err(|problem| ConfigError(vec![problem.to_owned()]))
}

fn outlet(notify: &NotifyOptions) -> Result<Outlet, ConfigError> {
    let guard = Guard {
        allow_all: notify.allow_private_webhooks,
        allowed: notify.webhook_allow_cidrs.clone(),
    };
    Outlet::new(guard).map_err(|error| ConfigError(vec![format!("TLS for webhooks: {error}")]))
}

impl Config {
    /// Events that started before it are not booked: whether they were booked before may have been
    /// dropped with the audit's entries.
    pub fn oldest_event(&self, now: Timestamp) -> Timestamp {
        let kept = self.audit_retention.map_or(u64::MAX, |kept| {
            u64::try_from(kept.as_nanos()).unwrap_or(u64::MAX)
        });
        Timestamp::from_nanos(now.nanos().saturating_sub(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_or_equal_secrets_are_refused_and_never_shown() {
        let (short, long) = (
            Secret::from("hush".to_owned()),
            Secret::from("0123456789abcdef".to_owned()),
        );
        let policy = PolicyOptions::default();
        let notify = NotifyOptions::default();
        let credits = CreditOptions::default();
        let config = |a, b| Config::new(a, b, &policy, &notify, &credits, Timestamp::EPOCH);
        let error = config(&short, &long).unwrap_err().to_string();
        assert!(error.contains("--admin-key (PADDOCK_ADMIN_KEY)") && !error.contains("hush"));
        assert!(
            config(&long, &short)
                .unwrap_err()
                .to_string()
                .contains("--gateway-token")
        );
        assert!(config(&long, &long).is_err());
        let both = config(&short, &short).unwrap_err().to_string();
        for part in ["--admin-key (", "--gateway-token (", "are the same"] {
            assert!(both.contains(part), "{part} in {both}");
        }
        assert_eq!(format!("{long:?}"), "Secret(redacted)");
    }
}
