//! What becomes of a connection after a refusal.

use crate::case::Ask;
use crate::client::{self, Answer, Request};
use crate::request;
use crate::site::{Site, Tenant};
use serde_json::{Value, json};

/// Requests that are written together are all answered, or the last answer says that the connection
/// closes.
pub async fn pipelined(site: &Site, tenant: &Tenant) -> Vec<String> {
    let good = || json!({"method": "GET", "path": "/v1/models"});
    let bad = || json!({"chat": {"model": "dear"}});
    let nowhere = || json!({"method": "GET", "path": "/nowhere"});
    let mut differences = Vec::new();
    for word in ["ggg", "gbg", "bg", "bbb", "gng", "nnn"] {
        let asks = word.chars().map(|letter| match letter {
            'g' => good(),
            'b' => bad(),
            _ => nowhere(),
        });
        let requests: Vec<Request> = asks.map(|ask| write(ask, &tenant.key)).collect();
        let answers = client::several(site.address, &requests, true).await;
        if answers.len() < word.len() && !answers.last().is_some_and(closes) {
            let count = answers.len();
            differences.push(format!(
                "{word}: {count} answers, and no `connection: close`"
            ));
        }
    }
    differences
}

/// After a refusal another request is answered, or the refusal says that the connection closes.
pub async fn used_again(site: &Site, tenant: &Tenant) -> Vec<String> {
    let large = "@ *3000000@";
    let refused = [
        (
            "an unknown path",
            json!({"path": "/nowhere", "body": {"a": 1}}),
        ),
        (
            "a wrong key",
            json!({"chat": {}, "headers": {"authorization": "Bearer wrong"}}),
        ),
        (
            "a wrong key and 3 MB",
            json!({"chat": {"user": large}, "headers": {"authorization": "Bearer wrong"}}),
        ),
        (
            "a model that is not allowed",
            json!({"chat": {"model": "dear"}}),
        ),
        (
            "a model that is not there",
            json!({"chat": {"model": "nothing"}}),
        ),
        (
            "no JSON",
            json!({"path": "/v1/chat/completions", "text": "no"}),
        ),
        ("11 MB", json!({"chat": {"user": "@ *11000000@"}})),
        (
            "11 MB in chunks",
            json!({"chat": {"user": "@ *11000000@"}, "chunked": 65_536}),
        ),
    ];
    let mut differences = Vec::new();
    for (what, ask) in refused {
        let good = json!({"method": "GET", "path": "/v1/models"});
        let requests = [write(ask, &tenant.key), write(good, &tenant.key)];
        let answers = client::several(site.address, &requests, false).await;
        let right = match &answers[..] {
            [refusal] => refusal.status >= 400 && closes(refusal),
            [refusal, good] => refusal.status >= 400 && (closes(refusal) || good.status == 200),
            _ => false,
        };
        if !right {
            let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            differences.push(format!(
                "after {what}: {statuses:?}, and no `connection: close`"
            ));
        }
    }
    differences
}

fn closes(answer: &Answer) -> bool {
    answer.header("connection") == Some("close")
}

fn write(value: Value, key: &str) -> Request {
    let ask: Ask = serde_json::from_value(value).unwrap();
    request::write(&ask, "", key, 0)
}
