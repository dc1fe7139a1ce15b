//! Models, what they cost, and what is spent on them.

use crate::api::Refusal;
use crate::form::Form;
use crate::format::{dollars, maybe, moment, number, rows, short, text};
use crate::html::{Field, badge, card, filters, form, input, notice, refusal, table};
use crate::layout::{Page, page, page_with, refused};
use crate::params::{Kind, Params, Query, parts};
use crate::visitor::Visitor;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What can be changed of a price: label, name in the API.
const PRICES: [(&str, &str); 6] = [
    ("Input", "input_usd_per_million"),
    ("Input from a cache", "cached_input_usd_per_million"),
    (
        "Input written to a cache, 5 minutes",
        "cache_write_5m_usd_per_million",
    ),
    (
        "Input written to a cache, 1 hour",
        "cache_write_1h_usd_per_million",
    ),
    ("Output", "output_usd_per_million"),
    ("Reasoning", "reasoning_usd_per_million"),
];
/// What else.
const SETTINGS: [(&str, &str, Kind, &str); 4] = [
    ("Provider (Envoy's cluster)", "upstream", Kind::Text, ""),
    (
        "The provider's own name of it",
        "upstream_model",
        Kind::Text,
        "The same if empty.",
    ),
    (
        "Most output tokens",
        "max_output_tokens",
        Kind::Number,
        "What is held for a call that sets no limit.",
    ),
    (
        "Context window",
        "context_window",
        Kind::Number,
        "Tokens of prompt and answer together.",
    ),
];

/// `GET /console/models`.
pub async fn show(visitor: Visitor, params: Params) -> Page {
    let api = &visitor.api;
    let spent = "/v1/usage/table?period=30d&group_by=model&limit=1000";
    let (prices, spent) = tokio::join!(api.get("/v1/prices"), api.get(spent));
    let prices = prices.map_err(|refusal| refused(&visitor, &refusal))?;
    let spent = spent.unwrap_or_default();
    let used: HashMap<&str, &Value> = rows(&spent, "data")
        .iter()
        .map(|row| (text(row, "id"), row))
        .collect();
    let wanted = params.get("q").to_lowercase();
    let mut found: Vec<&Value> = rows(&prices, "data")
        .iter()
        .filter(|price| {
            let names = [text(price, "model"), text(price, "upstream")];
            names
                .iter()
                .any(|name| name.to_lowercase().contains(&wanted))
        })
        .collect();
    let cost = |price: &Value| {
        used.get(text(price, "model"))
            .map_or(0.0, |row| number(row, "cost_usd"))
    };
    found.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    let shown: Vec<Vec<Markup>> = found
        .into_iter()
        .map(|price| row(&visitor, price, used.get(text(price, "model")).copied()))
        .collect();
    let columns = [
        "Model",
        "Provider",
        "#Input",
        "#From cache",
        "#Output",
        "#Most output",
        "#Requests, 30 days",
        "#Spend, 30 days",
    ];
    let content = html! {
        @if params.get("done") == "saved" { (notice("good", "Saved. Gateways have it within a second or two.")) }
        (filters("/console/models", &html! {
            (input(&Field { label: "Model or provider", name: "q", value: params.get("q"), kind: "text", hint: "", required: false }))
        }))
        @if visitor.is_operator() { p { a.button href="/console/models/edit" { "New model" } } }
        p.quiet { "Prices are US dollars per million tokens." }
        (table("Models", &columns, &shown))
        (aliases(&prices))
    };
    page(&visitor, "Models", &content)
}

fn row(visitor: &Visitor, price: &Value, used: Option<&Value>) -> Vec<Markup> {
    let model = text(price, "model");
    let amount = |name: &str| {
        html! { @match maybe(price, name) { Some(amount) => (dollars(amount)), None => span.quiet { "–" } } }
    };
    let edit = Query::default()
        .with("model", model)
        .on("/console/models/edit");
    vec![
        html! {
            @if visitor.is_operator() { a href=(edit) { (model) } } @else { (model) }
            @if !rows(price, "later_prices").is_empty() { " " (badge("near", "changes soon")) }
        },
        html! { (text(price, "upstream")) },
        amount("input_usd_per_million"),
        amount("cached_input_usd_per_million"),
        amount("output_usd_per_million"),
        html! { (maybe(price, "max_output_tokens").map_or("–".to_owned(), short)) },
        html! { @if let Some(used) = used { (short(number(used, "requests"))) } },
        html! { @if let Some(used) = used { (dollars(number(used, "cost_usd"))) } },
    ]
}

