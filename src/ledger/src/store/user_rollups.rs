//! Usage of end users, summed by model over days, and blocks of days. Users are whatever clients say, so those kept
//! apart are bounded in number.

use super::events::EventRow;
use super::{StoreError, Tx, args, loaded, stored};
use crate::model::blocks::sealed_blocks;
use crate::model::period::DAY;
use paddock_core::policy::{SHARED_USER, user_scope};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Most users kept apart in one namespace and day, nearly: batches booked at once by several
/// replicas may each add theirs.
pub const MOST_USERS: usize = 1_000;

/// First second of the day, namespace, user, model, organization: in the order of the table's key.
type Group<'a> = (i64, &'a str, String, &'a str, &'a str);
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

    /// Adds the sums to those in the database, where days are sealed until `sealed`.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn store(self, tx: &mut Tx, sealed: Timestamp) -> Result<(), StoreError> {
        let mut groups: BTreeMap<Group<'_>, Sums> = BTreeMap::new();
        for ((namespace, organization, user, model, day), sums) in self.0 {
            let group = (day, namespace, name(namespace, user), model, organization);
            add(groups.entry(group).or_default(), sums);
        }
        let users: BTreeSet<User> = groups
            .keys()
            .map(|(day, namespace, user, ..)| (*day, (*namespace).to_owned(), user.clone()))
            .filter(|(_, _, user)| !user.is_empty() && user != SHARED_USER)
            .collect();
        let excess = excess(tx, users).await?;
        let mut sums: BTreeMap<(u64, Group<'_>), Sums> = BTreeMap::new();
        for ((day, namespace, user, model, organization), more) in groups {
            let user = (day, namespace.to_owned(), user);
            let is_excess = !excess.is_empty() && excess.contains(&user);
            let name = match is_excess {
                true => SHARED_USER.to_owned(),
                false => user.2,
            };
            let blocks = sealed_blocks(loaded(day), sealed);
            let blocks = blocks.map(|(length, start)| (length, stored(start)));
            for (granularity, start) in std::iter::once((DAY, day)).chain(blocks) {
                let group = (start, namespace, name.clone(), model, organization);
                add(sums.entry((granularity, group)).or_default(), more);
            }
        }
        let rows = sums.into_iter().map(|((granularity, group), sums)| {
            let (start, namespace, user, model, organization) = group;
            let mut row = args![granularity, start, namespace, user, model, organization];
            row.extend(sums.map(super::Value::from));
            row
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
}

/// Day, namespace and name of a user.
type User = (i64, String, String);

/// Those users for whom there is no room.
async fn excess(tx: &mut Tx, users: BTreeSet<User>) -> Result<HashSet<User>, StoreError> {
    let rows = users
        .iter()
        .map(|(day, namespace, user)| args![*day, namespace, user])
        .collect();
    // On SQLite a cross join is done in the order it is written.
    let tail = ") AS wanted CROSS JOIN user_rollups AS u WHERE u.granularity = 86400
        AND u.starts_at = wanted.column1 AND u.namespace = wanted.column2
        AND u.end_user = wanted.column3";
    let head = "SELECT DISTINCT u.starts_at, u.namespace, u.end_user FROM (";
    let known: Vec<User> = tx.many(head, rows, tail).await?;
    let known: HashSet<User> = known.into_iter().collect();
    let mut new: BTreeMap<(i64, String), Vec<User>> = BTreeMap::new();
    for user in users {
        if !known.contains(&user) {
            new.entry((user.0, user.1.clone())).or_default().push(user);
        }
    }
    let rows = new
        .keys()
        .map(|(day, namespace)| args![*day, namespace])
        .collect();
    let head = "SELECT u.starts_at, u.namespace, COUNT(DISTINCT u.end_user) FROM (";
    let tail = ") AS wanted CROSS JOIN user_rollups AS u WHERE u.granularity = 86400
        AND u.starts_at = wanted.column1 AND u.namespace = wanted.column2
        GROUP BY u.starts_at, u.namespace";
    let counts: Vec<(i64, String, i64)> = tx.many(head, rows, tail).await?;
    let mut counts: HashMap<(i64, String), usize> = counts
        .into_iter()
        .map(|(day, namespace, count)| {
            let count = usize::try_from(count).unwrap_or(MOST_USERS);
            ((day, namespace), count)
        })
        .collect();
    let mut excess = HashSet::new();
    for (group, users) in new {
        let room = MOST_USERS.saturating_sub(counts.remove(&group).unwrap_or(0));
        excess.extend(users.into_iter().skip(room));
    }
    Ok(excess)
}
