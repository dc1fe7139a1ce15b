//! `GET /v1/keys?namespace=&after=&limit=`.

use super::view::KeyView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, keys};
use std::collections::HashMap;

/// Lists keys
///
/// An admin sees those within its reach, oldest first; any other caller sees its own.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys", operation_id = "list_keys",
    params(parameters::OfNamespace, parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page<KeyView>)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page<KeyView>>, ApiError> {
    let limit = query.take_limit()?;
    let filter = keys::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace: query.take("namespace"),
        after: query.take("after").unwrap_or_default(),
        limit: limit.saturating_add(1),
    };
    query.finish()?;
    let mut tx = app.store.read().await?;
    let found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.key.clone()],
        _ => keys::list(&mut tx, &filter).await?,
    };
    let catalog = catalog::load(&mut tx).await?;
    let mut contexts: HashMap<String, NamespaceContext> = HashMap::new();
    for key in &found {
        if !contexts.contains_key(&key.namespace) {
            let defaults = &app.config.organization;
            let context = NamespaceContext::find(&mut tx, &key.namespace, defaults).await?;
            contexts.extend(context.map(|context| (key.namespace.clone(), context)));
        }
    }
    let found: Vec<_> = found
        .iter()
        .filter_map(|key| Some((key, contexts.get(&key.namespace)?)))
        .collect();
    let page = Page::of(
        found,
        limit,
        |(key, _)| key.id.as_str(),
        |(key, context)| KeyView::new(key, context, &catalog),
    );
    Ok(Json(page))
}
