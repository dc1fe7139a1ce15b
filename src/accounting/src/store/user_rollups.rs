//! Usage of end users, summed by model over days. Users are whatever clients say, so those kept
//! apart are bounded in number.

use super::events::EventRow;
use super::{StoreError, Tx, args};
use crate::domain::period::DAY;
use paddock_core::policy::{SHARED_USER, user_scope};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Most users kept apart in one namespace and day, nearly: batches booked at once by several
/// replicas may each add theirs.
pub const MOST_USERS: usize = 1_000;

/// Namespace, first second of the day, user, model: in the order of the table's key.
type Group = (String, i64, String, String);
/// Namespace, organization, user as the client has it, model, first second of the day.
type Raw<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, i64);

/// Requests, tokens, nano-dollars.
type Sums = [i64; 3];

/// Sums of one booking.
#[derive(Debug, Default)]
pub struct UserRollups<'a>(HashMap<Raw<'a>, Sums>);

/// A user as rollups name them: as in their scope, so short and on one line; empty for nobody.
fn name(namespace: &str, user: Option<&str>) -> String {
    let Some(user) = user else {
        return String::new();
    };
    let scope = user_scope(namespace, user);
    let prefix = format!("user:{namespace}/");
    scope.strip_prefix(&prefix).unwrap_or(&scope).to_owned()
}

fn add(sums: &mut Sums, more: Sums) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.saturating_add(more);
    }
}

impl<'a> UserRollups<'a> {
    /// Counts an event in.
    pub fn add(&mut self, row: &'a EventRow) {
        let seconds = row.started_at.checked_div(1_000_000_000).unwrap_or(0);
        let day = i64::try_from(DAY).unwrap_or(i64::MAX);
        let past = seconds.checked_rem_euclid(day).unwrap_or(0);
        let counts = [
            row.input_tokens,
            row.cached_input_tokens,
            row.cache_write_5m_tokens,
            row.cache_write_1h_tokens,
            row.output_tokens,
        ];
        let tokens = counts.into_iter().fold(0, i64::saturating_add);
        let group = (
            row.namespace.as_str(),
            row.organization.as_str(),
            row.end_user.as_deref(),
            row.model.as_str(),
            seconds.saturating_sub(past),
        );
        add(self.0.entry(group).or_default(), [1, tokens, row.cost]);
    }

    /// Adds the sums to those in the database.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn store(self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut groups: BTreeMap<Group, (&str, Sums)> = BTreeMap::new();
        let put = |groups: &mut BTreeMap<Group, (&'a str, Sums)>, group, organization, sums| {
            let (of, total) = groups.entry(group).or_default();
            *of = organization;
            add(total, sums);
        };
        for ((namespace, organization, user, model, day), sums) in self.0 {
            let group = (
                namespace.to_owned(),
                day,
                name(namespace, user),
                model.to_owned(),
            );
            put(&mut groups, group, organization, sums);
        }
        let users: BTreeSet<User> = groups
            .keys()
            .map(|(namespace, day, user, _)| (namespace.clone(), *day, user.clone()))
            .filter(|(_, _, user)| !user.is_empty() && user != SHARED_USER)
            .collect();
        let excess = excess(tx, users).await?;
        if !excess.is_empty() {
            for ((namespace, day, user, model), (organization, sums)) in std::mem::take(&mut groups)
            {
                let user = (namespace, day, user);
                let is_excess = excess.contains(&user);
                let (namespace, day, user) = user;
                let user = if is_excess {
                    SHARED_USER.to_owned()
                } else {
                    user
                };
                put(
                    &mut groups,
                    (namespace, day, user, model),
                    organization,
                    sums,
                );
            }
        }
        let rows = groups.into_iter().map(|(group, (organization, sums))| {
            let ((namespace, day, user, model), [requests, tokens, cost]) = (group, sums);
            args![
                namespace,
                day,
                user,
                model,
                organization,
                requests,
                tokens,
                cost
            ]
        });
        let head = "INSERT INTO user_rollups (namespace, starts_at, end_user, model, \
            organization, requests, tokens, cost)";
        let tail = "ON CONFLICT (namespace, starts_at, end_user, model) DO UPDATE SET
            requests = user_rollups.requests + excluded.requests,
            tokens = user_rollups.tokens + excluded.tokens,
            cost = user_rollups.cost + excluded.cost";
        tx.execute_many(head, rows.collect(), tail).await?;
        Ok(())
    }
}

/// Namespace, day and name of a user.
type User = (String, i64, String);

/// Those users for whom there is no room.
async fn excess(tx: &mut Tx, users: BTreeSet<User>) -> Result<HashSet<User>, StoreError> {
    let rows = users
        .iter()
        .map(|(namespace, day, user)| args![namespace, *day, user])
        .collect();
    // On SQLite a cross join is done in the order it is written.
    let tail = ") AS wanted CROSS JOIN user_rollups AS u WHERE u.namespace = wanted.column1
        AND u.starts_at = wanted.column2 AND u.end_user = wanted.column3";
    let head = "SELECT DISTINCT u.namespace, u.starts_at, u.end_user FROM (";
    let known: Vec<User> = tx.many(head, rows, tail).await?;
    let known: HashSet<User> = known.into_iter().collect();
    let mut new: BTreeMap<(String, i64), Vec<User>> = BTreeMap::new();
    for user in users {
        if !known.contains(&user) {
            new.entry((user.0.clone(), user.1)).or_default().push(user);
        }
    }
    let rows = new
        .keys()
        .map(|(namespace, day)| args![namespace, *day])
        .collect();
    let head = "SELECT u.namespace, u.starts_at, COUNT(DISTINCT u.end_user) FROM (";
    let tail = ") AS wanted CROSS JOIN user_rollups AS u WHERE u.namespace = wanted.column1
        AND u.starts_at = wanted.column2 GROUP BY u.namespace, u.starts_at";
    let counts: Vec<(String, i64, i64)> = tx.many(head, rows, tail).await?;
    let mut counts: HashMap<(String, i64), usize> = counts
        .into_iter()
        .map(|(namespace, day, count)| {
            let count = usize::try_from(count).unwrap_or(MOST_USERS);
            ((namespace, day), count)
        })
        .collect();
    let mut excess = HashSet::new();
    for (group, users) in new {
        let room = MOST_USERS.saturating_sub(counts.remove(&group).unwrap_or(0));
        excess.extend(users.into_iter().skip(room));
    }
    Ok(excess)
}
