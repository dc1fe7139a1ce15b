//! Lending never passes a cap, whoever asks, and how many at once.

use crate::support::{Event, Gateway, on_both_databases};
use paddock_core::money::Money;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;

/// Nano-dollars of a cent.
pub const CENT: i64 = 10_000_000;

/// What a gateway knows of a lease it holds.
#[derive(Clone, Copy, Default)]
pub struct Held {
    pub lent: i64,
    pub returned: i64,
    pub spent: i64,
}

impl Held {
    pub fn left(self) -> i64 {
        self.lent - self.returned - self.spent
    }
}

pub fn report(scope: &str, id: i64, held: Held, idle: bool) -> Value {
    json!({ "scope": scope, "id": id, "returned": held.returned, "left": held.left(), "idle": idle })
}

on_both_databases! {
    async fn what_is_lent_at_once_to_many_never_passes_the_cap(app) {
        let key = app.make_key(json!({ "name": "k", "monthly_quota_usd": 1.0 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let gateways: Vec<Gateway> =
            (0..4).map(|n| Gateway::new(&format!("gateway-{n}"), n)).collect();
        let (scope, gateways) = (&scope, &gateways);
        let lend = |n: usize| async move {
            let gateway = &gateways[n % 4];
            let answer = gateway.lend(app, json!([{ "scope": scope, "amount": 7 * CENT }])).await;
            (n % 4, answer.leases[0].id, answer.leases[0].lent)
        };
        let answers = futures_join((0..32).map(lend).collect()).await;
        // Lent amounts are cumulative: the largest answer of each gateway is what it has.
        let mut lent: HashMap<usize, Money> = HashMap::new();
        let mut ids: HashMap<usize, i64> = HashMap::new();
        for (gateway, id, amount) in answers {
            assert_eq!(*ids.entry(gateway).or_insert(id), id, "one lease a gateway");
            let most = lent.entry(gateway).or_default();
            *most = (*most).max(amount);
        }
        let total = lent.values().fold(0, |sum, lent| sum + lent.nanos());
        assert!(total <= 100 * CENT, "{total}");
        assert!(total > 93 * CENT, "the last dollar can be lent: {total}");
    }

    async fn a_random_life_of_gateways_keeps_the_books(app) {
        let made = json!({
            "name": "k", "namespace": "team", "monthly_quota_usd": 1.0, "daily_quota_usd": 0.8,
        });
        app.post("/v1/namespaces", json!({ "name": "team", "monthly_quota_usd": 1.5 })).await;
        let key = app.make_key(made).await;
        let key = key["id"].as_str().unwrap();
        let shared = json!({ "covers": { "models": ["gpt-4.1"] }, "monthly_quota_usd": 1.2, "daily_quota_usd": 0.7 });
        app.put("/v1/organizations/default/budgets/shared", shared).await.expect(200);
        let budget = "budget:default/shared".to_owned();
        let scopes = [format!("key:{key}"), "namespace:team".to_owned(), budget];
        let caps = [80 * CENT, 150 * CENT, 70 * CENT];
        let gateways: Vec<Gateway> =
            (0..3).map(|n| Gateway::new(&format!("gateway-{n}"), n)).collect();
        let mut random = StdRng::seed_from_u64(7);
        // Of each gateway and scope: the lease and what it knows of it.
        let held: Mutex<HashMap<(usize, usize), (i64, Held)>> = Mutex::default();
        let mut pending: HashMap<usize, Vec<Value>> = HashMap::new();
        let mut spent = [0_i64; 3];
        for _ in 0..250 {
            let n = random.random_range(0..3_usize);
            match random.random_range(0..4) {
                0 | 1 => {
                    let amount = random.random_range(1..5) * CENT;
                    let needs: Vec<Value> = scopes.iter().enumerate().map(|(s, scope)| {
                        let known = held.lock().unwrap().get(&(n, s)).copied();
                        let known = known.map(|(id, held)| report(scope, id, held, false));
                        json!({ "scope": scope, "amount": amount, "held": known })
                    }).collect();
                    let answer = gateways[n].lend(app, json!(needs)).await;
                    let mut held = held.lock().unwrap();
                    for (s, lease) in answer.leases.iter().enumerate() {
                        let entry = held.entry((n, s)).or_default();
                        if entry.0 != lease.id {
                            *entry = (lease.id, Held::default());
                        }
                        entry.1.lent = entry.1.lent.max(lease.lent.nanos());
                    }
                    // Spend from all or from none, as the filter does.
                    let cost = amount - random.random_range(0..CENT);
                    if (0..3).all(|s| held.get(&(n, s)).is_some_and(|h| h.1.left() >= amount)) {
                        let ids = (0..3).map(|s| held[&(n, s)].0).collect();
                        for (s, spent) in spent.iter_mut().enumerate() {
                            held.get_mut(&(n, s)).unwrap().1.spent += cost;
                            *spent += cost;
                        }
                        let event = Event { key, cost, leases: ids, ..Event::default() };
                        let mut event = gateways[n].event(app, event);
                        event["budgets"] = json!(["shared"]);
                        pending.entry(n).or_default().push(event);
                    }
                }
                2 => {
                    let give_back = random.random_bool(0.5);
                    let reports: Vec<Value> = scopes.iter().enumerate().filter_map(|(s, scope)| {
                        let mut all = held.lock().unwrap();
                        let (id, held) = all.get_mut(&(n, s))?;
                        if give_back {
                            held.returned += held.left();
                        }
                        Some(report(scope, *id, *held, give_back))
                    }).collect();
                    if give_back {
                        held.lock().unwrap().retain(|(gateway, _), _| *gateway != n);
                    }
                    let events = pending.entry(n).or_default();
                    gateways[n].sync(app, 0, events, json!(reports)).await;
                    if random.random_bool(0.8) {
                        events.clear();
                    }
                }
                _ => app.advance(random.random_range(1..5)),
            }
            for (s, cap) in caps.iter().enumerate() {
                let all = held.lock().unwrap();
                let left = all.iter().filter(|((_, of), _)| *of == s).map(|(_, h)| h.1.left());
                let total = spent[s] + left.sum::<i64>();
                assert!(total <= *cap, "scope {s}: {total} of {cap}");
            }
        }
        for (n, events) in &pending {
            gateways[*n].sync(app, 0, events, json!([])).await;
        }
        let usage = app.get(&format!("/v1/keys/{key}/usage")).await.expect(200);
        let dollars = Money::from_nanos(spent[0]).to_dollars();
        assert!((usage["total_cost_usd"].as_f64().unwrap() - dollars).abs() < 1e-9);
        assert!(spent[0] > 52 * CENT, "the test spends most of the least cap: {}", spent[0]);
        let shared = app.get("/v1/organizations/default/budgets/shared").await.expect(200);
        let booked = shared["budgets"][0]["spent_usd"].as_f64().unwrap();
        assert!((booked - dollars).abs() < 1e-9, "{shared:#}");
        app.verify_totals().await;
    }

    async fn two_replicas_share_one_cap(app) {
        if app.url.starts_with("sqlite") {
            return;
        }
        let other = app.replica(Default::default()).await;
        let key = app.make_key(json!({ "name": "k", "daily_quota_usd": 1.0 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let gateways = [Gateway::new("one", 1), Gateway::new("two", 2)];
        let (scope, gateways, other) = (&scope, &gateways, &other);
        let lend = |n: usize| async move {
            let app = if n.is_multiple_of(2) { app } else { other };
            let needs = json!([{ "scope": scope, "amount": 9 * CENT }]);
            (n % 2, gateways[n % 2].lend(app, needs).await.leases[0].lent.nanos())
        };
        let answers = futures_join((0..32).map(lend).collect()).await;
        let most = |gateway| answers.iter().filter(|a| a.0 == gateway).map(|a| a.1).max().unwrap();
        assert!(most(0) + most(1) <= 100 * CENT);
    }

    async fn a_need_that_cannot_be_covered_makes_the_scope_scarce_for_a_while(app) {
        let key = app.make_key(json!({ "name": "k", "monthly_quota_usd": 1.0 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let (rich, poor) = (Gateway::new("rich", 1), Gateway::new("poor", 2));
        let need = |amount: i64| json!([{ "scope": scope, "amount": amount }]);
        let lease = rich.lend(app, need(60 * CENT)).await.leases.remove(0);
        assert_eq!((lease.lent.nanos(), lease.hold_at_most), (60 * CENT, None));
        let refused = poor.lend(app, need(50 * CENT)).await.leases.remove(0);
        assert_eq!((refused.lent, refused.hold_at_most), (Money::ZERO, Some(Money::ZERO)));
        assert_eq!(refused.remaining.nanos(), 100 * CENT);
        let held = Held { lent: 60 * CENT, ..Held::default() };
        let told = rich.sync(app, 0, &[], json!([report(&scope, lease.id, held, false)])).await;
        assert_eq!(told.leases[0].hold_at_most, Some(Money::ZERO));
        let held = Held { returned: 60 * CENT, ..held };
        rich.sync(app, 0, &[], json!([report(&scope, lease.id, held, true)])).await;
        let covered = poor.lend(app, need(50 * CENT)).await.leases.remove(0);
        assert_eq!(covered.id, refused.id);
        assert_eq!(covered.lent.nanos(), 50 * CENT, "only the need while money is scarce");
        assert_eq!(covered.hold_at_most.map(Money::nanos), Some(50 * CENT));
        app.advance(4);
        let again = rich.lend(app, need(CENT)).await.leases.remove(0);
        assert_ne!(again.id, lease.id, "an idle lease is closed");
        assert_eq!((again.lent.nanos(), again.hold_at_most), (50 * CENT / 8, None));
    }

    async fn the_lease_of_a_gateway_that_is_gone_is_reclaimed_after_the_grace(app) {
        let key = app.make_key(json!({ "name": "k", "monthly_quota_usd": 1.0 })).await;
        let scope = format!("key:{}", key["id"].as_str().unwrap());
        let (gone, here) = (Gateway::new("gone", 1), Gateway::new("here", 2));
        let need = |amount: i64| json!([{ "scope": scope, "amount": amount }]);
        gone.lend(app, need(90 * CENT)).await;
        app.advance(60 + 900);
        assert_eq!(here.lend(app, need(50 * CENT)).await.leases[0].lent, Money::ZERO);
        app.advance(1);
        assert_eq!(here.lend(app, need(50 * CENT)).await.leases[0].lent.nanos(), 50 * CENT);
    }

    async fn a_lowered_quota_calls_money_back(app) {
        let key = app.make_key(json!({ "name": "k", "monthly_quota_usd": 10.0 })).await;
        let id = key["id"].as_str().unwrap();
        let scope = format!("key:{id}");
        let gateway = Gateway::new("one", 1);
        let need = json!([{ "scope": scope, "amount": 5 * CENT }]);
        let lease = gateway.lend(app, need).await.leases.remove(0);
        assert_eq!(lease.lent.nanos(), 125 * CENT);
        app.patch(&format!("/v1/keys/{id}"), json!({ "monthly_quota_usd": 1 })).await.expect(200);
        let held = Held { lent: 125 * CENT, ..Held::default() };
        let told = gateway.sync(app, 0, &[], json!([report(&scope, lease.id, held, false)])).await;
        assert_eq!(told.leases[0].hold_at_most, Some(Money::ZERO));
        assert_eq!(told.leases[0].remaining.nanos(), 100 * CENT);
    }

    async fn scopes_without_a_cap_or_unknown_have_no_entry(app) {
        app.make_key(json!({ "name": "free" })).await;
        let gateway = Gateway::new("one", 1);
        let needs = json!([
            { "scope": "namespace:free", "amount": 1 },
            { "scope": "key:nobody", "amount": 1 },
            { "scope": "nonsense", "amount": 1 },
            { "scope": "organization:default", "amount": 1 },
        ]);
        let leases = gateway.lend(app, needs.clone()).await.leases;
        assert!(leases.is_empty(), "what is only answered of organizations is not a cap");
        let cap = json!({ "monthly_quota_usd": 9 });
        app.patch("/v1/organizations/default", cap).await.expect(200);
        let leases = gateway.lend(app, needs).await.leases;
        assert_eq!(leases.len(), 1);
        assert_eq!(leases[0].scope, "organization:default");
    }
}

/// Runs all at once and waits for all, in order.
pub async fn futures_join<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
