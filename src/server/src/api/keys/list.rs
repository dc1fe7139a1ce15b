//! `GET /v1/keys?namespace=&after=&limit=`.

use super::view::KeyView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{self, Parameters};
use crate::openapi::parameters;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, keys};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// One page, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<KeyView>,
    /// The first row of the page.
    first_id: Option<String>,
    /// The last row of the page: `after` for the next.
    last_id: Option<String>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists keys
///
/// To an admin those within its reach, oldest first; to any other caller, its own.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys", operation_id = "list_keys",
    params(parameters::OfNamespace, parameters::Page),
    responses(
        (status = 200, description = "A page.", body = Page)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
    let limit = query.take_limit()?;
    let filter = keys::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace: query.take("namespace"),
        after: query.take("after").unwrap_or_default(),
        limit: limit.saturating_add(1),
    };
    query.finish()?;
    let mut tx = app.store.read().await?;
    let mut found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.key.clone()],
        _ => keys::list(&mut tx, &filter).await?,
    };
    let has_more = query::cut(&mut found, limit);
    let catalog = catalog::load(&mut tx).await?;
    let mut places: HashMap<String, NamespaceContext> = HashMap::new();
    let mut data = Vec::with_capacity(found.len());
    for key in &found {
        if !places.contains_key(&key.namespace) {
            let defaults = &app.config.organization;
            let context = NamespaceContext::find(&mut tx, &key.namespace, defaults).await?;
            places.extend(context.map(|context| (key.namespace.clone(), context)));
        }
        let context = places.get(&key.namespace);
        data.extend(context.map(|context| KeyView::new(key, context, &catalog)));
    }
    Ok(Json(Page {
        object: "list",
        data,
        first_id: found.first().map(|key| key.id.clone()),
        last_id: found.last().map(|key| key.id.clone()),
        has_more,
    }))
}
