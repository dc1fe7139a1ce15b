//! The operator's keys and the gateways' tokens: one, or several with names.

use super::MIN_SECRET;
use paddock_core::ids::KeyDigest;
use paddock_core::secret::{digest, digests_equal};
use paddock_ledger::model::secret::Secret;
use paddock_ledger::model::slug;
use std::collections::BTreeSet;

/// Characters of a name at most.
const MAX_NAME: usize = 63;
/// What stands behind a key that changes nothing.
const READ_ONLY: &str = "read-only";
/// What stands behind a token that is for some organizations alone.
const ORGANIZATIONS: &str = "organizations=";

/// One of the operator's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorKey {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Whether it reads only.
    pub is_read_only: bool,
    digest: KeyDigest,
}

/// One of the gateways' tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayToken {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The organizations it is for, if not all.
    pub organizations: Option<BTreeSet<String>>,
    digest: KeyDigest,
}

/// All of them, as digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    operators: Vec<OperatorKey>,
    gateways: Vec<GatewayToken>,
}

/// A line of secrets.
struct Line<'a> {
    name: Option<&'a str>,
    secret: &'a str,
    is_read_only: bool,
    organizations: Option<BTreeSet<String>>,
}

impl Credentials {
    /// Reads both: each one secret, or lines of `NAME: SECRET`. Behind an operator's key may stand
    /// `read-only`, and behind a gateway's token `organizations=A,B`. Several lines may have the same
    /// name, so that a secret can be replaced.
    ///
    /// # Errors
    /// Every problem and its remedy, for the operator. No secret is in them.
    pub fn read(admin_key: &Secret, gateway_token: &Secret) -> Result<Credentials, Vec<String>> {
        let mut problems = Vec::new();
        let operators = lines(admin_key.expose(), "ADMIN_KEY", &mut problems);
        let gateways = lines(gateway_token.expose(), "GATEWAY_TOKEN", &mut problems);
        if gateways.iter().any(|line| line.is_read_only) {
            problems.push(format!(
                "--gateway-token: a gateway's token cannot be {READ_ONLY}"
            ));
        }
        if operators.iter().any(|line| line.organizations.is_some()) {
            problems.push(
                "--admin-key: an admin key cannot be for some organizations alone".to_owned(),
            );
        }
        let names_none = |line: &Line<'_>| {
            let all = line.organizations.as_ref();
            all.is_some_and(|all| all.is_empty() || !all.iter().all(|name| slug::is_name(name)))
        };
        if gateways.iter().any(names_none) {
            problems.push(format!(
                "--gateway-token: behind {ORGANIZATIONS} must stand names of organizations, joined by commas"
            ));
        }
        if operators.iter().all(|line| line.is_read_only) && !operators.is_empty() {
            problems.push(format!(
                "--admin-key: every key is {READ_ONLY}: one must not be"
            ));
        }
        let mut all: Vec<&str> = operators
            .iter()
            .chain(&gateways)
            .map(|line| line.secret)
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        if all.len() < count {
            problems.push(
                "--admin-key and --gateway-token must differ: a gateway must not be able to manage \
                 keys. Nor may any two of the keys and tokens be the same"
                    .to_owned(),
            );
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let name = |line: &Line<'_>| line.name.map(str::to_owned);
        Ok(Credentials {
            operators: operators
                .iter()
                .map(|line| OperatorKey {
                    name: name(line),
                    is_read_only: line.is_read_only,
                    digest: digest(line.secret.as_bytes()),
                })
                .collect(),
            gateways: gateways
                .iter()
                .map(|line| GatewayToken {
                    name: name(line),
                    organizations: line.organizations.clone(),
                    digest: digest(line.secret.as_bytes()),
                })
                .collect(),
        })
    }

    /// The operator's key of that digest.
    pub fn operator(&self, shown: &KeyDigest) -> Option<&OperatorKey> {
        // All are compared, so that the time says nothing.
        self.operators.iter().fold(None, |found, key| {
            let is_it = digests_equal(shown, &key.digest);
            found.or(is_it.then_some(key))
        })
    }

    /// The gateways' token of that digest.
    pub fn gateway(&self, shown: &KeyDigest) -> Option<&GatewayToken> {
        self.gateways.iter().fold(None, |found, token| {
            let is_it = digests_equal(shown, &token.digest);
            found.or(is_it.then_some(token))
        })
    }

    /// Whether a secret is one of them.
    pub fn has(&self, secret: &Secret) -> bool {
        let shown = digest(secret.expose().as_bytes());
        self.operator(&shown).is_some() || self.gateway(&shown).is_some()
    }

    /// Whether a gateway's own name of itself belongs to a token with a name.
    pub(crate) fn is_anothers(&self, gateway: &str) -> bool {
        let prefix = gateway.split_once('/').map(|(prefix, _)| prefix);
        let mut names = self
            .gateways
            .iter()
            .filter_map(|token| token.name.as_deref());
        prefix.is_some_and(|prefix| names.any(|name| name == prefix))
    }
}

