//! Databases from before a price was one document.

use crate::support::{Backend, Event, Gateway, taken_over};
use serde_json::{Value, json};

fn of_that_time(_: u64) -> Vec<String> {
    vec![
        "UPDATE policy SET revision = 1, catalog_revision = 1".to_owned(),
        "INSERT INTO organizations (name, created_at, updated_at, revision)
            VALUES ('default', 1, 1, 1)"
            .to_owned(),
        "INSERT INTO models (name, position, upstream, input_price, cached_input_price,
            cache_write_5m_price, cache_write_1h_price, output_price, reasoning_price,
            batch_percent, max_output_tokens, capabilities, upstream_model, paths)
            VALUES ('whole', 0, 'u', 1000000000, 100000000, 1250000000, 2000000000, 10000000000,
            12000000000, 50, 8192, '[\"vision\"]', 'w-1', '{\"openai\":\"/v2\"}')"
            .to_owned(),
        "INSERT INTO models (name, position, upstream, input_price, output_price,
            max_output_tokens) VALUES ('plain', 1, 'u', 2500000000, 8000000000, 4096)"
            .to_owned(),
        "INSERT INTO models (name, position, upstream, max_output_tokens)
            VALUES ('unpriced', 2, 'u', 100)"
            .to_owned(),
        "INSERT INTO aliases VALUES ('w', 'whole')".to_owned(),
        "INSERT INTO events (id, gateway, started_at, duration_ms, key_id, namespace,
            organization, model, requested_model, endpoint, stream, status, outcome, estimated,
            input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
            output_tokens, reasoning_tokens, cost, leases, request_id, client_address, user_agent)
            VALUES ('00000000-0000-7000-8000-000000000001', 'g', 1, 1, 'k', 'n', 'default', 'whole',
            'w', '/v1/chat/completions', FALSE, 200, 'complete', FALSE, 1, 2, 3, 4, 5, 6, 7, '[]',
            'r', 'c', 'a')"
            .to_owned(),
    ]
}

async fn is_taken_over(backend: Backend) {
    let [app, _other] = taken_over(backend, 27, of_that_time).await;
    let price = async |model: &str| app.get(&format!("/v1/prices/{model}")).await.expect(200);
    let whole = price("w").await;
    for (name, expected) in [
        ("model", json!("whole")),
        ("input_usd_per_million", json!(1.0)),
        ("cached_input_usd_per_million", json!(0.1)),
        ("cache_write_5m_usd_per_million", json!(1.25)),
        ("cache_write_1h_usd_per_million", json!(2.0)),
        ("output_usd_per_million", json!(10.0)),
        ("reasoning_usd_per_million", json!(12.0)),
        ("batch_percent", json!(50)),
        (
            "tiers",
            json!({ "batch": { "percent": 50 }, "flex": { "percent": 50 } }),
        ),
        ("effective_from", Value::Null),
        ("max_output_tokens", json!(8_192)),
        ("capabilities", json!(["vision"])),
        ("upstream_model", json!("w-1")),
        ("paths", json!({ "openai": "/v2" })),
    ] {
        assert_eq!(whole[name], expected, "{name}");
    }
    let plain = price("plain").await;
    assert_eq!(plain["cached_input_usd_per_million"], 2.5);
    assert_eq!(plain["batch_percent"], 100);
    assert_eq!(
        price("unpriced").await["input_usd_per_million"],
        Value::Null
    );
    assert_eq!(price("unpriced").await["max_output_tokens"], 100);
    let gateway = Gateway::new("one", 1);
    let event = gateway.event(&app, Event::default());
    let answer = gateway.sync(&app, 0, &[event], json!([])).await;
    let catalog = answer.changes.catalog.unwrap();
    let most = |name: &str| catalog.resolve(name).unwrap().max_output_tokens;
    // What was assumed of every model is known of none.
    assert_eq!((most("whole"), most("plain")), (Some(8_192), None));
    assert_eq!(catalog.models.len(), 3, "nothing is added to it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    is_taken_over(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    is_taken_over(Backend::Postgres).await;
}
