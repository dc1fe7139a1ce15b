//! What each scope has spent on each day, and what it may in a day and a month.

use super::record::record;
use super::role_overrides::QUOTA_OF_KEY;
use super::{StoreError, Tx, args};
use crate::model::period::{self, Window};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeMap, HashMap};

/// The caps of a key, a namespace or an organization, as they were set.
#[derive(Clone, Debug)]
pub struct SetCaps {
    /// The key's id, or the name.
    pub name: String,
    /// A month's.
    pub monthly: Option<Money>,
    /// A day's.
    pub daily: Option<Money>,
    /// A month's of each key of the role the key has.
    pub of_role: Option<Money>,
    /// Whether the prepaid balance is one too.
    pub prepaid: bool,
}

record! { SetCaps { name, monthly, daily, of_role, prepaid } }

/// The caps of keys by their ids.
pub async fn caps_of_keys(tx: &mut Tx, ids: &[&str]) -> Result<Vec<SetCaps>, StoreError> {
    let head =
        format!("SELECT id, monthly_quota, daily_quota, {QUOTA_OF_KEY}, FALSE FROM keys WHERE id");
    tx.among(&head, args![], ids, "").await
}

/// The caps of namespaces by their names.
pub async fn caps_of_namespaces(tx: &mut Tx, names: &[&str]) -> Result<Vec<SetCaps>, StoreError> {
    caps_of(tx, "namespaces", names).await
}

/// The caps of organizations by their names.
pub async fn caps_of_organizations(
    tx: &mut Tx,
    names: &[&str],
) -> Result<Vec<SetCaps>, StoreError> {
    caps_of(tx, "organizations", names).await
}

async fn caps_of(tx: &mut Tx, table: &str, names: &[&str]) -> Result<Vec<SetCaps>, StoreError> {
    let head = format!(
        "SELECT name, monthly_quota, daily_quota, CAST(NULL AS BIGINT), prepaid FROM {table}
        WHERE name"
    );
    tx.among(&head, args![], names, "").await
}

/// What scopes have spent in the day and the month of `now`. Absent means nothing.
#[derive(Clone, Debug, Default)]
pub struct Spend(HashMap<(String, &'static str), Money>);

impl Spend {
    /// What one scope has spent.
    pub fn of(&self, scope: &str, period: CapPeriod) -> Money {
        let key = (scope.to_owned(), period::name(period));
        self.0.get(&key).copied().unwrap_or_default()
    }
}

/// What scopes have spent in the day and the month of `now`; never below zero, whatever was given back.
pub async fn booked(tx: &mut Tx, scopes: &[&str], now: Timestamp) -> Result<Spend, StoreError> {
    let day = Window::of(CapPeriod::Daily, now).start.secs();
    let month = Window::of(CapPeriod::Monthly, now);
    let head = "SELECT scope, CAST(SUM(amount) AS BIGINT),
            CAST(SUM(CASE WHEN starts_at = $3 THEN amount ELSE 0 END) AS BIGINT)
        FROM spend WHERE period = 'daily' AND starts_at >= $1 AND starts_at < $2 AND scope";
    let fixed = args![month.start.secs(), month.end.secs(), day];
    let rows: Vec<(String, Money, Money)> = tx.among(head, fixed, scopes, "GROUP BY scope").await?;
    let mut booked = Spend::default();
    for (scope, month, day) in rows {
        let mut put = |period, amount: Money| {
            let key = (scope.clone(), period::name(period));
            booked.0.insert(key, amount.or_zero());
        };
        put(CapPeriod::Monthly, month);
        put(CapPeriod::Daily, day);
    }
    Ok(booked)
}

/// A scope, what is summed up (`daily`, or `balance` of an account), and the day's first second.
pub type SpendKey = (String, &'static str, u64);

/// Adds to what scopes have spent.
pub async fn add(tx: &mut Tx, amounts: BTreeMap<SpendKey, Money>) -> Result<(), StoreError> {
    let rows = amounts
        .into_iter()
        .map(|((scope, period, starts_at), amount)| args![scope, period, starts_at, amount]);
    let head = "INSERT INTO spend (scope, period, starts_at, amount)";
    let tail = "ON CONFLICT (scope, period, starts_at)
        DO UPDATE SET amount = spend.amount + excluded.amount";
    tx.execute_many(head, rows.collect(), tail).await?;
    Ok(())
}
