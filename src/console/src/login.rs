//! Logging in with a key, and logging out.

use crate::api::Api;
use crate::form::Form;
use crate::format::{part, text};
use crate::frame::{bare, unavailable};
use crate::html::{Field, input, notice};
use crate::params::{Params, Query};
use crate::session::{self, Way};
use crate::shared::{Console, MAX_FORM};
use crate::visitor::Visitor;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use paddock_server::http::author::client_address;

/// A path of the console to go to after the login; the overview for any other.
fn target(next: &str) -> &str {
    let is_ours = next.starts_with("/console/")
        && !next.contains(['\\', '\n', '\r'])
        && !next.starts_with("/console/log");
    if is_ours { next } else { "/console/" }
}

fn page(status: StatusCode, next: &str, problem: Option<&str>) -> Response {
    let content = html! {
        @if let Some(problem) = problem { (notice("error", problem)) }
        form method="post" action="/console/login" {
            input type="hidden" name="next" value=(target(next));
            (input(&Field {
                label: "API key",
                name: "key",
                value: "",
                kind: "password",
                hint: "Your own key, or the operator's admin key. You see and change what this key may.",
                required: true,
            }))
            div.actions { button type="submit" { "Log in" } }
        }
    };
    bare(status, "Log in", &content)
}

/// `GET /console/login`.
pub async fn show(params: Params) -> Response {
    page(StatusCode::OK, params.get("next"), None)
}

/// `POST /console/login`.
pub async fn submit(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_FORM).await;
    let form = Params::read(&bytes.unwrap_or_default());
    let next = form.get("next");
    let Some(way) = Way::of(&parts.headers, &parts.uri) else {
        let problem = "Open the console by https, or by http at 127.0.0.1 or localhost on this machine. \
            A key is not sent any other way.";
        return page(StatusCode::FORBIDDEN, next, Some(problem));
    };
    let address = client_address(&console.app, &parts);
    if console
        .app
        .logins
        .take(&address, console.app.now())
        .is_err()
    {
        let problem = "There were too many logins from your address. Wait a minute.";
        return page(StatusCode::TOO_MANY_REQUESTS, next, Some(problem));
    }
    let key = form.get("key");
    let who = match Api::new(&console.api, &parts).who_has(key).await {
        Ok(who) => who,
        Err(refusal) => return page(refusal.status, next, Some(&refusal.message)),
    };
    let owner = match text(&who, "role") {
        "operator" => format!("operator {}", text(&who, "operator")),
        _ => text(part(&who, "key"), "id").to_owned(),
    };
    match session::begin(&console.app, &parts, way, owner.clone(), key).await {
        Ok(cookie) => {
            tracing::info!(owner, address, "logged in to the console");
            ([(header::SET_COOKIE, cookie)], Redirect::to(target(next))).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "a login could not be stored");
            unavailable()
        }
    }
}

/// `POST /console/logout`.
pub async fn logout(
    State(console): State<Console>,
    visitor: Visitor,
    headers: HeaderMap,
    uri: Uri,
    Form(form): Form,
) -> Response {
    let everywhere = form.get("everywhere") == "true";
    if let Err(error) = session::end(&console.app, &visitor.session, everywhere).await {
        tracing::warn!(%error, "a login could not be ended");
        return unavailable();
    }
    let to = Redirect::to(&Query::default().on("/console/login"));
    let cookie = Way::of(&headers, &uri).map(Way::without_cookie);
    match cookie {
        Some(cookie) => ([(header::SET_COOKIE, cookie)], to).into_response(),
        None => to.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn nobody_is_led_elsewhere_by_a_login() {
        assert_eq!(target("/console/keys?q=1"), "/console/keys?q=1");
        for elsewhere in [
            "https://evil.example/",
            "//evil.example",
            "/console/..\\evil",
            "/console/logout",
            "",
        ] {
            assert_eq!(target(elsewhere), "/console/");
        }
    }
}
