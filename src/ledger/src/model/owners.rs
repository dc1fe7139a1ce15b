//! Who sets what: one table of every setting. The API enforces it; its document and the book show it.

use crate::model::{Namespace, Organization};
use paddock_core::policy::{FailureMode, UnknownPrice};

/// Who may set something beside the operator, who may set everything.
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    /// Nobody.
    Operator,
    /// Admins of the organization too, unless the change gives the namespace more than that.
    OperatorBeyond(fn(&NamespaceChange<'_>) -> bool),
    /// Admins of the organization.
    Admin,
    /// Admins, and holders of the namespace's keys that may call models.
    Holder,
}

impl Owner {
    /// As documents name whoever may set it.
    pub const fn name(self) -> &'static str {
        match self {
            Owner::Operator | Owner::OperatorBeyond(_) => "operator",
            Owner::Admin => "organization admin",
            Owner::Holder => "key",
        }
    }
}

/// A namespace before and after a change. Of a new one, before is as every new one is.
#[derive(Clone, Copy, Debug)]
pub struct NamespaceChange<'a> {
    /// Its organization.
    pub organization: &'a Organization,
    /// What it was.
    pub before: &'a Namespace,
    /// What it becomes.
    pub after: &'a Namespace,
}

/// Settings with one owner.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What they are settings of.
    pub of: &'static str,
    /// The bodies of requests, by the names of their schemas, that set them.
    pub bodies: &'static [&'static str],
    /// Their names in the contract; none is all others of these bodies.
    pub fields: &'static [&'static str],
    /// Who sets them.
    pub owner: Owner,
    /// How far the owner is free, or what others may do of it: sentences.
    pub within: &'static str,
}

const NAMESPACE: &[&str] = &["CreateNamespace", "UpdateNamespace", "PutSettings"];