fn aliases(prices: &Value) -> Markup {
    let aliases = prices.get("aliases").and_then(Value::as_object);
    let shown: Vec<Vec<Markup>> = aliases
        .into_iter()
        .flatten()
        .map(|(alias, model)| {
            vec![
                html! { code { (alias) } },
                html! { (model.as_str().unwrap_or_default()) },
            ]
        })
        .collect();
    html! {
        @if !shown.is_empty() { (card("Other names of models", &table("Aliases", &["Name", "Model"], &shown))) }
    }
}

/// `GET /console/models/edit?model=`.
pub async fn edit(visitor: Visitor, params: Params) -> Page {
    edit_page(&visitor, params.get("model"), None).await
}

async fn edit_page(visitor: &Visitor, model: &str, tried: Option<(&Params, &Refusal)>) -> Page {
    let price = match model {
        "" => Value::Null,
        model => {
            let found = visitor
                .api
                .get(&format!("/v1/prices/{}", parts(model)))
                .await;
            match found {
                Ok(price) => price,
                Err(_) if tried.is_some() => Value::Null,
                Err(refusal) => return Err(refused(visitor, &refusal)),
            }
        }
    };
    let value = |name: &str, kind: Kind| match tried {
        Some((params, _)) => params.get(name).to_owned(),
        None => kind.shown(price.get(name).unwrap_or(&Value::Null)),
    };
    let is_new = price.is_null();
    let later: Vec<Vec<Markup>> = rows(&price, "later_prices")
        .iter()
        .map(|later| {
            vec![
                moment(text(later, "effective_from")),
                html! { (dollars(number(later, "input_usd_per_million"))) },
                html! { (dollars(number(later, "output_usd_per_million"))) },
            ]
        })
        .collect();
    let field = |label: &str, name: &str, kind: Kind, hint: &str, required: bool| {
        input(&Field {
            label,
            name,
            value: &value(name, kind),
            kind: if kind == Kind::Number {
                "number"
            } else {
                "text"
            },
            hint,
            required,
        })
    };
    let content = html! {
        (refusal(tried.map(|(_, problem)| problem)))
        @if !later.is_empty() {
            (card("Prices to come", &table("Prices to come", &["From (UTC)", "#Input", "#Output"], &later)))
        }
        (form(visitor, "/console/models/edit", "Save", &html! {
            @if is_new && (model.is_empty() || tried.is_some()) {
                (input(&Field { label: "Model", name: "model", value: model, kind: "text", hint: "As callers name it.", required: true }))
            } @else {
                input type="hidden" name="model" value=(model);
            }
            fieldset {
                legend { "US dollars per million tokens" }
                div.fields {
                    @for (label, name) in PRICES {
                        (field(label, name, Kind::Number, "", false))
                    }
                }
            }
            div.fields {
                @for (label, name, kind, hint) in SETTINGS { (field(label, name, kind, hint, false)) }
                (field("In force from", "effective_from", Kind::Text, "A moment to come, as in 2030-01-01T00:00:00Z; at once if empty.", false))
            }
        }))
    };
    let title = if is_new { "New model" } else { model };
    let status = tried.map_or(StatusCode::OK, |(_, problem)| problem.status);
    Ok(page_with(visitor, status, title, &content))
}

/// `POST /console/models/edit`: what was changed, and nothing else.
pub async fn put(visitor: Visitor, Form(filled_in): Form) -> Page {
    let model = filled_in.get("model");
    let path = format!("/v1/prices/{}", parts(model));
    let price = visitor.api.get(&path).await.unwrap_or_default();
    let mut body = Map::new();
    let prices = PRICES.iter().map(|(_, name)| (*name, Kind::Number));
    let settings = SETTINGS.iter().map(|(_, name, kind, _)| (*name, *kind));
    let has_moment = filled_in.given("effective_from").is_some();
    for (name, kind) in prices.chain(settings.filter(|_| !has_moment)) {
        let value = filled_in.get(name);
        let before = kind.shown(price.get(name).unwrap_or(&Value::Null));
        if value != before || has_moment && !value.is_empty() {
            body.insert(name.to_owned(), kind.json(value));
        }
    }
    if let Some(from) = filled_in.given("effective_from") {
        body.insert("effective_from".to_owned(), Kind::Text.json(from));
    }
    match visitor
        .api
        .send(Method::PUT, &path, &Value::Object(body))
        .await
    {
        Ok(_) => Ok(Redirect::to("/console/models?done=saved").into_response()),
        Err(problem) => edit_page(&visitor, model, Some((&filled_in, &problem))).await,
    }
}
