//! Keys, and new ones.

use crate::api::Refusal;
use crate::form::Form;
use crate::format::{day, dollars, is, number, rows, text, texts};
use crate::html::{Field, badge, filters, form, input, next_page, notice, refusal, select, table};
use crate::layout::{Page, page, page_with, refused};
use crate::params::{Kind, Params, Query, part};
use crate::visitor::Visitor;
use axum::http::{Method, StatusCode};
use maud::{Markup, html};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What a new key can be given: label, name in the API, kind, hint.
const SETTINGS: [(&str, &str, Kind, &str); 8] = [
    ("Name", "name", Kind::Text, ""),
    ("Namespace", "namespace", Kind::Text, ""),
    (
        "Budget of a month ($)",
        "monthly_quota_usd",
        Kind::Number,
        "Only the namespace's if empty.",
    ),
    (
        "Requests a minute",
        "rate_limit_per_minute",
        Kind::Number,
        "Only the namespace's if empty.",
    ),
    (
        "Tokens a minute",
        "tokens_per_minute",
        Kind::Number,
        "Only the namespace's if empty.",
    ),
    (
        "Models",
        "allowed_models",
        Kind::List,
        "Names between commas; the namespace's if empty.",
    ),
    (
        "Expires in days",
        "expires_in",
        Kind::Number,
        "Never if empty.",
    ),
    (
        "Labels",
        "tags",
        Kind::Tags,
        "Words, or names with values, between commas: team: web, env: prod.",
    ),
];

/// The roles of keys, and what they mean.
pub const ROLES: [(&str, &str); 4] = [
    ("developer", "developer: calls models, sees its own usage"),
    ("analyst", "analyst: calls models, sees reports"),
    ("viewer", "viewer: calls no models"),
    ("admin", "admin: manages the organization"),
];

/// `GET /console/keys`.
pub async fn show(visitor: Visitor, params: Params) -> Page {
    let query = params.query(&["namespace", "q", "enabled", "after"]);
    let path = query.with("limit", "100").on("/v1/keys");
    let spent = "/v1/usage/table?period=30d&group_by=key&limit=1000";
    let (found, spent) = tokio::join!(visitor.api.get(&path), visitor.api.get(spent));
    let found = found.map_err(|refusal| refused(&visitor, &refusal))?;
    let spent = spent.unwrap_or_default();
    let spent: HashMap<&str, f64> = rows(&spent, "data")
        .iter()
        .map(|row| (text(row, "id"), number(row, "cost_usd")))
        .collect();
    let shown: Vec<Vec<Markup>> = rows(&found, "data")
        .iter()
        .map(|key| row(key, &spent))
        .collect();
    let last = text(&found, "last_id");
    let next = is(&found, "has_more").then_some(("after", last));
    let choices = [("", "All"), ("true", "On"), ("false", "Off")];
    let columns = [
        "Key",
        "Namespace",
        "Role",
        "Begins and ends",
        "",
        "#Own budget",
        "#Spend, 30 days",
        "Created",
        "Expires",
    ];
    let content = html! {
        @if visitor.manages() {
            (filters("/console/keys", &html! {
                (input(&Field { label: "Name", name: "q", value: params.get("q"), kind: "text", hint: "", required: false }))
                (input(&Field { label: "Namespace", name: "namespace", value: params.get("namespace"), kind: "text", hint: "", required: false }))
                (select("State", "enabled", params.get("enabled"), &choices))
            }))
        }
        @if visitor.makes_keys() {
            p { a.button href="/console/keys/new" { "New key" } }
        }
        (table("Keys", &columns, &shown))
        (next_page("/console/keys", &params, &["namespace", "q", "enabled"], next))
    };
    page(&visitor, "Keys", &content)
}

fn row(key: &Value, spent: &HashMap<&str, f64>) -> Vec<Markup> {
    let id = text(key, "id");
    let has_own = texts(key, "own_limits").contains(&"monthly_quota_usd");
    let namespace = text(key, "namespace");
    vec![
        html! { a href={ "/console/keys/" (part(id)) } { (text(key, "name")) } },
        html! { a href={ "/console/namespaces/" (part(namespace)) } { (namespace) } },
        html! { (text(key, "role")) },
        html! { code { (text(key, "key_preview")) } },
        html! { @if is(key, "enabled") { (badge("good", "on")) } @else { (badge("bad", "off")) } },
        html! {
            @if has_own { (dollars(number(key, "monthly_quota_usd"))) } @else { span.quiet { "none" } }
        },
        html! { (dollars(spent.get(id).copied().unwrap_or_default())) },
        html! { (day(text(key, "created_at"))) },
        html! {
            @match text(key, "expires_at") { "" => span.quiet { "never" }, at => (day(at)) }
        },
    ]
}

/// `GET /console/keys/new`.
pub async fn new(visitor: Visitor, params: Params) -> Page {
    form_page(&visitor, &params, None)
}

fn form_page(visitor: &Visitor, filled_in: &Params, problem: Option<&Refusal>) -> Page {
    let role = filled_in.given("role").unwrap_or("developer");
    let content = html! {
        (refusal(problem))
        (form(visitor, "/console/keys/new", "Create key", &html! {
            div.fields {
                @for (label, name, kind, hint) in SETTINGS {
                    (input(&Field {
                        label,
                        name,
                        value: filled_in.get(name),
                        kind: if kind == Kind::Number { "number" } else { "text" },
                        hint,
                        required: ["name", "namespace"].contains(&name),
                    }))
                }
                (select("Role", "role", role, &ROLES))
            }
        }))
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    Ok(page_with(visitor, status, "New key", &content))
}

/// `POST /console/keys/new`. The answer has the secret, which nobody is shown again.
pub async fn create(visitor: Visitor, Form(filled_in): Form) -> Page {
    let mut body = Map::new();
    for (_, name, kind, _) in SETTINGS {
        if let Some(value) = filled_in.given(name) {
            body.insert(name.to_owned(), kind.json(value));
        }
    }
    if let Some(role) = filled_in.given("role") {
        body.insert("role".to_owned(), Kind::Text.json(role));
    }
    if !body.contains_key("namespace") {
        // The API would make a namespace without a budget.
        let problem = Refusal {
            status: StatusCode::BAD_REQUEST,
            message: "Name the namespace that the key is for.".to_owned(),
        };
        return form_page(&visitor, &filled_in, Some(&problem));
    }
    let made = visitor
        .api
        .send(Method::POST, "/v1/keys", &Value::Object(body))
        .await;
    match made {
        Ok(made) => secret_page(&visitor, "Key created", &made, None),
        Err(problem) => form_page(&visitor, &filled_in, Some(&problem)),
    }
}

/// The page that shows a new secret once. `until` is when the one before ends.
pub fn secret_page(visitor: &Visitor, title: &str, made: &Value, until: Option<&str>) -> Page {
    let id = text(made, "id");
    let content = html! {
        (notice("good", "Copy the secret now: it is not kept and is not shown again."))
        div.secret {
            label for="secret" { "Secret of " strong { (text(made, "name")) } }
            input #secret type="text" readonly value=(text(made, "key")) data-copy="copy";
        }
        @if let Some(until) = until {
            p { "The secret before works until " (until) "." }
        }
        p {
            a href={ "/console/keys/" (part(id)) } { "The key" } " · "
            a href=(Query::default().with("namespace", text(made, "namespace")).on("/console/keys")) {
                "Keys of " (text(made, "namespace"))
            }
        }
    };
    page(visitor, title, &content)
}
