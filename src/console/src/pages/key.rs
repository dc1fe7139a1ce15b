//! One key: what it used, its limits, its secret.

use super::keys::{ROLES, secret_page};
use crate::api::Refusal;
use crate::charts::{Shape, stacked_bars};
use crate::form::Form;
use crate::format::{day, dollars, is, moment, number, short, short_dollars, text, whole};
use crate::html::{Field, badge, button, card, form, input, meter, notice, refusal, select, stat};
use crate::layout::{Page, page_with, refused};
use crate::params::{Kind, Params, Query, part};
use crate::session::TOKEN_FIELD;
use crate::settings::{Setting, changed, facts, fields};
use crate::visitor::Visitor;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use serde_json::{Value, json};

/// What can be changed.
const SETTINGS: [Setting; 8] = [
    Setting::own("Name", "name", Kind::Text, ""),
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
    Setting::inherited(
        "Requests a minute",
        "rate_limit_per_minute",
        Kind::Number,
        "",
    ),
    Setting::inherited("Tokens a minute", "tokens_per_minute", Kind::Number, ""),
    Setting::inherited(
        "Models",
        "allowed_models",
        Kind::List,
        "Names between commas; the namespace's if empty.",
    ),
    Setting::own(
        "Labels",
        "tags",
        Kind::Tags,
        "Words, or names with values, between commas: team: web, env: prod.",
    ),
];

/// The key: from the list, if it is one's own and the API shows it there alone.
async fn find(visitor: &Visitor, id: &str) -> Result<Value, Refusal> {
    if visitor.manages() {
        return visitor.api.get(&format!("/v1/keys/{}", part(id))).await;
    }
    let own = visitor.api.get("/v1/keys").await?;
    let mut keys = crate::format::rows(&own, "data").iter();
    let found = keys.find(|key| text(key, "id") == id).cloned();
    found.ok_or_else(|| Refusal::missing("There is no such key within your reach."))
}

/// `GET /console/keys/{id}`.
pub async fn show(visitor: Visitor, Path(id): Path<String>, params: Params) -> Page {
    view(&visitor, &id, params.get("done"), None).await
}

async fn view(visitor: &Visitor, id: &str, done: &str, tried: Option<(&Params, &Refusal)>) -> Page {
    let api = &visitor.api;
    let usage = format!("/v1/keys/{}/usage?period=30d&granularity=day", part(id));
    let series = Query::default()
        .with("key", id)
        .with("group_by", "model")
        .with("period", "30d");
    let series = series.with("top", "8").on("/v1/usage/series");
    let (key, usage, series) = tokio::join!(find(visitor, id), api.get(&usage), api.get(&series));
    let key = key.map_err(|refusal| refused(visitor, &refusal))?;
    let shape = Shape {
        title: "Spend per day by model, last 30 days",
        short: short_dollars,
        full: dollars,
    };
    let namespace = text(&key, "namespace");
    let content = html! {
        @match done {
            "saved" => (notice("good", "Saved. Gateways have it within a second or two.")),
            "disabled" => (notice("good", "Disabled: calls with it are refused from now on.")),
            "enabled" => (notice("good", "Enabled: calls with it are accepted again.")),
            _ => {},
        }
        p.lead {
            @if is(&key, "enabled") { (badge("good", "on")) } @else { (badge("bad", "off")) }
            " " (text(&key, "role")) " of "
            a href={ "/console/namespaces/" (part(namespace)) } { (namespace) } ", "
            code { (text(&key, "key_preview")) } " · "
            a href=(Query::default().with("key", id).on("/console/requests")) { "Its requests" }
        }
        @if let Ok(usage) = &usage { (numbers(usage)) }
        @if let Ok(series) = &series { (card(shape.title, &stacked_bars(series, &shape, |_| None))) }
        (card("Secret", &secret(visitor, &key)))
        (card("Limits", &limits(visitor, &key, tried)))
    };
    let status = tried.map_or(StatusCode::OK, |(_, problem)| problem.status);
    Ok(page_with(visitor, status, text(&key, "name"), &content))
}

fn numbers(usage: &Value) -> Markup {
    let rate = |peak: &str, limit: &str| {
        let (peak, limit) = (number(usage, peak), number(usage, limit));
        html! {
            (meter(peak, limit))
            span.quiet { "of " (short(limit)) " allowed" }
        }
    };
    html! {
        dl.stats {
            (stat("Spend in 30 days", &short_dollars(number(usage, "total_cost_usd")), &html! {
                span.quiet { (short_dollars(number(usage, "budget_remaining_usd"))) " left of the month's budget" }
            }))
            (stat("Requests in 30 days", &short(number(usage, "total_requests")), &html! {
                span.quiet { (short(number(usage, "total_tokens"))) " tokens" }
            }))
            (stat("Most requests in a minute", &whole(number(usage, "peak_rpm")), &rate("peak_rpm", "limit_rpm")))
            (stat("Most tokens in a minute", &short(number(usage, "peak_tpm")), &rate("peak_tpm", "limit_tpm")))
        }
    }
}

