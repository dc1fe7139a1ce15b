//! What may be said of each kind of thing.

const LIMITS: [&str; 6] = [
    "monthly_quota_usd",
    "daily_quota_usd",
    "rate_limit_per_minute",
    "tokens_per_minute",
    "burst",
    "max_concurrency",
];

/// A kind of thing in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Organization,
    Price,
    Namespace,
    Settings,
    Routing,
    User,
    Key,
    Webhook,
    Alert,
}

impl Kind {
    /// As it is called for people.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Organization => "organization",
            Kind::Price => "price",
            Kind::Namespace => "namespace",
            Kind::Settings => "settings",
            Kind::Routing => "routing",
            Kind::User => "user",
            Kind::Key => "key",
            Kind::Webhook => "webhook",
            Kind::Alert => "alert",
        }
    }

    /// The field that says which one it is.
    pub fn identity(self) -> &'static str {
        match self {
            Kind::Price => "model",
            Kind::User => "user_id",
            Kind::Webhook => "url",
            _ => "name",
        }
    }

    /// Whether a field of that canonical name may be said.
    pub fn has(self, field: &str) -> bool {
        let own: &[&str] = match self {
            Kind::Organization => &["name", "tags", "prepaid"],
            Kind::Namespace => &[
                "name",
                "organization",
                "allowed_models",
                "priority",
                "unknown_price",
                "failure_mode",
                "enabled",
                "prepaid",
                "tags",
                "user_monthly_quota_usd",
                "settings",
                "routing",
                "users",
                "webhooks",
                "alerts",
            ],
            // The service reads it as a whole.
            Kind::Routing => &[],
            Kind::User => &["user_id", "monthly_quota_usd"],
            Kind::Webhook => &["url", "events", "threshold_percent"],
            Kind::Alert => &[
                "name",
                "threshold_pct",
                "threshold_stddev",
                "window",
                "action",
                "webhook_url",
                "message_template",
                "keys",
                "notify_emails",
            ],
            Kind::Settings => &[
                "auto_throttle_at_percent",
                "throttle_mode",
                "throttle_factor",
                "max_queue_size",
                "queue_timeout_seconds",
                "fallback_model",
                "content_policy_mode",
                "allowed_categories",
            ],
            Kind::Key => &[
                "name",
                "namespace",
                "role",
                "scopes",
                "allowed_models",
                "enabled",
                "environment",
                "tags",
                "content_policy_mode",
                "expires_in",
            ],
            Kind::Price => &[
                "model",
                "upstream",
                "upstream_model",
                "paths",
                "input_usd_per_million",
                "cached_input_usd_per_million",
                "cache_write_5m_usd_per_million",
                "cache_write_1h_usd_per_million",
                "output_usd_per_million",
                "reasoning_usd_per_million",
                "batch_percent",
                "max_output_tokens",
                "capabilities",
            ],
        };
        let has_limits = matches!(self, Kind::Organization | Kind::Namespace | Kind::Key);
        own.contains(&field) || (has_limits && LIMITS.contains(&field))
    }
}

/// Whether a field is a limit, which is the parent's where it is not set.
pub fn is_limit(field: &str) -> bool {
    LIMITS.contains(&field) || field == "allowed_models"
}

/// Whether the order of a list says nothing.
pub fn is_set(field: &str) -> bool {
    [
        "allowed_models",
        "scopes",
        "allowed_categories",
        "capabilities",
        "events",
        "keys",
        "notify_emails",
    ]
    .contains(&field)
}

/// Whether `null` says nothing of a field: it has no default to go back to.
pub fn keeps_at_null(field: &str) -> bool {
    [
        "priority",
        "unknown_price",
        "failure_mode",
        "enabled",
        "prepaid",
        "role",
        "window",
        "action",
        "events",
        "threshold_pct",
        "threshold_stddev",
    ]
    .contains(&field)
}
