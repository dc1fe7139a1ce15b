//! `POST /v1/credits`: money is paid in.

use super::account::pay;
use super::body::CreditBody;
use super::view::EntryView;
use crate::api::prelude::*;
use paddock_ledger::model::scope::Scope;

/// Pays into a prepaid balance
///
/// Of a namespace, or of an organization. The first entry makes it prepaid. The same reference again
/// answers the same entry. An organization's admin divides the organization's money among its
/// namespaces, as with quotas; only the operator pays into an organization.
#[utoipa::path(
    post, path = "/v1/credits", tag = "credits", operation_id = "create_credit",
    request_body = CreditBody,
    responses(
        (status = 201, description = "The entry.", body = EntryView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<CreditBody>,
) -> Result<(StatusCode, Json<EntryView>), ApiError> {
    by.may_manage()?;
    let payment = body.read().await?.payment(&app.config.exchange_rates)?;
    if matches!(payment.scope, Scope::Organization(_)) {
        by.must_be_operator()?;
    }
    pay(&app, &by, payment).await
}
