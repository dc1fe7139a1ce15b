//! Groups of usage: those the sums have, and those made of them.

use super::selection::{Asked, GroupBy};
use crate::api::cost_attribution::user_label;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::store::costs::RollupInterval;
use paddock_ledger::store::usage::{self, Dimension, GroupUsed, Order, Used};
use paddock_ledger::store::{StoreError, Tx, catalog, keys, tags};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Rows read at once of groups that are made of others.
const ALL: u64 = 100_000;

/// A group, with what people call it.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id: a name, or the id of a key.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The namespace of a key.
    pub namespace: Option<String>,
    /// The organization of a namespace or a key.
    pub organization: Option<String>,
    /// What it used.
    pub used: Used,
}

/// Which groups the sums are in, and what becomes of them.
#[derive(Debug)]
pub enum Grouping {
    /// They are the groups.
    Same(Dimension),
    /// Each is a part of those groups.
    Made(Dimension, HashMap<String, Vec<String>>),
}

impl Grouping {
    /// The grouping that was asked for.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn load(
        tx: &mut Tx,
        asked: &Asked,
        intervals: &[RollupInterval],
    ) -> Result<Grouping, StoreError> {
        Ok(match asked.group_by {
            GroupBy::Namespace => Grouping::Same(Dimension::Namespace),
            GroupBy::Organization => Grouping::Same(Dimension::Organization),
            GroupBy::Model => Grouping::Same(Dimension::Model),
            GroupBy::Key => Grouping::Same(Dimension::Key),
            GroupBy::User => Grouping::Same(Dimension::User),
            GroupBy::Upstream => {
                let models = catalog::load(tx).await?.models.into_iter();
                let upstreams = models.map(|model| (model.name, vec![model.upstream]));
                Grouping::Made(Dimension::Model, upstreams.collect())
            }
            GroupBy::Tag => {
                let (sets, _) = usage::by_group(
                    tx,
                    (Dimension::TagSet, &[]),
                    &asked.selection,
                    intervals,
                    (Order::Name, ALL, 0),
                )
                .await?;
                let ids: BTreeSet<&str> = sets.iter().map(|set| set.group.as_str()).collect();
                let sets = tags::sets(tx, &ids).await?.into_iter();
                let prefix = asked.tag_key.as_ref().map(|key| format!("{key}:"));
                let of_key = |label: String| match &prefix {
                    None => Some(label),
                    Some(prefix) => label.strip_prefix(prefix).map(str::to_owned),
                };
                let labels = sets.map(|set| {
                    let labels = set.labels().into_iter().filter_map(of_key);
                    (set.id.clone(), labels.collect())
                });
                Grouping::Made(Dimension::TagSet, labels.collect())
            }
        })
    }

    /// The groups, the first of an order, after the first `offset`; and how many there are.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn groups(
        &self,
        tx: &mut Tx,
        asked: &Asked,
        intervals: &[RollupInterval],
        (order, limit, offset): (Order, u64, u64),
    ) -> Result<(Vec<Group>, u64), StoreError> {
        let selection = &asked.selection;
        match self {
            Grouping::Same(dimension) => {
                let page = (order, limit, offset);
                let (found, all) =
                    usage::by_group(tx, (*dimension, &[]), selection, intervals, page).await?;
                Ok((named(tx, *dimension, found).await?, all))
            }
            Grouping::Made(dimension, made) => {
                let whole = (Order::Name, ALL, 0);
                let (found, _) =
                    usage::by_group(tx, (*dimension, &[]), selection, intervals, whole).await?;
                let mut sums: BTreeMap<String, Used> = BTreeMap::new();
                for row in found {
                    for group in made.get(&row.group).into_iter().flatten() {
                        let sum = sums.entry(group.clone()).or_default();
                        *sum = sum.plus(row.used);
                    }
                }
                let mut groups: Vec<Group> = sums
                    .into_iter()
                    .map(|(name, used)| Group {
                        id: name.clone(),
                        name,
                        namespace: None,
                        organization: None,
                        used,
                    })
                    .collect();
                sort(&mut groups, order);
                let all = u64::try_from(groups.len()).unwrap_or(u64::MAX);
                Ok((page(groups, limit, offset), all))
            }
        }
    }

    /// What some groups used, by interval and group.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn steps(
        &self,
        tx: &mut Tx,
        asked: &Asked,
        groups: &[String],
        interval: RollupInterval,
    ) -> Result<Vec<(Timestamp, String, Used)>, StoreError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let selection = &asked.selection;
        match self {
            Grouping::Same(dimension) => {
                usage::by_step(tx, Some((*dimension, groups)), selection, interval).await
            }
            Grouping::Made(dimension, made) => {
                let rows = usage::by_step(tx, Some((*dimension, &[])), selection, interval).await?;
                let mut all = Vec::with_capacity(rows.len());
                for (at, part, used) in rows {
                    let own = made.get(&part).into_iter().flatten();
                    let own = own.filter(|group| groups.contains(group));
                    all.extend(own.map(|group| (at, group.clone(), used)));
                }
                Ok(all)
            }
        }
    }

    /// What groups of the sums used, by their ids; of groups that are made, nothing.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn used(
        &self,
        tx: &mut Tx,
        asked: &Asked,
        groups: &[String],
        intervals: &[RollupInterval],
    ) -> Result<HashMap<String, Used>, StoreError> {
        let all = match self {
            Grouping::Same(_) if groups.is_empty() => Vec::new(),
            Grouping::Same(dimension) => {
                let whole = (Order::Name, ALL, 0);
                let groups = (*dimension, groups);
                let (found, _) =
                    usage::by_group(tx, groups, &asked.selection, intervals, whole).await?;
                let found = found.into_iter();
                found.map(|row| (row.group, row.used)).collect()
            }
            Grouping::Made(..) => {
                let whole = (Order::Name, ALL, 0);
                let (found, _) = self.groups(tx, asked, intervals, whole).await?;
                found
                    .into_iter()
                    .map(|group| (group.id, group.used))
                    .collect::<Vec<_>>()
            }
        };
        Ok(all.into_iter().collect())
    }
}

