//! Gateways share rates: what all of them were told they have is never more than the limit.

use crate::support::{GATEWAY, Gateway, TestApp, on_both_databases};
use paddock_core::gateway_share::Share;
use paddock_core::wire::{Shares, SyncAnswer};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const SCOPE: &str = "namespace:team";
const RATE: u64 = 6_000;

fn limit() -> Value {
    json!({ "rates": [{ "rate": RATE, "capacity": 600 }, { "rate": 0, "capacity": 0 }], "slots": 0 })
}

/// What a gateway says of the share it was told of last.
fn report(share: Option<&Share>, wants: u64, needs: bool) -> Value {
    let nothing = Share::default();
    let has = share.unwrap_or(&nothing);
    let mut report = json!({
        "scope": SCOPE, "epoch": has.epoch, "life": has.life, "number": has.number,
        "report": has.number, "holds": has.part,
        "wants": { "rates": [wants, 0], "slots": 0 }, "returned": [0, 0],
    });
    if needs {
        report["need"] = json!({
            "limit": limit(), "revision": 1, "units": { "rates": [1, 0], "slots": 0 }, "has": [0, 0],
        });
    }
    report
}

async fn ask(app: &TestApp, gateway: &Gateway, share: Option<&Share>, wants: u64) -> Shares {
    let need = json!([{ "scope": SCOPE, "amount": 0, "share": report(share, wants, true) }]);
    gateway.lend(app, need).await.shares.unwrap()
}

async fn sync(app: &TestApp, gateway: &Gateway, reports: Vec<Value>) -> Shares {
    let body = json!({ "gateway": gateway.name, "revision": 0, "shares": reports });
    let answer = app.call(GATEWAY, "POST", "/gateway/v1/sync", body).await;
    let answer: SyncAnswer = serde_json::from_value(answer.expect(200)).unwrap();
    answer.shares.unwrap()
}

fn rate(shares: &Shares) -> u64 {
    shares
        .shares
        .first()
        .map_or(0, |share| share.part.rates[0].rate)
}

fn wait(app: &TestApp, time: Duration) {
    app.set_time(&app.now().plus(time).to_rfc3339());
}

on_both_databases! {
    async fn a_share_moves_only_after_its_gateway_has_let_go(app) {
        let replica = app.replica(Default::default()).await;
        let [first, second] = [1, 2].map(|n| Gateway::new(&format!("gateway-{n}"), n));
        let alone = ask(app, &first, None, RATE).await;
        assert_eq!((rate(&alone), alone.gateways), (RATE, 1), "a lone gateway has all of it");
        assert_eq!(alone.shares[0].given, [600, 0]);

        let newcomer = ask(&replica, &second, None, RATE).await;
        assert_eq!((rate(&newcomer), newcomer.gateways), (0, 2));
        assert_eq!(newcomer.shares[0].short_ms, Some(500), "others are asked to give up something");

        let told = sync(&replica, &first, Vec::new()).await;
        let half = rate(&told);
        assert!(half <= RATE / 2, "{half}");
        assert_eq!(rate(&ask(app, &second, None, RATE).await), 0, "not before it is confirmed");
        let confirmed = report(told.shares.first(), RATE, false);
        assert_eq!(rate(&sync(app, &first, vec![confirmed.clone()]).await), half);
        assert!(sync(&replica, &first, Vec::new()).await.shares.is_empty(), "nothing has changed");

        let grown = sync(app, &second, Vec::new()).await;
        assert!(rate(&grown) >= RATE * 48 / 100, "{}", rate(&grown));
        assert!(half + rate(&grown) <= RATE);
        let late = sync(app, &second, vec![confirmed]).await;
        assert!(half + rate(&late) <= RATE, "a report of another term changes nothing");
    }

    async fn what_a_gateway_had_that_is_gone_is_lent_again(app) {
        let [first, second] = [1, 2].map(|n| Gateway::new(&format!("gateway-{n}"), n));
        let alone = ask(app, &first, None, RATE).await;
        assert_eq!(rate(&ask(app, &second, None, RATE).await), 0);
        wait(app, Duration::from_secs(21));
        assert_eq!(rate(&ask(app, &second, None, RATE).await), 0, "clocks of replicas may differ");
        wait(app, Duration::from_secs(2));
        let all = ask(app, &second, None, RATE).await;
        assert_eq!((rate(&all), all.gateways), (RATE, 1));
        assert_eq!(all.shares[0].given, [0, 0], "what it had may have been used");

        let again = sync(app, &first, vec![report(alone.shares.first(), RATE, false)]).await;
        assert_eq!(again.epoch, alone.epoch + 1, "a new term");
        assert_eq!(rate(&again), 0);
    }

    async fn however_many_ask_at_once_no_limit_is_passed(app) {
        let gateways: Vec<Gateway> = (0..6).map(|n| Gateway::new(&format!("gateway-{n}"), n)).collect();
        let replica = app.replica(Default::default()).await;
        let mut told: HashMap<usize, Share> = HashMap::new();
        for round in 0..6_u64 {
            let asks = gateways.iter().enumerate().map(|(at, gateway)| {
                let app = if at % 2 == 0 { app } else { &replica };
                let share = told.get(&at).cloned();
                async move { (at, ask(app, gateway, share.as_ref(), RATE / (round + 1)).await) }
            });
            for (at, answer) in futures_util::future::join_all(asks).await {
                told.extend(answer.shares.into_iter().map(|share| (at, share)));
            }
            // What is shrinking is still in force until it is confirmed: all have confirmed now.
            let sum = |told: &HashMap<usize, Share>| -> (u64, u64) {
                let parts = told.values().map(|share| share.part.rates[0]);
                parts.fold((0, 0), |(rate, capacity), part| (rate + part.rate, capacity + part.capacity))
            };
            let (rate, capacity) = sum(&told);
            assert!(rate <= RATE && capacity <= 600, "{rate} and {capacity}");
        }
    }
}
