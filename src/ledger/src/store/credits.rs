//! Accounts of prepaid balances, and their entries.

use super::record::{record, select};
use super::{StoreError, Tx, args, spend};
use crate::ids;
use crate::model::credits::CreditEntry;
use crate::model::credits::account::Account;
use crate::model::scope::Scope;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

record! {
    Account in "credit_accounts" {
        id, scope, organization, opened_at, closed_at, entries, credited, booked,
    }
}

record! {
    CreditEntry in "credit_entries" {
        id, account, number, scope, organization, reference, kind, amount, original_amount,
        currency, rate, author, created_at,
    }
}

/// The open account of a scope.
pub async fn open_account(tx: &mut Tx, scope: &str) -> Result<Option<Account>, StoreError> {
    let sql = select::<Account>("WHERE scope = $1 AND closed_at IS NULL");
    tx.optional(sql, args![scope]).await
}

/// All accounts of scopes, open and closed, by the scope.
pub async fn accounts_of(
    tx: &mut Tx,
    scopes: &BTreeSet<&str>,
) -> Result<HashMap<String, Vec<Account>>, StoreError> {
    let head = select::<Account>("WHERE scope");
    Ok(by_scope(tx.among(&head, args![], scopes, "").await?))
}

fn by_scope(accounts: Vec<Account>) -> HashMap<String, Vec<Account>> {
    let mut by_scope: HashMap<String, Vec<Account>> = HashMap::new();
    for account in accounts {
        let of_scope = by_scope.entry(account.scope.clone()).or_default();
        of_scope.push(account);
    }
    by_scope
}

/// All accounts there ever were, by the scope.
pub async fn all_accounts(tx: &mut Tx) -> Result<HashMap<String, Vec<Account>>, StoreError> {
    Ok(by_scope(tx.all(select::<Account>(""), args![]).await?))
}

/// Waits for the transactions that have stored events, and keeps others from storing any until this
/// one ends. To be asked before anything is locked that a booking locks.
pub async fn wait_for_bookings(tx: &mut Tx) -> Result<(), StoreError> {
    // On SQLite one transaction writes at a time.
    if matches!(tx, Tx::Postgres(_)) {
        tx.execute("LOCK TABLE events IN SHARE MODE", args![])
            .await?;
    }
    Ok(())
}

/// Opens an account.
pub async fn insert_account(tx: &mut Tx, account: &Account) -> Result<(), StoreError> {
    tx.insert(account).await
}

/// Gives the open account of a scope, if it has one, to another organization. Its entries stay as they are.
pub async fn move_account(tx: &mut Tx, scope: &str, organization: &str) -> Result<(), StoreError> {
    let sql = "UPDATE credit_accounts SET organization = $2
        WHERE scope = $1 AND closed_at IS NULL";
    tx.execute(sql, args![scope, organization]).await?;
    Ok(())
}

/// Closes an account.
pub async fn close_account(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE credit_accounts SET closed_at = $2 WHERE id = $1";
    tx.execute(sql, args![id, now]).await?;
    Ok(())
}

/// What is booked already of calls of a namespace or an organization that started at `since` or
/// later: when each started, and its cost.
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
        WHERE id >= $1 AND {column} = $2 AND started_at >= $3 AND cost > 0
            AND outcome <> 'correction'
        UNION ALL SELECT applies_at, amount FROM corrections
        WHERE {column} = $2 AND applies_at >= $3"
    );
    let values = args![ids::first_event_id(since), name, since];
    tx.all(sql, values).await
}

/// Books costs of accounts, by the account's id and the day's first second.
pub async fn add_booked(
    tx: &mut Tx,
    amounts: BTreeMap<(String, u64), Money>,
) -> Result<(), StoreError> {
    let mut totals: BTreeMap<String, Money> = BTreeMap::new();
    let mut days = BTreeMap::new();
    for ((account, day), amount) in amounts {
        let total = totals.entry(account.clone()).or_default();
        *total = total.saturating_add(amount);
        days.insert((account, spend::BALANCE.into(), day), amount);
    }
    spend::add(tx, days).await?;
    for (account, amount) in totals {
        let sql = "UPDATE credit_accounts SET booked = booked + $2 WHERE id = $1";
        tx.execute(sql, args![account, amount]).await?;
    }
    Ok(())
}

/// Stores a new entry, and adds it to its account.
pub async fn insert(tx: &mut Tx, entry: &CreditEntry) -> Result<(), StoreError> {
    tx.insert(entry).await?;
    let sql = "UPDATE credit_accounts SET credited = credited + $2, entries = $3 WHERE id = $1";
    tx.execute(sql, args![&entry.account, entry.amount, entry.number])
        .await?;
    Ok(())
}

/// The entry of that reference in an organization.
pub async fn by_reference(
    tx: &mut Tx,
    organization: &str,
    reference: &str,
) -> Result<Option<CreditEntry>, StoreError> {
    let sql = select::<CreditEntry>("WHERE organization = $1 AND reference = $2");
    tx.optional(sql, args![organization, reference]).await
}

/// At most `limit` entries of an account, the newest first: those before the entry `after`, or all.
pub async fn list(
    tx: &mut Tx,
    account: &str,
    after: &str,
    limit: u64,
) -> Result<Vec<CreditEntry>, StoreError> {
    let sql = select::<CreditEntry>(
        "WHERE account = $1 AND ($2 = '' OR number <
            (SELECT number FROM credit_entries WHERE account = $1 AND id = $2))
        ORDER BY number DESC LIMIT $3",
    );
    tx.all(sql, args![account, after, limit]).await
}

/// What an author has paid into accounts from `start` to `end`, by the account's id.
pub async fn paid_in(
    tx: &mut Tx,
    accounts: &[&str],
    author: &str,
    (start, end): (Timestamp, Timestamp),
) -> Result<HashMap<String, Money>, StoreError> {
    let head = "SELECT account, CAST(SUM(amount) AS BIGINT) FROM credit_entries
        WHERE author = $1 AND created_at >= $2 AND created_at < $3 AND account";
    let fixed = args![author, start, end];
    let rows: Vec<(String, Money)> = tx.among(head, fixed, accounts, "GROUP BY account").await?;
    Ok(rows.into_iter().collect())
}
