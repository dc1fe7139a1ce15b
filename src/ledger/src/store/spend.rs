//! What each scope has spent, by day and by hour, and what it may spend.

use super::record::record;
use super::role_overrides::QUOTA_OF_KEY;
use super::{StoreError, Tx, args};
use crate::model::calendar::{Calendar, SumSpan};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::borrow::Cow;
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
    /// Those of other periods.
    pub quotas: BTreeMap<CapPeriod, Money>,
    /// The time zone of its calendar; absent is UTC.
    pub time_zone: Option<String>,
    /// Since when that is its calendar.
    pub calendar_since: Timestamp,
}

record! {
    SetCaps { name, monthly, daily, of_role, prepaid, quotas, time_zone, calendar_since }
}

impl SetCaps {
    /// Its calendar.
    pub fn calendar(&self) -> Calendar {
        Calendar::of(self.time_zone.as_deref(), self.calendar_since)
    }
}

/// The calendar of a namespace: expressions of statements on it and its organization.
const CALENDAR: &str = "COALESCE(namespaces.time_zone, organizations.time_zone), \
    CASE WHEN namespaces.time_zone IS NOT NULL \
            OR namespaces.calendar_since > organizations.calendar_since \
        THEN namespaces.calendar_since ELSE organizations.calendar_since END";

/// The caps of keys by their ids.
pub async fn caps_of_keys(tx: &mut Tx, ids: &[&str]) -> Result<Vec<SetCaps>, StoreError> {
    let head = format!(
        "SELECT keys.id, keys.monthly_quota, keys.daily_quota, {QUOTA_OF_KEY}, FALSE, keys.quotas,
            {CALENDAR}
        FROM keys JOIN namespaces ON namespaces.name = keys.namespace
            JOIN organizations ON organizations.name = namespaces.organization
        WHERE keys.id"
    );
    tx.among(&head, args![], ids, "").await
}

/// The caps of namespaces by their names.
pub async fn caps_of_namespaces(tx: &mut Tx, names: &[&str]) -> Result<Vec<SetCaps>, StoreError> {
    let head = format!(
        "SELECT namespaces.name, namespaces.monthly_quota, namespaces.daily_quota,
            CAST(NULL AS BIGINT), namespaces.prepaid, namespaces.quotas, {CALENDAR}
        FROM namespaces JOIN organizations ON organizations.name = namespaces.organization
        WHERE namespaces.name"
    );
    tx.among(&head, args![], names, "").await
}

/// The caps of organizations by their names.
pub async fn caps_of_organizations(
    tx: &mut Tx,
    names: &[&str],
) -> Result<Vec<SetCaps>, StoreError> {
    let head = "SELECT name, monthly_quota, daily_quota, CAST(NULL AS BIGINT), prepaid, quotas,
            time_zone, calendar_since
        FROM organizations WHERE name";
    tx.among(head, args![], names, "").await
}

/// Whether anything has a calendar of its own, or caps of other periods than days and months.
pub async fn is_any_further(tx: &mut Tx) -> Result<bool, StoreError> {
    let sql = "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM organizations
                WHERE time_zone IS NOT NULL OR quotas IS NOT NULL LIMIT 1) AS o)
            + (SELECT COUNT(*) FROM (SELECT 1 FROM namespaces
                WHERE time_zone IS NOT NULL OR quotas IS NOT NULL LIMIT 1) AS n)
            + (SELECT COUNT(*) FROM (SELECT 1 FROM keys WHERE quotas IS NOT NULL LIMIT 1) AS k)
            + (SELECT COUNT(*) FROM (SELECT 1 FROM budgets WHERE quotas IS NOT NULL LIMIT 1) AS b)";
    let count: i64 = tx.one(sql, args![]).await?;
    Ok(count > 0)
}

/// The periods of a scope's caps, and its calendar.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The scope.
    pub scope: &'a str,
    /// Whose days it counts by.
    pub calendar: &'a Calendar,
    /// Of which periods.
    pub periods: Vec<CapPeriod>,
}

/// What scopes have spent in windows. Absent means nothing.
#[derive(Clone, Debug, Default)]
pub struct Spend(HashMap<(String, CapPeriod), Money>);

impl Spend {
    /// What one scope has spent.
    pub fn of(&self, scope: &str, period: CapPeriod) -> Money {
        let key = (scope.to_owned(), period);
        self.0.get(&key).copied().unwrap_or_default()
    }
}

/// What scopes have spent in the windows that `now` lies in; never below zero, whatever was given back.
/// One statement for each window that differs.
pub async fn booked(tx: &mut Tx, asked: &[Asked<'_>], now: Timestamp) -> Result<Spend, StoreError> {
    let mut by_span: BTreeMap<SumSpan, BTreeMap<&str, Vec<CapPeriod>>> = BTreeMap::new();
    for one in asked {
        for period in &one.periods {
            let span = one
                .calendar
                .sums(*period, one.calendar.window(*period, now));
            let scopes = by_span.entry(span).or_default();
            scopes.entry(one.scope).or_default().push(*period);
        }
    }
    let mut booked = Spend::default();
    for (span, scopes) in by_span {
        let head = "SELECT scope, CAST(SUM(amount) AS BIGINT)
            FROM spend WHERE period = $1 AND starts_at >= $2 AND starts_at < $3 AND scope";
        let fixed = args![span.kind.as_ref(), span.start, span.end];
        let names = scopes.keys().copied();
        let rows: Vec<(String, Money)> = tx.among(head, fixed, names, "GROUP BY scope").await?;
        for (scope, amount) in rows {
            for period in scopes.get(scope.as_str()).into_iter().flatten() {
                booked.0.insert((scope.clone(), *period), amount.or_zero());
            }
        }
    }
    Ok(booked)
}

/// The name of sums of an account's days.
pub const BALANCE: &str = "balance";

/// A scope, what is summed up (days of UTC or a zone, hours, or [`BALANCE`] of an account), and the first
/// second.
pub type SpendKey = (String, Cow<'static, str>, u64);

/// Adds to what scopes have spent.
pub async fn add(tx: &mut Tx, amounts: BTreeMap<SpendKey, Money>) -> Result<(), StoreError> {
    let rows = amounts
        .into_iter()
        .map(|((scope, kind, starts_at), amount)| args![scope, kind.as_ref(), starts_at, amount]);
    let head = "INSERT INTO spend (scope, period, starts_at, amount)";
    let tail = "ON CONFLICT (scope, period, starts_at)
        DO UPDATE SET amount = spend.amount + excluded.amount";
    tx.execute_many(head, rows.collect(), tail).await?;
    Ok(())
}
