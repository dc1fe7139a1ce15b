//! The fields of each kind of object.

const LIMITS: [&str; 9] = [
    "monthly_quota_usd",
    "daily_quota_usd",
    "quotas_usd",
    "rate_limit_per_minute",
    "tokens_per_minute",
    "bytes_per_minute",
    "burst",
    "max_concurrency",
    "soft_limits",
];

/// A kind of object in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Organization,
    Budget,
    Price,
    Alias,
    Namespace,
    Settings,
    Routing,
    User,
    Key,
    Webhook,
    Alert,
}

impl Kind {
    /// Its name for people.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Organization => "organization",
            Kind::Budget => "budget",
            Kind::Price => "price",
            Kind::Alias => "alias",
            Kind::Namespace => "namespace",
            Kind::Settings => "settings",
            Kind::Routing => "routing",
            Kind::User => "user",
            Kind::Key => "key",
            Kind::Webhook => "webhook",
            Kind::Alert => "alert",
        }
    }

    /// The field that identifies an object.
    pub fn identity(self) -> &'static str {
        match self {
            Kind::Price => "model",
            Kind::Alias => "alias",
            Kind::User => "user_id",
            Kind::Webhook => "url",
            _ => "name",
        }
    }

    /// Whether it has a field with this canonical name.
    pub fn has(self, field: &str) -> bool {
        let own: &[&str] = match self {
            Kind::Organization => &[
                "name",
                "tags",
                "prepaid",
                "allowed_models",
                "max_priority",
                "max_namespaces",
                "max_keys",
                "max_members",
                "time_zone",
                "budgets",
            ],
            Kind::Budget => &[
                "name",
                "covers",
                "monthly_quota_usd",
                "daily_quota_usd",
                "quotas_usd",
                "soft",
            ],
            Kind::Namespace => &[
                "name",
                "organization",
                "allowed_models",
                "priority",
                "unknown_price",
                "failure_mode",
                "enabled",
                "prepaid",
                "time_zone",
                "tags",
                "user_monthly_quota_usd",
                "settings",
                "routing",
                "users",
                "webhooks",
                "alerts",
            ],
            Kind::Alias => &["alias", "model"],
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
                "references",
                "allowed_regions",
                "preferred_regions",
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
                "deployments",
                "input_usd_per_million",
                "cached_input_usd_per_million",
                "cache_write_5m_usd_per_million",
                "cache_write_1h_usd_per_million",
                "output_usd_per_million",
                "reasoning_usd_per_million",
                "audio_input_usd_per_million",
                "image_input_usd_per_million",
                "audio_output_usd_per_million",
                "image_output_usd_per_million",
                "batch_percent",
                "fees_usd",
                "units_usd",
                "tiers",
                "steps",
                "surcharges_percent",
                "max_output_tokens",
                "output_limit_field",
                "context_window",
                "media_tokens",
                "capabilities",
            ],
        };
        let has_limits = matches!(self, Kind::Organization | Kind::Namespace | Kind::Key);
        own.contains(&field) || (has_limits && LIMITS.contains(&field))
    }
}

/// Whether a field is a limit, which is inherited if it is not set.
pub fn is_limit(field: &str) -> bool {
    LIMITS.contains(&field) || field == "allowed_models"
}

/// Whether a field is a list whose order does not matter.
pub fn is_set(field: &str) -> bool {
    [
        "allowed_models",
        "scopes",
        "allowed_categories",
        "allowed_regions",
        "preferred_regions",
        "capabilities",
        "events",
        "keys",
        "notify_emails",
    ]
    .contains(&field)
}

/// Whether `null` leaves a field as it is, because it has no default.
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
