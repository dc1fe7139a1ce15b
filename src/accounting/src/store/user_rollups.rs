//! Usage of end users, summed by model over days. Users are whatever clients say, so those kept
//! apart are bounded in number.

use super::{StoreError, Tx, Value, args};
use crate::domain::period::{DAY, start_of};
use paddock_core::money::Money;
use paddock_core::policy::{SHARED_USER, user_scope};
use paddock_core::wire::UsageEvent;
use std::collections::{BTreeMap, BTreeSet};

/// Most users kept apart in one namespace and day, nearly: batches booked at once by several
/// replicas may each add theirs.
pub const MOST_USERS: usize = 1_000;

/// Namespace and day.
type Group = (String, u64);

#[derive(Clone, Debug, Default)]
struct Totals {
    organization: String,
    requests: u64,
    tokens: u64,
    cost: Money,
}

/// Sums of one batch.
#[derive(Debug, Default)]
pub struct UserRollups(BTreeMap<Group, BTreeMap<(String, String), Totals>>);

/// A user as rollups name them: as in their scope, so short and on one line; empty for nobody.
fn name(event: &UsageEvent<'_>) -> String {
    let Some(user) = &event.user else {
        return String::new();
    };
    let scope = user_scope(&event.namespace, user);
    let prefix = format!("user:{}/", event.namespace);
    scope.strip_prefix(&prefix).unwrap_or(&scope).to_owned()
}

impl UserRollups {
    /// Counts an event in.
    pub fn add(&mut self, event: &UsageEvent<'_>) {
        let day = start_of(DAY, event.started_at).secs();
        let group = self
            .0
            .entry((event.namespace.to_string(), day))
            .or_default();
        let totals = group
            .entry((name(event), event.model.to_string()))
            .or_default();
        totals.organization = event.organization.to_string();
        totals.add(event);
    }

    /// Adds the sums to those in the database.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn store(self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for ((namespace, day), mut sums) in self.0 {
            bound(tx, &namespace, day, &mut sums).await?;
            for ((user, model), totals) in sums {
                rows.push(args![
                    &namespace,
                    day,
                    user,
                    model,
                    totals.organization,
                    totals.requests,
                    totals.tokens,
                    totals.cost,
                ]);
            }
        }
        let head = "INSERT INTO user_rollups (namespace, starts_at, end_user, model, \
            organization, requests, tokens, cost)";
        let tail = "ON CONFLICT (namespace, starts_at, end_user, model) DO UPDATE SET
            requests = user_rollups.requests + excluded.requests,
            tokens = user_rollups.tokens + excluded.tokens,
            cost = user_rollups.cost + excluded.cost";
        tx.many::<()>(head, rows, tail).await?;
        Ok(())
    }
}

impl Totals {
    fn add(&mut self, event: &UsageEvent<'_>) {
        let tokens = &event.tokens;
        let counts = [
            tokens.input,
            tokens.cached_input,
            tokens.cache_write_5m,
            tokens.cache_write_1h,
            tokens.output,
        ];
        self.requests = self.requests.saturating_add(1);
        self.tokens = counts.into_iter().fold(self.tokens, u64::saturating_add);
        self.cost = self.cost.saturating_add(event.cost);
    }

    fn plus(&mut self, other: &Totals) {
        self.organization.clone_from(&other.organization);
        self.requests = self.requests.saturating_add(other.requests);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.cost = self.cost.saturating_add(other.cost);
    }
}

/// Puts users for whom there is no room in with all others.
async fn bound(
    tx: &mut Tx,
    namespace: &str,
    day: u64,
    sums: &mut BTreeMap<(String, String), Totals>,
) -> Result<(), StoreError> {
    let is_user = |user: &String| !user.is_empty() && user != SHARED_USER;
    let users: BTreeSet<String> = sums
        .keys()
        .map(|(user, _)| user.clone())
        .filter(is_user)
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    let names: Vec<Value> = users.iter().map(Value::from).collect();
    let head = "SELECT DISTINCT end_user FROM user_rollups WHERE namespace = $1
        AND starts_at = $2 AND end_user";
    let known: Vec<(String,)> = tx.among(head, args![namespace, day], &names, "").await?;
    let known: BTreeSet<String> = known.into_iter().map(|(user,)| user).collect();
    let new: Vec<&String> = users.difference(&known).collect();
    if new.is_empty() {
        return Ok(());
    }
    let sql = "SELECT COUNT(DISTINCT end_user) FROM user_rollups WHERE namespace = $1
        AND starts_at = $2";
    let (count,): (i64,) = tx.one(sql, args![namespace, day]).await?;
    let room = MOST_USERS.saturating_sub(usize::try_from(count).unwrap_or(MOST_USERS));
    let excess: BTreeSet<String> = new.into_iter().skip(room).cloned().collect();
    let (kept, shared) = std::mem::take(sums)
        .into_iter()
        .partition(|((user, _), _)| !excess.contains(user));
    *sums = kept;
    let shared: BTreeMap<(String, String), Totals> = shared;
    for ((_, model), totals) in shared {
        let group = (SHARED_USER.to_owned(), model);
        sums.entry(group).or_default().plus(&totals);
    }
    Ok(())
}
