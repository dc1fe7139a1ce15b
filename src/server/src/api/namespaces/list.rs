//! `GET /v1/namespaces?after=&limit=`.

use super::view::NamespaceView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{self, Parameters};
use crate::openapi::parameters;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, namespaces};
use serde::Serialize;
use utoipa::ToSchema;

/// One page, by name, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamespaceList)]
pub struct Page {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<NamespaceView>,
    /// The first row of the page.
    first_id: Option<String>,
    /// The last row of the page: `after` for the next.
    last_id: Option<String>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists namespaces
///
/// To an admin those within its reach, by name; to any other caller, its own.
#[utoipa::path(
    get, path = "/v1/namespaces", tag = "namespaces", operation_id = "list_namespaces",
    params(parameters::Page),
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
    let after = query.take("after").unwrap_or_default();
    query.finish()?;
    let mut tx = app.store.read().await?;
    let mut found = match &caller {
        Caller::Holder(holder) if caller.may_manage().is_err() => vec![holder.namespace.clone()],
        _ => {
            let one_more = limit.saturating_add(1);
            namespaces::list(&mut tx, caller.organization(), &after, one_more).await?
        }
    };
    let has_more = query::cut(&mut found, limit);
    let first_id = found.first().map(|namespace| namespace.name.clone());
    let last_id = found.last().map(|namespace| namespace.name.clone());
    let catalog = catalog::load(&mut tx).await?;
    let mut data = Vec::with_capacity(found.len());
    for namespace in found {
        let context = NamespaceContext::of(&mut tx, namespace, &app.config.organization).await?;
        data.push(NamespaceView::new(&context, &catalog));
    }
    Ok(Json(Page {
        object: "list",
        data,
        first_id,
        last_id,
        has_more,
    }))
}
