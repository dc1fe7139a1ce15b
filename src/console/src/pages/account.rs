//! Who is logged in, what limits them, and from where else they are.

use crate::format::{dollars, maybe, moment, rows, text, whole};
use crate::frame::unavailable;
use crate::html::{badge, card, meter, table};
use crate::layout::{Page, page};
use crate::session::{self, TOKEN_FIELD};
use crate::shared::Console;
use crate::visitor::Visitor;
use axum::extract::State;
use maud::{Markup, html};

/// `GET /console/account`.
pub async fn show(State(console): State<Console>, visitor: Visitor) -> Page {
    let sessions = session::all(&console.app, &visitor.session.owner).await;
    let sessions = sessions.map_err(|_| unavailable())?;
    let who = visitor.who();
    let limits: Vec<Vec<Markup>> = rows(who, "scopes")
        .iter()
        .map(|scope| {
            let quota = maybe(scope, "monthly_quota_usd");
            let spent = maybe(scope, "month_spent_usd");
            let amount = |value: Option<f64>| html! { (value.map_or("–".to_owned(), dollars)) };
            let rate = |value: Option<f64>| html! { (value.map_or("–".to_owned(), whole)) };
            vec![
                html! { code { (text(scope, "scope")) } },
                amount(quota),
                amount(spent),
                html! { @if let (Some(quota), Some(spent)) = (quota, spent) { (meter(spent, quota)) } },
                rate(maybe(scope, "rate_limit_per_minute")),
                rate(maybe(scope, "tokens_per_minute")),
            ]
        })
        .collect();
    let logins: Vec<Vec<Markup>> = sessions
        .iter()
        .map(|session| {
            vec![
                moment(&session.created_at.to_rfc3339()),
                moment(&session.expires_at.to_rfc3339()),
                html! { (session.client_address) },
                html! { (session.user_agent) },
                html! { @if session.id == visitor.session.id { (badge("good", "this one")) } },
            ]
        })
        .collect();
    let columns = [
        "Scope",
        "#Month",
        "#Spent",
        "Used",
        "#Requests/min",
        "#Tokens/min",
    ];
    let content = html! {
        dl.facts {
            dt { "Role" } dd { (visitor.role()) }
            dt { "Key" } dd { code { (visitor.key_id()) } }
            @if !visitor.is_operator() {
                dt { "Namespace" } dd { (visitor.namespace()) }
                dt { "Organization" } dd { (visitor.organization()) }
            }
        }
        @if !limits.is_empty() {
            (card("What limits your calls", &table("Limits of your calls", &columns, &limits)))
        }
        (card("Where you are logged in", &html! {
            (table("Logins", &["Since", "Until", "Address", "Browser", ""], &logins))
            form method="post" action="/console/logout" {
                input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
                input type="hidden" name="everywhere" value="true";
                div.actions { button.danger type="submit" { "Log out everywhere" } }
            }
        }))
    };
    page(&visitor, "Your account", &content)
}
