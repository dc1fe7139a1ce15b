//! One change through the management API.

use super::author::Author;
use super::error::ApiError;
use super::managed::{Managed, find};
use crate::state::App;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::audit;
use paddock_ledger::store::{Tx, policy};
use std::sync::Arc;

/// A change under way: a transaction that holds the lock of the policy, and the revision that the
/// change will have. Dropped without [`Edit::commit`], it changes nothing.
pub struct Edit {
    /// The transaction.
    pub tx: Tx,
    /// The revision of the policy that this change makes.
    pub revision: u64,
    /// When the request came.
    pub now: Timestamp,
    app: Arc<App>,
    by: Author,
}

impl Edit {
    /// Begins a change.
    ///
    /// # Errors
    /// 503 if the database does not answer.
    pub async fn begin(app: &Arc<App>, by: &Author) -> Result<Edit, ApiError> {
        let mut tx = app.store.write().await?;
        let revision = policy::next_revision(&mut tx).await?;
        let (app, by) = (app.clone(), by.clone());
        Ok(Edit {
            tx,
            revision,
            now: by.actor.at,
            app,
            by,
        })
    }

    /// Who makes it.
    pub fn author(&self) -> &Author {
        &self.by
    }

    /// Finds something that the caller may manage.
    ///
    /// # Errors
    /// 404 if it is not there, or of another organization.
    pub async fn find<T: Managed>(&mut self, id: &str) -> Result<T, ApiError> {
        find(&self.app, &mut self.tx, &self.by, id).await
    }

    /// Adds a change to the audit. To be called after the statements of the change.
    ///
    /// # Errors
    /// 503 if the database does not answer.
    pub async fn record(&mut self, change: Change) -> Result<(), ApiError> {
        tracing::info!(
            action = change.action,
            id = change.resource_id,
            by = self.by.actor.id,
            "changed"
        );
        Ok(audit::record(&mut self.tx, &self.by.actor, change).await?)
    }

    /// Adds the last change to the audit, and makes all of it permanent.
    ///
    /// # Errors
    /// 503 if the database does not answer: nothing was changed.
    pub async fn commit(mut self, change: Change) -> Result<(), ApiError> {
        self.record(change).await?;
        self.commit_recorded().await
    }

    /// Makes permanent what is in the audit already.
    ///
    /// # Errors
    /// 503 if the database does not answer: nothing was changed.
    pub async fn commit_recorded(self) -> Result<(), ApiError> {
        Ok(self.tx.commit().await?)
    }
}
