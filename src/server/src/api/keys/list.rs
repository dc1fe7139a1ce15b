//! `GET /v1/keys?namespace=&q=&enabled=&after=&limit=`.

use super::view::KeyView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, keys};
use utoipa::IntoParams;

/// Whose keys, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListKeys {
    /// Only this namespace. Also accepted as `team`, `team_id` and `project`.
    namespace: Option<String>,
    /// Only keys whose name or id has this in it, whatever the case.
    q: Option<String>,
    /// Only keys that are enabled, or only those that are not.
    enabled: Option<bool>,
    /// Rows of the page; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
    /// The `last_id` of the page before.
    after: Option<String>,
}

/// Lists keys
///
/// An admin sees those within its reach, oldest first; any other caller sees its own.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys", operation_id = "list_keys",
    params(ListKeys),
    responses(
        (status = 200, description = "A page.", body = Page<KeyView>)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Query(query): Query<ListKeys>,
) -> Result<Json<Page<KeyView>>, ApiError> {
    let size = query.limit.unwrap_or_default();
    let filter = keys::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace: query.namespace,
        contains: query.q,
        enabled: query.enabled,
        after: query.after.unwrap_or_default(),
        limit: size.and_one_more(),
    };
    let mut tx = app.store.read().await?;
    let found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.key.clone()],
        _ => keys::list(&mut tx, &filter).await?,
    };
    let catalog = catalog::load(&mut tx).await?;
    let names = found.iter().map(|key| key.namespace.as_str()).collect();
    let defaults = &app.config.organization;
    let contexts = NamespaceContext::find_many(&mut tx, &names, defaults).await?;
    let found: Vec<_> = found
        .iter()
        .filter_map(|key| Some((key, contexts.get(&key.namespace)?)))
        .collect();
    let page = Page::of(
        found,
        size.rows(),
        |(key, _)| key.id.as_str(),
        |(key, context)| KeyView::new(key, context, &catalog),
    );
    Ok(Json(page))
}
