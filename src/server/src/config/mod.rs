//! How the service is configured: the options, and the configuration made from them.

mod access;
mod credentials;
mod credits;
pub mod file;
mod options;
mod rates;
pub mod secret;

pub use access::AccessOptions;
pub use credentials::{Credentials, OperatorKey};
pub use credits::CreditOptions;
pub use options::{LogFormat, NotifyOptions, PolicyOptions, ServeOptions};
pub use rates::RateBounds;

use crate::encryption::Encryption;
use crate::outbound::guard::Guard;
use crate::outbound::mail::Mailer;
use paddock_core::money::Money;
use paddock_core::policy::{Limits, MAX_RATE};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::credits::currency::ExchangeRates;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::caps::LendingTerms;
use std::ops::Range;
use std::time::Duration;

/// Shortest secret an operator may choose, in characters.
const MIN_SECRET: usize = 16;

/// How old an event may be: longer than anybody keeps an access log to reconcile.
const OLDEST_EVENT: Duration = Duration::from_secs(400 * 86_400);
/// How far a gateway's clock may be ahead.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(3_600);

/// Every problem of the options.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct Mail {
    url: Secret,
    from: String,
}

impl Mail {
    /// A client of the operator's SMTP server.
    ///
    /// # Errors
    /// What is wrong with the URL or the sender's address.
    pub fn client(&self) -> anyhow::Result<Mailer> {
        Mailer::new(&self.url, &self.from).map_err(anyhow::Error::msg)
    }
}

/// The configuration of the service. It holds digests of the callers' secrets.
#[derive(Clone, Debug)]
pub struct Config {
    /// The operator's keys and the gateways' tokens, as they were at the start.
    pub credentials: Credentials,
    /// The rates that may be set.
    pub rates: RateBounds,
    /// Whether the quotas of keys may add up to more than their namespace's.
    pub allow_over_assignment: bool,
    /// The terms on which budget is lent.
    pub terms: LendingTerms,
    /// The limits shown for an organization that sets none, and the most its namespaces may get.
    /// Gateways enforce only limits that were set.
    pub organization: Limits,
    /// Which addresses webhooks may be sent to.
    pub webhook_guard: Guard,
    /// How long entries stay in the audit log; `None` keeps them forever.
    pub audit_retention: Option<Duration>,
    /// How mail is sent, if it is.
    pub mail: Option<Mail>,
    /// Exchange rates of other currencies.
    pub exchange_rates: ExchangeRates,
    /// The secret that signs payment webhooks; without it they are refused.
    pub credits_hook: Option<Secret>,
    /// What encrypts secrets of tenants in the database.
    pub encryption: Encryption,
    /// Who may connect, and how often they may ask.
    pub access: AccessOptions,
    /// How long a gateway's usage may wait to be booked before it is answered without.
    pub booking_patience: Duration,
    /// Bytes of gateways' messages that wait to be booked at most.
    pub booking_bytes: usize,
}

/// Four of the longest messages.
const BOOKING_BYTES: usize = 64 << 20;

/// Less than the two seconds that a gateway waits: what changed of the policy must reach it.
const BOOKING_PATIENCE: Duration = Duration::from_millis(1_200);

impl Config {
    /// Checks options. `now` is when the service starts.
    ///
    /// # Errors
    /// Every problem and its remedy, for the operator.
    pub fn new(
        admin_key: &Secret,
        gateway_token: &Secret,
        policy: &PolicyOptions,
        notify: &NotifyOptions,
        prepaid: &CreditOptions,
        now: Timestamp,
    ) -> Result<Config, ConfigError> {
        let mut problems = Vec::new();
        let credentials = Credentials::read(admin_key, gateway_token)
            .map_err(|found| problems.extend(found))
            .ok();
        if policy.min_rpm == 0 || policy.min_rpm > policy.max_rpm || policy.max_rpm > MAX_RATE {
            problems.push(format!(
                "--min-rpm must be at least 1 and --max-rpm from --min-rpm to {MAX_RATE}"
            ));
        }
        if !(1..=MAX_RATE).contains(&policy.max_tpm) {
            problems.push(format!("--max-tpm must be from 1 to {MAX_RATE}"));
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
        // The calls of the current month must stay, so that its totals can be verified.
        if policy
            .audit_retention_days
            .is_some_and(|days| !(32..=36_500).contains(&days))
        {
            let message = "--audit-retention-days must be from 32 to 36500, or not set";
            problems.push(message.to_owned());
        }
        if policy.reserve_wait_seconds > 30 {
            let message = "--reserve-wait-seconds must be from 0 to 30";
            problems.push(message.to_owned());
        }
        let exchange_rates = ExchangeRates::new(&prepaid.exchange_rates)
            .map_err(|problem| problems.push(format!("--exchange-rates: {problem}")))
            .unwrap_or_default();
        let credits_hook = credits::hook_secret(prepaid, credentials.as_ref())
            .map_err(|problem| problems.push(problem))
            .unwrap_or_default();
        let credentials = match credentials {
            Some(credentials) if problems.is_empty() => credentials,
            _ => return Err(ConfigError(problems)),
        };
        Ok(Config {
            credentials,
            rates: RateBounds::from(policy),
            allow_over_assignment: policy.allow_over_assignment,
            terms: LendingTerms {
                ttl: Duration::from_secs(policy.lease_ttl_seconds),
                grace: Duration::from_secs(policy.lease_grace_seconds),
                scarce_for: Duration::from_secs(3),
                started_at: now,
                patience: Duration::from_secs(policy.reserve_wait_seconds),
            },
            organization,
            webhook_guard: webhook_guard(notify),
            audit_retention: policy
                .audit_retention_days
                .map(|days| Duration::from_secs(days.saturating_mul(86_400))),
            mail: mail(notify)?,
            exchange_rates,
            credits_hook,
            booking_patience: BOOKING_PATIENCE,
            booking_bytes: BOOKING_BYTES,
            encryption: Encryption::default(),
            access: AccessOptions::default(),
        })
    }
}

fn mail(notify: &NotifyOptions) -> Result<Option<Mail>, ConfigError> {
    if notify.smtp_url.is_none() && notify.smtp_url_file.is_none() {
        return Ok(None);
    }
    let file = notify.smtp_url_file.as_deref();
    let url = secret::choose(notify.smtp_url.as_ref(), file, "smtp-url")
        .map_err(|error| ConfigError(vec![format!("{error:#}")]))?;
    let from = notify.smtp_from.clone();
    let mail = Mail { url, from };
    let checked = mail.client();
    checked.map_err(|problem| ConfigError(vec![problem.to_string()]))?;
    Ok(Some(mail))
}

fn webhook_guard(notify: &NotifyOptions) -> Guard {
    Guard {
        allow_all: notify.allow_private_webhooks,
        allowed: notify.webhook_allow_cidrs.clone(),
    }
}

impl Config {
    /// Events that started before or after it are not recorded: of those before, the entries that would
    /// show whether they were recorded already may have been deleted.
    pub fn event_window(&self, now: Timestamp) -> Range<Timestamp> {
        let kept = self.audit_retention.unwrap_or(OLDEST_EVENT);
        now.minus(kept.min(OLDEST_EVENT))..now.plus(CLOCK_TOLERANCE)
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
        for part in ["--admin-key (", "--gateway-token (", "must differ"] {
            assert!(both.contains(part), "{part} in {both}");
        }
        assert_eq!(format!("{long:?}"), "Secret(redacted)");
    }
}
