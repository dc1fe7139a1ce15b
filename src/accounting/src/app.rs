//! What every handler is given, and the routes.

use crate::api;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::records::DEFAULT_ORGANIZATION;
use crate::domain::usage_feed::UsageFeed;
use crate::gateway::{self, BookingQueue};
use crate::http::{health, request_log, upkeep};
use crate::metrics::Metrics;
use crate::openapi::{self, Served};
use crate::store::{Store, StoreError, catalog, organizations, partitions};
use axum::{Extension, Router};
use paddock_core::timestamp::Timestamp;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What every handler is given.
pub struct App {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration.
    pub config: Config,
    /// Usage as it is booked, for those who listen.
    pub usage_feed: UsageFeed,
    /// Messages of gateways on their way into the ledger.
    pub bookings: BookingQueue,
    /// The counters.
    pub metrics: Metrics,
}

/// As handlers hold it.
pub type SharedApp = Arc<App>;

impl App {
    /// Makes sure the database has what a fresh one must have: the default organization and the
    /// catalog the product comes with; and of the ledger the partitions of the days ahead.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Result<SharedApp, StoreError> {
        if let Err(error) = partitions::prepare(&store, clock.now()).await {
            tracing::warn!(%error, "the ledger's partitions could not be made; trying again later");
        }
        let mut tx = store.write().await?;
        if catalog::seed(&mut tx).await? {
            organizations::ensure(&mut tx, DEFAULT_ORGANIZATION, 0, clock.now()).await?;
            tx.commit().await?;
        }
        Ok(Arc::new(App {
            store,
            clock,
            config,
            usage_feed: UsageFeed::default(),
            bookings: BookingQueue::default(),
            metrics: Metrics::default(),
        }))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Every route but those of the protocol with gateways, which is between two parts of Paddock.
pub fn documented(managed: OpenApiRouter<SharedApp>) -> OpenApiRouter<SharedApp> {
    OpenApiRouter::with_openapi(openapi::about())
        .merge(managed)
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::show))
}

/// Every route of the service.
pub fn router(app: SharedApp) -> Router {
    let upkeep = axum::middleware::from_fn_with_state(app.clone(), upkeep::before_each);
    let managed = api::routes().route_layer(upkeep.clone());
    let (router, document) = documented(managed).split_for_parts();
    let document = Served::new(document, &app.config);
    router
        .layer(Extension(document))
        .merge(gateway::routes().route_layer(upkeep))
        .fallback(crate::http::error::no_such_path)
        .method_not_allowed_fallback(crate::http::error::no_such_method)
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            request_log::observe,
        ))
        .with_state(app)
}
