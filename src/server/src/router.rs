//! The routes: the management API, the protocol with gateways, health and metrics.

use crate::api;
use crate::config::RateBounds;
use crate::gateway;
use crate::http::{health, request_log};
use crate::openapi::{self, Served};
use crate::state::SharedApp;
use axum::{Extension, Router};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route but those of the protocol with gateways, which is between two parts of Paddock.
fn documented(managed: OpenApiRouter<SharedApp>) -> OpenApiRouter<SharedApp> {
    OpenApiRouter::with_openapi(openapi::about())
        .merge(managed)
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::show))
}

/// The OpenAPI document, with the rates that may be set.
pub fn document(rates: RateBounds) -> Value {
    let routes = documented(api::routes());
    openapi::complete(routes.into_openapi(), rates)
}

/// Every route of the service: those of the protocol with gateways too, unless they have a port of their
/// own.
pub fn router(app: SharedApp) -> Router {
    let (router, document) = documented(api::routes()).split_for_parts();
    let document = Served::new(document, &app.config);
    let router = router.layer(Extension(document));
    let router = match app.config.access.gateway_listen {
        Some(_) => router,
        None => router.merge(gateway::routes()),
    };
    observed(router, app)
}

/// The routes of the gateways' own port: their protocol, and health.
pub fn gateway_router(app: SharedApp) -> Router {
    let health = OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready));
    observed(gateway::routes().merge(Router::from(health)), app)
}

fn observed(router: Router<SharedApp>, app: SharedApp) -> Router {
    router
        .fallback(crate::http::error::no_such_path)
        .method_not_allowed_fallback(crate::http::error::no_such_method)
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            request_log::observe,
        ))
        .with_state(app)
}
