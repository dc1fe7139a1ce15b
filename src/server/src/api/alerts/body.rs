//! What is sent about alerts.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::openapi::words::{AlertAction, AlertWindow, Text};
use utoipa::ToSchema;

/// An alert to make, with one of the two thresholds and what its action needs.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "half spent", "threshold_pct": 50.0, "window": "30d", "action": "throttle",
}))]
pub struct CreateAlert {
    /// Unique in its namespace.
    #[schema(value_type = Text)]
    name: String,
    /// The month where none is named.
    #[schema(value_type = Option<AlertWindow>)]
    window: Option<String>,
    /// What follows.
    #[schema(value_type = AlertAction)]
    action: String,
    #[serde(flatten)]
    others: WrittenAlert,
}

/// What changes of an alert: what is sent, one of the two thresholds at most.
#[derive(ToSchema)]
#[schema(example = json!({
    "threshold_pct": 60.0, "message_template": "{namespace} has spent {pct} % of {limit}",
}))]
pub struct ChangeAlert {
    /// Unique in its namespace.
    #[schema(value_type = Option<Text>)]
    name: Option<String>,
    /// How much time is looked at.
    #[schema(value_type = Option<AlertWindow>)]
    window: Option<String>,
    /// What follows.
    #[schema(value_type = Option<AlertAction>)]
    action: Option<String>,
    #[serde(flatten)]
    others: WrittenAlert,
}

/// What a new alert and a change of one have in common.
#[derive(ToSchema)]
struct WrittenAlert {
    /// Percent of the window's budget that are spent.
    #[schema(minimum = 0.001, maximum = 1_000)]
    threshold_pct: Option<f64>,
    /// Standard deviations that this hour costs more than such hours did.
    #[schema(minimum = 0.001, maximum = 100)]
    threshold_stddev: Option<f64>,
    /// Where it is told: needed by `webhook` and `slack`.
    #[schema(max_length = 2_048, format = "uri")]
    webhook_url: Option<String>,
    /// What is told, with `{pct}`, `{spent}`, `{limit}` and `{namespace}`.
    #[schema(value_type = Option<Text>)]
    message_template: Option<String>,
    /// The keys that are disabled, by id or name: needed by `disable_key`.
    #[schema(value_type = Option<Vec<Text>>, max_items = 1_000)]
    keys: Option<Vec<String>>,
    /// Who gets a mail: needed by `email`, where the operator has set a mail server.
    #[schema(value_type = Option<Vec<Text>>, max_items = 20)]
    notify_emails: Option<Vec<String>>,
}
