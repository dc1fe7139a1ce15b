//! How prepaid balances are paid: other currencies, and what signs payments.

use super::MIN_SECRET;
use crate::delivery::signature;
use clap::{Args, ValueHint};
use paddock_ledger::model::credits::currency::ExchangeRate;
use paddock_ledger::model::secret::Secret;
use std::path::PathBuf;

/// Options of prepaid balances.
#[derive(Clone, Debug, Default, Args)]
pub struct CreditOptions {
    /// What one unit of other currencies is worth in dollars, such as EUR=1.08,GBP=1.27: at most nine
    /// decimals.
    #[arg(long, env = "PADDOCK_EXCHANGE_RATES", value_delimiter = ',')]
    pub exchange_rates: Vec<ExchangeRate>,
    /// The secret that signs payments at /v1/credits/hook: whsec_ and the Base64 of 24 to 64 bytes, or
    /// another text of at least 16 characters [default: no payments].
    #[arg(
        long,
        env = "PADDOCK_CREDITS_HOOK_SECRET",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub credits_hook_secret: Option<Secret>,
    /// A file with the secret, instead of --credits-hook-secret.
    #[arg(long, env = "PADDOCK_CREDITS_HOOK_SECRET_FILE", value_hint = ValueHint::FilePath)]
    pub credits_hook_secret_file: Option<PathBuf>,
}

/// The secret of payments by hook, where there is one: whoever has it can make money, so it must be
/// as strong as the others, and none of them.
pub(super) fn hook_secret(
    options: &CreditOptions,
    others: [&Secret; 2],
) -> Result<Option<Secret>, String> {
    let flag = "credits-hook-secret";
    let (given, file) = (
        options.credits_hook_secret.as_ref(),
        options.credits_hook_secret_file.as_deref(),
    );
    if given.is_none() && file.is_none() {
        return Ok(None);
    }
    let secret = Secret::of(given, file, flag).map_err(|error| format!("{error:#}"))?;
    let text = secret.expose();
    if !signature::is_usable(text) || text.chars().count() < MIN_SECRET {
        return Err(format!(
            "--{flag} must be whsec_ and the Base64 of 24 to 64 bytes, or another text of at least \
             {MIN_SECRET} characters: for example whsec_ and what `openssl rand -base64 32` says"
        ));
    }
    if others.iter().any(|other| other.expose() == text) {
        return Err(format!(
            "--{flag} is the admin key or the gateway token: an adapter must not be able to do what \
             those can"
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
            ("0123456789abcdef", "is the admin key"),
            ("fedcba9876543210", "or the gateway token"),
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
        assert!(config(&both).unwrap_err().contains("exclude each other"));
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
