//! The story of one call.

use super::requests::outcome;
use crate::format::{dollars, exact_dollars, is, maybe, millis, moment, number, rows, text, whole};
use crate::html::{badge, card, notice, table};
use crate::layout::{Page, page, refused};
use crate::params::{Query, part};
use crate::visitor::Visitor;
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;

/// `GET /console/requests/{id}`.
pub async fn show(visitor: Visitor, Path(id): Path<String>) -> Page {
    let call = visitor
        .api
        .get(&format!("/v1/requests/{}", part(&id)))
        .await;
    let call = call.map_err(|refusal| refused(&visitor, &refusal))?;
    let content = html! {
        p.lead {
            (outcome(&call)) " "
            @if text(&call, "outcome") == "refused" {
                "Never sent to a provider."
            } @else {
                "Served by " strong { (text(&call, "model")) } " in " (millis(number(&call, "duration_ms")))
                " for " strong { (dollars(number(&call, "cost_usd"))) } "."
            }
        }
        div.columns {
            (card("Who and what", &facts(&call)))
            (card("What decided", &scopes(&call)))
        }
        (card("What it cost, line by line", &price(&call)))
    };
    page(&visitor, "Request", &content)
}

fn facts(call: &Value) -> Markup {
    let of_key = Query::default().with("key", text(call, "key_id"));
    let fact = |label: &str, value: Markup| html! { dt { (label) } dd { (value) } };
    let plain = |label: &str, name: &str| {
        html! { @if !text(call, name).is_empty() { (fact(label, html! { (text(call, name)) })) } }
    };
    html! {
        dl.facts {
            (fact("Started (UTC)", moment(text(call, "started_at"))))
            (fact("Key", html! {
                a href=(of_key.on("/console/requests")) {
                    (if text(call, "key_name").is_empty() { text(call, "key_id") } else { text(call, "key_name") })
                }
            }))
            (plain("Namespace", "namespace"))
            (plain("Organization", "organization"))
            (plain("End user", "user"))
            (plain("Asked for", "requested_model"))
            (plain("Endpoint", "endpoint"))
            (fact("Answer", html! { (if is(call, "stream") { "as a stream" } else { "at once" }) }))
            (fact("Status", html! { (whole(number(call, "status"))) }))
            (plain("Tier", "tier"))
            (plain("Content", "category"))
            (plain("From", "client_address"))
            (plain("Client", "user_agent"))
            (plain("Gateway", "gateway"))
            (fact("Request id", html! { code { (text(call, "request_id")) } }))
            (fact("Ledger id", html! { code { (text(call, "id")) } }))
        }
    }
}

fn scopes(call: &Value) -> Markup {
    let is_refused = text(call, "outcome") == "refused";
    let shown: Vec<Vec<Markup>> = rows(call, "scopes")
        .iter()
        .map(|scope| {
            let decision = match (is(scope, "refused"), is_refused, is(scope, "from_budget")) {
                (true, ..) => badge("bad", "refused"),
                (_, true, _) => html! { span.quiet { "did not refuse" } },
                (_, _, true) => badge("good", "paid from its budget"),
                _ => html! { span.quiet { "let it pass" } },
            };
            vec![html! { code { (text(scope, "scope")) } }, decision]
        })
        .collect();
    html! {
        (table("Scopes of this call", &["Scope", "Decision"], &shown))
        @if number(call, "refusals") > 1.0 {
            p { "This entry stands for " (whole(number(call, "refusals"))) " calls refused for the same reason." }
        }
    }
}

fn price(call: &Value) -> Markup {
    let price = call.get("price").unwrap_or(&Value::Null);
    let amount = |value: Option<f64>| html! { @match value { Some(value) => (exact_dollars(value)), None => "–" } };
    let mut lines: Vec<Vec<Markup>> = rows(price, "lines")
        .iter()
        .map(|line| {
            vec![
                html! { (text(line, "kind").replace('_', " ")) },
                html! { (whole(number(line, "tokens"))) },
                amount(maybe(line, "usd_per_million")),
                amount(maybe(line, "usd")),
            ]
        })
        .collect();
    let tools = call
        .get("tools")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (tool, calls) in tools {
        lines.push(vec![
            html! { "calls of " (tool.replace('_', " ")) },
            html! { (calls) },
            html! { "–" },
            html! { "–" },
        ]);
    }
    if !lines.is_empty() {
        let all = html! { strong { (exact_dollars(number(call, "cost_usd"))) } };
        lines.push(vec![html! { strong { "Booked" } }, html! {}, html! {}, all]);
    }
    html! {
        (table("Lines of the cost", &["Tokens", "#How many", "#$ per million", "#$"], &lines))
        @if is(call, "estimated") {
            (notice("near", "The provider did not say what was used: the tokens are an estimate."))
        }
        @if !lines.is_empty() && !is(price, "is_exact") {
            (notice("near", "The lines are of today's price and do not come to what was booked: the price, a \
                tier or a region made it another."))
        }
        @if !text(price, "price_from").is_empty() {
            p.quiet { "Charged by the price in force since " (moment(text(price, "price_from"))) "." }
        }
    }
}
