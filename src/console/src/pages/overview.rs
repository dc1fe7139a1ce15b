//! What is going on: spend, requests, and what needs attention.

use crate::charts::{Shape, stacked_bars};
use crate::format::{dollars, maybe, number, percent, rows, short, short_dollars, text, whole};
use crate::html::{badge, card, meter, stat, table};
use crate::layout::{Page, page, refused};
use crate::params::part;
use crate::visitor::Visitor;
use maud::{Markup, html};
use serde_json::Value;

/// Rows of each short list.
const ROWS: usize = 8;

/// `GET /console/`.
pub async fn show(visitor: Visitor) -> Page {
    if !visitor.sees_usage() {
        let content =
            html! { p { "Your role may not read usage. " a href="/console/keys" { "Your keys" } } };
        return page(&visitor, "Overview", &content);
    }
    let api = &visitor.api;
    // A developer's own namespace is one group: its keys say more.
    let group = if visitor.manages() {
        "namespace"
    } else {
        "key"
    };
    let series = format!("/v1/usage/series?period=30d&group_by={group}&top=8");
    let (series, today, month, models, namespaces, refusals) = tokio::join!(
        api.get(&series),
        api.get("/v1/usage/series?period=1d&granularity=day&top=1"),
        api.get("/v1/usage/table?period=current_month&limit=1"),
        api.get("/v1/usage/table?period=30d&group_by=model&limit=8"),
        api.get("/v1/usage/table?period=30d&limit=500"),
        api.get("/v1/requests?outcome=refused&limit=8"),
    );
    let fail = |refusal| refused(&visitor, &refusal);
    let (series, today) = (series.map_err(fail)?, today.map_err(fail)?);
    let (month, models) = (month.map_err(fail)?, models.map_err(fail)?);
    let (namespaces, refusals) = (namespaces.map_err(fail)?, refusals.map_err(fail)?);
    let link = |id: &str| {
        Some(match group {
            "namespace" => format!("/console/namespaces/{}", part(id)),
            _ => format!("/console/keys/{}", part(id)),
        })
    };
    let shape = Shape {
        title: "Spend per day, last 30 days",
        short: short_dollars,
        full: dollars,
    };
    let content = html! {
        (numbers(&today, &month, &namespaces))
        (card(shape.title, &stacked_bars(&series, &shape, link)))
        div.columns {
            (attention(&namespaces))
            (card("Top models, last 30 days", &top_models(&models)))
        }
        @if visitor.manages() {
            (card("Top namespaces, last 30 days", &top_namespaces(&namespaces)))
        }
        (card("Latest refusals", &latest_refusals(&refusals)))
    };
    page(&visitor, "Overview", &content)
}

fn change(now: f64, before: f64) -> Markup {
    html! {
        @if before > 0.0 {
            @let change = now / before - 1.0;
            span .up[change > 0.0] .down[change < 0.0] {
                (if change > 0.0 { "+" } else { "" }) (percent(change)) " to the time before"
            }
        }
    }
}

fn numbers(today: &Value, month: &Value, namespaces: &Value) -> Markup {
    let days: Vec<f64> = rows(today, "total")
        .iter()
        .filter_map(Value::as_f64)
        .collect();
    let spent_today = days.last().copied().unwrap_or_default();
    let yesterday = days
        .len()
        .checked_sub(2)
        .and_then(|place| days.get(place).copied());
    let total = month.get("total").unwrap_or(&Value::Null);
    let month_spend = number(total, "cost_usd");
    let projected: f64 = rows(namespaces, "data")
        .iter()
        .map(|row| number(row, "projected_month_usd"))
        .sum();
    let thirty = namespaces.get("total").unwrap_or(&Value::Null);
    let input = number(thirty, "input_tokens") + number(thirty, "cached_input_tokens");
    let cached = number(thirty, "cached_input_tokens") / input.max(1.0);
    let now = number(thirty, "cost_usd");
    html! {
        dl.stats {
            (stat("Spend today", &short_dollars(spent_today), &html! {
                @if let Some(yesterday) = yesterday {
                    span.quiet { "yesterday " (short_dollars(yesterday)) }
                }
            }))
            (stat("Spend this month", &short_dollars(month_spend), &html! {
                span.quiet { "about " (short_dollars(projected)) " by its end" }
            }))
            (stat("Spend in 30 days", &short_dollars(now), &change(now, number(namespaces, "previous_cost_usd"))))
            (stat("Requests in 30 days", &short(number(thirty, "requests")), &html! {
                span.quiet { (whole(number(total, "requests"))) " this month" }
            }))
            (stat("Tokens in 30 days", &short(number(thirty, "tokens")), &html! {
                span.quiet { (percent(cached)) " of prompts from cache" }
            }))
        }
    }
}

