//! The same on PostgreSQL.

use crate::gateway::Gateway;
use crate::gateway::ledger::cost;
use paddock_local::{Part, Postgres, PostgresOptions, StackOptions};
use serde_json::json;

#[test]
fn postgres_keeps_keys_caps_and_usage() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let postgres = runtime.block_on(Postgres::start(PostgresOptions::default()));
    let postgres = postgres.unwrap();
    let gateway = Gateway::start(StackOptions {
        database_url: Some(postgres.url()),
        ..StackOptions::default()
    });
    let tenant = gateway.tenant("elephant", json!({"monthly_quota_usd": 0.002}));
    let call = tenant.chat_with(json!({"max_tokens": 16}));
    let mut served = 0;
    while gateway.send(&call).status == 200 {
        served += 1;
        if served == 3 {
            gateway.kill(Part::Service);
            gateway.restart(Part::Service);
        }
    }
    gateway
        .send(&call)
        .expect(402)
        .says("/error/code", "budget_exceeded");
    assert!(served >= 8, "{served} served");
    let usage = crate::gateway::eventually("all is booked", || {
        let usage = gateway.manage("GET", &format!("{}/usage", tenant.key_path()), None);
        (usage["total_requests"] == served).then_some(usage)
    });
    let expected = cost(3, 16) as f64 * f64::from(served) / 1e9;
    let booked = usage["total_cost_usd"].as_f64().unwrap();
    assert!(
        (booked - expected).abs() < 1e-12 && booked <= 0.002,
        "{usage:#}"
    );
}
