//! What every page is in, and the pages of those who are not logged in.

use crate::api::Refusal;
use crate::assets;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

/// What has to be said first.
pub fn notice(kind: &str, message: &str) -> Markup {
    let role = if kind == "error" { "alert" } else { "status" };
    html! { p class={ "notice " (kind) } role=(role) { (message) } }
}

/// A page as browsers get it.
pub fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Paddock" }
                link rel="icon" type="image/svg+xml" href=(assets::icon());
                link rel="stylesheet" href=(assets::style());
                script src=(assets::script()) type="module" {}
            }
            (body)
        }
    }
}

/// A page of nobody in particular.
pub fn bare(status: StatusCode, title: &str, content: &Markup) -> Response {
    let body = html! {
        body.bare {
            main id="content" {
                p.brand { img src=(assets::icon()) alt="" width="32" height="32"; "Paddock" }
                h1 { (title) }
                (content)
            }
        }
    };
    (status, Html(document(title, &body).into_string())).into_response()
}

/// The database does not answer.
pub fn unavailable() -> Response {
    let message = notice(
        "error",
        "The service does not reach its database. Try again in a moment.",
    );
    bare(StatusCode::SERVICE_UNAVAILABLE, "Not available", &message)
}

/// The API refused to say who somebody is.
pub fn refused_without_login(refusal: &Refusal) -> Response {
    let content = notice("error", &refusal.message);
    bare(refusal.status, "That did not work", &content)
}

/// A form that was not sent from a page of this login.
pub fn forged() -> Response {
    let content = html! {
        (notice("error", "This form was not sent from a page of your present login, so nothing was changed."))
        p { a href="/console/" { "Go to the console" } " and fill it in again." }
    };
    bare(StatusCode::FORBIDDEN, "Nothing was changed", &content)
}
