//! Accounts of prepaid balances, and their entries.

use super::columns::{from_word, moment, to_word};
use super::{StoreError, Tx, Value, args, loaded, spend};
use crate::ids;
use crate::model::credits::Entry;
use crate::model::credits::account::Account;
use crate::model::credits::currency::Rate;
use crate::model::period::name;
use crate::model::scope::Scope;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const ACCOUNT: &str = "id, scope, organization, opened_at, closed_at, entries, credited, booked";
const ENTRY: &str = "id, account, number, scope, organization, reference, kind, amount, \
    original_amount, currency, rate, author, created_at";

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: String,
    scope: String,
    organization: String,
    opened_at: i64,
    closed_at: Option<i64>,
    entries: i64,
    credited: i64,
    booked: i64,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Account {
        Account {
            id: row.id,
            scope: row.scope,
            organization: row.organization,
            opened_at: moment(row.opened_at),
            closed_at: row.closed_at.map(moment),
            entries: loaded(row.entries),
            credited: Money::from_nanos(row.credited),
            booked: Money::from_nanos(row.booked),
        }
    }
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: String,
    account: String,
    number: i64,
    scope: String,
    organization: String,
    reference: String,
    kind: String,
    amount: i64,
    original_amount: i64,
    currency: String,
    rate: i64,
    author: String,
    created_at: i64,
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Entry, StoreError> {
        let scope = Scope::parse(&row.scope).ok_or_else(|| StoreError::Corrupt {
            what: "scope",
            value: row.scope.clone(),
        })?;
        Ok(Entry {
            id: row.id,
            account: row.account,
            number: loaded(row.number),
            scope,
            organization: row.organization,
            reference: row.reference,
            kind: from_word("kind", &row.kind)?,
            amount: Money::from_nanos(row.amount),
            original_amount: row.original_amount,
            currency: row.currency,
            rate: Rate::from_nanos(row.rate),
            author: row.author,
            created_at: moment(row.created_at),
        })
    }
}

/// The open account of a scope.
///
/// # Errors
/// Where the database refuses.
pub async fn open_account(tx: &mut Tx, scope: &str) -> Result<Option<Account>, StoreError> {
    let sql =
        format!("SELECT {ACCOUNT} FROM credit_accounts WHERE scope = $1 AND closed_at IS NULL");
    let row: Option<AccountRow> = tx.optional(sql, args![scope]).await?;
    Ok(row.map(Account::from))
}

/// All accounts of scopes, open and closed, by the scope.
///
/// # Errors
/// Where the database refuses.
pub async fn accounts_of(
    tx: &mut Tx,
    scopes: &BTreeSet<&str>,
) -> Result<HashMap<String, Vec<Account>>, StoreError> {
    let head = format!("SELECT {ACCOUNT} FROM credit_accounts WHERE scope");
    let names: Vec<Value> = scopes.iter().map(|scope| Value::from(*scope)).collect();
    let rows: Vec<AccountRow> = tx.among(&head, args![], &names, "").await?;
    Ok(by_scope(rows))
}

fn by_scope(rows: Vec<AccountRow>) -> HashMap<String, Vec<Account>> {
    let mut accounts: HashMap<String, Vec<Account>> = HashMap::new();
    for row in rows {
        let of_scope = accounts.entry(row.scope.clone()).or_default();
        of_scope.push(row.into());
    }
    accounts
}

/// All accounts there ever were, by the scope.
///
/// # Errors
/// Where the database refuses.
pub async fn all_accounts(tx: &mut Tx) -> Result<HashMap<String, Vec<Account>>, StoreError> {
    let sql = format!("SELECT {ACCOUNT} FROM credit_accounts");
    let rows: Vec<AccountRow> = tx.all(sql, args![]).await?;
    Ok(by_scope(rows))
}

/// Waits for the transactions that have stored events, and keeps others from storing any until this
/// one ends. To be asked before anything is locked that a booking locks.
///
/// # Errors
/// Where the database refuses.
pub async fn wait_for_bookings(tx: &mut Tx) -> Result<(), StoreError> {
    // On SQLite one transaction writes at a time.
    if matches!(tx, Tx::Postgres(_)) {
        tx.execute("LOCK TABLE events IN SHARE MODE", args![])
            .await?;
    }
    Ok(())
}

