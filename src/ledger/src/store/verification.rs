//! RollupSums as they are stored, a day and a namespace at a time: to be compared with the events.

use super::columns::Seconds;
use super::intervals::{self, RollupInterval, Whose};
use super::record::record;
use super::{StoreError, Tx, args};
use crate::model::period::DAY;
use paddock_core::timestamp::Timestamp;

/// RollupSums of one group, in the order of the columns: requests, input, cached input, cache write,
/// output and reasoning tokens, cost, milliseconds.
pub type RollupSums = [i64; 8];

/// Granularity, start, key and model.
pub type Group = (u64, u64, String, String);

/// The first seconds of the days that have rollups, spend or calls.
pub async fn days(tx: &mut Tx) -> Result<Vec<Timestamp>, StoreError> {
    let sql = "SELECT starts_at FROM rollups WHERE granularity = 86400
        UNION SELECT starts_at FROM spend WHERE period = 'daily'
        UNION SELECT starts_at FROM user_rollups WHERE granularity = 86400
        UNION SELECT starts_at FROM tag_rollups WHERE granularity = 86400
        UNION SELECT hour / 86400 * 86400 FROM audit_segments WHERE batch > 0 ORDER BY 1";
    let days: Vec<Seconds> = tx.all(sql, args![]).await?;
    Ok(days.into_iter().map(|day| day.0).collect())
}

/// The namespaces that have rollups or calls on a day.
pub async fn namespaces(tx: &mut Tx, day: Timestamp) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT namespace FROM rollups WHERE granularity = 86400 AND starts_at = $1
        UNION SELECT namespace FROM user_rollups WHERE granularity = 86400 AND starts_at = $1
        UNION SELECT namespace FROM tag_rollups WHERE granularity = 86400 AND starts_at = $1
        UNION SELECT namespace FROM audit_segments WHERE hour >= $1 AND hour < $2 AND batch > 0
        ORDER BY 1";
    let values = args![day.secs(), day.secs().saturating_add(DAY)];
    tx.all(sql, values).await
}

/// The rollups of a namespace that lie in a interval of time.
pub async fn rollups(
    tx: &mut Tx,
    namespace: &str,
    interval: RollupInterval,
) -> Result<Vec<(Group, RollupSums)>, StoreError> {
    let mut values = args![];
    let columns = "t.granularity, t.starts_at, key_id, model, requests, input_tokens, \
        cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost, latency_ms";
    let whose = Whose {
        namespace: Some(namespace),
        ..Whose::default()
    };
    let sql = intervals::rows(("rollups", columns), whose, &[interval], "", &mut values);
    tx.all(sql, values).await
}

/// What the users of a namespace used on a day, together, by model: requests, tokens, cost.
pub async fn users(
    tx: &mut Tx,
    namespace: &str,
    day: Timestamp,
) -> Result<Vec<(String, [i64; 3])>, StoreError> {
    let sql = "SELECT model, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT)
        FROM user_rollups WHERE granularity = 86400 AND namespace = $1 AND starts_at = $2
        GROUP BY model";
    tx.all(sql, args![namespace, day.secs()]).await
}

/// What was used with each set of tags in a namespace on a day, by model: requests, tokens, cost. Without
/// what was booked before calls had tags.
pub async fn tags(
    tx: &mut Tx,
    namespace: &str,
    day: Timestamp,
) -> Result<Vec<(String, String, [i64; 3])>, StoreError> {
    let sql = "SELECT tag_set, model, CAST(SUM(requests) AS BIGINT), CAST(SUM(tokens) AS BIGINT),
            CAST(SUM(cost) AS BIGINT)
        FROM tag_rollups WHERE granularity = 86400 AND namespace = $1 AND starts_at = $2
            AND tag_set NOT LIKE 'before:%'
        GROUP BY tag_set, model";
    tx.all(sql, args![namespace, day.secs()]).await
}

/// What scopes spent on a day.
pub async fn spend_of_day(tx: &mut Tx, day: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT scope, amount FROM spend
        WHERE period = 'daily' AND starts_at / 86400 = $1";
    tx.all(sql, args![day.secs() / DAY]).await
}

/// What was booked of accounts of prepaid balances on a day, by the account's id.
pub async fn balances_of_day(
    tx: &mut Tx,
    day: Timestamp,
) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT scope, amount FROM spend
        WHERE period = 'balance' AND starts_at / 86400 = $1";
    tx.all(sql, args![day.secs() / DAY]).await
}

/// An account whose sums are not those of its rows.
#[derive(Clone, Debug)]
pub struct UnevenAccount {
    /// Its id.
    pub id: String,
    /// Its scope.
    pub scope: String,
    /// The sum of its entries.
    pub entered: i64,
    /// What it says was paid in.
    pub credited: i64,
    /// The sum of its days.
    pub spent: i64,
    /// What it says is booked.
    pub booked: i64,
}

record! { UnevenAccount { id, scope, entered, credited, spent, booked } }

/// Accounts whose sums are not those of their entries and their days.
pub async fn uneven_accounts(tx: &mut Tx) -> Result<Vec<UnevenAccount>, StoreError> {
    let sql = "SELECT id, scope, entered, credited, spent, booked FROM (
            SELECT id, scope, credited, booked,
                (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_entries
                    WHERE account = credit_accounts.id) AS entered,
                (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM spend
                    WHERE period = 'balance' AND spend.scope = credit_accounts.id) AS spent
            FROM credit_accounts) AS sums
        WHERE entered <> credited OR spent <> booked ORDER BY id";
    tx.all(sql, args![]).await
}

/// Rollups of minutes without their hour, and of hours without their day: granularity, namespace,
/// key, model and start; at most a thousand.
pub async fn orphans(tx: &mut Tx) -> Result<Vec<(i64, String, String, String, i64)>, StoreError> {
    let sql = "SELECT granularity, namespace, key_id, model, starts_at FROM rollups AS r
        WHERE granularity < 86400 AND NOT EXISTS (SELECT 1 FROM rollups AS above
            WHERE above.granularity = CASE WHEN r.granularity = 60 THEN 3600 ELSE 86400 END
                AND above.key_id = r.key_id AND above.model = r.model
                AND above.namespace = r.namespace AND above.starts_at = CASE
                    WHEN r.granularity = 60 THEN r.starts_at / 3600 * 3600
                    ELSE r.starts_at / 86400 * 86400 END)
        LIMIT 1000";
    tx.all(sql, args![]).await
}
