//! Calls of models, the newest first.

use crate::format::{dollars, is, millis, moment, number, rows, short, text, whole};
use crate::html::{Field, badge, filters, input, next_page, select, table};
use crate::layout::{Page, page, refused};
use crate::params::{Params, Query, part};
use crate::visitor::Visitor;
use maud::{Markup, html};
use serde_json::Value;

/// What the list is narrowed by.
const NARROWED_BY: [&str; 11] = [
    "namespace",
    "key",
    "model",
    "user",
    "outcome",
    "code",
    "status",
    "request_id",
    "min_cost_usd",
    "start_date",
    "end_date",
];

/// `GET /console/requests`.
pub async fn show(visitor: Visitor, params: Params) -> Page {
    let query = params.query(&NARROWED_BY).with_given(&params, "cursor");
    let found = visitor
        .api
        .get(&query.with("limit", "50").on("/v1/requests"))
        .await;
    let found = found.map_err(|refusal| refused(&visitor, &refusal))?;
    let cursor = text(&found, "next_cursor");
    let next = (!cursor.is_empty()).then_some(("cursor", cursor));
    let shown: Vec<Vec<Markup>> = rows(&found, "data").iter().map(row).collect();
    let columns = [
        "Time (UTC)",
        "How it ended",
        "Namespace",
        "Key",
        "Model",
        "#Input",
        "#Output",
        "#Took",
        "#Cost",
    ];
    let content = html! {
        (bar(&visitor, &params))
        (table("Requests", &columns, &shown))
        @if shown.is_empty() && next.is_some() {
            p { "None of the calls that were looked at is one of these. Older ones are on the next page." }
        }
        (next_page("/console/requests", &params, &NARROWED_BY, next))
    };
    page(&visitor, "Requests", &content)
}

fn bar(visitor: &Visitor, params: &Params) -> Markup {
    let field = |label, name, kind| {
        input(&Field {
            label,
            name,
            value: params.get(name),
            kind,
            hint: "",
            required: false,
        })
    };
    let outcomes = [
        ("", "Any"),
        ("complete", "Complete"),
        ("truncated", "Broken off"),
        ("upstream_error", "Provider failed"),
        ("refused", "Refused"),
    ];
    filters(
        "/console/requests",
        &html! {
            (select("How it ended", "outcome", params.get("outcome"), &outcomes))
            @if visitor.manages() { (field("Namespace", "namespace", "text")) }
            (field("Model", "model", "text"))
            (field("End user", "user", "text"))
            (field("Refused with", "code", "text"))
            (field("At least ($)", "min_cost_usd", "number"))
            (field("Request id", "request_id", "text"))
            (field("From", "start_date", "date"))
            (field("To", "end_date", "date"))
            @if let Some(key) = params.given("key") { input type="hidden" name="key" value=(key); }
        },
    )
}

/// How a call ended, as a word with a colour.
pub fn outcome(call: &Value) -> Markup {
    html! {
        @match text(call, "outcome") {
            "complete" => (badge("good", "complete")),
            "truncated" => (badge("near", "broken off")),
            "refused" => {
                (badge("bad", text(call, "refusal_code")))
                @if number(call, "refusals") > 1.0 { " × " (whole(number(call, "refusals"))) }
            },
            _ => (badge("bad", "provider failed")),
        }
    }
}

fn row(call: &Value) -> Vec<Markup> {
    let is_refused = text(call, "outcome") == "refused";
    let key = match text(call, "key_name") {
        "" => text(call, "key_id"),
        name => name,
    };
    let narrowed = Query::default().with("key", text(call, "key_id"));
    vec![
        html! { a href={ "/console/requests/" (part(text(call, "id"))) } { (moment(text(call, "started_at"))) } },
        outcome(call),
        html! { (text(call, "namespace")) },
        html! { a href=(narrowed.on("/console/requests")) { (key) } },
        html! {
            (text(call, if is_refused { "requested_model" } else { "model" }))
            @if is(call, "stream") { " " span.quiet { "stream" } }
        },
        html! { (short(number(call, "input_tokens"))) },
        html! { (short(number(call, "output_tokens"))) },
        html! { @if !is_refused { (millis(number(call, "duration_ms"))) } },
        html! {
            @if !is_refused {
                (dollars(number(call, "cost_usd")))
                @if is(call, "estimated") { span.quiet title="Tokens are an estimate" { " ≈" } }
            }
        },
    ]
}
