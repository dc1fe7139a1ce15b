//! The console: pages for people, under `/console`.
//!
//! It is a client of the management API within the service's own process: a page asks the API's own router as
//! whoever logged in, and so does each form. Who may do what, what is refused and what is in the audit is
//! therefore the API's matter alone. `pages` are folders of what there is to see; `session` is who is logged
//! in; `charts` and `html` are what pages are made of.
//!
//! Absent from this crate: SQL, rules about rights, scripts or styles within pages.

#![forbid(unsafe_code)]

mod api;
mod assets;
mod charts;
mod form;
mod format;
mod frame;
mod html;
mod layout;
mod login;
mod pages;
mod params;
mod security;
mod session;
mod settings;
mod shared;
mod visitor;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Redirect;
use axum::routing::{get, post};
use paddock_server::http::request_log;
use paddock_server::state::SharedApp;
use shared::{MAX_FORM, Shared};
use std::sync::Arc;

/// The service's routes with those of the console, which asks the API among them.
pub fn with_console(app: SharedApp, api: Router) -> Router {
    let console = Arc::new(Shared {
        app: app.clone(),
        api: api.clone(),
    });
    let routes = Router::new()
        .route("/console", get(async || Redirect::to("/console/")))
        .route("/console/login", get(login::show).post(login::submit))
        .route("/console/logout", post(login::logout))
        .route("/console/assets/{name}", get(assets::show))
        .merge(pages::routes())
        .route("/console/{*rest}", get(pages::missing::show))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(security::headers))
        .layer(from_fn_with_state(app, request_log::observe))
        .with_state(console);
    api.merge(routes)
}
