//! Prepaid balances: what is paid in, each entry once, and a cap without a period.

use crate::lending::{CENT, futures_join};
use crate::support::{Event, Gateway, TestApp, on_both_databases};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::ledger::{self, Message};
use paddock_ledger::rules::verification;
use paddock_ledger::store::{Args, Tx};
use paddock_server::config::CreditOptions;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::time::Duration;

const CREDITS: &str = "/v1/credits";
const TEAM: &str = "/v1/credits?namespace=team";
const DOLLAR: i64 = 100 * CENT;

fn top_up(reference: &str, dollars: f64) -> Value {
    json!({ "namespace": "team", "amount_usd": dollars, "kind": "top_up", "reference": reference })
}

fn need(scope: &str, amount: i64) -> Value {
    json!([{ "scope": scope, "amount": amount }])
}

/// Everything the events do not say of spend and balances.
async fn differences(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    let tell = &mut |difference: verification::Difference| found.push(difference.to_string());
    verification::verify(&app.app.store, tell).await.unwrap();
    found
}

async fn run(app: &TestApp, sql: &str) {
    let mut tx = app.app.store.write().await.unwrap();
    tx.execute(sql.to_owned(), Args::new()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn balance(app: &TestApp) -> f64 {
    app.get(TEAM).await.expect(200)["balance_usd"]
        .as_f64()
        .unwrap()
}

/// A booking of one event that is not committed yet.
async fn open_booking(app: &TestApp, event: Value) -> Tx {
    let raw = [serde_json::value::to_raw_value(&event).unwrap()];
    let message = Message {
        gateway: "one".to_owned(),
        batch: ReadBatch::read(
            "one",
            None,
            &raw,
            &(Timestamp::EPOCH..Timestamp::from_nanos(u64::MAX)),
        ),
        ..Message::default()
    };
    let mut tx = app.app.store.write().await.unwrap();
    let terms = &app.app.config.terms;
    let (booked, _) = ledger::book(&mut tx, terms, message, app.now())
        .await
        .unwrap();
    assert_eq!(booked.new_events, 1);
    tx
}

on_both_databases! {
    async fn an_account_opened_while_something_is_booked_pays_for_it(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: CENT, ..Event::default() });
        let booking = open_booking(app, event).await;
        let mut opening = Box::pin(app.post(CREDITS, top_up("inv-1", 1.0)));
        // It waits: what is booked is not to be seen yet.
        let early = tokio::time::timeout(Duration::from_secs(1), &mut opening).await;
        assert!(early.is_err(), "{early:?}");
        booking.commit().await.unwrap();
        opening.await.expect(201);
        assert_eq!(balance(app).await, 0.99);
        assert_eq!(differences(app).await, [""; 0]);
    }

    async fn the_first_entry_makes_a_namespace_prepaid_and_its_balance_a_cap(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let key = app.make_key(json!({ "name": "k", "namespace": "team" })).await;
        let gateway = Gateway::new("one", 1);
        let before = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        assert!(gateway.lend(app, need("namespace:team", 1)).await.leases.is_empty());

        let made = app.post(CREDITS, top_up("inv-1", 2.5)).await.expect(201);
        for (field, value) in [
            ("object", json!("credit")), ("namespace", json!("team")),
            ("organization", json!("default")), ("kind", json!("top_up")),
            ("amount_usd", json!(2.5)), ("amount", json!(2.5)), ("currency", json!("USD")),
            ("exchange_rate", json!(1.0)), ("reference", json!("inv-1")),
            ("author", json!("operator")), ("created_at", json!("2026-03-15T12:00:00Z")),
        ] {
            assert_eq!(made[field], value, "{field}");
        }
        let told = gateway.sync(app, before, &[], json!([])).await.changes;
        assert!(told.namespaces[0].prepaid);
        assert_eq!(app.get("/v1/namespaces/team").await.expect(200)["prepaid"], true);

        let lease = gateway.lend(app, need("namespace:team", DOLLAR)).await.leases.remove(0);
        assert_eq!((lease.period, lease.remaining.nanos()), (CapPeriod::Balance, 250 * CENT));
        assert_eq!((lease.period_ends_at, lease.used_percent), (Timestamp::FAR, 0));
        let other = Gateway::new("two", 2);
        let refused = other.lend(app, need("namespace:team", 2 * DOLLAR)).await.leases.remove(0);
        assert!(refused.short && refused.period == CapPeriod::Balance);
        // Money that comes in is there at once, also for who was refused.
        app.post(CREDITS, top_up("inv-2", 20.0)).await.expect(201);
        let lease = other.lend(app, need("namespace:team", 2 * DOLLAR)).await.leases.remove(0);
        assert!(!lease.short);
        assert!(lease.lent.nanos() > 2 * DOLLAR, "nothing is scarce any more");

        let event = gateway.event(app, Event { cost: 130 * CENT, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        let shown = app.get(TEAM).await.expect(200);
        for (field, value) in [
            ("object", json!("list")), ("has_more", json!(false)), ("prepaid", json!(true)),
            ("balance_usd", json!(21.2)), ("credited_usd", json!(22.5)), ("spent_usd", json!(1.3)),
            ("reserved_usd", json!(0.0)), ("available_usd", json!(21.2)), ("balance", json!(21.2)),
            ("currency", json!("USD")),
        ] {
            assert_eq!(shown[field], value, "{field}");
        }
        let references: Vec<&Value> =
            shown["data"].as_array().unwrap().iter().map(|entry| &entry["reference"]).collect();
        assert_eq!(references, ["inv-2", "inv-1"], "the newest first");
        let key = key["key"].as_str().unwrap();
        let told = app.call(key, "GET", "/v1/account/balance", Value::Null).await.expect(200);
        assert_eq!((&told["balance"], &told["prepaid_balance"]), (&json!(21.2), &json!(21.2)));
        assert_eq!(app.call(key, "GET", CREDITS, Value::Null).await.expect(200), shown, "its own");
        assert_eq!(differences(app).await, Vec::<String>::new());
    }

    async fn the_same_reference_is_the_same_entry_and_none_other(app) {
        for name in ["team", "other"] {
            app.post("/v1/namespaces", json!({ "name": name })).await.expect(201);
        }
        app.post("/v1/namespaces", json!({ "name": "acme-web", "organization": "acme" })).await.expect(201);
        let made = app.post(CREDITS, top_up("inv-1", 5.0)).await.expect(201);
        app.advance(60);
        assert_eq!(app.post(CREDITS, top_up("inv-1", 5.0)).await.expect(201), made);
        for (field, value) in [
            ("amount_usd", json!(5.01)), ("kind", json!("grant")), ("namespace", json!("other")),
        ] {
            let mut differs = top_up("inv-1", 5.0);
            differs[field] = value;
            let refused = app.post(CREDITS, differs).await.expect(409);
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains("'inv-1'") && message.contains("namespace:team"), "{message}");
        }
        let mut own = top_up("inv-1", 7.0);
        own["namespace"] = json!("acme-web");
        app.post(CREDITS, own).await.expect(201);
        assert_eq!(balance(app).await, 5.0);

        let twice = (0..8).map(|_| app.post(CREDITS, top_up("inv-2", 1.0))).collect();
        let answers: Vec<Value> =
            futures_join(twice).await.into_iter().map(|answer| answer.expect(201)).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let mixed = (0..8).map(|n| {
            let reference = format!("inv-{}", 3 + n % 4);
            async move { app.post(CREDITS, top_up(&reference, 1.0)).await }
        });
        for answer in futures_join(mixed.collect()).await {
            answer.expect(201);
        }
        assert_eq!(balance(app).await, 10.0);
        assert_eq!(differences(app).await, Vec::<String>::new());
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT actor, namespace FROM audit_changes WHERE action = 'credits.create'";
        let audited: Vec<(String, String)> = tx.all(sql, Args::new()).await.unwrap();
        assert_eq!(audited.len(), 7, "each entry once: {audited:?}");
        assert!(audited.iter().all(|(actor, namespace)| actor == "operator" && !namespace.is_empty()));
    }

    async fn nobody_makes_money_for_himself(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let admin = app.make_key(json!({ "name": "a", "namespace": "team", "role": "admin" })).await;
        let developer = app.make_key(json!({ "name": "d", "namespace": "team" })).await;
        app.post("/v1/namespaces", json!({ "name": "acme-web", "organization": "acme" })).await.expect(201);
        let foreign = app.make_key(json!({ "name": "f", "namespace": "acme-web", "role": "admin" })).await;
        let [admin, developer, foreign] =
            [&admin, &developer, &foreign].map(|key| key["key"].as_str().unwrap());
        let organization = json!({
            "organization": "default", "amount_usd": 9, "kind": "grant", "reference": "o-1",
        });
        for (key, body, status) in [
            (developer, top_up("inv-1", 1.0), 403), (foreign, top_up("inv-1", 1.0), 404),
            (admin, organization.clone(), 403), (admin, top_up("inv-1", 1.0), 201),
        ] {
            app.call(key, "POST", CREDITS, body).await.expect(status);
        }
        app.post(CREDITS, organization).await.expect(201);
        assert_eq!(app.get("/v1/organizations/default").await.expect(200)["prepaid"], true);
        for (key, path, status) in [
            (developer, TEAM, 200), (admin, TEAM, 200), (foreign, TEAM, 404),
            (admin, "/v1/credits?organization=default", 200),
            (developer, "/v1/credits?organization=default", 403),
            (foreign, "/v1/credits?organization=default", 404),
        ] {
            app.call(key, "GET", path, Value::Null).await.expect(status);
        }
        app.get(CREDITS).await.expect(400);
        app.get("/v1/credits?namespace=team&organization=default").await.expect(400);
        // The organization's balance holds above the namespace's, and the tightest is told.
        let told = app.call(developer, "GET", "/v1/account/balance", Value::Null).await.expect(200);
        assert_eq!(told["balance"], 1.0);
        app.call(admin, "POST", CREDITS, top_up("inv-2", 100.0)).await.expect(201);
        let told = app.call(developer, "GET", "/v1/account/balance", Value::Null).await.expect(200);
        assert_eq!((&told["balance"], &told["prepaid_balance"]), (&json!(9.0), &json!(9.0)));
        let refused = Gateway::new("one", 1).lend(app, need("organization:default", 10 * DOLLAR)).await;
        assert!(refused.leases[0].short);
    }

    async fn what_makes_no_sense_is_refused(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        for (field, value, param) in [
            ("amount_usd", json!(0), "amount_usd"), ("amount_usd", json!(-1), "amount_usd"),
            ("amount_usd", json!("5"), "amount_usd"), ("amount_usd", Value::Null, "amount_usd"),
            ("amount_usd", json!(1e9 + 1.0), "amount_usd"), ("kind", json!("gift"), "kind"),
            ("kind", Value::Null, "kind"), ("reference", json!(""), "reference"),
            ("reference", Value::Null, "reference"), ("namespace", Value::Null, "namespace"),
            ("organization", json!("default"), "organization"), ("amount", json!(5), "amount_usd"),
            ("colour", json!("red"), "colour"),
        ] {
            let mut wrong = top_up("inv-1", 5.0);
            wrong[field] = value.clone();
            let refused = app.post(CREDITS, wrong).await.expect(400);
            assert_eq!(refused["error"]["param"], param, "{field} {value}");
        }
        let mut wrong = top_up("inv-1", 5.0);
        wrong["namespace"] = json!("nowhere");
        app.post(CREDITS, wrong).await.expect(404);
        assert_eq!(app.get("/v1/namespaces/team").await.expect(200)["prepaid"], false);
        // Nine billion are the most, up and down.
        for n in 0..9 {
            app.post(CREDITS, top_up(&format!("inv-{n}"), 1e9)).await.expect(201);
        }
        let refused = app.post(CREDITS, top_up("inv-9", 0.01)).await.expect(400);
        assert!(refused["error"]["message"].as_str().unwrap().contains("$9000000000.00"));
        assert_eq!(balance(app).await, 9e9);
    }

    async fn an_adjustment_may_take_a_balance_below_zero(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.post(CREDITS, top_up("inv-1", 1.0)).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let lease = gateway.lend(app, need("namespace:team", 60 * CENT)).await.leases.remove(0);
        let mut charged_back = top_up("chargeback-1", -1.0);
        charged_back["kind"] = json!("adjustment");
        app.post(CREDITS, charged_back).await.expect(201);
        // What is out is called back.
        let report = json!([{ "scope": "namespace:team", "id": lease.id, "returned": 0, "left": lease.lent }]);
        let told = gateway.sync(app, 0, &[], report).await.leases.remove(0);
        assert_eq!(told.hold_at_most.map(|most| most.nanos()), Some(0));
        let event = Event { cost: 25 * CENT, leases: vec![lease.id], ..Event::default() };
        let event = gateway.event(app, event);
        gateway.sync(app, 0, &[event], json!([])).await;
        let shown = app.get(TEAM).await.expect(200);
        assert_eq!((&shown["balance_usd"], &shown["available_usd"]), (&json!(-0.25), &json!(0.0)));
        assert!(Gateway::new("two", 2).lend(app, need("namespace:team", 1)).await.leases[0].short);
        assert_eq!(differences(app).await, Vec::<String>::new());
    }

    async fn calls_are_paid_by_the_account_that_was_open_when_they_started(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let call = |cost: i64| gateway.event(app, Event { cost: cost * CENT, ..Event::default() });
        let (early, late) = (call(10), call(20));
        app.advance(5);
        // By the clock of a gateway that is ahead, and booked before there is an account.
        let ahead = call(40);
        gateway.sync(app, 0, &[early, ahead], json!([])).await;
        app.set_time("2026-03-15T12:00:03Z");
        app.post(CREDITS, top_up("inv-1", 5.0)).await.expect(201);
        assert_eq!(balance(app).await, 4.6);
        gateway.sync(app, 0, &[late], json!([])).await;
        assert_eq!(balance(app).await, 4.6, "it started before");
        app.set_time("2026-04-01T00:00:00Z");
        gateway.sync(app, 0, &[call(80)], json!([])).await;
        assert_eq!(balance(app).await, 3.8, "a month begins, a balance goes on");
        let lease = gateway.lend(app, need("namespace:team", 1)).await.leases.remove(0);
        assert_eq!(lease.remaining.nanos(), 380 * CENT);

        // Who comes after under that name has nothing of it, and pays nothing for it.
        let last = call(100);
        app.advance(60);
        app.delete("/v1/namespaces/team").await.expect(200);
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        gateway.sync(app, 0, &[last, call(300)], json!([])).await;
        let shown = app.get(TEAM).await.expect(200);
        assert_eq!((&shown["balance_usd"], &shown["prepaid"]), (&json!(0.0), &json!(false)));
        assert_eq!(shown["data"], json!([]));
        // A payment that comes again after all that is still the old one.
        app.post(CREDITS, top_up("inv-1", 5.0)).await.expect(201);
        app.advance(60);
        app.post(CREDITS, top_up("inv-2", 2.0)).await.expect(201);
        assert_eq!(balance(app).await, 2.0);
        let mut tx = app.app.store.read().await.unwrap();
        let sql = "SELECT before FROM audit_changes WHERE action = 'credits.close'";
        let (closed,): (String,) = tx.one(sql, Args::new()).await.unwrap();
        let closed: Value = serde_json::from_str(&closed).unwrap();
        assert_eq!(closed["balance_usd"], 3.8, "what was booked by then");
        drop(tx);
        assert_eq!(differences(app).await, Vec::<String>::new());
    }

    async fn verification_tells_what_is_wrong_with_a_balance(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.post(CREDITS, top_up("inv-1", 5.0)).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let event = gateway.event(app, Event { cost: 10 * CENT, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        assert_eq!(differences(app).await, Vec::<String>::new());
        for (sql, kind, undo) in [
            ("UPDATE spend SET amount = amount - 1 WHERE period = 'balance'", "balance",
                "UPDATE spend SET amount = amount + 1 WHERE period = 'balance'"),
            ("UPDATE credit_accounts SET booked = booked - 1", "account",
                "UPDATE credit_accounts SET booked = booked + 1"),
            ("UPDATE credit_accounts SET credited = credited + 1", "account",
                "UPDATE credit_accounts SET credited = credited - 1"),
            ("UPDATE credit_entries SET amount = amount + 1", "account",
                "UPDATE credit_entries SET amount = amount - 1"),
        ] {
            run(app, sql).await;
            let found = differences(app).await;
            assert!(found.iter().any(|difference| difference.starts_with(kind)), "{sql}: {found:?}");
            run(app, undo).await;
            assert_eq!(differences(app).await, Vec::<String>::new());
        }
    }

    async fn what_is_reserved_of_a_balance_is_kept_from_others(app) {
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        app.post(CREDITS, top_up("inv-1", 1.0)).await.expect(201);
        let reserve = |id: &'static str, dollars: f64| async move {
            let body = json!({ "reservation_id": id, "estimated_cost_usd": dollars, "ttl_seconds": 60 });
            app.post("/v1/namespaces/team/reserve", body).await
        };
        let made = reserve("job", 0.75).await.expect(201);
        assert_eq!(made["remaining_usd"], 0.25);
        let refused = reserve("more", 0.5).await.expect(402);
        assert_eq!((&refused["remaining"], &refused["resets_at"]), (&json!(0.25), &Value::Null));
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("The prepaid balance of namespace:team can set aside $0.25"), "{message}");
        assert!(message.ends_with("or top up the credits."), "{message}");
        let gateway = Gateway::new("one", 1);
        assert!(gateway.lend(app, need("namespace:team", 30 * CENT)).await.leases[0].short);
        let of_it = gateway.lend(app, need("reservation:team/job", 70 * CENT)).await.leases.remove(0);
        assert!(!of_it.short);
        let event = Event { cost: 70 * CENT, leases: vec![of_it.id], ..Event::default() };
        let event = gateway.event(app, event);
        gateway.sync(app, 0, &[event], json!([])).await;
        let shown = app.get(TEAM).await.expect(200);
        assert_eq!((&shown["balance_usd"], &shown["reserved_usd"]), (&json!(0.3), &json!(0.05)));
        assert_eq!(differences(app).await, Vec::<String>::new());
    }

    async fn prepaid_can_be_said_beforehand_and_taken_back(app) {
        let made = json!({ "name": "team", "prepaid": true });
        assert_eq!(app.post("/v1/namespaces", made).await.expect(201)["prepaid"], true);
        let gateway = Gateway::new("one", 1);
        assert!(gateway.lend(app, need("namespace:team", 1)).await.leases[0].short, "nothing is paid in");
        let revision = gateway.sync(app, 0, &[], json!([])).await.changes.revision;
        let changed = app.patch("/v1/namespaces/team", json!({ "prepaid": false })).await.expect(200);
        assert_eq!(changed["prepaid"], false);
        let told = gateway.sync(app, revision, &[], json!([])).await.changes;
        assert!(!told.namespaces[0].prepaid);
        assert!(gateway.lend(app, need("namespace:team", 1)).await.leases.is_empty());
        // The account goes on counting, and later entries do not make it a cap again.
        let event = gateway.event(app, Event { cost: 10 * CENT, ..Event::default() });
        gateway.sync(app, 0, &[event], json!([])).await;
        app.post(CREDITS, top_up("inv-1", 1.0)).await.expect(201);
        let shown = app.get(TEAM).await.expect(200);
        assert_eq!((&shown["balance_usd"], &shown["prepaid"]), (&json!(0.9), &json!(false)));
        let organization = json!({ "name": "acme", "prepaid": true });
        assert_eq!(app.post("/v1/organizations", organization).await.expect(201)["prepaid"], true);
        assert!(gateway.lend(app, need("organization:acme", 1)).await.leases[0].short);
    }

    async fn other_currencies_are_paid_in_at_the_configured_rate(app) {
        let rates = ["EUR=1.08", "JPY=0.006731"].map(|text| text.parse().unwrap());
        let credits = CreditOptions { exchange_rates: rates.to_vec(), ..CreditOptions::default() };
        let app = &app.crediting(credits).await;
        app.post("/v1/namespaces", json!({ "name": "team" })).await.expect(201);
        let paid = |reference: &'static str, amount: f64, currency: &'static str| async move {
            let body = json!({
                "namespace": "team", "amount": amount, "currency": currency, "kind": "top_up",
                "reference": reference,
            });
            app.post(CREDITS, body).await
        };
        let made = paid("inv-1", 10.01, "eur").await.expect(201);
        assert_eq!((&made["amount_usd"], &made["amount"]), (&json!(10.8108), &json!(10.01)));
        assert_eq!((&made["currency"], &made["exchange_rate"]), (&json!("EUR"), &json!(1.08)));
        assert_eq!(paid("inv-2", 1234.0, "JPY").await.expect(201)["amount_usd"], 8.306054);
        let unknown = paid("inv-3", 1.0, "GBP").await.expect(400);
        let message = unknown["error"]["message"].as_str().unwrap();
        assert!(message.contains("'GBP'") && message.contains("EUR, JPY, USD"), "{message}");
        paid("inv-3", 1e-9, "JPY").await.expect(400);
        let shown = app.get(&format!("{TEAM}&currency=EUR")).await.expect(200);
        // $19.116854 / 1.08, rounded down to the billionth.
        assert_eq!((&shown["balance"], &shown["currency"]), (&json!(17.700790740), &json!("EUR")));
        assert_eq!(shown["balance_usd"], 19.116854);
        app.get(&format!("{TEAM}&currency=GBP")).await.expect(400);
        // At another rate the entry of old is still the same, and worth what it was.
        let rates = vec!["EUR=1.20".parse().unwrap()];
        let later = app.crediting(CreditOptions { exchange_rates: rates, ..CreditOptions::default() }).await;
        let body = json!({
            "namespace": "team", "amount": 10.01, "currency": "EUR", "kind": "top_up", "reference": "inv-1",
        });
        assert_eq!(later.post(CREDITS, body).await.expect(201), made);
        assert_eq!(balance(&later).await, 19.116854);
    }

    async fn a_random_life_never_lends_more_than_was_paid_in(app) {
        let made = json!({ "name": "team", "prepaid": true, "daily_quota_usd": 4 });
        app.post("/v1/namespaces", made).await.expect(201);
        let gateways: Vec<Gateway> =
            (0..3).map(|n| Gateway::new(&format!("gateway-{n}"), n)).collect();
        let mut random = StdRng::seed_from_u64(11);
        let mut held: Vec<Option<(i64, i64, i64)>> = vec![None; 3];
        let (mut credited, mut spent) = (0, 0);
        for round in 0..160 {
            let n = random.random_range(0..3_usize);
            match random.random_range(0..8) {
                0 => {
                    let cents: i32 = random.random_range(1..60);
                    let dollars = f64::from(cents) / 100.0;
                    app.post(CREDITS, top_up(&format!("inv-{round}"), dollars)).await.expect(201);
                    credited += i64::from(cents) * CENT;
                }
                1 => app.advance(random.random_range(0..40_000)),
                2 => {
                    if let Some((id, lent, cost)) = held[n].take() {
                        let report = json!([{
                            "scope": "namespace:team", "id": id, "returned": lent - cost, "left": 0,
                            "idle": true,
                        }]);
                        gateways[n].sync(app, 0, &[], report).await;
                    }
                }
                _ => {
                    let amount = random.random_range(1..12) * CENT;
                    let known = held[n].map(|(id, lent, cost)| json!({
                        "scope": "namespace:team", "id": id, "returned": 0, "left": lent - cost,
                    }));
                    let needs = json!([{ "scope": "namespace:team", "amount": amount, "held": known }]);
                    let lease = gateways[n].lend(app, needs).await.leases.remove(0);
                    let before = held[n].filter(|(id, ..)| *id == lease.id);
                    let mut now = before.unwrap_or((lease.id, 0, 0));
                    now.1 = now.1.max(lease.lent.nanos());
                    if now.1 - now.2 >= amount && app.now() < lease.expires_at {
                        let event = Event { cost: amount, leases: vec![lease.id], ..Event::default() };
                        let event = gateways[n].event(app, event);
                        gateways[n].sync(app, 0, &[event], json!([])).await;
                        now.2 += amount;
                        spent += amount;
                    }
                    held[n] = Some(now);
                }
            }
            let mut tx = app.app.store.read().await.unwrap();
            let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN lent > returned + spent
                THEN lent - returned - spent ELSE 0 END), 0) AS BIGINT)
                FROM leases WHERE closed_at IS NULL";
            let (out,): (i64,) = tx.one(sql, Args::new()).await.unwrap();
            drop(tx);
            assert!(spent + out <= credited, "{spent} + {out} of {credited} in round {round}");
        }
        assert_eq!(balance(app).await, (credited - spent) as f64 / 1e9);
        assert!(spent > 0 && credited > spent);
        assert_eq!(differences(app).await, Vec::<String>::new());
    }
}
