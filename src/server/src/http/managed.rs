//! Things that belong to an organization, found within the caller's reach.

use super::caller::Caller;
use super::error::ApiError;
use crate::state::App;
use paddock_core::policy::Limits;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{StoreError, Tx};
use std::future::Future;

/// Something that an organization owns.
pub trait Managed: Sized {
    /// What refusals call it.
    const KIND: &'static str;

    /// The one of that id. `defaults` are the limits of organizations that set none.
    fn load(
        tx: &mut Tx,
        id: &str,
        defaults: &Limits,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// The name of the organization that owns it.
    fn organization(&self) -> &str;
}

/// Finds something within the caller's reach.
///
/// # Errors
/// 404 if it is not there, or of another organization: the same answer, so that nobody learns which.
pub async fn find<T: Managed>(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<T, ApiError> {
    let found = T::load(tx, id, &app.config.organization).await?;
    let found = found.filter(|found| caller.owns(found.organization()));
    found.ok_or_else(|| ApiError::not_found(T::KIND, id))
}

impl Managed for NamespaceContext {
    const KIND: &'static str = "namespace";

    async fn load(tx: &mut Tx, id: &str, defaults: &Limits) -> Result<Option<Self>, StoreError> {
        NamespaceContext::find(tx, id, defaults).await
    }

    fn organization(&self) -> &str {
        &self.organization.name
    }
}