/// Namespaces that are near their budget or will pass it.
fn attention(namespaces: &Value) -> Markup {
    let mut found: Vec<(f64, &Value)> = rows(namespaces, "data")
        .iter()
        .filter_map(|row| {
            let quota = maybe(row, "monthly_quota_usd")?;
            let will = number(row, "projected_month_usd").max(number(row, "month_spent_usd"));
            let share = will / quota.max(1e-9);
            (share >= 0.8).then_some((share, row))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    card(
        "Budgets that need attention",
        &html! {
            @if found.is_empty() {
                p.quiet { "No monthly budget is near its end at this month's rate." }
            } @else {
                ul.budgets {
                    @for (_, row) in found.into_iter().take(ROWS) {
                        @let (quota, spent) = (number(row, "monthly_quota_usd"), number(row, "month_spent_usd"));
                        li {
                            a href={ "/console/namespaces/" (part(text(row, "id"))) } { (text(row, "name")) }
                            (meter(spent, quota))
                            span.quiet {
                                (short_dollars(spent)) " of " (short_dollars(quota)) ", about "
                                (short_dollars(number(row, "projected_month_usd"))) " by the end of the month"
                            }
                        }
                    }
                }
            }
        },
    )
}

fn top_models(models: &Value) -> Markup {
    let found: Vec<Vec<Markup>> = rows(models, "data")
        .iter()
        .map(|row| {
            vec![
                html! { (text(row, "name")) },
                html! { (short(number(row, "requests"))) },
                html! { (short(number(row, "tokens"))) },
                html! { (dollars(number(row, "cost_usd"))) },
            ]
        })
        .collect();
    table(
        "Top models",
        &["Model", "#Requests", "#Tokens", "#Spend"],
        &found,
    )
}

fn top_namespaces(namespaces: &Value) -> Markup {
    let found: Vec<Vec<Markup>> = rows(namespaces, "data")
        .iter()
        .take(ROWS)
        .map(|row| {
            let spent = number(row, "month_spent_usd");
            vec![
                html! { a href={ "/console/namespaces/" (part(text(row, "id"))) } { (text(row, "name")) } },
                html! { (text(row, "organization")) },
                html! { (short(number(row, "requests"))) },
                html! { (dollars(number(row, "cost_usd"))) },
                html! {
                    @match maybe(row, "monthly_quota_usd") {
                        Some(quota) => (meter(spent, quota)),
                        None => span.quiet { "no budget" },
                    }
                },
            ]
        })
        .collect();
    let columns = [
        "Namespace",
        "Organization",
        "#Requests",
        "#Spend",
        "Budget this month",
    ];
    html! {
        (table("Top namespaces", &columns, &found))
        p { a href="/console/namespaces" { "All namespaces" } }
    }
}

fn latest_refusals(refusals: &Value) -> Markup {
    let found: Vec<Vec<Markup>> = rows(refusals, "data")
        .iter()
        .map(|row| {
            vec![
                html! { a href={ "/console/requests/" (part(text(row, "id"))) } {
                    (crate::format::moment(text(row, "started_at")))
                } },
                html! { (badge("bad", text(row, "refusal_code"))) },
                html! { code { (text(row, "refused_by")) } },
                html! { (text(row, "namespace")) },
                html! { (text(row, "requested_model")) },
                html! { (whole(number(row, "refusals"))) },
            ]
        })
        .collect();
    let columns = ["Time (UTC)", "Reason", "By", "Namespace", "Model", "#Calls"];
    html! {
        (table("Latest refusals", &columns, &found))
        p { a href="/console/requests?outcome=refused" { "All refusals" } }
    }
}
