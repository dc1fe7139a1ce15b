//! `POST /v1/credits`: money is paid in.

use super::body::CreateCredit;
use super::view::EntryView;
use super::wish::Request;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::openapi::refusals;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_ledger::model::scope::Scope;

/// Pays into a prepaid balance
///
/// Of a namespace, or of an organization. The first entry makes it prepaid. The same reference again
/// answers the same entry. An organization's admin shares out what is the organization's among its
/// namespaces, as with quotas; what the organization itself has is the operator's to say.
#[utoipa::path(
    post, path = "/v1/credits", tag = "credits", operation_id = "create_credit",
    request_body = CreateCredit,
    responses(
        (status = 201, description = "The entry.", body = EntryView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<EntryView>), ApiError> {
    caller.may_manage()?;
    let request = Request::read(&app, Fields::parse(&body)?)?;
    if matches!(request.scope(), Scope::Organization(_)) {
        caller.must_be_operator()?;
    }
    request.enter(&app, &caller, &actor).await
}
