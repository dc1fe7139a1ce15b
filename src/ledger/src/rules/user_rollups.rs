//! Usage of end users, summed by model over days, and day blocks. Clients name users as they like, so
//! the number of users kept apart is bounded: the rest of a day are one.

use crate::model::day_blocks::sealed_blocks;
use crate::model::period::DAY;
use crate::model::scope::Scope;
use crate::store::events::EventRow;
use crate::store::user_rollups::{self, Group, Sums, User};
use crate::store::{StoreError, Tx, loaded, stored};
use paddock_core::policy::{SHARED_USER, user_scope};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Most users kept apart in one namespace and day, nearly: batches booked at once by several
/// replicas may each add theirs.
pub const MOST_USERS: u64 = 1_000;

/// Namespace, organization, user as the client has it, model, first second of the day.
type Raw<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, i64);

/// Sums of one booking.
#[derive(Debug, Default)]
pub struct UserRollups<'a>(HashMap<Raw<'a>, Sums>);

/// A user as rollups name them: as in their scope, so short and on one line; empty for nobody.
fn name(namespace: &str, user: Option<&str>) -> String {
    let Some(user) = user else {
        return String::new();
    };
    let scope = user_scope(namespace, user);
    match Scope::parse(&scope) {
        Some(Scope::User(_, name)) => name,
        _ => scope,
    }
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
        let group = (
            row.namespace.as_str(),
            row.organization.as_str(),
            row.end_user.as_deref(),
            row.model.as_str(),
            seconds.saturating_sub(past),
        );
        add(
            self.0.entry(group).or_default(),
            [row.requests(), row.tokens(), row.cost],
        );
    }

    /// Adds the sums to those in the database, where days are sealed until `sealed`.
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
        user_rollups::add(tx, sums).await
    }
}

/// Those users for whom there is no room on their day.
async fn excess(tx: &mut Tx, users: BTreeSet<User>) -> Result<HashSet<User>, StoreError> {
    let known = user_rollups::known(tx, &users).await?;
    let mut new: BTreeMap<(i64, String), Vec<User>> = BTreeMap::new();
    for user in users {
        if !known.contains(&user) {
            new.entry((user.0, user.1.clone())).or_default().push(user);
        }
    }
    let counts = user_rollups::counts(tx, new.keys()).await?;
    let mut excess = HashSet::new();
    for (group, users) in new {
        let room = MOST_USERS.saturating_sub(counts.get(&group).copied().unwrap_or(0));
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        excess.extend(users.into_iter().skip(room));
    }
    Ok(excess)
}
