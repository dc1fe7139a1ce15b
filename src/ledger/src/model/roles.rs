//! What roles may do in the management API, and what an organization narrows them to.

use paddock_core::money::Money;
use paddock_core::policy::{EndpointScope, Role, RoleRights};

/// What an organization narrows one role to. Nothing in it can widen the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleOverride {
    /// Models and endpoints, which gateways enforce.
    pub rights: RoleRights,
    /// The most that each key of the role may spend in a month, whatever its own cap is.
    pub monthly_quota: Option<Money>,
    /// What is left of the role's powers: false takes one away.
    pub powers: Powers,
}

/// What may be done in the management API beside reading what is one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Powers {
    /// Members, and the overrides of other roles than `admin`.
    pub manage_users: bool,
    /// Usage, costs and the audit.
    pub view_analytics: bool,
    /// New keys, and new secrets of keys.
    pub create_api_keys: bool,
}

impl Powers {
    /// All of them.
    pub const ALL: Powers = Powers {
        manage_users: true,
        view_analytics: true,
        create_api_keys: true,
    };

    /// Those a role has if nobody narrows it.
    pub fn of(role: Role) -> Powers {
        let is_admin = role == Role::Admin;
        Powers {
            manage_users: is_admin,
            view_analytics: true,
            create_api_keys: is_admin,
        }
    }

    /// Those a role has in an organization.
    pub fn within(role: Role, narrowed: Option<&RoleOverride>) -> Powers {
        let own = Powers::of(role);
        let left = narrowed.map_or(Powers::ALL, |narrowed| narrowed.powers);
        Powers {
            manage_users: own.manage_users && left.manage_users,
            view_analytics: own.view_analytics && left.view_analytics,
            create_api_keys: own.create_api_keys && left.create_api_keys,
        }
    }

    /// Each under its name in the contract.
    pub fn named(self) -> [(&'static str, bool); 3] {
        [
            ("can_manage_users", self.manage_users),
            ("can_view_analytics", self.view_analytics),
            ("can_create_api_keys", self.create_api_keys),
        ]
    }
}

/// The endpoints a role may use in an organization.
pub fn endpoints(role: Role, narrowed: Option<&RoleOverride>) -> Vec<EndpointScope> {
    let list = narrowed.and_then(|narrowed| narrowed.rights.allowed_endpoints.as_ref());
    EndpointScope::ALL
        .into_iter()
        .filter(|scope| role.allows(*scope))
        .filter(|scope| list.is_none_or(|list| list.contains(scope)))
        .collect()
}

impl RoleOverride {
    /// Everything in which it is wider than the role itself, or than what `limit` its organization
    /// may spend, in the contract's words.
    pub fn violations(&self, role: Role, asked: &[&'static str], limit: Money) -> Vec<String> {
        let name = role.name();
        let mut violations = Vec::new();
        let endpoints = self.rights.allowed_endpoints.iter().flatten();
        let wider: Vec<String> = endpoints
            .filter(|scope| !role.allows(**scope))
            .map(|scope| format!("'{}'", scope.name()))
            .collect();
        if !wider.is_empty() {
            let list = wider.join(", ");
            violations.push(format!(
                "Cannot assign endpoints [{list}] - not in role '{name}'"
            ));
        }
        for (power, has) in Powers::of(role).named() {
            if asked.contains(&power) && !has {
                violations.push(format!("Cannot assign '{power}' - not in role '{name}'"));
            }
        }
        if let Some(quota) = self.monthly_quota.filter(|quota| *quota > limit) {
            violations.push(format!(
                "Monthly quota {quota} exceeds organization limit of {limit}"
            ));
        }
        violations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_takes_away_and_never_gives() {
        let mut narrowed = RoleOverride {
            rights: RoleRights {
                allowed_models: None,
                allowed_endpoints: Some(vec![EndpointScope::Chat, EndpointScope::Models]),
            },
            monthly_quota: None,
            powers: Powers::ALL,
        };
        for role in Role::ALL {
            assert_eq!(Powers::within(role, Some(&narrowed)), Powers::of(role));
            let plain = endpoints(role, None);
            let left = endpoints(role, Some(&narrowed));
            assert!(left.iter().all(|scope| plain.contains(scope)), "{role:?}");
        }
        assert_eq!(
            endpoints(Role::Viewer, Some(&narrowed)),
            [EndpointScope::Models]
        );
        narrowed.powers.view_analytics = false;
        assert!(!Powers::within(Role::Admin, Some(&narrowed)).view_analytics);
        assert!(Powers::within(Role::Admin, Some(&narrowed)).manage_users);
    }

    #[test]
    fn what_is_wider_than_the_role_is_told() {
        let wider = RoleOverride {
            rights: RoleRights {
                allowed_models: None,
                allowed_endpoints: Some(vec![EndpointScope::Chat, EndpointScope::Models]),
            },
            monthly_quota: Some(Money::from_nanos(2)),
            powers: Powers::ALL,
        };
        let limit = Money::from_nanos(1);
        let told = wider.violations(Role::Viewer, &["can_manage_users"], limit);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].contains("['chat:create'] - not in role 'viewer'"),
            "{told:?}"
        );
        let asked = ["can_manage_users", "can_view_analytics"];
        assert_eq!(wider.violations(Role::Admin, &asked, Money::MAX), [""; 0]);
    }
}
