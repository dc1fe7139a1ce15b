//! `/v1/members`: who belongs to a namespace, and the most their keys may be.

mod body;
mod change;
mod create;
mod delete;
mod list;
mod show;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::Member;
use paddock_ledger::store::{Tx, members};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of members. A member is named in the path by id or user, or by `user_id` beside it.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(
            list::handle,
            create::handle,
            change::named,
            delete::named
        ))
        .routes(routes!(show::handle, change::handle, delete::handle))
}

/// The member of that id or of that user, where it is within the caller's reach. A user may be a
/// member of several namespaces: then `namespace` says which is meant.
async fn find(
    tx: &mut Tx,
    caller: &Caller,
    which: &str,
    namespace: Option<String>,
) -> Result<Member, ApiError> {
    let filter = members::Filter {
        organization: caller.organization().map(str::to_owned),
        namespace,
        which: Some(which.to_owned()),
        limit: 2,
        ..members::Filter::default()
    };
    let found = members::list(tx, &filter).await?;
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(member), None) => Ok(member),
        (None, _) => Err(ApiError::not_found("member", which)),
        (Some(_), Some(_)) => {
            let message = format!(
                "'{which}' is a member of several namespaces: name one in 'namespace', or use the \
                 member's id."
            );
            Err(ApiError::invalid("namespace", message))
        }
    }
}
