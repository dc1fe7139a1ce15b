//! The proof that a gateway asks.

use super::error::ApiError;
use super::shown::Shown;
use crate::config::Credentials;
use crate::http::caller::bearer;
use crate::state::SharedApp;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use paddock_core::secret;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A caller that showed a gateway's token.
#[derive(Clone, Debug)]
pub struct GatewayCaller {
    credentials: Arc<Credentials>,
    /// The name of the token, if it has one.
    name: Option<String>,
    /// The organizations the token is for, if not all.
    organizations: Option<BTreeSet<String>>,
}

impl GatewayCaller {
    /// The organizations the token is for, if not all: those whose policy it hears, whose money it borrows
    /// and whose usage it reports.
    pub fn organizations(&self) -> Option<&BTreeSet<String>> {
        self.organizations.as_ref()
    }

    /// The name of its token, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What the ledger calls a gateway: its own name of itself, behind the name of its token. So none can
    /// speak for one that has another token.
    ///
    /// # Errors
    /// 400 if a gateway whose token has no name claims to have one with a name.
    pub fn gateway(&self, own: &str) -> Result<String, ApiError> {
        match &self.name {
            Some(name) => Ok(format!("{name}/{own}")),
            None if self.credentials.is_anothers(own) => {
                let message = "The gateway's name begins with that of another's token.";
                Err(ApiError::invalid("gateway", message))
            }
            None => Ok(own.to_owned()),
        }
    }
}

impl FromRequestParts<SharedApp> for GatewayCaller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &SharedApp,
    ) -> Result<GatewayCaller, ApiError> {
        let refused = || {
            ApiError::unauthenticated(
                "The gateway's token is missing or wrong. Give the filter the value of \
                 PADDOCK_GATEWAY_TOKEN.",
            )
        };
        let token = bearer(&parts.headers).ok_or_else(refused)?;
        let digest = secret::digest(token.as_bytes());
        let shown = Shown::new(app, parts, &digest.to_hex());
        shown.check()?;
        let credentials = app.credentials();
        if let Some(token) = credentials.gateway(&digest) {
            shown.was_right();
            let (name, organizations) = (token.name.clone(), token.organizations.clone());
            return Ok(GatewayCaller {
                credentials,
                name,
                organizations,
            });
        }
        shown.was_wrong();
        Err(refused())
    }
}
