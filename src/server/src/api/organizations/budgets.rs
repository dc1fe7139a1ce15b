//! `/v1/organizations/{name}/budgets`: caps for some calls of an organization.

use super::budget_body::{BudgetView, PutBudget};
use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::{MAX_BUDGETS, is_budget_name};
use paddock_ledger::model::Organization;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::hierarchy::{Parent, violations};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::model::shared_budget::SharedBudget;
use paddock_ledger::rules::caps;
use paddock_ledger::store::{Tx, catalog, namespaces, organizations, shared_budgets};
use std::collections::BTreeSet;

/// Lists the budgets of an organization
///
/// Each with what is spent of its caps. To the operator and the organization's admins.
#[utoipa::path(
    get, path = "/v1/organizations/{name}/budgets", tag = "budgets",
    operation_id = "list_organization_budgets",
    params(parameters::OrganizationName),
    responses(
        (status = 200, description = "The budgets.", body = Page<BudgetView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Page<BudgetView>>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let organization: Organization = find(&app, &mut tx, &caller, &name).await?;
    let views = views(&app, &mut tx, &caller, &organization.budgets).await?;
    Ok(Json(Page::whole(views, BudgetView::name)))
}

/// Shows a budget of an organization
///
/// With what is spent of its caps.
#[utoipa::path(
    get, path = "/v1/organizations/{name}/budgets/{budget}", tag = "budgets",
    operation_id = "get_organization_budget",
    params(parameters::BudgetOfOrganization),
    responses(
        (status = 200, description = "The budget.", body = BudgetView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((name, budget)): Path<(String, String)>,
) -> Result<Json<BudgetView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let organization: Organization = find(&app, &mut tx, &caller, &name).await?;
    let found = find_budget(&organization, &budget)?.clone();
    view(&app, &mut tx, &caller, found).await
}

/// Sets a budget of an organization
///
/// The body replaces what was set before. It counts what is spent from its creation on; a budget that is
/// deleted and set again goes on from what was spent. A cap may not be wider than the organization's of the
/// same period. What the operator has set, only the operator changes.
#[utoipa::path(
    put, path = "/v1/organizations/{name}/budgets/{budget}", tag = "budgets",
    operation_id = "put_organization_budget",
    params(parameters::BudgetOfOrganization),
    request_body = PutBudget,
    responses(
        (status = 200, description = "The budget.", body = BudgetView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, budget)): Path<(String, String)>,
    body: Body<PutBudget>,
) -> Result<Json<BudgetView>, ApiError> {
    by.may_manage()?;
    if !is_budget_name(&budget) {
        let message = "A budget's name is 1 to 64 letters, digits, '-', '_' or '.'.";
        return Err(ApiError::invalid("budget", message));
    }
    let body = body.read().await?;
    let mut edit = Edit::begin(&app, &by).await?;
    let organization: Organization = edit.find(&name).await?;
    let before = organization.budgets.iter().find(|one| one.name == budget);
    may_change(&by, before)?;
    let mut new = body.into_budget(&name, &budget, edit.now)?;
    match before {
        Some(before) => {
            new.created_at = before.created_at;
            new.by_operator = before.by_operator;
        }
        None if organization.budgets.len() >= MAX_BUDGETS => {
            let message = format!(
                "The organization '{name}' has {MAX_BUDGETS} budgets, as many as it may have. Delete one first."
            );
            return Err(ApiError::full(message).by(format!("organization:{name}")));
        }
        None => new.by_operator = by.must_be_operator().is_ok(),
    }
    check(&app, &mut edit.tx, &organization, &new).await?;
    shared_budgets::put(&mut edit.tx, &new).await?;
    let action = match before {
        Some(_) => "budget.update",
        None => "budget.create",
    };
    let change = Change::new(&name, action, &budget);
    let change = before
        .iter()
        .fold(change, |change, before| change.before(*before));
    store(edit, organization.clone(), change.after(&new)).await?;
    let mut tx = app.store.read().await?;
    view(&app, &mut tx, &by, new).await
}

