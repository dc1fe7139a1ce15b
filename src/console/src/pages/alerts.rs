//! Alerts and webhooks of a namespace.

use crate::api::Refusal;
use crate::form::Form;
use crate::format::{day, maybe, moment, percent, rows, short_dollars, text, texts, whole};
use crate::html::{Field, badge, card, form, input, meter, notice, refusal, select, table};
use crate::layout::{Page, page, page_with, refused};
use crate::params::{Kind, Params, part};
use crate::session::TOKEN_FIELD;
use crate::visitor::Visitor;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

const ACTIONS: [(&str, &str); 5] = [
    ("webhook", "Call a URL"),
    ("slack", "Tell Slack"),
    ("email", "Send mail"),
    ("throttle", "Throttle the namespace"),
    ("disable_key", "Disable keys"),
];
const WINDOWS: [(&str, &str); 3] = [
    ("1d", "of a day"),
    ("7d", "of a week"),
    ("30d", "of a month"),
];
const EVENTS: [(&str, &str); 6] = [
    ("quota_80_percent", "80 % of the month's budget is spent"),
    ("quota_95_percent", "95 % is spent"),
    ("quota_exceeded", "all of it is spent"),
    ("spend.threshold", "a percentage of your own is spent"),
    ("credits.refilled", "the balance was refilled"),
    (
        "credits.refill_limit_reached",
        "the balance cannot be refilled any more",
    ),
];

/// `GET /console/alerts`: namespaces, and how near their budgets they are.
pub async fn show(visitor: Visitor) -> Page {
    if !visitor.manages() {
        let refusal = Refusal {
            status: StatusCode::FORBIDDEN,
            message: "Alerts are for admins.".to_owned(),
        };
        return Err(refused(&visitor, &refusal));
    }
    let found = visitor
        .api
        .get("/v1/usage/table?period=current_month&limit=1000")
        .await;
    let found = found.map_err(|refusal| refused(&visitor, &refusal))?;
    let mut namespaces: Vec<(f64, &Value)> = rows(&found, "data")
        .iter()
        .map(|row| {
            let share = maybe(row, "monthly_quota_usd").map_or(-1.0, |quota| {
                maybe(row, "month_spent_usd").unwrap_or_default() / quota.max(1e-9)
            });
            (share, row)
        })
        .collect();
    namespaces.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown: Vec<Vec<Markup>> = namespaces
        .into_iter()
        .map(|(share, row)| {
            let spent = maybe(row, "month_spent_usd").unwrap_or_default();
            vec![
                html! { a href={ "/console/alerts/" (part(text(row, "name"))) } { (text(row, "name")) } },
                html! { (text(row, "organization")) },
                html! { (short_dollars(spent)) },
                html! { @if let Some(quota) = maybe(row, "monthly_quota_usd") { (short_dollars(quota)) } },
                html! { @if share >= 0.0 { (percent(share)) } },
                html! { @if let Some(quota) = maybe(row, "monthly_quota_usd") { (meter(spent, quota)) } },
            ]
        })
        .collect();
    let columns = [
        "Namespace",
        "Organization",
        "#Spent",
        "#Month's budget",
        "#Used",
        "",
    ];
    let content = html! {
        p.quiet { "The nearest to its budget comes first. Choose one to see and set its alerts and webhooks." }
        (table("Budgets of namespaces", &columns, &shown))
    };
    page(&visitor, "Alerts", &content)
}

/// `GET /console/alerts/{namespace}`.
pub async fn of_namespace(visitor: Visitor, Path(namespace): Path<String>, params: Params) -> Page {
    view(&visitor, &namespace, params.get("done"), None).await
}

/// What was tried and refused: what was filled in, and in which form.
struct Tried<'a> {
    filled_in: &'a Params,
    problem: &'a Refusal,
    is_webhook: bool,
}

