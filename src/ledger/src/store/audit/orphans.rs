//! Entries that are in no segment: somebody put them there. Of what is older than a chain's beginning
//! nobody can tell: it is on its way out.

use crate::store::{StoreError, Tx, args};

/// Events looked at in one transaction.
const WINDOW: i64 = 50_000;

/// What was found in one window of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Organization, how many of its events are in no segment, and the id of one.
    pub found: Vec<(String, u64, String)>,
    /// The last id looked at; absent if there was nothing more.
    pub until: Option<String>,
}

/// Looks for events in no segment, in the next window after `after`; of one organization if one
/// is given.
pub async fn calls(
    tx: &mut Tx,
    organization: Option<&str>,
    after: &str,
) -> Result<Orphans, StoreError> {
    let sql = "SELECT MAX(id) FROM (SELECT id FROM events WHERE id > $1 ORDER BY id LIMIT $2) AS w";
    let until: Option<String> = tx.one(sql, args![after, WINDOW]).await?;
    let Some(until) = until else {
        return Ok(Orphans::default());
    };
    // An hour in seconds, of nanoseconds since 1970; 'batch > 0' lets SQLite use its index.
    let sql = "SELECT organization, COUNT(*), MIN(id) FROM events
        WHERE id > $1 AND id <= $2 AND ($3 = '' OR organization = $3) AND NOT EXISTS (
            SELECT 1 FROM audit_segments AS s WHERE s.batch > 0 AND s.batch = events.audit_batch
            AND s.namespace = events.namespace AND s.organization = events.organization
            AND s.hour = events.started_at / 3600000000000 * 3600
            AND events.id >= s.first_id AND events.id <= s.last_id)
        AND NOT EXISTS (SELECT 1 FROM audit_chains AS c
            WHERE c.organization = events.organization
            AND events.started_at < c.dropped_until * 1000000000)
        GROUP BY organization ORDER BY organization";
    let values = args![after, &until, organization.unwrap_or_default()];
    Ok(Orphans {
        found: tx.all(sql, values).await?,
        until: Some(until),
    })
}

/// The numbers of an organization's changes that are in no segment: the first hundred.
pub async fn changes(tx: &mut Tx, organization: &str) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT sequence FROM audit_changes AS c WHERE organization = $1 AND NOT EXISTS (
            SELECT 1 FROM audit_segments AS s WHERE s.organization = c.organization
            AND s.sequence = c.sequence AND s.kind = 'changes')
        ORDER BY sequence LIMIT 100";
    tx.all(sql, args![organization]).await
}
