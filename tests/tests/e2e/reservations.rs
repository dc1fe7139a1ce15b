//! A reservation is spent first, by every gateway, and what is left of it goes back.

use crate::client::{Answer, Call, Connection};
use crate::gateway::ledger::{cost, sum};
use crate::gateway::{Gateway, Tenant, eventually, header_of};
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::sync::{Mutex, OnceLock};

const HEADER: &str = "x-reservation-id";
const CLIENTS: usize = 16;

/// Two Envoys at one service, for all these tests. A reservation may wait long for slices to come
/// back, because the machine may be busy.
pub fn pair() -> [&'static Gateway; 2] {
    static PAIR: OnceLock<[Gateway; 2]> = OnceLock::new();
    PAIR.get_or_init(|| {
        let patient = ["--reserve-wait-seconds", "30"].map(str::to_owned);
        let options = StackOptions {
            service_arguments: patient.to_vec(),
            ..StackOptions::default()
        };
        let first = Gateway::lasting("reservations-first", options);
        let second = first.beside("reservations-second");
        [first, second]
    })
    .each_ref()
}

fn call(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

fn reserved(tenant: &Tenant, id: &str) -> Call {
    call(tenant).header(HEADER, id)
}

fn spent(answer: &Answer) -> i64 {
    let (input, output) = answer.usage();
    cost(input, output)
}

/// Asks for a reservation as the tenant does, with its own key.
fn reserve(gateway: &Gateway, tenant: &Tenant, id: &str, dollars: f64, ttl: u64) -> Answer {
    let path = format!("/v1/namespaces/{}/reserve", tenant.namespace);
    let body = json!({"reservation_id": id, "estimated_cost_usd": dollars, "ttl_seconds": ttl});
    gateway.send(&Call::post(&path, body.to_string()).key(&tenant.key))
}

fn path(tenant: &Tenant, id: &str) -> String {
    format!("/v1/namespaces/{}/reservations/{id}", tenant.namespace)
}

fn nanos(dollars: &Value) -> i64 {
    (dollars.as_f64().unwrap() * 1e9).round() as i64
}

/// What is booked under a reservation, once all is.
fn booked(gateway: &Gateway, tenant: &Tenant, id: &str, expected: i64) {
    eventually("what is spent of it is booked", || {
        let shown = gateway.manage("GET", &path(tenant, id), None);
        (nanos(&shown["spent_usd"]) == expected).then_some(())
    });
}

fn refused_by(answer: &Answer) -> Value {
    answer.json()["error"]["scope"].clone()
}

#[test]
fn two_gateways_spend_one_reservation_to_its_end_and_not_past_it() {
    let gateways = pair();
    let tenant = gateways[0].namespace("reserving", json!({"monthly_quota_usd": 0.02}));
    let made = reserve(gateways[0], &tenant, "batch", 0.02, 3_600)
        .expect(201)
        .json();
    assert_eq!(
        (&made["approved"], &made["remaining_usd"]),
        (&json!(true), &json!(0.0))
    );
    let again = reserve(gateways[1], &tenant, "batch", 0.01, 60)
        .expect(201)
        .json();
    assert_eq!(again, made, "the same id is the same reservation");
    // Nothing is left beside it, at either gateway and for another reservation.
    for gateway in gateways {
        let answer = gateway.send(&call(&tenant)).expect(402);
        assert_eq!(refused_by(&answer), tenant.namespace_scope(), "{answer}");
    }
    let other = reserve(gateways[1], &tenant, "other", 0.001, 60).expect(402);
    assert_eq!(refused_by(&other), tenant.namespace_scope(), "{other}");
    assert_eq!(other.json()["remaining"], 0.0, "{other}");

    let total = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (gateway, tenant, total) = (gateways[client % 2], &tenant, &total);
            scope.spawn(move || {
                let mut connection = Connection::open(gateway.address);
                loop {
                    let answer = connection.call(&reserved(tenant, "batch"));
                    if answer.status == 402 {
                        break;
                    }
                    total.lock().unwrap().push(spent(&answer.expect(200)));
                }
            });
        }
    });
    let mut total = total.into_inner().unwrap();
    // A request needs at most a quarter of a cent; what is left when it is refused is less.
    eventually("the last of it is spent", || {
        let answer = gateways[0].send(&reserved(&tenant, "batch"));
        if answer.status == 200 {
            total.push(spent(&answer));
        }
        let left = 20_000_000 - total.iter().sum::<i64>();
        (answer.status == 402 && left < 2_500_000).then_some(())
    });
    let all: i64 = total.iter().sum();
    assert!(all <= 20_000_000, "{all}");
    assert_eq!(sum(&gateways[0].ledger(&tenant, total.len())), all);
    booked(gateways[0], &tenant, "batch", all);
    let seen = [gateways[0].seen(&tenant), gateways[1].seen(&tenant)];
    assert!(
        seen.iter().all(|seen| !seen.is_empty()),
        "both have sent some"
    );
    let told = |request: &Value| header_of(request, HEADER).is_some();
    assert!(
        !seen.iter().flatten().any(told),
        "a header of the contract, not of the provider's"
    );
}

