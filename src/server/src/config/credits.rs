//! Prepaid balances: exchange rates, and the secret that signs payments.

use super::{Credentials, MIN_SECRET, secret};
use crate::outbound::signature;
use clap::{Args, ValueHint};
use paddock_ledger::model::credits::currency::ExchangeRate;
use paddock_ledger::model::secret::Secret;
use std::path::PathBuf;

/// Options of prepaid balances.
#[derive(Clone, Debug, Default, Args)]
pub struct CreditOptions {
    /// Exchange rates: dollars for one unit of another currency, like EUR=1.08,GBP=1.27. At most nine
    /// decimals; they are used exactly.
    #[arg(long, env = "PADDOCK_EXCHANGE_RATES", value_delimiter = ',')]
    pub exchange_rates: Vec<ExchangeRate>,
    /// The secret that signs payments sent to /v1/credits/hook: whsec_ and the Base64 of 24 to 64
    /// bytes, or another text of at least 16 characters. If it is not set, no payments are accepted.
    #[arg(
        long,
        env = "PADDOCK_CREDITS_HOOK_SECRET",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub credits_hook_secret: Option<Secret>,
    /// A file that holds the secret, instead of --credits-hook-secret.
    #[arg(long, env = "PADDOCK_CREDITS_HOOK_SECRET_FILE", value_hint = ValueHint::FilePath)]
    pub credits_hook_secret_file: Option<PathBuf>,
}

/// The secret of payment webhooks, if there is one. Its owner can add money to balances, so it must be
/// as strong as the other secrets and differ from them.
pub(super) fn hook_secret(
    options: &CreditOptions,
    others: Option<&Credentials>,
) -> Result<Option<Secret>, String> {
    let flag = "credits-hook-secret";
    let (given, file) = (
        options.credits_hook_secret.as_ref(),
        options.credits_hook_secret_file.as_deref(),
    );
    if given.is_none() && file.is_none() {
        return Ok(None);
    }
    let secret = secret::choose(given, file, flag).map_err(|error| format!("{error:#}"))?;
    let text = secret.expose();
    if !signature::is_usable(text) || text.chars().count() < MIN_SECRET {
        return Err(format!(
            "--{flag} must be whsec_ and the Base64 of 24 to 64 bytes, or another text of at least \
             {MIN_SECRET} characters: for example whsec_ and the output of `openssl rand -base64 32`"
        ));
    }
    if others.is_some_and(|others| others.has(&secret)) {
        return Err(format!(
            "--{flag} must differ from the admin key and the gateway token: a payment adapter must \
             not have their rights"
        ));
    }
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, NotifyOptions, PolicyOptions};
    use paddock_core::timestamp::Timestamp;

    #[test]
    fn the_secret_of_the_hook_is_strong_and_nobody_elses_and_rates_are_consistent() {
        let [admin, gateway] =
            ["0123456789abcdef", "fedcba9876543210"].map(|text| Secret::from(text.to_owned()));
        let (policy, notify) = (PolicyOptions::default(), NotifyOptions::default());
        let config = |credits: &CreditOptions| {
            let config = Config::new(
                &admin,
                &gateway,
                &policy,
                &notify,
                credits,
                Timestamp::EPOCH,
            );
            config.map_err(|error| error.to_string())
        };
        let with = |secret: &str| CreditOptions {
            credits_hook_secret: Some(Secret::from(secret.to_owned())),
            ..CreditOptions::default()
        };
        assert!(
            config(&CreditOptions::default())
                .unwrap()
                .credits_hook
                .is_none()
        );
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for good in [good, "a text of 16 chars"] {
            assert_eq!(
                config(&with(good)).unwrap().credits_hook.unwrap().expose(),
                good
            );
        }
        for (bad, reason) in [
            ("too short", "at least 16 characters"),
            ("whsec_c2hvcnQ=", "24 to 64 bytes"),
            ("0123456789abcdef", "must differ from the admin key"),
            ("fedcba9876543210", "and the gateway token"),
        ] {
            let error = config(&with(bad)).unwrap_err();
            assert!(
                error.contains("--credits-hook-secret") && error.contains(reason),
                "{error}"
            );
        }
        let both = CreditOptions {
            credits_hook_secret_file: Some("/nowhere".into()),
            ..with(good)
        };
        assert!(config(&both).unwrap_err().contains("set only one"));
        let twice = CreditOptions {
            exchange_rates: vec!["EUR=1".parse().unwrap(), "EUR=2".parse().unwrap()],
            ..CreditOptions::default()
        };
        assert!(
            config(&twice)
                .unwrap_err()
                .contains("--exchange-rates: EUR is there twice")
        );
    }
}
