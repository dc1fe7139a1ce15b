//! What stands beside a gateway reports usage from its access log.

use crate::http::author;
use crate::http::body::RawBody;
use crate::http::error::ApiError;
use crate::http::gateway_caller::GatewayCaller;
use crate::reconciliation::{self, GATEWAY, Reconciled, Source};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use paddock_ledger::model::audit::Actor;

/// Who the audit says it was, where the token has no name.
const AUTHOR: &str = "gateway";

/// A gateway, and how the audit names it.
pub struct Reporter {
    by: GatewayCaller,
    actor: Actor,
}

impl FromRequestParts<SharedApp> for Reporter {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Reporter, ApiError> {
        let by = GatewayCaller::from_request_parts(parts, app).await?;
        let name = by.name().unwrap_or(AUTHOR);
        let actor = author::named(app, parts, AUTHOR, name);
        Ok(Reporter { by, actor })
    }
}

/// Books what the gateway may report and the ledger does not have: no more than it may report itself.
pub async fn handle(
    State(app): State<SharedApp>,
    Reporter { by, actor }: Reporter,
    body: RawBody,
) -> Result<Json<Reconciled>, ApiError> {
    let body = body.read().await?;
    let gateway = by.gateway(GATEWAY)?;
    let source = Source {
        gateway: &gateway,
        organizations: by.organizations(),
    };
    let reconciled = reconciliation::reconcile(&app, source, &body, &actor).await?;
    Ok(Json(reconciled))
}
