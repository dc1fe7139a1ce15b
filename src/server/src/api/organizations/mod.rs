//! `/v1/organizations`.

mod body;
mod budget_body;
mod budgets;
mod create;
mod delete;
mod list;
mod role_body;
mod roles;
mod show;
mod update;
mod view;

use crate::http::managed::Managed;
use crate::state::SharedApp;
use paddock_core::policy::Limits;
use paddock_ledger::model::Organization;
use paddock_ledger::store::{StoreError, Tx, organizations};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of organizations.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::handle, update::handle, delete::handle))
        .routes(routes!(budgets::list))
        .routes(routes!(budgets::show, budgets::put, budgets::delete))
        .routes(routes!(roles::list))
        .routes(routes!(roles::show, roles::put, roles::delete))
}

impl Managed for Organization {
    const KIND: &'static str = "organization";

    async fn load(tx: &mut Tx, id: &str, _: &Limits) -> Result<Option<Self>, StoreError> {
        organizations::find(tx, id).await
    }

    fn organization(&self) -> &str {
        &self.name
    }
}
