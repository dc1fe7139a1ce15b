//! Usage of end users, summed by model over days, and day blocks.

use super::{StoreError, Tx, args};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// First second of the day, namespace, user, model, organization: in the order of the table's key.
pub type Group<'a> = (i64, &'a str, String, &'a str, &'a str);
/// Requests, tokens, nano-dollars.
pub type Sums = [i64; 3];
/// First second of the day, namespace and name of a user.
pub type User = (i64, String, String);

/// Adds sums to those stored, by granularity and group.
pub async fn add(tx: &mut Tx, sums: BTreeMap<(u64, Group<'_>), Sums>) -> Result<(), StoreError> {
    let rows = sums.into_iter().map(|((granularity, group), sums)| {
        let (start, namespace, user, model, organization) = group;
        let [requests, tokens, cost] = sums;
        args![
            granularity,
            start,
            namespace,
            user,
            model,
            organization,
            requests,
            tokens,
            cost
        ]
    });
    let head = "INSERT INTO user_rollups (granularity, starts_at, namespace, end_user, model, \
        organization, requests, tokens, cost)";
    let tail = "ON CONFLICT (granularity, starts_at, namespace, end_user, model, organization)
        DO UPDATE SET
        requests = user_rollups.requests + excluded.requests,
        tokens = user_rollups.tokens + excluded.tokens,
        cost = user_rollups.cost + excluded.cost";
    tx.execute_many(head, rows.collect(), tail).await?;
    Ok(())
}

/// Those of some users who have sums on their day.
pub async fn known(tx: &mut Tx, users: &BTreeSet<User>) -> Result<HashSet<User>, StoreError> {
    let rows = users
        .iter()
        .map(|(day, namespace, user)| args![day, namespace, user])
        .collect();
    // On SQLite a cross join is done in the order it is written.
    let tail = ") AS wanted CROSS JOIN user_rollups AS u WHERE u.granularity = 86400
        AND u.starts_at = wanted.column1 AND u.namespace = wanted.column2
        AND u.end_user = wanted.column3";
    let head = "SELECT DISTINCT u.starts_at, u.namespace, u.end_user FROM (";
    let known: Vec<User> = tx.many(head, rows, tail).await?;
    Ok(known.into_iter().collect())
}

/// How many users there are of days and namespaces.
pub async fn counts(
    tx: &mut Tx,
    groups: impl Iterator<Item = &(i64, String)>,
) -> Result<HashMap<(i64, String), u64>, StoreError> {
    let rows = groups
        .map(|(day, namespace)| args![day, namespace])
        .collect();
    let head = "SELECT u.starts_at, u.namespace, COUNT(DISTINCT u.end_user) FROM (";
    let tail = ") AS wanted CROSS JOIN user_rollups AS u WHERE u.granularity = 86400
        AND u.starts_at = wanted.column1 AND u.namespace = wanted.column2
        GROUP BY u.starts_at, u.namespace";
    let counts: Vec<(i64, String, u64)> = tx.many(head, rows, tail).await?;
    let counts = counts.into_iter();
    Ok(counts
        .map(|(day, namespace, count)| ((day, namespace), count))
        .collect())
}