async fn view(visitor: &Visitor, namespace: &str, done: &str, tried: Option<Tried<'_>>) -> Page {
    let own = format!("/v1/namespaces/{}", part(namespace));
    let (alerts, webhooks) = (format!("{own}/alerts"), format!("{own}/webhooks"));
    let (alerts, webhooks) = tokio::join!(visitor.api.get(&alerts), visitor.api.get(&webhooks));
    let alerts = alerts.map_err(|refusal| refused(visitor, &refusal))?;
    let webhooks = webhooks.map_err(|refusal| refused(visitor, &refusal))?;
    let mut deliveries = Vec::new();
    for webhook in rows(&webhooks, "data").iter().take(5) {
        let path = format!(
            "/v1/webhooks/{}/deliveries?limit=10",
            part(text(webhook, "id"))
        );
        if let Ok(found) = visitor.api.get(&path).await {
            deliveries.extend(rows(&found, "data").iter().map(delivery));
        }
    }
    let nothing = Params::default();
    let filled_in = |is_webhook: bool| match &tried {
        Some(tried) if tried.is_webhook == is_webhook => tried.filled_in,
        _ => &nothing,
    };
    let problem = |is_webhook: bool| match &tried {
        Some(tried) if tried.is_webhook == is_webhook => refusal(Some(tried.problem)),
        _ => html! {},
    };
    let alert_rows: Vec<Vec<Markup>> = rows(&alerts, "data")
        .iter()
        .map(|alert| alert_row(visitor, namespace, alert))
        .collect();
    let hook_rows: Vec<Vec<Markup>> = rows(&webhooks, "data")
        .iter()
        .map(|hook| hook_row(visitor, namespace, hook))
        .collect();
    let home = format!("/console/alerts/{}", part(namespace));
    let content = html! {
        @if !done.is_empty() { (notice("good", "Saved.")) }
        p.lead { a href={ "/console/namespaces/" (part(namespace)) } { "The namespace" } }
        (card("Alerts", &html! {
            (table("Alerts", &["Name", "When", "Then", "Last fired (UTC)", ""], &alert_rows))
            (problem(false))
            details open[tried.as_ref().is_some_and(|tried| !tried.is_webhook)] {
                summary { "New alert" }
                (form(visitor, &home, "Create alert", &alert_fields(filled_in(false))))
            }
        }))
        (card("Webhooks", &html! {
            (table("Webhooks", &["URL", "Events", "Since", ""], &hook_rows))
            (problem(true))
            details open[tried.as_ref().is_some_and(|tried| tried.is_webhook)] {
                summary { "New webhook" }
                (form(visitor, &format!("{home}/webhooks"), "Create webhook", &hook_fields(filled_in(true))))
            }
        }))
        @if !deliveries.is_empty() {
            (card("Latest deliveries", &table("Deliveries",
                &["Time (UTC)", "Event", "State", "#Tries", "#Status", "Error"], &deliveries)))
        }
    };
    let status = tried.map_or(StatusCode::OK, |tried| tried.problem.status);
    Ok(page_with(
        visitor,
        status,
        &format!("Alerts of {namespace}"),
        &content,
    ))
}

fn delete_button(visitor: &Visitor, namespace: &str, kind: &str, id: &str) -> Markup {
    html! {
        form.inline method="post" action={ "/console/alerts/" (part(namespace)) "/delete" } {
            input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
            input type="hidden" name="kind" value=(kind);
            input type="hidden" name="id" value=(id);
            button.danger type="submit" { "Delete" }
        }
    }
}

fn alert_row(visitor: &Visitor, namespace: &str, alert: &Value) -> Vec<Markup> {
    let window = WINDOWS
        .iter()
        .find(|(name, _)| *name == text(alert, "window"));
    let action = ACTIONS
        .iter()
        .find(|(name, _)| *name == text(alert, "action"));
    vec![
        html! { (text(alert, "name")) },
        html! {
            @if let Some(threshold) = maybe(alert, "threshold_pct") {
                (threshold) " % of the budget " (window.map_or("", |(_, shown)| shown)) " is spent"
            }
            @if let Some(threshold) = maybe(alert, "threshold_stddev") {
                "spend is " (threshold) " standard deviations above the usual"
            }
        },
        html! {
            (action.map_or("", |(_, shown)| shown))
            @for address in texts(alert, "notify_emails") { " " span.quiet { (address) } }
        },
        moment(text(alert, "last_fired_at")),
        delete_button(visitor, namespace, "alerts", text(alert, "id")),
    ]
}

fn hook_row(visitor: &Visitor, namespace: &str, hook: &Value) -> Vec<Markup> {
    vec![
        html! { code { (text(hook, "url")) } },
        html! { (texts(hook, "events").join(", ")) },
        html! { (day(text(hook, "created_at"))) },
        delete_button(visitor, namespace, "webhooks", text(hook, "id")),
    ]
}

fn delivery(delivery: &Value) -> Vec<Markup> {
    let status = text(delivery, "status");
    let kind = match status {
        "delivered" => "good",
        "failed" => "bad",
        _ => "near",
    };
    vec![
        moment(text(delivery, "created_at")),
        html! { (text(delivery, "event")) },
        badge(kind, status),
        html! { (whole(maybe(delivery, "attempts").unwrap_or_default())) },
        html! { @if let Some(status) = maybe(delivery, "response_status") { (whole(status)) } },
        html! { (text(delivery, "error")) },
    ]
}

