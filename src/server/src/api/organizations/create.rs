//! `POST /v1/organizations`: a new organization.

use super::body::{CreateOrganization, OrganizationBody};
use super::view::OrganizationView;
use crate::api::prelude::*;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Organization;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::credits;
use paddock_ledger::store::{StoreError, Tx, organizations};

/// Creates an organization
///
/// Only the operator may: nothing is above an organization.
#[utoipa::path(
    post, path = "/v1/organizations", tag = "organizations", operation_id = "create_organization",
    request_body = CreateOrganization,
    responses(
        (status = 201, description = "The organization.", body = OrganizationView),
        refusals::Forbidden,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<OrganizationBody>,
) -> Result<(StatusCode, Json<OrganizationView>), ApiError> {
    by.must_be_operator()?;
    let body = body.read().await?;
    let name = body.name.clone().required("name")?;
    let mut edit = Edit::begin(&app, &by).await?;
    let mut organization = Organization::new(name.into(), edit.now);
    organization.revision = edit.revision;
    body.apply(&mut organization, edit.now);
    if !organizations::insert(&mut edit.tx, &organization).await? {
        return Err(ApiError::conflict(format!(
            "An organization named '{}' exists already, or was deleted and its audit is under this \
             name. Choose another name.",
            organization.name
        )));
    }
    open_account(&mut edit.tx, &organization, edit.now).await?;
    let name = &organization.name;
    let change = Change::new(name, "organization.create", name).after(&organization);
    edit.commit(change).await?;
    let view = OrganizationView::new(&organization, &app.config.organization);
    Ok((StatusCode::CREATED, Json(view)))
}

/// Opens the account of a prepaid organization, if it has none.
pub(super) async fn open_account(
    tx: &mut Tx,
    organization: &Organization,
    now: Timestamp,
) -> Result<(), StoreError> {
    if organization.prepaid {
        let name = &organization.name;
        credits::open(tx, &Scope::Organization(name.clone()), name, now).await?;
    }
    Ok(())
}