/// Opens an account.
///
/// # Errors
/// Where the database refuses.
pub async fn insert_account(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    let sql = "INSERT INTO credit_accounts (id, scope, organization, opened_at, entries, credited,
        booked) VALUES ($1, $2, $3, $4, 0, 0, 0)";
    let values = args![
        &account.id,
        &account.scope,
        &account.organization,
        account.opened_at
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Closes an account.
///
/// # Errors
/// Where the database refuses.
pub async fn close_account(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE credit_accounts SET closed_at = $2 WHERE id = $1";
    tx.execute(sql, args![id, now]).await?;
    Ok(())
}

/// What is booked already of calls of a namespace or an organization that started at `since` or
/// later: when each started, and its cost.
///
/// # Errors
/// Where the database refuses.
pub async fn booked_since(
    tx: &mut Tx,
    scope: &Scope,
    since: Timestamp,
) -> Result<Vec<(Timestamp, Money)>, StoreError> {
    let (column, name) = match scope {
        Scope::Namespace(name) => ("namespace", name),
        Scope::Organization(name) => ("organization", name),
        _ => return Ok(Vec::new()),
    };
    // Ids begin with the moment a call started at, so that this reads the newest calls alone.
    let sql = format!(
        "SELECT started_at, cost FROM events
        WHERE id >= $1 AND {column} = $2 AND started_at >= $3 AND cost > 0"
    );
    let values = args![ids::first_event_id(since), name, since];
    let rows: Vec<(i64, i64)> = tx.all(sql, values).await?;
    let read = |(started_at, cost)| (moment(started_at), Money::from_nanos(cost));
    Ok(rows.into_iter().map(read).collect())
}

/// Books costs of accounts, by the account's id and the day's first second.
///
/// # Errors
/// Where the database refuses.
pub async fn add_booked(
    tx: &mut Tx,
    amounts: BTreeMap<(String, u64), Money>,
) -> Result<(), StoreError> {
    let mut totals: BTreeMap<String, Money> = BTreeMap::new();
    let mut days = BTreeMap::new();
    for ((account, day), amount) in amounts {
        let total = totals.entry(account.clone()).or_default();
        *total = total.saturating_add(amount);
        days.insert((account, name(CapPeriod::Balance), day), amount);
    }
    spend::add(tx, days).await?;
    for (account, amount) in totals {
        let sql = "UPDATE credit_accounts SET booked = booked + $2 WHERE id = $1";
        tx.execute(sql, args![account, amount]).await?;
    }
    Ok(())
}

/// Stores a new entry, and adds it to its account.
///
/// # Errors
/// Where the database refuses, also where the reference is another entry's.
pub async fn insert(tx: &mut Tx, entry: &Entry) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO credit_entries ({ENTRY})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    let values = args![
        &entry.id,
        &entry.account,
        entry.number,
        entry.scope.to_string(),
        &entry.organization,
        &entry.reference,
        to_word(&entry.kind),
        entry.amount,
        entry.original_amount,
        &entry.currency,
        entry.rate.nanos(),
        &entry.author,
        entry.created_at,
    ];
    tx.execute(sql, values).await?;
    let sql = "UPDATE credit_accounts SET credited = credited + $2, entries = $3 WHERE id = $1";
    tx.execute(sql, args![&entry.account, entry.amount, entry.number])
        .await?;
    Ok(())
}

/// The entry of that reference in an organization.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn by_reference(
    tx: &mut Tx,
    organization: &str,
    reference: &str,
) -> Result<Option<Entry>, StoreError> {
    let sql =
        format!("SELECT {ENTRY} FROM credit_entries WHERE organization = $1 AND reference = $2");
    let row: Option<EntryRow> = tx.optional(sql, args![organization, reference]).await?;
    row.map(Entry::try_from).transpose()
}

/// At most `limit` entries of an account, the newest first: those before the entry `after`, or all.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn list(
    tx: &mut Tx,
    account: &str,
    after: &str,
    limit: u64,
) -> Result<Vec<Entry>, StoreError> {
    let sql = format!(
        "SELECT {ENTRY} FROM credit_entries WHERE account = $1 AND ($2 = '' OR number <
            (SELECT number FROM credit_entries WHERE account = $1 AND id = $2))
        ORDER BY number DESC LIMIT $3"
    );
    let rows: Vec<EntryRow> = tx.all(sql, args![account, after, limit]).await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// What an author has paid into an account from `start` to `end`.
///
/// # Errors
/// Where the database refuses.
pub async fn paid_in(
    tx: &mut Tx,
    account: &str,
    author: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<Money, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_entries
        WHERE account = $1 AND author = $2 AND created_at >= $3 AND created_at < $4";
    let (sum,): (i64,) = tx.one(sql, args![account, author, start, end]).await?;
    Ok(Money::from_nanos(sum))
}
