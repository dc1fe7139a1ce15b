//! Reservations are set aside from the caps above them, lent like any budget, and given back.

use crate::lending::{CENT, Held, futures_join, report};
use crate::support::{Event, Gateway, on_both_databases};
use paddock_core::money::Money;
use paddock_server::config::PolicyOptions;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::HashMap;

fn ask(id: &str, dollars: f64, ttl: u64) -> Value {
    json!({ "reservation_id": id, "estimated_cost_usd": dollars, "ttl_seconds": ttl })
}

fn need(scope: &str, amount: i64) -> Value {
    json!([{ "scope": scope, "amount": amount }])
}

const RESERVE: &str = "/v1/namespaces/team/reserve";
const OF: &str = "/v1/namespaces/team/reservations";

on_both_databases! {
    async fn an_id_is_one_reservation_and_a_cap_is_not_promised_twice(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        let made = app.post(RESERVE, ask("a/1", 4.0, 60)).await.expect(201);
        assert_eq!(made["reservation_id"], "a/1");
        assert_eq!(made["approved"], true);
        assert_eq!(made["expires_at"], "2026-03-15T12:01:00Z");
        assert_eq!(made["remaining_usd"], 6.0);
        app.advance(10);
        for other in [ask("a/1", 4.0, 60), ask("a/1", 5.0, 9)] {
            assert_eq!(app.post(RESERVE, other).await.expect(201), made, "the same");
        }
        let refused = app.post(RESERVE, ask("b", 6.01, 60)).await;
        assert_eq!(refused.headers["x-should-retry"], "false");
        let refused = refused.expect(402);
        assert_eq!(refused["error"]["code"], "budget_exceeded");
        assert_eq!(refused["error"]["scope"], "namespace:team");
        assert_eq!(refused["remaining"], 6.0);
        assert_eq!(refused["resets_at"], "2026-04-01T00:00:00Z");
        let all = app.post(RESERVE, ask("b", 6.0, 60)).await.expect(201);
        assert_eq!(all["remaining_usd"], 0.0);
        let listed = app.get(&format!("{OF}?limit=1")).await.expect(200);
        assert_eq!(listed["data"][0]["reservation_id"], "a/1");
        assert_eq!(listed["has_more"], true);

        let shown = app.get(&format!("{OF}/a%2F1")).await.expect(200);
        assert_eq!((&shown["status"], &shown["unspent_usd"]), (&json!("open"), &json!(4.0)));
        let released = app.delete(&format!("{OF}/b")).await.expect(200);
        assert_eq!(released["status"], "released");
        assert_eq!(released["remaining_usd"], 6.0);
        assert_eq!(app.delete(&format!("{OF}/b")).await.expect(200), released, "again");
        app.get(&format!("{OF}/nobody")).await.expect(404);
        app.delete(&format!("{OF}/nobody")).await.expect(404);
        // Of its time a reservation that has ended is another's.
        let anew = app.post(RESERVE, ask("b", 5.0, 60)).await.expect(201);
        assert_eq!(anew["remaining_usd"], 1.0);
        assert_eq!(anew["status"], "open");
    }

    async fn an_expired_reservation_gives_back_the_rest(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "daily_quota_usd": 1 })).await;
        app.post(RESERVE, ask("a", 1.0, 60)).await.expect(201);
        let gateway = Gateway::new("one", 1);
        let lent = gateway.lend(app, need("namespace:team", CENT)).await.leases.remove(0);
        assert_eq!((lent.lent, lent.short), (Money::ZERO, true));
        assert_eq!(lent.remaining, Money::ZERO, "what is left beside reservations");
        app.advance(59);
        assert_eq!(gateway.lend(app, need("namespace:team", CENT)).await.leases[0].lent, Money::ZERO);
        app.advance(1);
        let lent = gateway.lend(app, need("namespace:team", 100 * CENT)).await.leases.remove(0);
        assert_eq!(lent.lent.nanos(), 100 * CENT);
        assert_eq!(app.get(&format!("{OF}/a")).await.expect(200)["status"], "expired");
        let nothing = gateway.lend(app, need("reservation:team/a", CENT)).await;
        assert!(nothing.leases.is_empty(), "it lends no more");
    }

    async fn what_is_spent_of_a_reservation_is_the_namespaces_spend(app) {
        app.patch("/v1/organizations/default", json!({ "monthly_quota_usd": 20 })).await.expect(200);
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 10 })).await;
        app.post(RESERVE, ask("a", 4.0, 60)).await.expect(201);
        let scope = "reservation:team/a";
        let gateways = [Gateway::new("one", 1), Gateway::new("two", 2)];
        let mut leases = Vec::new();
        for gateway in &gateways {
            let lease = gateway.lend(app, need(scope, 150 * CENT)).await.leases.remove(0);
            assert_eq!(lease.expires_at, app.now().plus(std::time::Duration::from_secs(60)));
            leases.push(lease);
        }
        assert!(leases.iter().all(|lease| lease.lent.nanos() == 150 * CENT));
        let third = Gateway::new("three", 3);
        assert!(third.lend(app, need(scope, 150 * CENT)).await.leases[0].short);
        let lent = third.lend(app, need("namespace:team", 600 * CENT)).await.leases.remove(0);
        assert_eq!(lent.lent.nanos(), 600 * CENT, "all but what is reserved");
        assert!(third.lend(app, need("namespace:team", 601 * CENT)).await.leases[0].short);

        let event = Event { cost: 100 * CENT, leases: vec![leases[0].id], ..Event::default() };
        let event = gateways[0].event(app, event);
        for _ in 0..2 {
            gateways[0].sync(app, 0, std::slice::from_ref(&event), json!([])).await;
        }
        let shown = app.get(&format!("{OF}/a")).await.expect(200);
        assert_eq!(shown["spent_usd"], 1.0, "once");
        assert_eq!(shown["unspent_usd"], 3.0);
        assert_eq!(shown["remaining_usd"], 6.0, "spent rather than set aside");
        let usage = app.get("/v1/namespaces/team/usage").await.expect(200);
        assert_eq!(usage["current_month_cost"], 1.0);

        // After its end what is out stays set aside: 50 cents with the one, 150 with the other.
        app.delete(&format!("{OF}/a")).await.expect(200);
        let left = || app.get("/v1/namespaces/team/reservations/a");
        let remaining = left().await.expect(200)["remaining_usd"].clone();
        assert_eq!(remaining, 10.0 - 1.0 - 2.0);
        let held = Held { lent: 150 * CENT, spent: 100 * CENT, returned: 0 };
        let told = gateways[0].sync(app, 0, &[], json!([report(scope, leases[0].id, held, false)])).await;
        assert_eq!(told.leases[0].hold_at_most, Some(Money::ZERO), "called back");
        assert_eq!(told.leases[0].period_ends_at, app.now(), "and over");
        let held = Held { returned: 50 * CENT, ..held };
        let told = gateways[0].sync(app, 0, &[], json!([report(scope, leases[0].id, held, true)])).await;
        assert!(told.leases.is_empty(), "closed");
        assert_eq!(left().await.expect(200)["remaining_usd"], 7.5);
        // The other is never heard of again: it is given up after the grace.
        app.advance(60 + 900);
        assert_eq!(left().await.expect(200)["remaining_usd"], 7.5);
        app.advance(1);
        assert_eq!(left().await.expect(200)["remaining_usd"], 9.0);
    }

    async fn what_is_approved_at_once_to_many_never_passes_the_cap(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 5 })).await;
        let reserve = |n: usize| async move {
            let id = format!("job-{}", n / 2);
            app.post(RESERVE, ask(&id, 1.0, 60)).await.status
        };
        let answers = futures_join((0..24).map(reserve).collect()).await;
        assert!(answers.iter().all(|status| [201, 402].contains(status)), "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 10, "five, twice each");
        let listed = app.get(OF).await.expect(200);
        assert_eq!(listed["data"].as_array().unwrap().len(), 5);
    }

    async fn an_organizations_cap_counts_the_reservations_of_all_its_namespaces(app) {
        app.patch("/v1/organizations/default", json!({ "daily_quota_usd": 3 })).await.expect(200);
        for name in ["team", "other"] {
            app.post("/v1/namespaces", json!({ "name": name })).await.expect(201);
        }
        app.post(RESERVE, ask("a", 2.0, 60)).await.expect(201);
        let refused = app.post("/v1/namespaces/other/reserve", ask("a", 1.5, 60)).await.expect(402);
        assert_eq!(refused["error"]["scope"], "organization:default");
        assert_eq!(refused["remaining"], 1.0);
        let made = app.post("/v1/namespaces/other/reserve", ask("a", 1.0, 60)).await.expect(201);
        assert_eq!(made["remaining_usd"], 0.0);
    }

    async fn money_on_loan_is_not_free_and_is_called_back(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 8 })).await;
        let gateway = Gateway::new("one", 1);
        let lease = gateway.lend(app, need("namespace:team", CENT)).await.leases.remove(0);
        assert_eq!(lease.lent.nanos(), 100 * CENT, "an eighth");
        let refused = app.post(RESERVE, ask("a", 7.5, 60)).await.expect(402);
        assert_eq!(refused["remaining"], 7.0);
        let held = Held { lent: 100 * CENT, ..Held::default() };
        let told = gateway.sync(app, 0, &[], json!([report("namespace:team", lease.id, held, false)])).await;
        assert_eq!(told.leases[0].hold_at_most, Some(Money::ZERO), "asked to give back");

        let waits = app.replica(PolicyOptions::default()).await;
        let give_back = async {
            let held = Held { returned: 100 * CENT, ..held };
            gateway.sync(app, 0, &[], json!([report("namespace:team", lease.id, held, true)])).await;
        };
        let (made, ()) = tokio::join!(waits.post(RESERVE, ask("a", 7.5, 60)), give_back);
        assert_eq!(made.expect(201)["remaining_usd"], 0.5);
        let never = waits.post(RESERVE, ask("b", 7.5, 60)).await.expect(402);
        assert_eq!(never["remaining"], 0.5, "no wait for what is not on loan");
    }

    async fn only_those_who_may_spend_may_reserve(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 8 })).await;
        let key = |body: Value| async move {
            app.make_key(body).await["key"].as_str().unwrap().to_owned()
        };
        let own = key(json!({ "name": "k", "namespace": "team" })).await;
        let viewer = key(json!({ "name": "v", "namespace": "team", "role": "viewer" })).await;
        let stranger = key(json!({ "name": "s" })).await;
        app.call(&own, "POST", RESERVE, ask("a", 1.0, 60)).await.expect(201);
        let path = format!("{OF}/a");
        app.call(&viewer, "POST", RESERVE, ask("b", 1.0, 60)).await.expect(403);
        app.call(&viewer, "GET", &path, Value::Null).await.expect(200);
        app.call(&viewer, "DELETE", &path, Value::Null).await.expect(403);
        for (method, path) in [("POST", RESERVE), ("GET", path.as_str()), ("GET", OF), ("DELETE", &path)] {
            let body = if method == "POST" { ask("b", 1.0, 60) } else { Value::Null };
            app.call(&stranger, method, path, body).await.expect(403);
        }
        app.call(&own, "DELETE", &path, Value::Null).await.expect(200);
        app.post("/v1/namespaces/nowhere/reserve", ask("a", 1.0, 60)).await.expect(404);
        for (body, param) in [
            (json!({ "estimated_cost_usd": 1 }), "reservation_id"),
            (json!({ "reservation_id": "a b", "estimated_cost_usd": 1 }), "reservation_id"),
            (json!({ "reservation_id": "x" }), "estimated_cost_usd"),
            (ask("x", 0.0, 60), "estimated_cost_usd"),
            (ask("x", 1.0, 0), "ttl_seconds"),
            (json!({ "reservation_id": "x", "estimated_cost_usd": 1, "colour": 1 }), "colour"),
        ] {
            let refused = app.post(RESERVE, body).await.expect(400);
            assert_eq!(refused["error"]["param"], param);
        }
    }

    async fn gateways_learn_what_is_open(app) {
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 8 })).await;
        let gateway = Gateway::new("one", 1);
        let question = json!({ "reservation": { "namespace": "team", "id": "a" } });
        assert_eq!(gateway.resolve(app, question.clone()).await.reservation, None);
        app.post(RESERVE, ask("a", 2.0, 60)).await.expect(201);
        let found = gateway.resolve(app, question.clone()).await.reservation.unwrap();
        assert_eq!(found.scope, "reservation:team/a");
        assert_eq!((found.amount.nanos(), found.name.id.as_str()), (200 * CENT, "a"));
        app.delete(&format!("{OF}/a")).await.expect(200);
        assert_eq!(gateway.resolve(app, question.clone()).await.reservation, None);
        app.post(RESERVE, ask("a", 2.0, 60)).await.expect(201);
        let found = gateway.resolve(app, question.clone()).await.reservation.unwrap();
        assert_eq!(found.scope, "reservation:team/a 2", "another one");
        app.advance(60);
        assert_eq!(gateway.resolve(app, question).await.reservation, None);
    }

    async fn a_random_life_with_reservations_keeps_the_books(app) {
        let cap = 400 * CENT;
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 4 })).await;
        let gateways: Vec<Gateway> =
            (0..3).map(|n| Gateway::new(&format!("gateway-{n}"), n)).collect();
        let mut random = StdRng::seed_from_u64(11);
        // Of each gateway and scope: the lease and what it knows of it.
        let mut held: HashMap<(usize, String), (i64, Held)> = HashMap::new();
        let mut open: Vec<(String, String)> = Vec::new();
        let mut pending: HashMap<usize, Vec<Value>> = HashMap::new();
        let (mut spent, mut approved, mut through) = (0_i64, 0, 0_i64);
        for round in 0..400 {
            let n = random.random_range(0..3_usize);
            let reservation = (!open.is_empty() && random.random_bool(0.6))
                .then(|| open[random.random_range(0..open.len())].1.clone());
            let scope = reservation.clone().unwrap_or("namespace:team".to_owned());
            match random.random_range(0..12) {
                0 => {
                    let dollars = f64::from(random.random_range(5..40)) / 100.0;
                    let id = format!("job-{round}");
                    let made = app.post(RESERVE, ask(&id, dollars, random.random_range(5..30))).await;
                    if made.status == 201 {
                        approved += 1;
                        open.push((id.clone(), format!("reservation:team/{id}")));
                    }
                }
                1 if !open.is_empty() => {
                    let (id, _) = open.remove(random.random_range(0..open.len()));
                    app.delete(&format!("{OF}/{id}")).await.expect(200);
                }
                1..=7 => {
                    let amount = random.random_range(1..5) * CENT;
                    let known = held.get(&(n, scope.clone())).copied();
                    let known = known.map(|(id, held)| report(&scope, id, held, false));
                    let needs = json!([{ "scope": scope, "amount": amount, "held": known }]);
                    let answer = gateways[n].lend(app, needs).await;
                    let Some(lease) = answer.leases.first() else { continue };
                    let entry = held.entry((n, scope.clone())).or_default();
                    if entry.0 != lease.id {
                        *entry = (lease.id, Held::default());
                    }
                    entry.1.lent = entry.1.lent.max(lease.lent.nanos());
                    if entry.1.left() >= amount {
                        let cost = amount - random.random_range(0..CENT);
                        entry.1.spent += cost;
                        spent += cost;
                        through += if reservation.is_some() { cost } else { 0 };
                        let event = Event { cost, leases: vec![entry.0], ..Event::default() };
                        pending.entry(n).or_default().push(gateways[n].event(app, event));
                    }
                }
                8..=10 => {
                    let give_back = random.random_bool(0.6);
                    let mine = held.iter_mut().filter(|((gateway, _), _)| *gateway == n);
                    let reports: Vec<Value> = mine.map(|((_, scope), (id, held))| {
                        if give_back {
                            held.returned += held.left();
                        }
                        report(scope, *id, *held, give_back)
                    }).collect();
                    if give_back {
                        held.retain(|(gateway, _), _| *gateway != n);
                    }
                    let events = pending.entry(n).or_default();
                    gateways[n].sync(app, 0, events, json!(reports)).await;
                    if random.random_bool(0.8) {
                        events.clear();
                    }
                }
                _ => app.advance(random.random_range(1..5)),
            }
            let left: i64 = held.values().map(|(_, held)| held.left()).sum();
            assert!(spent + left <= cap, "{spent} + {left} of {cap} in round {round}");
        }
        for (n, events) in &pending {
            gateways[*n].sync(app, 0, events, json!([])).await;
        }
        let usage = app.get("/v1/namespaces/team/usage").await.expect(200);
        let dollars = Money::from_nanos(spent).to_dollars();
        assert!((usage["current_month_cost"].as_f64().unwrap() - dollars).abs() < 1e-9);
        assert!(approved > 5, "{approved} reservations");
        assert!(through > 10 * CENT, "{through} spent through them");
    }
}