/// The lines of a text. One line without a name is one secret, whatever is in it.
fn lines<'a>(text: &'a str, variable: &str, problems: &mut Vec<String>) -> Vec<Line<'a>> {
    let flag = variable.to_lowercase().replace('_', "-");
    let all: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let is_one = all.len() <= 1;
    let mut read = Vec::with_capacity(all.len());
    // A text of blanks is a secret that is too short.
    for line in if all.is_empty() { vec![""] } else { all } {
        let named = line.split_once(": ").filter(|(name, _)| is_name(name));
        let line = match named {
            None if is_one => Line {
                name: None,
                secret: line,
                is_read_only: false,
                organizations: None,
            },
            None => {
                problems.push(format!(
                    "--{flag} has several lines, so each must be 'NAME: SECRET'; a name has lower-case \
                     letters, digits, '-' and '_'"
                ));
                continue;
            }
            Some((name, secret)) => {
                let mut line = Line {
                    name: Some(name),
                    secret: secret.trim(),
                    is_read_only: false,
                    organizations: None,
                };
                while let Some((secret, last)) = line.secret.rsplit_once(char::is_whitespace) {
                    if last == READ_ONLY {
                        line.is_read_only = true;
                    } else if let Some(names) = last.strip_prefix(ORGANIZATIONS) {
                        line.organizations = Some(names.split(',').map(str::to_owned).collect());
                    } else {
                        break;
                    }
                    line.secret = secret.trim_end();
                }
                line
            }
        };
        if line.secret.chars().count() < MIN_SECRET {
            problems.push(format!(
                "--{flag} (PADDOCK_{variable}) is too short: choose at least {MIN_SECRET} random \
                 characters, for example with `openssl rand -hex 32`"
            ));
        }
        read.push(line);
    }
    read
}

fn is_name(name: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    fn shown(text: &str) -> KeyDigest {
        digest(text.as_bytes())
    }

    #[test]
    fn one_secret_or_several_with_names() {
        let one = Credentials::read(&secret("0123456789 abcdef: x"), &secret("fedcba9876543210"));
        let one = one.unwrap();
        let key = one.operator(&shown("0123456789 abcdef: x")).unwrap();
        assert_eq!((&key.name, key.is_read_only), (&None, false));
        let admin = "# rotated in March\nann: 0123456789abcdef\nann: 1123456789abcdef\n\n\
                     watch: 2123456789abcdef read-only\n";
        let gateways = "eu: fedcba9876543210\nus: gedcba9876543210";
        let some = Credentials::read(&secret(admin), &secret(gateways)).unwrap();
        for text in ["0123456789abcdef", "1123456789abcdef"] {
            let key = some.operator(&shown(text)).unwrap();
            assert_eq!(
                (key.name.as_deref(), key.is_read_only),
                (Some("ann"), false)
            );
        }
        assert!(
            some.operator(&shown("2123456789abcdef"))
                .unwrap()
                .is_read_only
        );
        assert!(some.operator(&shown("fedcba9876543210")).is_none());
        let token = some.gateway(&shown("gedcba9876543210")).unwrap();
        assert_eq!(token.name.as_deref(), Some("us"));
        assert_eq!(token.organizations, None);
        let bound = secret("eu: fedcba9876543210 organizations=acme,globex");
        let bound = Credentials::read(&secret(admin), &bound).unwrap();
        let token = bound.gateway(&shown("fedcba9876543210")).unwrap();
        let organizations = token.organizations.clone().unwrap();
        assert_eq!(Vec::from_iter(organizations), ["acme", "globex"]);
        assert!(some.is_anothers("eu/7") && !some.is_anothers("7") && !some.is_anothers("asia/7"));
        for (admin, gateway, problem) in [
            (
                "a: 0123456789abcdef\n1123456789abcdef",
                "fedcba9876543210",
                "each must be",
            ),
            (
                "a: short\nb: 1123456789abcdef",
                "fedcba9876543210",
                "too short",
            ),
            ("a: 0123456789abcdef", "b: 0123456789abcdef", "must differ"),
            (
                "a: 0123456789abcdef read-only",
                "fedcba9876543210",
                "must not be",
            ),
            (
                "0123456789abcdef",
                "b: fedcba9876543210 read-only",
                "cannot be",
            ),
            ("", "fedcba9876543210", "too short"),
            (
                "a: 0123456789abcdef organizations=x",
                "fedcba9876543210",
                "cannot be for",
            ),
            (
                "0123456789abcdef",
                "b: fedcba9876543210 organizations=",
                "names of organizations",
            ),
        ] {
            let problems = Credentials::read(&secret(admin), &secret(gateway)).unwrap_err();
            let text = problems.join("\n");
            assert!(
                text.contains(problem) && !text.contains("123456789"),
                "{text}"
            );
        }
    }
}
