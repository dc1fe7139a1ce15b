//! What a key may do after everything that narrows it, so that one can be compared with another.

use crate::model::Key;
use crate::model::hierarchy::{canonical, smaller};
use crate::model::roles::{self, Powers, RoleOverride};
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, EndpointScope, Role};
use std::collections::BTreeSet;

/// The rights of a role or a key in its organization. What is absent is not limited.
#[derive(Clone, Debug)]
pub struct Rights {
    models: Option<BTreeSet<String>>,
    endpoints: Vec<EndpointScope>,
    monthly_quota: Option<Money>,
    powers: Powers,
}

impl Rights {
    /// Those of every key of a role that nothing else narrows.
    pub fn of_role(role: Role, narrowed: Option<&RoleOverride>, catalog: &Catalog) -> Rights {
        let models = narrowed.and_then(|narrowed| narrowed.rights.allowed_models.as_deref());
        Rights {
            models: models.map(|models| canonical_set(models, catalog)),
            endpoints: roles::endpoints(role, narrowed),
            monthly_quota: narrowed.and_then(|narrowed| narrowed.monthly_quota),
            powers: Powers::within(role, narrowed),
        }
        .of_callers()
    }

    /// Those of a key: its role's, as its own scopes, models and quota narrow them.
    pub fn of_key(key: &Key, narrowed: Option<&RoleOverride>, catalog: &Catalog) -> Rights {
        let mut rights = Rights::of_role(key.role, narrowed, catalog);
        if let Some(own) = &key.allowed_models {
            let own = canonical_set(own, catalog);
            rights.models = Some(match rights.models {
                Some(models) => models.intersection(&own).cloned().collect(),
                None => own,
            });
        }
        if let Some(scopes) = &key.scopes {
            rights.endpoints.retain(|scope| scopes.contains(scope));
        }
        rights.monthly_quota = smaller(rights.monthly_quota, key.limits.monthly_quota);
        rights.of_callers()
    }

    /// Models and money are nothing to a key that cannot call a model.
    fn of_callers(mut self) -> Rights {
        if self
            .endpoints
            .iter()
            .all(|scope| *scope == EndpointScope::Models)
        {
            self.models = Some(BTreeSet::new());
            self.monthly_quota = Some(Money::ZERO);
        }
        self
    }

    /// The names, in the contract's words, of everything in which these are wider than others.
    pub fn wider_than(&self, other: &Rights) -> Vec<&'static str> {
        let models = match (&self.models, &other.models) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(own), Some(others)) => !own.is_subset(others),
        };
        let quota = match (self.monthly_quota, other.monthly_quota) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(own), Some(others)) => own > others,
        };
        let endpoints = &self.endpoints;
        let endpoints = endpoints
            .iter()
            .any(|scope| !other.endpoints.contains(scope));
        let fields = [
            ("models", models),
            ("allowed_endpoints", endpoints),
            ("monthly_quota_usd", quota),
        ];
        let powers = self.powers.named().into_iter().zip(other.powers.named());
        let powers = powers.map(|((name, own), (_, others))| (name, own && !others));
        let wider = fields.into_iter().chain(powers).filter(|(_, wider)| *wider);
        wider.map(|(name, _)| name).collect()
    }

    /// In what these give more than `before` did, of all in which they are wider than `maker`'s. Who
    /// may do no more than `maker` must not give that.
    pub fn gained_past(&self, before: Option<&Rights>, maker: &Rights) -> Vec<&'static str> {
        let mut past = self.wider_than(maker);
        if let Some(before) = before {
            let gained = self.wider_than(before);
            past.retain(|name| gained.contains(name));
        }
        past
    }
}

fn canonical_set(names: &[String], catalog: &Catalog) -> BTreeSet<String> {
    names.iter().map(|name| canonical(catalog, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use paddock_core::policy::RoleRights;

    fn narrowed(models: &[&str], quota: i64) -> RoleOverride {
        RoleOverride {
            rights: RoleRights {
                allowed_models: Some(models.iter().map(|name| (*name).to_owned()).collect()),
                allowed_endpoints: None,
            },
            monthly_quota: Some(Money::from_nanos(quota)),
            powers: Powers {
                view_analytics: false,
                ..Powers::ALL
            },
        }
    }

    #[test]
    fn every_respect_in_which_a_role_is_wider_is_named() {
        let catalog = Catalog::builtin();
        let admin = narrowed(&["gpt4"], 5);
        let maker = Rights::of_role(Role::Admin, Some(&admin), &catalog);
        let developer = Rights::of_role(Role::Developer, None, &catalog);
        let wider = ["models", "monthly_quota_usd", "can_view_analytics"];
        assert_eq!(developer.wider_than(&maker), wider);
        let viewer = Rights::of_role(Role::Viewer, None, &catalog);
        assert_eq!(viewer.wider_than(&maker), ["can_view_analytics"]);
        let same = narrowed(&["gpt-4.1"], 5);
        let same = Rights::of_role(Role::Developer, Some(&same), &catalog);
        assert_eq!(same.wider_than(&maker), [""; 0], "an alias is its model");
        assert_eq!(
            maker.wider_than(&same),
            ["can_manage_users", "can_create_api_keys"]
        );
    }

    #[test]
    fn what_was_there_before_is_not_gained() {
        let catalog = Catalog::builtin();
        let maker = narrowed(&["gpt-4.1"], 5);
        let maker = Rights::of_role(Role::Admin, Some(&maker), &catalog);
        let before = narrowed(&["gpt-4.1", "deepseek-v3.2"], 9);
        let before = Rights::of_role(Role::Developer, Some(&before), &catalog);
        let after = narrowed(&["deepseek-v3.2"], 10);
        let after = Rights::of_role(Role::Developer, Some(&after), &catalog);
        assert_eq!(
            after.gained_past(Some(&before), &maker),
            ["monthly_quota_usd"]
        );
        assert_eq!(
            after.gained_past(None, &maker),
            ["models", "monthly_quota_usd"]
        );
    }
}
