//! Who changed what, and whether the audit is complete.

use crate::format::{is, moment, rows, text, whole};
use crate::html::{Field, badge, card, filters, input, next_page, select, table};
use crate::layout::{Page, page, refused};
use crate::params::{Params, Query};
use crate::visitor::Visitor;
use maud::{Markup, html};
use serde_json::Value;

const NARROWED_BY: [&str; 4] = ["namespace", "action", "start_date", "end_date"];
/// What changes begin with: calls are on the page of requests.
const ACTIONS: [(&str, &str); 9] = [
    ("key.", "Keys"),
    ("namespace.", "Namespaces"),
    ("organization.", "Organizations"),
    ("member.", "Members"),
    ("price.", "Prices"),
    ("alert.", "Alerts"),
    ("webhook.", "Webhooks"),
    ("credit.", "Credits"),
    ("audit.", "The audit itself"),
];

/// `GET /console/audit`.
pub async fn show(visitor: Visitor, params: Params) -> Page {
    let action = params.given("action").unwrap_or("key.");
    let query = params.query(&["namespace", "start_date", "end_date", "cursor"]);
    let query = query
        .with("action", action)
        .with("order", "desc")
        .with("limit", "50");
    let found = visitor.api.get(&query.on("/v1/audit")).await;
    let found = found.map_err(|refusal| refused(&visitor, &refusal))?;
    let verified = match params.get("verify") {
        "true" => Some(visitor.api.get("/v1/audit/verify").await),
        _ => None,
    };
    let verified = verified
        .transpose()
        .map_err(|refusal| refused(&visitor, &refusal))?;
    let cursor = text(&found, "next_cursor");
    let next = (!cursor.is_empty()).then_some(("cursor", cursor));
    let shown: Vec<Vec<Markup>> = rows(&found, "data").iter().map(row).collect();
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
    let content = html! {
        (filters("/console/audit", &html! {
            (select("Changes of", "action", action, &ACTIONS))
            (field("Namespace", "namespace", "text"))
            (field("From", "start_date", "date"))
            (field("To", "end_date", "date"))
        }))
        (table("Changes", &["Time (UTC)", "Who", "What", "Of", "From where", "Change"], &shown))
        (next_page("/console/audit", &params, &NARROWED_BY, next))
        (card("Is it complete?", &verification(verified.as_ref())))
    };
    page(&visitor, "Audit", &content)
}

fn verification(verified: Option<&Value>) -> Markup {
    let Some(verified) = verified else {
        return html! {
            p { "Each entry is chained to the one before by its hash, so nothing can be altered, taken out or put in unnoticed." }
            p { a.button href=(Query::default().with("verify", "true").on("/console/audit")) { "Verify now" } }
        };
    };
    let fields = verified.as_object().into_iter().flatten();
    html! {
        @if is(verified, "valid") || is(verified, "ok") || is(verified, "intact") {
            p { (badge("good", "complete and unchanged")) }
        }
        dl.facts {
            @for (name, value) in fields {
                @match value {
                    Value::Number(number) => {
                        dt { (name.replace('_', " ")) } dd { (whole(number.as_f64().unwrap_or_default())) }
                    },
                    Value::String(text) => { dt { (name.replace('_', " ")) } dd { code { (text) } } },
                    Value::Bool(is_so) => { dt { (name.replace('_', " ")) } dd { (if *is_so { "yes" } else { "no" }) } },
                    _ => {},
                }
            }
        }
    }
}

fn row(entry: &Value) -> Vec<Markup> {
    let who = match text(entry, "user_email") {
        "" => text(entry, "key_name"),
        email => email,
    };
    vec![
        moment(text(entry, "timestamp")),
        html! { (who) },
        html! { (text(entry, "action")) },
        html! {
            code { (text(entry, "resource_id")) }
            @if !text(entry, "project").is_empty() { " " span.quiet { (text(entry, "project")) } }
        },
        html! { (text(entry, "ip_address")) },
        changes(
            entry.get("before").unwrap_or(&Value::Null),
            entry.get("after").unwrap_or(&Value::Null),
        ),
    ]
}

/// What is another one before and after.
fn changes(before: &Value, after: &Value) -> Markup {
    let fields = |of: &Value| of.as_object().cloned().unwrap_or_default();
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let changed: Vec<(&String, String, String)> = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name, shown(before.get(name)), shown(after.get(name))))
        .filter(|(_, before, after)| before != after)
        .collect();
    html! {
        @if !changed.is_empty() {
            details {
                summary { (changed.len()) @if changed.len() == 1 { " field" } @else { " fields" } }
                ul.changes {
                    @for (name, before, after) in changed {
                        li {
                            code { (name) } ": "
                            @if before != "–" { del { (before) } " " }
                            ins { (after) }
                        }
                    }
                }
            }
        }
    }
}
