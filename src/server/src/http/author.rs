//! Who makes a request and from where: for the audit.

use super::caller::Caller;
use super::error::ApiError;
use super::request_log::RequestId;
use crate::state::{App, SharedApp};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use paddock_ledger::model::audit::Actor;
use std::net::SocketAddr;
use std::ops::Deref;

/// The id of the operator, whichever key it used.
pub const OPERATOR: &str = "operator";
/// Longest address and user agent kept.
const MAX_TEXT: usize = 512;

/// A caller whose key was accepted, and how the audit names them.
#[derive(Clone, Debug)]
pub struct Author {
    /// What the caller may do.
    pub caller: Caller,
    /// Who that is, from where.
    pub actor: Actor,
}

impl Deref for Author {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl FromRequestParts<SharedApp> for Author {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Author, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let (id, name, email) = match &caller {
            Caller::Operator(key) => (OPERATOR, key.name.as_deref().unwrap_or(OPERATOR), None),
            Caller::Holder(holder) => {
                let (id, name) = (holder.key.id.as_str(), holder.key.name.as_str());
                (id, name, holder.email.clone())
            }
        };
        let actor = Actor {
            email,
            ..named(app, parts, id, name)
        };
        Ok(Author { caller, actor })
    }
}

/// Whoever makes a request under that id and name.
pub fn named(app: &App, parts: &Parts, id: &str, name: &str) -> Actor {
    let request_id = parts.extensions.get::<RequestId>();
    Actor {
        id: id.to_owned(),
        name: name.to_owned(),
        email: None,
        at: app.now(),
        client_address: client_address(app, parts),
        user_agent: header(&parts.headers, "user-agent").unwrap_or_default(),
        request_id: request_id.map(|id| id.0.clone()).unwrap_or_default(),
    }
}

/// The client's address: as a proxy of the operator's says, or the peer's own.
pub fn client_address(app: &App, parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| peer.ip());
    let forwarded = forwarded_for(&parts.headers)
        .filter(|_| peer.is_none_or(|peer| app.config.access.trusts(peer)));
    forwarded
        .or_else(|| peer.map(|peer| peer.to_string()))
        .unwrap_or_default()
}

/// The last address of `x-forwarded-for`: the one that Envoy itself saw and appended. Those before
/// it are the client's word.
fn forwarded_for(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all("x-forwarded-for");
    let last = all.iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    (!last.is_empty() && last.len() <= MAX_TEXT).then(|| last.to_owned())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    Some(value.chars().take(MAX_TEXT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_what_envoy_appended_is_believed() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded_for(&headers), None);
        headers.append("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
        let value = HeaderValue::from_static("7.7.7.7, 10.0.0.9");
        headers.append("x-forwarded-for", value);
        assert_eq!(forwarded_for(&headers).as_deref(), Some("10.0.0.9"));
    }
}
