//! Gateways: who was heard of, with which filter, and how much money they have on lease.

use crate::format::{dollars, maybe, moment, number, rows, text, whole};
use crate::html::{meter, table};
use crate::layout::{Page, page, refused};
use crate::visitor::Visitor;
use maud::{Markup, html};

/// `GET /console/gateways`.
pub async fn show(visitor: Visitor) -> Page {
    let found = visitor.api.get("/v1/gateways").await;
    let found = found.map_err(|refusal| refused(&visitor, &refusal))?;
    let shown: Vec<Vec<Markup>> = rows(&found, "data")
        .iter()
        .map(|gateway| {
            let (lent, spent) = (number(gateway, "lent_usd"), number(gateway, "spent_usd"));
            vec![
                html! { code { (text(gateway, "id")) } },
                moment(text(gateway, "last_seen_at")),
                html! { (text(gateway, "version")) },
                html! { @if let Some(protocol) = maybe(gateway, "protocol") { (whole(protocol)) } },
                html! { (whole(number(gateway, "leases"))) },
                html! { (dollars(lent)) },
                html! { (dollars(spent)) },
                html! { @if lent > 0.0 { (meter(spent, lent)) } },
            ]
        })
        .collect();
    let columns = [
        "Gateway",
        "Last heard of (UTC)",
        "Filter",
        "#Protocol",
        "#Leases",
        "#Lent",
        "#Spent of it",
        "Used",
    ];
    let content = html! {
        p.quiet {
            "Gateways of the last day. What is lent is set aside of a budget so that a gateway can decide without \
             asking; what it does not spend comes back."
        }
        (table("Gateways", &columns, &shown))
    };
    page(&visitor, "Gateways", &content)
}
