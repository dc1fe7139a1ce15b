//! The end users of a namespace, who are not declared: a request names one.

use crate::money::Money;
use crate::secret;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Most users of one namespace with a quota of their own.
pub const MAX_USER_QUOTAS: usize = 1_000;
/// In whose name those are limited for whom a gateway has no room of their own.
pub const SHARED_USER: &str = "*";
/// Longest name that stands in a scope as it is.
const LONGEST_PLAIN: usize = 128;
/// Longest name, in bytes, that stands in a usage event as it is.
const LONGEST_IN_EVENTS: usize = 256;

/// Hard monthly caps of a namespace's end users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserQuotas {
    /// That of each user who has none of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_quota: Option<Money>,
    /// Those of users who have one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<String, Money>,
}

impl UserQuotas {
    /// The cap of one user; `None` where nothing limits them.
    pub fn of(&self, user: &str) -> Option<Money> {
        self.own.get(user).copied().or(self.monthly_quota)
    }

    /// The cap of all those together for whom there is no room: that of one user, and where there
    /// is none for everybody, the least of those there are.
    pub fn shared(&self) -> Option<Money> {
        let least = || self.own.values().min().copied();
        self.monthly_quota.or_else(least)
    }
}

/// The name of a user's scope: `user:NAMESPACE/USER`. A user whose name is long, not printable or
/// already taken is in it by a digest.
pub fn user_scope(namespace: &str, user: &str) -> String {
    let is_plain =
        user.len() <= LONGEST_PLAIN && !user.chars().any(char::is_control) && user != SHARED_USER;
    if is_plain {
        return format!("user:{namespace}/{user}");
    }
    format!("user:{namespace}/{}", digest_name(user))
}

/// A user as usage events name them: as the request did, or, if that is longer than
/// [`LONGEST_IN_EVENTS`] bytes, by the digest that stands in the user's scope. Either way
/// [`user_scope`] answers the same of it, so the ledger books to the scope that was debited. Keys in
/// it are redacted before anything is debited.
pub fn user_in_events(user: &str) -> Cow<'_, str> {
    if user.len() > LONGEST_IN_EVENTS {
        return Cow::Owned(digest_name(user));
    }
    match secret::redact(user.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(user),
        Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
    }
}

fn digest_name(user: &str) -> String {
    format!("sha256:{}", secret::digest(user.as_bytes()).to_hex())
}

/// The name of the scope that users share for whom there is no room of their own.
pub fn shared_user_scope(namespace: &str) -> String {
    format!("user:{namespace}/{SHARED_USER}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_scope_is_one_line_and_short_and_nobody_elses() {
        assert_eq!(
            user_scope("n", "alice@example.com"),
            "user:n/alice@example.com"
        );
        assert_eq!(user_scope("n", "a/b"), "user:n/a/b");
        for odd in ["a\nscope", "*", &"x".repeat(129), "\0"] {
            let scope = user_scope("n", odd);
            assert!(
                scope.starts_with("user:n/sha256:") && scope.len() < 128,
                "{scope}"
            );
            assert_ne!(scope, shared_user_scope("n"));
        }
    }

    #[test]
    fn an_event_names_a_user_in_few_bytes_and_in_the_same_scope() {
        for user in [
            "alice",
            "*",
            "a\nb",
            &"x".repeat(256),
            &"é".repeat(129),
            &"x".repeat(9_000_000),
        ] {
            let named = user_in_events(user);
            assert!(named.len() <= LONGEST_IN_EVENTS);
            assert_eq!(user_scope("n", &named), user_scope("n", user));
            assert_eq!(named == user, user.len() <= LONGEST_IN_EVENTS);
        }
    }

    #[test]
    fn a_quota_of_ones_own_goes_before_everybodys() {
        let [one, two, three] = [1, 2, 3].map(Money::from_nanos);
        let own = BTreeMap::from([("a".to_owned(), two), ("b".to_owned(), three)]);
        let mut quotas = UserQuotas {
            monthly_quota: Some(one),
            own,
        };
        assert_eq!((quotas.of("b"), quotas.of("c")), (Some(three), Some(one)));
        assert_eq!(quotas.shared(), Some(one));
        quotas.monthly_quota = None;
        assert_eq!((quotas.of("c"), quotas.shared()), (None, Some(two)));
        assert_eq!(UserQuotas::default().shared(), None);
    }
}
