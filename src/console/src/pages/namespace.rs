//! One namespace: what it spends, its keys, its limits.

use crate::api::Refusal;
use crate::charts::{Shape, stacked_bars};
use crate::form::Form;
use crate::format::{
    dollars, is, maybe, millis, number, percent, rows, short, short_dollars, text,
};
use crate::html::{badge, card, form, meter, notice, refusal, select, stat, table};
use crate::layout::{Page, page_with, refused};
use crate::params::{Kind, Params, Query, part};
use crate::settings::{Setting, changed, facts, fields};
use crate::visitor::Visitor;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use serde_json::Value;

/// What can be changed.
const SETTINGS: [Setting; 10] = [
    Setting::inherited(
        "Budget of a month ($)",
        "monthly_quota_usd",
        Kind::Number,
        "Hard: calls beyond it are refused.",
    ),
    Setting::inherited(
        "Budget of a day ($)",
        "daily_quota_usd",
        Kind::Number,
        "Hard.",
    ),
    Setting::inherited(
        "Budgets of other periods ($)",
        "quotas_usd",
        Kind::Numbers,
        "Hard. hourly, weekly, quarterly, total, last_30_days: hourly: 2, total: 500.",
    ),
    Setting::own(
        "Time zone of the budgets",
        "time_zone",
        Kind::Text,
        "As in Europe/Berlin; the organization's if empty.",
    ),
    Setting::own(
        "Budget of each end user a month ($)",
        "user_monthly_quota_usd",
        Kind::Number,
        "",
    ),
    Setting::inherited(
        "Requests a minute",
        "rate_limit_per_minute",
        Kind::Number,
        "",
    ),
    Setting::inherited("Tokens a minute", "tokens_per_minute", Kind::Number, ""),
    Setting::inherited("Requests at once", "max_concurrency", Kind::Number, ""),
    Setting::inherited(
        "Models",
        "allowed_models",
        Kind::List,
        "Names between commas; all if empty.",
    ),
    Setting::own(
        "Labels",
        "tags",
        Kind::Tags,
        "Words, or names with values, between commas: team: web, cost_center: 7.",
    ),
];

/// `GET /console/namespaces/{name}`.
pub async fn show(visitor: Visitor, Path(name): Path<String>, params: Params) -> Page {
    view(&visitor, &name, params.get("done"), None).await
}

async fn view(
    visitor: &Visitor,
    name: &str,
    done: &str,
    tried: Option<(&Params, &Refusal)>,
) -> Page {
    let api = &visitor.api;
    let own = format!("/v1/namespaces/{}", part(name));
    let narrowed = Query::default()
        .with("namespace", name)
        .with("period", "30d");
    let by_model = narrowed.clone().with("group_by", "model").with("top", "8");
    let by_key = narrowed.with("group_by", "key").with("limit", "10");
    let keys = Query::default()
        .with("namespace", name)
        .with("limit", "100");
    let usage_of = format!("{own}/usage?period=30d");
    let (by_model, by_key, keys) = (
        by_model.on("/v1/usage/series"),
        by_key.on("/v1/usage/table"),
        keys.on("/v1/keys"),
    );
    let (namespace, usage, series, table, keys) = tokio::join!(
        api.get(&own),
        api.get(&usage_of),
        api.get(&by_model),
        api.get(&by_key),
        api.get(&keys),
    );
    let namespace = namespace.map_err(|refusal| refused(visitor, &refusal))?;
    let shape = Shape {
        title: "Spend per day by model, last 30 days",
        short: short_dollars,
        full: dollars,
    };
    let of_namespace = Query::default().with("namespace", name);
    let content = html! {
        @if done == "saved" { (notice("good", "Saved. Gateways have it within a second or two.")) }
        p.lead {
            "In " strong { (text(&namespace, "organization")) } ". "
            @if !is(&namespace, "enabled") { (badge("bad", "disabled")) " " }
            @if is(&namespace, "prepaid") { (badge("fine", "prepaid")) " " }
            a href=(of_namespace.clone().on("/console/requests")) { "Its requests" } " · "
            a href=(of_namespace.clone().with("group_by", "key").on("/console/usage")) { "Its usage" }
            @if visitor.manages() {
                " · " a href={ "/console/alerts/" (part(name)) } { "Its alerts and webhooks" }
            }
        }
        @if let Ok(usage) = &usage { (numbers(usage)) }
        @if let Ok(series) = &series { (card(shape.title, &stacked_bars(series, &shape, |_| None))) }
        div.columns {
            @if let Ok(found) = &table { (card("Who spends, last 30 days", &spenders(found))) }
            @if let Ok(keys) = &keys { (card("Keys", &key_list(visitor, name, keys))) }
        }
        (card("Limits", &limits(visitor, name, &namespace, tried)))
    };
    let status = tried.map_or(StatusCode::OK, |(_, problem)| problem.status);
    Ok(page_with(visitor, status, name, &content))
}