/// The table. The first row of a body that names a field, or names none, is that field's.
pub const TABLE: &[Row] = &[
    Row {
        of: "organization",
        bodies: &["CreateOrganization", "UpdateOrganization"],
        fields: &[],
        owner: Owner::Operator,
        within: "",
    },
    Row {
        of: "prices and aliases",
        bodies: &["PutPrice", "PutAlias"],
        fields: &[],
        owner: Owner::Operator,
        within: "",
    },
    Row {
        of: "namespace",
        bodies: &["CreateNamespace", "UpdateNamespace"],
        fields: &["organization"],
        owner: Owner::OperatorBeyond(|change| {
            change.after.organization != change.before.organization
        }),
        within: "An organization's admin makes namespaces in its own organization, where they stay.",
    },
    Row {
        of: "namespace",
        bodies: NAMESPACE,
        fields: &["priority"],
        owner: Owner::OperatorBeyond(|change| {
            let most = change.organization.max_priority.unwrap_or_default();
            change.after.priority < most.min(change.before.priority)
        }),
        within: "An organization's admin sets it up to the organization's `max_priority`.",
    },
    Row {
        of: "namespace",
        bodies: &["CreateNamespace", "UpdateNamespace"],
        fields: &["soft_limits"],
        owner: Owner::OperatorBeyond(|change| {
            let before = &change.before.limits;
            let mut soft = change.after.limits.soft_limits.iter();
            soft.any(|kind| !before.is_soft(*kind))
        }),
        within: "An organization's admin may have a limit enforced again.",
    },
    Row {
        of: "key",
        bodies: &["CreateKey", "UpdateKey"],
        fields: &["soft_limits"],
        owner: Owner::Operator,
        within: "An organization's admin may have a limit enforced again.",
    },
    Row {
        of: "namespace",
        bodies: NAMESPACE,
        fields: &["weight"],
        owner: Owner::OperatorBeyond(|change| change.after.weight > change.before.weight),
        within: "An organization's admin may lower it.",
    },
    Row {
        of: "namespace",
        bodies: NAMESPACE,
        fields: &["failure_mode"],
        owner: Owner::OperatorBeyond(|change| {
            let modes = (change.before.failure_mode, change.after.failure_mode);
            modes == (FailureMode::Closed, FailureMode::Open)
        }),
        within: "An organization's admin may set it back to `closed`.",
    },
    Row {
        of: "namespace",
        bodies: NAMESPACE,
        fields: &["unknown_price"],
        owner: Owner::OperatorBeyond(|change| {
            trust(change.after.unknown_price) > trust(change.before.unknown_price)
        }),
        within: "An organization's admin may set it to what refuses or charges more.",
    },
    Row {
        of: "namespace",
        bodies: &["PutSettings"],
        fields: &["allowed_regions"],
        owner: Owner::OperatorBeyond(|change| {
            let regions = |namespace: &Namespace| namespace.settings.allowed_regions.clone();
            match (regions(change.before), regions(change.after)) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(before), Some(after)) => after.iter().any(|region| !before.contains(region)),
            }
        }),
        within: "An organization's admin may leave out some.",
    },
    Row {
        of: "namespace",
        bodies: &["PutSettings"],
        fields: &["content_policy_mode", "allowed_categories"],
        owner: Owner::Admin,
        within: "What the operator enforces from `relaxed` on is enforced whatever they are.",
    },
    Row {
        of: "namespace",
        bodies: &[
            "CreateNamespace",
            "UpdateNamespace",
            "PutSettings",
            "OverrideQuota",
        ],
        fields: &[],
        owner: Owner::Admin,
        within: "Limits and models are within the organization's.",
    },
    Row {
        of: "routing and refills of a namespace",
        bodies: &["PutRouting", "PutAutoRefill"],
        fields: &[],
        owner: Owner::Admin,
        within: "",
    },
    Row {
        of: "budget of an organization",
        bodies: &["PutBudget"],
        fields: &[],
        owner: Owner::Admin,
        within: "Its caps are within the organization's. What the operator has set, only the operator \
                 changes.",
    },
    Row {
        of: "role",
        bodies: &["PutRole"],
        fields: &[],
        owner: Owner::Admin,
        within: "It needs `can_manage_users`. Only the operator narrows `admin`, and no role is given \
                 what the operator took from `admin`.",
    },
    Row {
        of: "member",
        bodies: &["CreateMember", "UpdateMember", "UpdateNamedMember"],
        fields: &[],
        owner: Owner::Admin,
        within: "It needs `can_manage_users`.",
    },
    Row {
        of: "key",
        bodies: &["UpdateKey"],
        fields: &["role", "enabled", "expires_in", "scopes"],
        owner: Owner::Admin,
        within: "It needs `can_create_api_keys`, save to disable a key; a new role of a member's key \
                 needs `can_manage_users` too. The key may do no more than the admin's role may.",
    },
    Row {
        of: "new key or secret",
        bodies: &["CreateKey", "RotateKey"],
        fields: &[],
        owner: Owner::Admin,
        within: "It needs `can_create_api_keys`. The key may do no more than the admin's role may; its \
                 limits and models are within the namespace's.",
    },
    Row {
        of: "key",
        bodies: &["UpdateKey", "KeyLimitsBody"],
        fields: &[],
        owner: Owner::Admin,
        within: "Limits and models are within the namespace's; wider models and quotas need \
                 `can_create_api_keys`.",
    },
    Row {
        of: "end user",
        bodies: &["PutUserQuota"],
        fields: &[],
        owner: Owner::Admin,
        within: "",
    },
    Row {
        of: "credits",
        bodies: &["CreateCredit"],
        fields: &[],
        owner: Owner::Admin,
        within: "Only the operator pays into an organization.",
    },
    Row {
        of: "webhooks and alerts",
        bodies: &[
            "CreateWebhook",
            "UpdateWebhook",
            "ReplayEvents",
            "CreateAlert",
            "UpdateAlert",
        ],
        fields: &[],
        owner: Owner::Admin,
        within: "",
    },
    Row {
        of: "reservation",
        bodies: &["Reserve"],
        fields: &[],
        owner: Owner::Holder,
        within: "",
    },
    Row {
        of: "correction",
        bodies: &["CreateCorrection"],
        fields: &[],
        owner: Owner::Operator,
        within: "",
    },
    Row {
        of: "usage from a gateway's log",
        bodies: &["Reconcile"],
        fields: &[],
        owner: Owner::Operator,
        within: "",
    },
];

/// The row of a field of a body.
pub fn of_field(body: &str, field: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| {
        let is_named = row.fields.is_empty() || row.fields.contains(&field);
        is_named && row.bodies.contains(&body)
    })
}

/// The rows in which a change of a namespace is the operator's.
pub fn beyond_admins(change: &NamespaceChange<'_>) -> Vec<&'static Row> {
    let is_beyond = |row: &&Row| match row.owner {
        Owner::OperatorBeyond(is_beyond) => is_beyond(change),
        _ => false,
    };
    TABLE.iter().filter(is_beyond).collect()
}

/// From what refuses to what serves for nothing.
const fn trust(unknown_price: UnknownPrice) -> u8 {
    match unknown_price {
        UnknownPrice::Refuse => 0,
        UnknownPrice::Dearest => 1,
        UnknownPrice::Free => 2,
    }
}
