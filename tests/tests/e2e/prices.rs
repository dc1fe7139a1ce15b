//! Prices of their own for cached tokens, for reasoning and for batches.

use crate::client::Call;
use crate::gateway::ledger::Line;
use crate::gateway::{Gateway, Tenant};
use serde_json::{Value, json};

/// A model that nobody else uses, at these prices.
fn model(prices: Value) -> String {
    let gateway = Gateway::shared();
    let name = format!("priced-{}", gateway.number());
    let mut body = prices;
    body["upstream"] = json!("openai");
    gateway.manage("PUT", &format!("/v1/prices/{name}"), Some(&body));
    name
}

fn charged(tenant: &Tenant, model: &str, fields: Value, tier: &str) -> Line {
    let mut fields = fields;
    fields["model"] = json!(model);
    charged_for(tenant, tenant.chat_with(fields), tier)
}

fn charged_for(tenant: &Tenant, call: Call, tier: &str) -> Line {
    let gateway = Gateway::shared();
    let before = gateway.lines(tenant).len();
    let call = call
        .fake("exact-prompt-tokens", 1_000)
        .fake("cached-tokens", 400)
        .fake("completion-tokens", 50)
        .fake("reasoning-tokens", 20)
        .fake("service-tier", tier);
    gateway.send(&call).expect(200);
    gateway.ledger(tenant, before + 1).pop().unwrap()
}

#[test]
fn each_kind_of_token_has_its_price_and_a_batch_its_percentage() {
    let gateway = Gateway::shared();
    let name = model(
        json!({"input": 2, "cached_input": 0.5, "output": 10, "reasoning": 40,
        "batch_percent": 50}),
    );
    let tenant = gateway.tenant("reasoner", json!({}));
    let plain = charged(&tenant, &name, json!({}), "default");
    let full = 600 * 2_000 + 400 * 500 + 30 * 10_000 + 20 * 40_000;
    assert_eq!((plain.cost, plain.batch), (full, false), "{plain:?}");
    let flex = json!({"service_tier": "flex"});
    let stream = json!({"service_tier": "flex", "stream": true});
    for (fields, tier, is_batch) in [
        (flex.clone(), "flex", true),
        (stream.clone(), "flex", true),
        // The provider had no room: it served and charges as usual.
        (flex, "default", false),
        (stream, "default", false),
        // Nobody asked for it, and the provider charges it all the same.
        (json!({}), "flex", true),
    ] {
        let line = charged(&tenant, &name, fields.clone(), tier);
        let cost = if is_batch { full / 2 } else { full };
        assert_eq!(
            (line.cost, line.batch),
            (cost, is_batch),
            "{fields} {tier} {line:?}"
        );
    }
}

/// The dearest price is reserved, whatever the call then costs.
#[test]
fn what_is_reserved_is_the_dearest() {
    let gateway = Gateway::shared();
    let name = model(json!({"input": 1, "output": 1, "reasoning": 1_000, "batch_percent": 1}));
    let fields = json!({"model": name, "max_tokens": 100, "service_tier": "flex"});
    // A hundred tokens of reasoning are ten cents.
    for (quota, status) in [(0.099, 402), (0.101, 200)] {
        let tenant = gateway.tenant("dearest", json!({"monthly_quota_usd": quota}));
        gateway
            .send(&tenant.chat_with(fields.clone()))
            .expect(status);
    }
}
