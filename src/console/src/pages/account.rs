//! Who is logged in, what limits them, and from where else they are.

use crate::format::{dollars, is, maybe, moment, number, rows, text, whole};
use crate::frame::unavailable;
use crate::html::{badge, card, meter, table};
use crate::layout::{Page, page};
use crate::session::{self, TOKEN_FIELD};
use crate::shared::Console;
use crate::visitor::Visitor;
use axum::extract::State;
use maud::{Markup, html};
use serde_json::Value;

/// `GET /console/account`.
pub async fn show(State(console): State<Console>, visitor: Visitor) -> Page {
    let sessions = session::all(&console.app, &visitor.session.owner).await;
    let sessions = sessions.map_err(|_| unavailable())?;
    let who = visitor.who();
    let limits: Vec<Vec<Markup>> = rows(who, "scopes").iter().flat_map(limits_of).collect();
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
    let columns = ["Scope", "Limit", "#Value", "#Spent", "Used"];
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

/// A row for each limit that a scope sets.
fn limits_of(scope: &Value) -> Vec<Vec<Markup>> {
    let name = || html! { code { (text(scope, "scope")) } };
    let label = |limit: &str, of: &Value| {
        html! { (limit) @if is(of, "soft") { " " (badge("fine", "soft")) } }
    };
    let budgets = rows(scope, "budgets").iter().map(|budget| {
        let limit = number(budget, "limit_usd");
        let spent = maybe(budget, "spent_usd");
        vec![
            name(),
            label(text(budget, "period"), budget),
            html! { (dollars(limit)) },
            html! { (spent.map_or("–".to_owned(), dollars)) },
            html! { @if let Some(spent) = spent { (meter(spent, limit)) } },
        ]
    });
    let rates = rows(scope, "rates").iter().map(|rate| {
        vec![
            name(),
            label(text(rate, "limit"), rate),
            html! { (whole(number(rate, "value"))) },
            html! {},
            html! {},
        ]
    });
    budgets.chain(rates).collect()
}
