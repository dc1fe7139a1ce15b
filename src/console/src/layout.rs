//! The pages of those who are logged in: menu, title and content.

use crate::api::Refusal;
use crate::assets;
use crate::frame::{document, notice};
use crate::session::TOKEN_FIELD;
use crate::visitor::Visitor;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};

/// A page that is shown.
pub type Page = Result<Response, Response>;

/// One entry of the menu.
struct Entry {
    path: &'static str,
    label: &'static str,
    seen_by: fn(&Visitor) -> bool,
}

const MENU: [Entry; 9] = [
    Entry {
        path: "/console/",
        label: "Overview",
        seen_by: Visitor::sees_usage,
    },
    Entry {
        path: "/console/usage",
        label: "Usage",
        seen_by: Visitor::sees_usage,
    },
    Entry {
        path: "/console/requests",
        label: "Requests",
        seen_by: Visitor::sees_usage,
    },
    Entry {
        path: "/console/namespaces",
        label: "Namespaces",
        seen_by: |_| true,
    },
    Entry {
        path: "/console/keys",
        label: "Keys",
        seen_by: |_| true,
    },
    Entry {
        path: "/console/models",
        label: "Models",
        seen_by: |_| true,
    },
    Entry {
        path: "/console/alerts",
        label: "Alerts",
        seen_by: Visitor::manages,
    },
    Entry {
        path: "/console/audit",
        label: "Audit",
        seen_by: Visitor::manages,
    },
    Entry {
        path: "/console/gateways",
        label: "Gateways",
        seen_by: Visitor::is_operator,
    },
];

fn is_here(path: &str, asked: &str) -> bool {
    let asked = asked.split('?').next().unwrap_or_default();
    match path {
        "/console/" => asked == path,
        path => {
            asked == path
                || asked
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/'))
        }
    }
}

/// A page of somebody who is logged in, with a status.
pub fn page_with(visitor: &Visitor, status: StatusCode, title: &str, content: &Markup) -> Response {
    let body = html! {
        body {
            a.skip href="#content" { "Skip to the content" }
            header.top {
                a.brand href="/console/" {
                    img src=(assets::icon()) alt="" width="24" height="24";
                    "Paddock"
                }
                nav.menu aria-label="Pages of the console" {
                    ul {
                        @for entry in MENU.iter().filter(|entry| (entry.seen_by)(visitor)) {
                            li {
                                a href=(entry.path)
                                    aria-current=[is_here(entry.path, &visitor.path).then_some("page")] {
                                    (entry.label)
                                }
                            }
                        }
                    }
                }
                div.who {
                    a href="/console/account" { (visitor.name()) }
                    @if visitor.name() != visitor.role() { span.quiet { (visitor.role()) } }
                    form.inline method="post" action="/console/logout" {
                        input type="hidden" name=(TOKEN_FIELD) value=(visitor.form_token);
                        button.plain type="submit" { "Log out" }
                    }
                }
            }
            main id="content" tabindex="-1" {
                h1 { (title) }
                (content)
            }
        }
    };
    (status, Html(document(title, &body).into_string())).into_response()
}

/// A page of somebody who is logged in.
pub fn page(visitor: &Visitor, title: &str, content: &Markup) -> Page {
    Ok(page_with(visitor, StatusCode::OK, title, content))
}

/// The API's refusal as a page.
pub fn refused(visitor: &Visitor, refusal: &Refusal) -> Response {
    let title = match refusal.status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        _ => "That did not work",
    };
    page_with(
        visitor,
        refusal.status,
        title,
        &notice("error", &refusal.message),
    )
}
