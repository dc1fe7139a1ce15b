//! What was used, by group and time: a chart, a table, and a CSV of it.

use crate::charts::{Shape, stacked_bars};
use crate::format::{dollars, number, percent, rows, short, short_dollars, text, whole};
use crate::html::{Field, PERIODS, card, filters, input, next_page, select, table};
use crate::layout::{Page, page, refused};
use crate::params::{Params, Query, part};
use crate::visitor::Visitor;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

/// What narrows the report.
const NARROWED_BY: [&str; 8] = [
    "group_by",
    "period",
    "start_date",
    "end_date",
    "namespace",
    "key",
    "model",
    "tag_key",
];
/// Rows of the table on a page.
const ROWS: u64 = 100;

const METRICS: [(&str, &str); 3] = [
    ("cost", "Spend"),
    ("requests", "Requests"),
    ("tokens", "Tokens"),
];

/// `GET /console/usage`.
pub async fn show(visitor: Visitor, params: Params) -> Page {
    let narrowed = narrowed(&params);
    let metric = params.given("metric").unwrap_or("cost");
    let group = params.given("group_by").unwrap_or("namespace");
    let series = narrowed.clone().with("metric", metric).with("top", "9");
    let series = series.with_given(&params, "granularity");
    let offset: u64 = params.get("offset").parse().unwrap_or_default();
    let rows_of = narrowed
        .with("sort", metric)
        .with("limit", &ROWS.to_string())
        .with("offset", &offset.to_string());
    let (series, rows_of) = (series.on("/v1/usage/series"), rows_of.on("/v1/usage/table"));
    let (series, found) = tokio::join!(visitor.api.get(&series), visitor.api.get(&rows_of));
    let fail = |refusal| refused(&visitor, &refusal);
    let (series, found) = (series.map_err(fail)?, found.map_err(fail)?);
    let shape = match metric {
        "requests" => Shape {
            title: "Requests",
            short,
            full: whole,
        },
        "tokens" => Shape {
            title: "Tokens",
            short,
            full: whole,
        },
        _ => Shape {
            title: "Spend",
            short: short_dollars,
            full: dollars,
        },
    };
    let next = offset.saturating_add(ROWS).to_string();
    let next =
        (found.get("has_more") == Some(&Value::Bool(true))).then_some(("offset", next.as_str()));
    let csv = self::narrowed(&params).on("/console/usage.csv");
    let mut keep = NARROWED_BY.to_vec();
    keep.extend(["metric", "granularity"]);
    let content = html! {
        (bar(&visitor, &params, metric, group))
        (card(shape.title, &stacked_bars(&series, &shape, |id| href(group, id))))
        (card("By group", &html! {
            (groups(&found, group))
            p { a href=(csv) download="usage.csv" { "Download all of it as CSV" } }
            (next_page("/console/usage", &params, &keep, next))
        }))
    };
    page(&visitor, "Usage", &content)
}

/// What of it is asked of the API: dates exclude a period.
fn narrowed(params: &Params) -> Query {
    let has_dates = params.given("start_date").is_some() || params.given("end_date").is_some();
    let names = NARROWED_BY
        .into_iter()
        .filter(|name| !has_dates || *name != "period");
    params.query(&names.collect::<Vec<&str>>())
}

/// `GET /console/usage.csv`: the API's own CSV.
pub async fn csv(visitor: Visitor, params: Params) -> Result<Response, Response> {
    let path = narrowed(&params)
        .with("format", "csv")
        .on("/v1/usage/table");
    let opened = visitor.api.open(&path).await;
    let mut response = opened.map_err(|refusal| refused(&visitor, &refusal))?;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

fn bar(visitor: &Visitor, params: &Params, metric: &str, group: &str) -> Markup {
    let mut groups = vec![
        ("namespace", "Namespace"),
        ("key", "Key"),
        ("model", "Model"),
        ("upstream", "Provider"),
        ("user", "End user"),
        ("tag", "Tag"),
    ];
    if visitor.is_operator() {
        groups.push(("organization", "Organization"));
    }
    let text = |label, name, hint| {
        input(&Field {
            label,
            name,
            value: params.get(name),
            kind: "text",
            hint,
            required: false,
        })
    };
    let date = |label, name| {
        input(&Field {
            label,
            name,
            value: params.get(name),
            kind: "date",
            hint: "",
            required: false,
        })
    };
    let period = params.given("period").unwrap_or("30d");
    filters(
        "/console/usage",
        &html! {
            (select("Count", "metric", metric, &METRICS))
            (select("By", "group_by", group, &groups))
            (select("Time", "period", period, &PERIODS))
            (date("From", "start_date"))
            (date("To", "end_date"))
            @if visitor.manages() {
                (text("Namespace", "namespace", ""))
            }
            (text("Model", "model", ""))
            (text("Tag name", "tag_key", ""))
        },
    )
}

fn href(group: &str, id: &str) -> Option<String> {
    match group {
        "namespace" => Some(format!("/console/namespaces/{}", part(id))),
        "key" => Some(format!("/console/keys/{}", part(id))),
        _ => None,
    }
}

fn groups(found: &Value, group: &str) -> Markup {
    let total = found.get("total").unwrap_or(&Value::Null);
    let all = number(total, "cost_usd");
    let has_kinds = !["user", "tag"].contains(&group);
    let mut columns = vec!["Name", "#Requests"];
    if has_kinds {
        columns.extend(["#Input", "#Cached", "#Output"]);
    }
    columns.extend(["#Tokens", "#Spend", "#Share", "#Time before"]);
    let line = |row: &Value, name: Markup, before: f64| {
        let mut cells = vec![name, html! { (whole(number(row, "requests"))) }];
        if has_kinds {
            for kind in ["input_tokens", "cached_input_tokens", "output_tokens"] {
                cells.push(html! { (short(number(row, kind))) });
            }
        }
        let cost = number(row, "cost_usd");
        cells.push(html! { (short(number(row, "tokens"))) });
        cells.push(html! { (dollars(cost)) });
        cells.push(html! { @if all > 0.0 { (percent(cost / all)) } });
        cells.push(html! { (dollars(before)) });
        cells
    };
    let mut lines: Vec<Vec<Markup>> = rows(found, "data")
        .iter()
        .map(|row| {
            let name = html! {
                @match href(group, text(row, "id")) {
                    Some(href) => a href=(href) { (text(row, "name")) },
                    None => (text(row, "name")),
                }
                @if group == "key" { " " span.quiet { (text(row, "namespace")) } }
            };
            line(row, name, number(row, "previous_cost_usd"))
        })
        .collect();
    if !lines.is_empty() {
        let before = number(found, "previous_cost_usd");
        lines.push(line(
            total,
            html! { strong { "All " (whole(number(found, "groups"))) } },
            before,
        ));
    }
    table("Usage by group", &columns, &lines)
}
