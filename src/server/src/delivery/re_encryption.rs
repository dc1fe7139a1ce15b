//! Encrypts with the first of the operator's keys what is stored in clear or under another key, so that
//! old keys can be removed.

use crate::encryption::EncryptionError;
use crate::state::{App, SharedApp};
use paddock_ledger::store::{StoreError, sealed};
use std::time::Duration;
use tokio::sync::watch;

/// Rows of one transaction.
const ROWS: u64 = 200;
/// How long it waits after the database failed.
const AGAIN: Duration = Duration::from_secs(60);

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// Texts that are under the first key now.
    pub texts: u64,
    /// Texts that could not be decrypted or encrypted.
    pub unreadable: u64,
    /// Why not, of one of them.
    pub reason: Option<EncryptionError>,
}

/// Does it once, or until told to stop.
pub async fn run(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let done = async {
        loop {
            match round(&app).await {
                Ok(renewed) => return tell(&app, &renewed),
                Err(error) => tracing::warn!(%error, "cannot encrypt secrets anew; retrying"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! {
        () = done => {}
        // An error means that the sender is gone: stop as well.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

fn tell(app: &App, renewed: &Renewed) {
    let key = app.encryption.key_id().unwrap_or_default();
    if let Some(reason) = &renewed.reason {
        let count = renewed.unreadable;
        tracing::error!(count, %reason, "secrets of webhooks could not be encrypted anew: what cannot be decrypted is not delivered");
    } else if !key.is_empty() {
        let count = renewed.texts;
        tracing::info!(
            count,
            key,
            "all secrets of webhooks are encrypted with this key"
        );
    }
}

/// All that is not under the first key.
///
/// # Errors
/// If the database fails; what was done until then stays.
pub async fn round(app: &App) -> Result<Renewed, StoreError> {
    let mut renewed = Renewed::default();
    let Some(key) = app.encryption.key_id() else {
        return Ok(renewed);
    };
    for place in sealed::COLUMNS {
        let mut after = String::new();
        loop {
            let mut tx = app.store.write().await?;
            let rows = sealed::under_other_keys(&mut tx, place, key, &after, ROWS).await?;
            let Some((last, _)) = rows.last() else { break };
            after.clone_from(last);
            for (id, text) in &rows {
                match app.encryption.renew(text) {
                    Ok(None) => {}
                    Ok(Some(new)) => {
                        sealed::replace(&mut tx, place, id, text, &new).await?;
                        renewed.texts = renewed.texts.saturating_add(1);
                    }
                    Err(reason) => {
                        renewed.unreadable = renewed.unreadable.saturating_add(1);
                        renewed.reason = Some(reason);
                    }
                }
            }
            tx.commit().await?;
        }
    }
    Ok(renewed)
}
