//! `POST /v1/organizations`: a new organization.

use super::body::CreateOrganization;
use super::view::OrganizationView;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::fields::limits::LimitsPatch;
use crate::openapi::refusals;
use crate::state::{App, SharedApp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::records::Organization;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::model::slug;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::credits;
use paddock_ledger::store::{StoreError, Tx, organizations, policy};

/// Makes an organization
///
/// Only the operator may: nothing is above it.
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
    caller: Caller,
    Author { actor, .. }: Author,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<OrganizationView>), ApiError> {
    caller.must_be_operator()?;
    let mut fields = Fields::parse(&body)?;
    let field = if fields.has("name") {
        "name"
    } else {
        "organization"
    };
    let name = fields.required_text(field)?;
    if !slug::is_name(&name) {
        return Err(ApiError::not_a_name(field));
    }
    let mut organization = Organization::new(name, app.now());
    apply(&app, &mut fields, &mut organization)?;
    fields.finish()?;

    let mut tx = app.store.write().await?;
    organization.revision = policy::next_revision(&mut tx).await?;
    if !organizations::insert(&mut tx, &organization).await? {
        return Err(ApiError::conflict(format!(
            "An organization named '{}' exists already. Choose another name.",
            organization.name
        )));
    }
    open_account(&mut tx, &organization, app.now()).await?;
    let name = &organization.name;
    let change = Change::new(name, "organization.create", name).after(&organization);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(organization = organization.name, "made an organization");
    let view = OrganizationView::new(&organization, &app.config.organization);
    Ok((StatusCode::CREATED, Json(view)))
}

/// Makes sure that a prepaid organization has an account.
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

/// Takes what creating and changing have in common.
pub(super) fn apply(
    app: &App,
    fields: &mut Fields,
    organization: &mut Organization,
) -> Result<(), ApiError> {
    if let Some(tags) = fields.tags("tags")? {
        organization.tags = tags;
    }
    organization.prepaid = fields.flag("prepaid")?.unwrap_or(organization.prepaid);
    organization.limits = LimitsPatch::all(fields, &app.config)?.apply(&organization.limits);
    Ok(())
}