fn field(
    filled_in: &Params,
    label: &str,
    name: &str,
    kind: &str,
    hint: &str,
    required: bool,
) -> Markup {
    input(&Field {
        label,
        name,
        value: filled_in.get(name),
        kind,
        hint,
        required,
    })
}

fn alert_fields(filled_in: &Params) -> Markup {
    html! {
        div.fields {
            (field(filled_in, "Name", "name", "text", "", true))
            (field(filled_in, "Fires at (% of the budget)", "threshold_pct", "number", "", true))
            (select("Budget", "window", filled_in.given("window").unwrap_or("30d"), &WINDOWS))
            (select("Then", "action", filled_in.given("action").unwrap_or("email"), &ACTIONS))
            (field(filled_in, "URL", "webhook_url", "url", "For a URL or Slack.", false))
            (field(filled_in, "Addresses", "notify_emails", "text", "For mail: between commas.", false))
            (field(filled_in, "Keys", "keys", "text", "To disable: ids between commas.", false))
        }
    }
}

fn hook_fields(filled_in: &Params) -> Markup {
    let chosen = filled_in.all("events");
    html! {
        (field(filled_in, "URL", "url", "url", "Deliveries are signed; the secret is shown once.", true))
        fieldset {
            legend { "Tell it when" }
            @for (event, shown) in EVENTS {
                label.check {
                    input type="checkbox" name="events" value=(event) checked[chosen.contains(&event)];
                    (shown)
                }
            }
        }
    }
}

/// `POST /console/alerts/{namespace}`.
pub async fn create(
    visitor: Visitor,
    Path(namespace): Path<String>,
    Form(filled_in): Form,
) -> Page {
    let mut body = Map::new();
    for (name, kind) in [
        ("name", Kind::Text),
        ("threshold_pct", Kind::Number),
        ("window", Kind::Text),
        ("action", Kind::Text),
        ("webhook_url", Kind::Text),
        ("notify_emails", Kind::List),
        ("keys", Kind::List),
    ] {
        if let Some(value) = filled_in.given(name) {
            body.insert(name.to_owned(), kind.json(value));
        }
    }
    let path = format!("/v1/namespaces/{}/alerts", part(&namespace));
    let made = visitor
        .api
        .send(Method::POST, &path, &Value::Object(body))
        .await;
    made_or_tried(&visitor, &namespace, "alert", made, &filled_in).await
}

/// `POST /console/alerts/{namespace}/webhooks`.
pub async fn create_webhook(
    visitor: Visitor,
    Path(namespace): Path<String>,
    Form(filled_in): Form,
) -> Page {
    let body = json!({ "url": filled_in.get("url"), "events": filled_in.all("events") });
    let path = format!("/v1/namespaces/{}/webhooks", part(&namespace));
    let made = visitor.api.send(Method::POST, &path, &body).await;
    made_or_tried(&visitor, &namespace, "webhook", made, &filled_in).await
}

/// A page with the secret that signs, or the form again with what was wrong.
async fn made_or_tried(
    visitor: &Visitor,
    namespace: &str,
    kind: &str,
    made: Result<Value, Refusal>,
    filled_in: &Params,
) -> Page {
    let made = match made {
        Ok(made) => made,
        Err(problem) => {
            let tried = Tried {
                filled_in,
                problem: &problem,
                is_webhook: kind == "webhook",
            };
            return view(visitor, namespace, "", Some(tried)).await;
        }
    };
    let home = format!("/console/alerts/{}", part(namespace));
    let secret = text(&made, "secret");
    if secret.is_empty() {
        return Ok(Redirect::to(&format!("{home}?done=saved")).into_response());
    }
    let content = html! {
        (notice("good", "Copy the secret now: it is not shown again. It signs what is delivered."))
        div.secret {
            label for="secret" { "Secret of the " (kind) }
            input #secret type="text" readonly value=(secret) data-copy="copy";
        }
        p { a href=(home) { "Alerts of " (namespace) } }
    };
    page(visitor, "Created", &content)
}

/// `POST /console/alerts/{namespace}/delete`.
pub async fn delete(
    visitor: Visitor,
    Path(namespace): Path<String>,
    Form(filled_in): Form,
) -> Page {
    let kind = match filled_in.get("kind") {
        "webhooks" => "webhooks",
        _ => "alerts",
    };
    let path = format!(
        "/v1/namespaces/{}/{kind}/{}",
        part(&namespace),
        part(filled_in.get("id"))
    );
    let deleted = visitor.api.send(Method::DELETE, &path, &Value::Null).await;
    deleted.map_err(|refusal| refused(&visitor, &refusal))?;
    let home = format!("/console/alerts/{}?done=saved", part(&namespace));
    Ok(Redirect::to(&home).into_response())
}
