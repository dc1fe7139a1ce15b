//! Organizations: the top of every tree of limits.

use super::{StoreError, Tx, args, loaded};
use crate::domain::records::Organization;
use paddock_core::money::Money;
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;

#[derive(sqlx::FromRow)]
struct OrganizationRow {
    name: String,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    max_concurrency: Option<i64>,
    monthly_quota: Option<i64>,
    daily_quota: Option<i64>,
}

/// The organization, with `defaults` where it sets no limit of its own.
///
/// # Errors
/// Where the database refuses.
pub async fn find(
    tx: &mut Tx,
    name: &str,
    defaults: &Limits,
) -> Result<Option<Organization>, StoreError> {
    let sql = "SELECT name, requests_per_minute, tokens_per_minute, max_concurrency, monthly_quota,
        daily_quota FROM organizations WHERE name = $1";
    let row: Option<OrganizationRow> = tx.optional(sql, args![name]).await?;
    Ok(row.map(|row| Organization {
        name: row.name,
        limits: Limits {
            requests_per_minute: row
                .requests_per_minute
                .map(loaded)
                .or(defaults.requests_per_minute),
            burst: defaults.burst,
            tokens_per_minute: row
                .tokens_per_minute
                .map(loaded)
                .or(defaults.tokens_per_minute),
            max_concurrency: row.max_concurrency.map(loaded).or(defaults.max_concurrency),
            monthly_quota: row
                .monthly_quota
                .map(Money::from_nanos)
                .or(defaults.monthly_quota),
            daily_quota: row
                .daily_quota
                .map(Money::from_nanos)
                .or(defaults.daily_quota),
        },
    }))
}

/// Makes the organization where it is not there.
///
/// # Errors
/// Where the database refuses.
pub async fn ensure(tx: &mut Tx, name: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO organizations (name, created_at) VALUES ($1, $2)
        ON CONFLICT (name) DO NOTHING";
    tx.execute(sql, args![name, now]).await?;
    Ok(())
}
