//! What each scope has spent on each day, and what it may in a day and a month.

use super::role_overrides::QUOTA_OF_KEY;
use super::{StoreError, Tx, Value, args, user_quotas};
use crate::model::hierarchy::smaller;
use crate::model::period::{self, Window};
use crate::model::scope::Scope;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeMap, HashMap};

/// The hard caps of a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// A UTC calendar month.
    pub monthly: Option<Money>,
    /// A UTC calendar day.
    pub daily: Option<Money>,
    /// Whether its prepaid balance is one too: see `credits`.
    pub prepaid: bool,
}

impl Quotas {
    /// The caps of periods there are.
    pub fn each(&self) -> impl Iterator<Item = (CapPeriod, Money)> {
        let caps = [
            (CapPeriod::Monthly, self.monthly),
            (CapPeriod::Daily, self.daily),
        ];
        caps.into_iter()
            .filter_map(|(period, quota)| Some((period, quota?)))
    }
}

/// A scope's id, its monthly cap, its daily cap, one that lowers the monthly, and whether it is prepaid.
type QuotaRow = (String, Option<i64>, Option<i64>, Option<i64>, bool);

/// The caps of those scopes that exist, as they were set.
///
/// # Errors
/// Where the database refuses.
pub async fn quotas(tx: &mut Tx, scopes: &[Scope]) -> Result<HashMap<String, Quotas>, StoreError> {
    let mut found = HashMap::new();
    let mut users = Vec::new();
    let [mut keys, mut namespaces, mut organizations] = [const { Vec::new() }; 3];
    for scope in scopes {
        match scope {
            Scope::Key(id) => keys.push(Value::from(id)),
            Scope::Namespace(name) => namespaces.push(Value::from(name)),
            Scope::Organization(name) => organizations.push(Value::from(name)),
            Scope::User(namespace, user) => users.push((namespace.clone(), user.clone())),
            // Its amount is no cap of a period: see `reservations`.
            Scope::Reservation(..) => {}
        }
    }
    let none = "CAST(NULL AS BIGINT)";
    let kinds = [
        ("key:", "id", "keys", QUOTA_OF_KEY, "FALSE", keys),
        (
            "namespace:",
            "name",
            "namespaces",
            none,
            "prepaid",
            namespaces,
        ),
        (
            "organization:",
            "name",
            "organizations",
            none,
            "prepaid",
            organizations,
        ),
    ];
    for (prefix, id, table, more, prepaid, names) in kinds {
        let head = format!(
            "SELECT {id}, monthly_quota, daily_quota, {more}, {prepaid} FROM {table} WHERE {id}"
        );
        let rows: Vec<QuotaRow> = tx.among(&head, args![], &names, "").await?;
        for (name, monthly, daily, more, prepaid) in rows {
            let quotas = Quotas {
                monthly: smaller(monthly, more).map(Money::from_nanos),
                daily: daily.map(Money::from_nanos),
                prepaid,
            };
            found.insert(format!("{prefix}{name}"), quotas);
        }
    }
    for (scope, quota) in user_quotas::caps(tx, &users).await? {
        let quotas = Quotas {
            monthly: Some(quota),
            daily: None,
            prepaid: false,
        };
        found.insert(scope, quotas);
    }
    Ok(found)
}

/// What scopes have spent in the day and the month of `now`. Absent means nothing.
#[derive(Clone, Debug, Default)]
pub struct Booked(HashMap<(String, &'static str), Money>);

impl Booked {
    /// What one scope has spent.
    pub fn of(&self, scope: &str, period: CapPeriod) -> Money {
        let key = (scope.to_owned(), period::name(period));
        self.0.get(&key).copied().unwrap_or_default()
    }
}

/// What scopes have spent in the day and the month of `now`.
///
/// # Errors
/// Where the database refuses.
pub async fn booked(tx: &mut Tx, scopes: &[&str], now: Timestamp) -> Result<Booked, StoreError> {
    let day = Window::of(CapPeriod::Daily, now).start.secs();
    let month = Window::of(CapPeriod::Monthly, now);
    let head = "SELECT scope, CAST(SUM(amount) AS BIGINT),
            CAST(SUM(CASE WHEN starts_at = $3 THEN amount ELSE 0 END) AS BIGINT)
        FROM spend WHERE period = 'daily' AND starts_at >= $1 AND starts_at < $2 AND scope";
    let names: Vec<Value> = scopes.iter().map(|scope| Value::from(*scope)).collect();
    let fixed = args![month.start.secs(), month.end.secs(), day];
    let rows: Vec<(String, i64, i64)> = tx.among(head, fixed, &names, "GROUP BY scope").await?;
    let mut booked = Booked::default();
    for (scope, month, day) in rows {
        let mut put = |period, amount| {
            let key = (scope.clone(), period::name(period));
            booked.0.insert(key, Money::from_nanos(amount));
        };
        put(CapPeriod::Monthly, month);
        put(CapPeriod::Daily, day);
    }
    Ok(booked)
}

/// A scope, what is summed up (`daily`, or `balance` of an account), and the day's first second.
pub type SpendKey = (String, &'static str, u64);

/// Adds to what scopes have spent.
///
/// # Errors
/// Where the database refuses.
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