fn numbers(usage: &Value) -> Markup {
    let (spent, quota) = (
        number(usage, "current_month_cost"),
        number(usage, "quota_limit"),
    );
    let projected = number(usage, "projected_month_end_spend");
    html! {
        dl.stats {
            (stat("Spend this month", &short_dollars(spent), &html! {
                span.quiet { "about " (short_dollars(projected)) " by its end" }
            }))
            (stat("Left of the budget", &short_dollars(number(usage, "quota_remaining")), &html! {
                (meter(quota - number(usage, "quota_remaining"), quota))
                span.quiet { "of " (short_dollars(quota)) ", " (days_left(usage)) " to go" }
            }))
            @if let Some(balance) = maybe(usage, "prepaid_balance") {
                (stat("Prepaid balance", &short_dollars(balance), &html! {}))
            }
            (stat("Requests in 30 days", &short(number(usage, "request_count")), &html! {
                span.quiet { (short(number(usage, "total_tokens"))) " tokens" }
            }))
            (stat("Typical answer", &millis(number(usage, "p50_latency_ms")), &html! {
                span.quiet { "one in a hundred takes over " (millis(number(usage, "p99_latency_ms"))) }
            }))
        }
    }
}

fn days_left(usage: &Value) -> String {
    match number(usage, "days_remaining_in_period") {
        days if days < 1.5 => "1 day".to_owned(),
        days => format!("{days:.0} days"),
    }
}

fn spenders(found: &Value) -> Markup {
    let all = number(found.get("total").unwrap_or(&Value::Null), "cost_usd");
    let shown: Vec<Vec<Markup>> = rows(found, "data")
        .iter()
        .map(|row| {
            let cost = number(row, "cost_usd");
            vec![
                html! { a href={ "/console/keys/" (part(text(row, "id"))) } { (text(row, "name")) } },
                html! { (short(number(row, "requests"))) },
                html! { (dollars(cost)) },
                html! { @if all > 0.0 { (percent(cost / all)) } },
            ]
        })
        .collect();
    table(
        "Keys by spend",
        &["Key", "#Requests", "#Spend", "#Share"],
        &shown,
    )
}

fn key_list(visitor: &Visitor, name: &str, keys: &Value) -> Markup {
    let shown: Vec<Vec<Markup>> = rows(keys, "data")
        .iter()
        .map(|key| {
            vec![
                html! { a href={ "/console/keys/" (part(text(key, "id"))) } { (text(key, "name")) } },
                html! { (text(key, "role")) },
                html! { code { (text(key, "key_preview")) } },
                html! { @if is(key, "enabled") { (badge("good", "on")) } @else { (badge("bad", "off")) } },
            ]
        })
        .collect();
    let new = Query::default()
        .with("namespace", name)
        .on("/console/keys/new");
    html! {
        (table("Keys of this namespace", &["Key", "Role", "Begins and ends", ""], &shown))
        @if visitor.makes_keys() { p { a href=(new) { "New key" } } }
    }
}

fn limits(
    visitor: &Visitor,
    name: &str,
    namespace: &Value,
    tried: Option<(&Params, &Refusal)>,
) -> Markup {
    if !visitor.manages() {
        return facts(&SETTINGS, namespace);
    }
    let enabled = match tried {
        Some((params, _)) => params.get("enabled") == "true",
        None => is(namespace, "enabled"),
    };
    let action = format!("/console/namespaces/{}", part(name));
    html! {
        (refusal(tried.map(|(_, problem)| problem)))
        p.quiet { "What is empty is the organization's." }
        (form(visitor, &action, "Save limits", &html! {
            div.fields {
                (fields(&SETTINGS, namespace, tried))
                (select("Calls", "enabled", if enabled { "true" } else { "false" },
                    &[("true", "accepted"), ("false", "refused: disabled")]))
            }
        }))
    }
}

/// `POST /console/namespaces/{name}`: what was changed, and nothing else.
pub async fn update(visitor: Visitor, Path(name): Path<String>, Form(filled_in): Form) -> Page {
    let path = format!("/v1/namespaces/{}", part(&name));
    let namespace = visitor.api.get(&path).await;
    let namespace = namespace.map_err(|refusal| refused(&visitor, &refusal))?;
    let mut body = changed(&SETTINGS, &namespace, &filled_in);
    let enabled = filled_in.get("enabled") == "true";
    if enabled != is(&namespace, "enabled") {
        body.insert("enabled".to_owned(), Value::Bool(enabled));
    }
    match visitor
        .api
        .send(Method::PATCH, &path, &Value::Object(body))
        .await
    {
        Ok(_) => {
            let path = format!("/console/namespaces/{}?done=saved", part(&name));
            Ok(Redirect::to(&path).into_response())
        }
        Err(problem) => view(&visitor, &name, "", Some((&filled_in, &problem))).await,
    }
}
