//! Somebody who is logged in.

use crate::api::{Api, Refusal};
use crate::format::{is, part, text};
use crate::frame;
use crate::params::Query;
use crate::session::{self, Token};
use crate::shared::Console;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use paddock_ledger::store::sessions::Session;
use serde_json::Value;

/// Who looks at a page.
pub struct Visitor {
    /// The API, as they ask it.
    pub api: Api,
    /// Their login.
    pub session: Session,
    /// What each of their forms has in it.
    pub form_token: String,
    /// The path they asked for.
    pub path: String,
    who: Value,
}

impl Visitor {
    fn may(&self, right: &str) -> bool {
        is(part(&self.who, "rights"), right)
    }

    /// Whether it is the operator.
    pub fn is_operator(&self) -> bool {
        text(&self.who, "role") == "operator"
    }

    /// Whether they may change what is their organization's.
    pub fn manages(&self) -> bool {
        ["operator", "admin"].contains(&self.role())
    }

    /// Whether they may make and rotate keys.
    pub fn makes_keys(&self) -> bool {
        self.may("can_create_api_keys")
    }

    /// Whether they may read usage and the audit.
    pub fn sees_usage(&self) -> bool {
        self.may("can_view_analytics")
    }

    /// What they are called.
    pub fn name(&self) -> &str {
        let key = part(&self.who, "key");
        let names = [
            text(&self.who, "operator"),
            text(key, "user_id"),
            text(key, "name"),
        ];
        let name = names.into_iter().find(|name| !name.is_empty());
        name.unwrap_or("operator")
    }

    /// What they are.
    pub fn role(&self) -> &str {
        text(&self.who, "role")
    }

    /// The id of their key.
    pub fn key_id(&self) -> &str {
        match self.is_operator() {
            true => "operator",
            false => text(part(&self.who, "key"), "id"),
        }
    }

    /// The namespace of their key; empty if they are the operator.
    pub fn namespace(&self) -> &str {
        text(&self.who, "namespace")
    }

    /// The organization of their key; empty if they are the operator.
    pub fn organization(&self) -> &str {
        text(&self.who, "organization")
    }

    /// All that the API says of them.
    pub fn who(&self) -> &Value {
        &self.who
    }
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Visitor, Response> {
        let path = parts
            .uri
            .path_and_query()
            .map_or("/console/", |path| path.as_str());
        let path = path.to_owned();
        let to_login = || {
            let back = match parts.method {
                Method::GET => Query::default().with("next", &path),
                _ => Query::default(),
            };
            Redirect::to(&back.on("/console/login")).into_response()
        };
        let Some(token) = Token::of(&parts.headers, &parts.uri) else {
            return Err(to_login());
        };
        let found = session::find(&console.app, &token).await;
        let found = found.map_err(|error| {
            tracing::warn!(%error, "a login could not be looked up");
            frame::unavailable()
        })?;
        let Some(session) = found else {
            return Err(to_login());
        };
        let api = Api::new(&console.api, parts).logged_in(session.key_digest);
        match api.get("/v1/whoami").await {
            Ok(who) => Ok(Visitor {
                api,
                session,
                form_token: token.form_token(),
                path,
                who,
            }),
            // The key was disabled, deleted or rotated away.
            Err(Refusal { status, .. }) if status.as_u16() == 401 => Err(to_login()),
            Err(refusal) => Err(frame::refused_without_login(&refusal)),
        }
    }
}