fn secret(visitor: &Visitor, key: &Value) -> Markup {
    let own = format!("/console/keys/{}", part(text(key, "id")));
    let second = key.get("secondary").filter(|second| !second.is_null());
    html! {
        dl.facts {
            dt { "Created" } dd { (day(text(key, "created_at"))) }
            dt { "Expires" } dd {
                @match text(key, "expires_at") { "" => "never", at => (moment(at)) }
            }
            @if let Some(second) = second {
                dt { "Secret before" } dd {
                    code { (text(second, "key_preview")) } " works until " (moment(text(second, "expires_at")))
                }
            }
        }
        @if visitor.makes_keys() {
            form.row method="post" action={ (own) "/rotate" } {
                input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
                (input(&Field {
                    label: "Days that the old secret goes on working",
                    name: "expires_in",
                    value: "7",
                    kind: "number",
                    hint: "At least 1. If the secret has leaked, disable the key instead, or rotate twice.",
                    required: true,
                }))
                button type="submit" { "New secret" }
            }
        }
        @if visitor.manages() {
            div.actions {
                @if is(key, "enabled") {
                    (button(visitor, &format!("{own}/disable"), "Disable", "danger"))
                } @else {
                    (button(visitor, &format!("{own}/enable"), "Enable", "plain"))
                }
                details.danger {
                    summary { "Delete …" }
                    form.row method="post" action={ (own) "/delete" } {
                        input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
                        (input(&Field {
                            label: "Type the key's name to delete it for good",
                            name: "confirm",
                            value: "",
                            kind: "text",
                            hint: "What it used stays in all reports.",
                            required: true,
                        }))
                        button.danger type="submit" { "Delete key" }
                    }
                }
            }
        }
    }
}

fn limits(visitor: &Visitor, key: &Value, tried: Option<(&Params, &Refusal)>) -> Markup {
    if !visitor.manages() {
        return facts(&SETTINGS, key);
    }
    let role = match tried {
        Some((params, _)) => params.get("role"),
        None => text(key, "role"),
    };
    html! {
        (refusal(tried.map(|(_, problem)| problem)))
        p.quiet { "What is empty is the namespace's." }
        (form(visitor, &format!("/console/keys/{}", part(text(key, "id"))), "Save limits", &html! {
            div.fields {
                (fields(&SETTINGS, key, tried))
                (select("Role", "role", role, &ROLES))
            }
        }))
    }
}

/// `POST /console/keys/{id}`: what was changed, and nothing else.
pub async fn update(visitor: Visitor, Path(id): Path<String>, Form(filled_in): Form) -> Page {
    let key = find(&visitor, &id).await;
    let key = key.map_err(|refusal| refused(&visitor, &refusal))?;
    let mut body = changed(&SETTINGS, &key, &filled_in);
    if filled_in.get("role") != text(&key, "role") {
        body.insert("role".to_owned(), json!(filled_in.get("role")));
    }
    let path = format!("/v1/keys/{}", part(&id));
    match visitor
        .api
        .send(Method::PATCH, &path, &Value::Object(body))
        .await
    {
        Ok(_) => done(&id, "saved"),
        Err(problem) => view(&visitor, &id, "", Some((&filled_in, &problem))).await,
    }
}

fn done(id: &str, what: &str) -> Page {
    Ok(Redirect::to(&format!("/console/keys/{}?done={what}", part(id))).into_response())
}

/// `POST /console/keys/{id}/rotate`. The answer has the new secret, which nobody is shown again.
pub async fn rotate(visitor: Visitor, Path(id): Path<String>, Form(filled_in): Form) -> Page {
    let path = format!("/v1/keys/{}/rotate", part(&id));
    let body = json!({ "expires_in": Kind::Number.json(filled_in.get("expires_in")) });
    let made = visitor.api.send(Method::POST, &path, &body).await;
    let made = made.map_err(|refusal| refused(&visitor, &refusal))?;
    let until = day(text(&made, "secondary_expires_at"));
    secret_page(&visitor, "New secret", &made, Some(&until))
}

/// `POST /console/keys/{id}/disable`.
pub async fn disable(visitor: Visitor, Path(id): Path<String>, Form(_): Form) -> Page {
    switch(&visitor, &id, "disable", "disabled").await
}

/// `POST /console/keys/{id}/enable`.
pub async fn enable(visitor: Visitor, Path(id): Path<String>, Form(_): Form) -> Page {
    switch(&visitor, &id, "enable", "enabled").await
}

async fn switch(visitor: &Visitor, id: &str, verb: &str, what: &str) -> Page {
    let path = format!("/v1/keys/{}/{verb}", part(id));
    let switched = visitor.api.send(Method::POST, &path, &Value::Null).await;
    switched.map_err(|refusal| refused(visitor, &refusal))?;
    done(id, what)
}

/// `POST /console/keys/{id}/delete`.
pub async fn delete(visitor: Visitor, Path(id): Path<String>, Form(filled_in): Form) -> Page {
    let key = find(&visitor, &id).await;
    let key = key.map_err(|refusal| refused(&visitor, &refusal))?;
    if filled_in.get("confirm") != text(&key, "name") {
        let problem = Refusal {
            status: StatusCode::BAD_REQUEST,
            message: "The name that you typed is not the key's, so it was not deleted.".to_owned(),
        };
        return Err(refused(&visitor, &problem));
    }
    let path = format!("/v1/keys/{}", part(&id));
    let deleted = visitor.api.send(Method::DELETE, &path, &Value::Null).await;
    deleted.map_err(|refusal| refused(&visitor, &refusal))?;
    Ok(Redirect::to("/console/keys").into_response())
}