/// Puts groups into an order; those that are equal by name.
pub fn sort(groups: &mut [Group], order: Order) {
    groups.sort_by(|a, b| {
        let first = match order {
            Order::Cost => b.used.cost.cmp(&a.used.cost),
            Order::Requests => b.used.requests.cmp(&a.used.requests),
            Order::Tokens => b.used.tokens.cmp(&a.used.tokens),
            Order::Name => core::cmp::Ordering::Equal,
        };
        first.then_with(|| a.name.cmp(&b.name))
    });
}

/// Some rows after the first ones.
pub fn page<T>(rows: Vec<T>, limit: u64, offset: u64) -> Vec<T> {
    let [limit, offset] = [limit, offset].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    rows.into_iter().skip(offset).take(limit).collect()
}

async fn named(
    tx: &mut Tx,
    dimension: Dimension,
    found: Vec<GroupUsed>,
) -> Result<Vec<Group>, StoreError> {
    let names: HashMap<String, String> = match dimension {
        Dimension::Key => {
            let ids: Vec<&str> = found.iter().map(|row| row.group.as_str()).collect();
            keys::names(tx, &ids).await?.into_iter().collect()
        }
        _ => HashMap::new(),
    };
    let group = |row: GroupUsed| {
        let name = match dimension {
            Dimension::Key => names.get(&row.group).unwrap_or(&row.group).clone(),
            Dimension::User => user_label(&row.group).to_owned(),
            _ => row.group.clone(),
        };
        let has_organization = matches!(dimension, Dimension::Key | Dimension::Namespace);
        Group {
            id: row.group,
            name,
            namespace: (dimension == Dimension::Key).then_some(row.namespace),
            organization: has_organization.then_some(row.organization),
            used: row.used,
        }
    };
    Ok(found.into_iter().map(group).collect())
}
