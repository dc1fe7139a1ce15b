//! `POST /v1/usage/reconcile`: books events that a gateway logged and may not have sent.

use crate::api::prelude::*;
use crate::http::body::RawBody;
use crate::reconciliation::{self, GATEWAY, Logged, Reconciled, Source};

/// Books events that a gateway logged and may not have sent
///
/// Books the events that the ledger does not have, each once in the life of the database. Events of
/// namespaces, organizations or keys that are not of this installation are rejected, and so are those from
/// more than 400 days ago or from times to come. Only the operator may: what is booked is spent.
#[utoipa::path(
    post, path = "/v1/usage/reconcile", tag = "usage", operation_id = "reconcile_usage",
    request_body = Logged,
    responses(
        (status = 200, description = "What became of the events.", body = Reconciled),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: RawBody,
) -> Result<Json<Reconciled>, ApiError> {
    by.must_be_operator()?;
    let body = body.read().await?;
    let source = Source {
        gateway: GATEWAY,
        organizations: None,
    };
    let reconciled = reconciliation::reconcile(&app, source, &body, &by.actor).await?;
    Ok(Json(reconciled))
}