/// Deletes a budget of an organization
///
/// What was booked stays booked.
#[utoipa::path(
    delete, path = "/v1/organizations/{name}/budgets/{budget}", tag = "budgets",
    operation_id = "delete_organization_budget",
    params(parameters::BudgetOfOrganization),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn delete(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, budget)): Path<(String, String)>,
) -> Result<Json<Deleted>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let organization: Organization = edit.find(&name).await?;
    let before = find_budget(&organization, &budget)?;
    may_change(&by, Some(before))?;
    shared_budgets::delete(&mut edit.tx, &name, &budget).await?;
    let change = Change::new(&name, "budget.delete", &budget).before(before);
    store(edit, organization.clone(), change).await?;
    Ok(Json(Deleted::new("budget", budget)))
}

/// Stores that the budgets of an organization have changed.
async fn store(
    mut edit: Edit,
    mut organization: Organization,
    change: Change,
) -> Result<(), ApiError> {
    organization.revision = edit.revision;
    organization.updated_at = edit.now;
    organizations::update(&mut edit.tx, &organization).await?;
    edit.commit(change).await
}

fn find_budget<'a>(
    organization: &'a Organization,
    name: &str,
) -> Result<&'a SharedBudget, ApiError> {
    let found = organization.budgets.iter().find(|one| one.name == name);
    found.ok_or_else(|| ApiError::not_found("budget", name))
}

/// Nobody lifts what the operator has set.
fn may_change(by: &Caller, before: Option<&SharedBudget>) -> Result<(), ApiError> {
    match before {
        Some(before) if before.by_operator && by.must_be_operator().is_err() => {
            let message = format!(
                "The operator has set the budget '{}'. Ask them to change it.",
                before.name
            );
            Err(ApiError::forbidden(message).by(scope_of(before).to_string()))
        }
        _ => Ok(()),
    }
}

/// Checks that what a budget names is there, and that its caps fit into the organization's.
async fn check(
    app: &App,
    tx: &mut Tx,
    organization: &Organization,
    budget: &SharedBudget,
) -> Result<(), ApiError> {
    let catalog = catalog::load(tx).await?;
    if let Some(unknown) = budget
        .models
        .iter()
        .find(|name| catalog.resolve(name).is_none())
    {
        let message = format!("There is no model '{unknown}'. `GET /v1/prices` lists all.");
        return Err(ApiError::invalid("covers.models", message));
    }
    let names: BTreeSet<&str> = budget.namespaces.iter().map(String::as_str).collect();
    let owners = namespaces::owners_of_names(tx, &names).await?;
    let is_foreign = |name: &&&str| owners.get(**name) != Some(&organization.name);
    if let Some(foreign) = names.iter().find(is_foreign) {
        let message = format!(
            "The organization '{}' has no namespace '{foreign}'.",
            organization.name
        );
        return Err(ApiError::invalid("covers.namespaces", message));
    }
    let limits = organization.in_force(&app.config.organization);
    let parent = Parent {
        word: "organization",
        limits: &limits,
        allowed_models: None,
        assigned: (Money::ZERO, Money::ZERO),
    };
    let violations = violations(&parent, &budget.limits, None, &catalog);
    match violations.is_empty() {
        true => Ok(()),
        false => Err(ApiError::violations(violations, "")),
    }
}

fn scope_of(budget: &SharedBudget) -> Scope {
    Scope::Budget(budget.organization.clone(), budget.name.clone())
}

async fn view(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    budget: SharedBudget,
) -> Result<Json<BudgetView>, ApiError> {
    let name = budget.name.clone();
    let mut views = views(app, tx, caller, &[budget]).await?;
    views
        .pop()
        .map(Json)
        .ok_or_else(|| ApiError::not_found("budget", &name))
}

async fn views(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    budgets: &[SharedBudget],
) -> Result<Vec<BudgetView>, ApiError> {
    let now = app.now();
    let scopes: Vec<Scope> = budgets.iter().map(scope_of).collect();
    let caps = caps::look(tx, &app.config.terms, &scopes, now).await?;
    let knows = caller.may_view_analytics().is_ok();
    let view = |(budget, scope): (&SharedBudget, &Scope)| {
        let scope = scope.to_string();
        let caps = caps.get(&scope);
        BudgetView::new(budget, scope, caps, knows, now)
    };
    Ok(budgets.iter().zip(&scopes).map(view).collect())
}
