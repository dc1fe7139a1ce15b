//! `/v1/members`: who belongs to a namespace, and the widest role their keys may have.

mod body;
mod create;
mod delete;
mod list;
mod show;
mod update;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::Member;
use paddock_ledger::store::{Tx, members};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of members. A member is named in the path by id or user, or by `user_id` beside it.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(
            list::handle,
            create::handle,
            update::named,
            delete::named
        ))
        .routes(routes!(show::handle, update::handle, delete::handle))
}

/// The namespace of a member that the path names.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OfNamespace {
    /// The namespace they belong to, if the user is a member of several. Also accepted as `team`,
    /// `team_id` and `project`.
    namespace: Option<String>,
}

/// The member of that id or of that user, if it is within the caller's reach. A user may be a member of
/// several namespaces: then `namespace` says which is meant.
async fn find_member(
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
                "'{which}' is a member of several namespaces. Name one in 'namespace', or use the \
                 member's id."
            );
            Err(ApiError::invalid("namespace", message))
        }
    }
}

/// Checks that no other member of the namespace has the member's address.
async fn email_is_free(tx: &mut Tx, member: &Member) -> Result<(), ApiError> {
    let same = members::of_email(tx, &member.namespace, &member.email).await?;
    match same.filter(|same| same.id != member.id) {
        Some(same) => Err(ApiError::conflict(format!(
            "'{}' is the address of '{}' in the namespace '{}' already.",
            member.email, same.user_id, member.namespace
        ))),
        None => Ok(()),
    }
}
