//! All namespaces, with what they spend.

use crate::api::Refusal;
use crate::form::Form;
use crate::format::{dollars, maybe, number, rows, short, text};
use crate::html::{Field, card, filters, form, input, meter, refusal, select, table};
use crate::layout::{Page, page_with, refused};
use crate::params::{Kind, Params, part};
use crate::visitor::Visitor;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use serde_json::{Map, Value};

const SORTS: [(&str, &str); 3] = [
    ("cost", "Spend"),
    ("requests", "Requests"),
    ("name", "Name"),
];

/// `GET /console/namespaces`.
pub async fn show(visitor: Visitor, params: Params) -> Page {
    view(&visitor, &params, &Params::default(), None).await
}

async fn view(
    visitor: &Visitor,
    params: &Params,
    filled_in: &Params,
    problem: Option<&Refusal>,
) -> Page {
    let sort = params.given("sort").unwrap_or("cost");
    let path = format!("/v1/usage/table?period=30d&limit=1000&sort={}", part(sort));
    let found = match visitor.sees_usage() {
        true => visitor.api.get(&path).await,
        false => visitor.api.get("/v1/namespaces?limit=1000").await,
    };
    let found = found.map_err(|refusal| refused(visitor, &refusal))?;
    let wanted = params.get("q").to_lowercase();
    let shown: Vec<Vec<Markup>> = rows(&found, "data")
        .iter()
        .filter(|row| {
            let names = [text(row, "name"), text(row, "organization")];
            names
                .iter()
                .any(|name| name.to_lowercase().contains(&wanted))
        })
        .map(row)
        .collect();
    let columns = [
        "Namespace",
        "Organization",
        "#Requests, 30 days",
        "#Spend, 30 days",
        "#This month",
        "#Month's budget",
        "Used",
    ];
    let content = html! {
        (filters("/console/namespaces", &html! {
            (input(&Field { label: "Name", name: "q", value: params.get("q"), kind: "text", hint: "", required: false }))
            (select("Most first by", "sort", sort, &SORTS))
        }))
        (table("Namespaces", &columns, &shown))
        @if visitor.manages() {
            (card("New namespace", &html! {
                (refusal(problem))
                (form(visitor, "/console/namespaces", "Create namespace", &fields(visitor, filled_in)))
            }))
        }
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    Ok(page_with(visitor, status, "Namespaces", &content))
}

fn row(row: &Value) -> Vec<Markup> {
    let spent = maybe(row, "month_spent_usd");
    let quota = maybe(row, "monthly_quota_usd");
    vec![
        html! { a href={ "/console/namespaces/" (part(text(row, "name"))) } { (text(row, "name")) } },
        html! { (text(row, "organization")) },
        html! { (short(number(row, "requests"))) },
        html! { (dollars(number(row, "cost_usd"))) },
        html! { @if let Some(spent) = spent { (dollars(spent)) } },
        html! { @match quota { Some(quota) => (dollars(quota)), None => span.quiet { "none" } } },
        html! { @if let (Some(spent), Some(quota)) = (spent, quota) { (meter(spent, quota)) } },
    ]
}

fn fields(visitor: &Visitor, filled_in: &Params) -> Markup {
    let field = |label, name, kind, hint, required| {
        input(&Field {
            label,
            name,
            value: filled_in.get(name),
            kind,
            hint,
            required,
        })
    };
    html! {
        div.fields {
            (field("Name", "name", "text", "Letters, digits, dots, hyphens and underscores.", true))
            @if visitor.is_operator() {
                (field("Organization", "organization", "text", "The default organization if empty.", false))
            }
            (field("Budget of a month ($)", "monthly_quota_usd", "number", "Only the organization's if empty.", false))
        }
    }
}

/// `POST /console/namespaces`.
pub async fn create(visitor: Visitor, Form(filled_in): Form) -> Page {
    let mut body = Map::new();
    for (name, kind) in [
        ("name", Kind::Text),
        ("organization", Kind::Text),
        ("monthly_quota_usd", Kind::Number),
    ] {
        if let Some(value) = filled_in.given(name) {
            body.insert(name.to_owned(), kind.json(value));
        }
    }
    let made = visitor
        .api
        .send(Method::POST, "/v1/namespaces", &Value::Object(body))
        .await;
    match made {
        Ok(made) => {
            let path = format!("/console/namespaces/{}", part(text(&made, "name")));
            Ok(Redirect::to(&path).into_response())
        }
        Err(problem) => view(&visitor, &Params::default(), &filled_in, Some(&problem)).await,
    }
}
