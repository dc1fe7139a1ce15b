//! `PUT /v1/aliases/{alias}`: sets which model an alias leads to.

use super::AliasView;
use crate::api::prelude::*;
use paddock_core::policy::fold_alias;
use paddock_ledger::model::audit::Change;
use paddock_ledger::store::catalog;
use serde_json::json;

/// Where an alias leads.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "model": "gpt-4.1" }))]
pub struct PutAlias {
    /// The model's own name.
    model: Text,
}

/// Sets which model an alias leads to
///
/// Creates the alias if it is new. With a `*` at its end it stands for all names that begin with what is
/// before it; the longest beginning holds, and whole names come first. Only the operator may.
#[utoipa::path(
    put, path = "/v1/aliases/{*alias}", tag = "prices", operation_id = "put_alias",
    params(parameters::Alias),
    request_body = PutAlias,
    responses(
        (status = 200, description = "An alias that was there.", body = AliasView),
        (status = 201, description = "A new alias.", body = AliasView),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(alias): Path<String>,
    body: Body<PutAlias>,
) -> Result<(StatusCode, Json<AliasView>), ApiError> {
    by.must_be_operator()?;
    let model = String::from(body.read().await?.model);
    let mut edit = Edit::begin(&app, &by).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    if let Some(problem) = catalog.alias_problem(&alias, &model) {
        let param = match catalog.models.iter().any(|known| known.name == model) {
            true => "alias",
            false => "model",
        };
        return Err(ApiError::invalid(param, format!("'{param}': {problem}.")));
    }
    let alias = fold_alias(&alias);
    catalog::set_alias(&mut edit.tx, &alias, &model, edit.revision).await?;
    let before = catalog.aliases.get(&alias);
    let change = Change::of_installation("alias.update", &alias).after(&json!({ "model": model }));
    let change = before.iter().fold(change, |change, model| {
        change.before(&json!({ "model": model }))
    });
    edit.commit(change).await?;
    let status = match before {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    Ok((status, Json(AliasView::new(alias, model))))
}
