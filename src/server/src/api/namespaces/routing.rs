//! `/v1/namespaces/{name}/routing`: where requests for the model `auto` go.

use super::document::{self, DeletedDocument, Document, Removable};
use super::store::update;
use crate::api::prelude::*;
use crate::http::body::variant;
use paddock_core::policy::{Routing, Rule};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, catalog};
use serde_json::Value;

variant! {
    /// Where requests for the model `auto` go: at least one rule or a fallback. The first rule that
    /// matches wins. Models are names or aliases that have a price.
    PutRouting = Routing, requires [], without []
}

/// Where requests for the model `auto` go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Routing)]
pub struct RoutingView {
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// What its author calls it.
    name: String,
    /// Serves what no rule matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fallback_model: Option<String>,
    /// In order.
    rules: Vec<Rule>,
}

impl RoutingView {
    fn new(namespace: &str, routing: Routing) -> RoutingView {
        RoutingView {
            object: RoutingView::OBJECT,
            namespace: namespace.to_owned(),
            name: routing.name,
            fallback_model: routing.fallback_model,
            rules: routing.rules,
        }
    }
}

impl Document for RoutingView {
    const KIND: &'static str = "routing of namespace";

    /// `core` reads it, and names every problem at once.
    type Body = Value;

    async fn find(
        _: &mut Tx,
        context: &NamespaceContext,
        _: Timestamp,
    ) -> Result<Option<Self>, ApiError> {
        let namespace = &context.namespace;
        let routing = namespace.routing.clone();
        Ok(routing.map(|routing| RoutingView::new(&namespace.name, routing)))
    }

    async fn set(
        edit: &mut Edit,
        context: &NamespaceContext,
        body: Value,
    ) -> Result<(Self, Change), ApiError> {
        let catalog = catalog::load(&mut edit.tx).await?;
        let routing = Routing::read(&body, &catalog)
            .map_err(|problems| ApiError::problems("rules", problems))?;
        let mut namespace = context.namespace.clone();
        namespace.routing = Some(routing.clone());
        let action = "namespace.routing.update";
        let (change, namespace) = update(edit, context, namespace, action).await?;
        Ok((RoutingView::new(&namespace.name, routing), change))
    }
}

impl Removable for RoutingView {
    const OBJECT: &'static str = "namespace.routing";

    async fn remove(
        edit: &mut Edit,
        context: &NamespaceContext,
    ) -> Result<Option<Change>, ApiError> {
        let mut namespace = context.namespace.clone();
        if namespace.routing.take().is_none() {
            return Ok(None);
        }
        let action = "namespace.routing.delete";
        let (change, _) = update(edit, context, namespace, action).await?;
        Ok(Some(change))
    }
}

/// Shows the routing of a namespace
///
/// Where requests for the model `auto` go. To admins, and to the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/routing", tag = "namespaces", operation_id = "get_routing",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The routing.", body = RoutingView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<RoutingView>, ApiError> {
    document::show(&app, &caller, &name).await
}

/// Sets the routing of a namespace
///
/// Replaces the whole routing. In force at every gateway within two seconds.
#[utoipa::path(
    put, path = "/v1/namespaces/{name}/routing", tag = "namespaces", operation_id = "put_routing",
    params(parameters::NamespaceName),
    request_body = PutRouting,
    responses(
        (status = 200, description = "The routing.", body = RoutingView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn put(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<Value>,
) -> Result<Json<RoutingView>, ApiError> {
    document::set(&app, &by, &name, body).await
}

/// Deletes the routing of a namespace
///
/// Requests for `auto` are refused again.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/routing", tag = "namespaces", operation_id = "delete_routing",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "Deleted.", body = DeletedDocument),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn delete(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
) -> Result<Json<DeletedDocument>, ApiError> {
    document::remove::<RoutingView>(&app, &by, name).await
}
