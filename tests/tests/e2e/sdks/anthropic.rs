//! Anthropic's.

use super::{Outcome, run};
use serde_json::json;

fn behaves(outcome: &Outcome) {
    outcome.returned(&json!({
        "message": ["claude-sonnet-4.5", 3, 16],
        "stream": [true, 16, "end_turn"],
        "events": ["message_start", "message_stop"],
        "count": 3,
    }));
    outcome.raised([
        ("401", "AuthenticationError", "authentication_error"),
        ("402", "PaymentRequiredError", "billing_error"),
        ("403", "PermissionDeniedError", "permission_error"),
        ("404", "NotFoundError", "not_found_error"),
        ("429", "RateLimitError", "rate_limit_error"),
    ]);
    let price = (3_000, 15_000);
    outcome.booked(&[
        ("/v1/messages", false, 3, 16, price),
        ("/v1/messages", true, 3, 16, price),
        ("/v1/messages", true, 3, 16, price),
        ("/v1/messages/count_tokens", false, 0, 0, price),
    ]);
}

#[test]
fn python() {
    behaves(&run("python/anthropic_client.py"));
}

#[test]
fn node() {
    behaves(&run("js/anthropic_client.mjs"));
}
