//! `/v1/aliases`: other names of models.

mod delete;
mod list;
mod put;

use crate::state::SharedApp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Another name of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alias)]
pub struct AliasView {
    /// The alias, in lower case. With a `*` at its end it stands for all names that begin with what is
    /// before it.
    alias: String,
    /// What this is.
    object: &'static str,
    /// The model's own name.
    model: String,
}

impl AliasView {
    fn new(alias: String, model: String) -> AliasView {
        AliasView {
            alias,
            object: "alias",
            model,
        }
    }
}

/// The routes of aliases. One may contain slashes, as models' names do.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(list::handle))
        .routes(routes!(put::handle, delete::handle))
}