#[test]
fn a_reservation_that_is_spent_or_unknown_leaves_the_ordinary_budget() {
    let [gateway, _] = pair();
    let tenant = gateway.namespace("spent", json!({"monthly_quota_usd": 1.0}));
    reserve(gateway, &tenant, "small", 0.001, 3_600).expect(201);
    let answers: Vec<Answer> = (0..12)
        .map(|_| gateway.send(&reserved(&tenant, "small")).expect(200))
        .collect();
    let costs: Vec<i64> = answers.iter().map(spent).collect();
    let all: i64 = costs.iter().sum();
    assert!(all > 1_000_000, "{all}: more than was reserved");
    gateway.send(&reserved(&tenant, "nobody")).expect(200);
    let lines = gateway.ledger(&tenant, 13);
    assert_eq!(sum(&lines) - all, lines.last().unwrap().cost);
    let shown = gateway.manage("GET", &path(&tenant, "small"), None);
    let of_it = nanos(&shown["spent_usd"]);
    assert!(of_it > 0 && of_it <= 1_000_000, "{shown}");
    let of_it_first: i64 = costs
        .iter()
        .take_while(|_| true)
        .scan(0, |sum, cost| {
            *sum += cost;
            (*sum <= of_it).then_some(*sum)
        })
        .last()
        .unwrap();
    assert_eq!(of_it_first, of_it, "spent first: {costs:?}");
}

#[test]
fn what_is_released_is_everybodys_again() {
    let [first, second] = pair();
    let tenant = first.namespace("released", json!({"daily_quota_usd": 0.05}));
    reserve(first, &tenant, "job", 0.05, 3_600).expect(201);
    // Both gateways hold some of it.
    let mut all = 0;
    for gateway in [first, second] {
        gateway.send(&call(&tenant)).expect(402);
        all += spent(&gateway.send(&reserved(&tenant, "job")).expect(200));
    }
    let released = first.manage("DELETE", &path(&tenant, "job"), None);
    assert_eq!(released["status"], "released");
    eventually("all but what is spent is back", || {
        let shown = first.manage("GET", &path(&tenant, "job"), None);
        let back = nanos(&shown["remaining_usd"]) == 50_000_000 - all;
        (back && nanos(&shown["spent_usd"]) == all).then_some(())
    });
    for gateway in [first, second] {
        eventually("it is there for others", || {
            (gateway.send(&call(&tenant)).status == 200).then_some(())
        });
        // Its name pays for nothing more, and harms nobody.
        gateway.send(&reserved(&tenant, "job")).expect(200);
    }
    // The id is free again.
    let anew = reserve(second, &tenant, "job", 0.01, 3_600)
        .expect(201)
        .json();
    assert_eq!(anew["status"], "open");
    eventually("the new one pays", || {
        first.send(&reserved(&tenant, "job")).expect(200);
        let shown = first.manage("GET", &path(&tenant, "job"), None);
        (nanos(&shown["spent_usd"]) > 0).then_some(())
    });
}

#[test]
fn what_expires_is_everybodys_again() {
    let [first, second] = pair();
    let tenant = first.namespace("expired", json!({"monthly_quota_usd": 0.05}));
    reserve(first, &tenant, "job", 0.05, 4).expect(201);
    let held = second.send(&reserved(&tenant, "job")).expect(200);
    for gateway in [first, second] {
        eventually("its time is over", || {
            (gateway.send(&call(&tenant)).status == 200).then_some(())
        });
        gateway.send(&reserved(&tenant, "job")).expect(200);
    }
    let shown = first.manage("GET", &path(&tenant, "job"), None);
    assert_eq!(shown["status"], "expired");
    booked(first, &tenant, "job", spent(&held));
}

#[test]
fn slices_on_loan_come_back_for_a_reservation() {
    let [first, second] = pair();
    let tenant = first.namespace("lent", json!({"monthly_quota_usd": 1.0}));
    let mut all = 0;
    for gateway in [first, second] {
        all += spent(&gateway.send(&call(&tenant)).expect(200));
    }
    first.ledger(&tenant, 2);
    // Each holds an eighth or so; the reservation needs nearly all of it.
    let made = reserve(first, &tenant, "job", 0.99, 3_600)
        .expect(201)
        .json();
    assert_eq!(
        nanos(&made["remaining_usd"]),
        1_000_000_000 - all - 990_000_000
    );
    for gateway in [first, second] {
        gateway.send(&reserved(&tenant, "job")).expect(200);
        gateway.send(&call(&tenant)).expect(200);
    }
    let never = reserve(first, &tenant, "more", 0.02, 60).expect(402);
    assert_eq!(refused_by(&never), tenant.namespace_scope(), "{never}");
}
