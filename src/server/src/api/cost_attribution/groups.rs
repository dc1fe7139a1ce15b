//! Costs by team, key, user, tag or model.

use paddock_core::money::Money;
use paddock_core::policy::SHARED_USER;
use paddock_ledger::store::costs::{self, KeyModelSums, Reach, RollupInterval};
use paddock_ledger::store::reports::Sums;
use paddock_ledger::store::{StoreError, Tx, keys, tag_rollups, tags};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;

/// What has no tag, and what names no user.
const NONE: &str = "(none)";
/// Users beyond those that are counted one by one.
pub const OTHERS: &str = "(others)";

/// What costs are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// Namespaces.
    Team,
    /// The same.
    Namespace,
    /// The same.
    Project,
    /// Keys, by name; if two have the same name, `NAMESPACE/NAME`.
    Key,
    /// End users.
    User,
    /// The labels that keys and namespaces had when the calls were made. What has two counts under both.
    Tag,
    /// Models.
    Model,
}

/// Sums by group and model.
pub type Groups = BTreeMap<String, BTreeMap<String, Sums>>;

fn add(groups: &mut Groups, group: &str, model: String, sums: Sums) {
    let models = groups.entry(group.to_owned()).or_default();
    let sum = models.entry(model).or_default();
    *sum = sum.plus(sums);
}

/// The sums of some pieces of time.
///
/// # Errors
/// If the database does not answer.
pub async fn sums(
    tx: &mut Tx,
    group_by: GroupBy,
    reach: &Reach,
    pieces: &[RollupInterval],
) -> Result<Groups, StoreError> {
    let mut groups = Groups::new();
    match group_by {
        GroupBy::Team | GroupBy::Namespace | GroupBy::Project => {
            for (namespace, model, sums) in costs::by_namespace(tx, reach, pieces).await? {
                add(&mut groups, &namespace, model, sums);
            }
        }
        GroupBy::Model => {
            for (_, model, sums) in costs::by_namespace(tx, reach, pieces).await? {
                add(&mut groups, &model.clone(), model, sums);
            }
        }
        GroupBy::User => {
            for (user, model, sums) in costs::by_user(tx, reach, pieces).await? {
                add(&mut groups, user_label(&user), model, sums);
            }
        }
        GroupBy::Key => {
            let rows = costs::by_key(tx, reach, pieces).await?;
            let labels = key_labels(tx, &rows).await?;
            for row in rows {
                let label = labels.get(&row.key).unwrap_or(&row.key);
                add(&mut groups, label, row.model, row.sums);
            }
        }
        GroupBy::Tag => {
            let tagged = tag_rollups::by_set(tx, reach, pieces).await?;
            let ids: BTreeSet<&str> = tagged.iter().map(|(id, ..)| id.as_str()).collect();
            let sets = tags::sets(tx, &ids).await?.into_iter();
            let labels: HashMap<String, BTreeSet<String>> =
                sets.map(|set| (set.id.clone(), set.labels())).collect();
            let mut untagged: BTreeMap<String, Sums> = BTreeMap::new();
            for (_, model, sums) in costs::by_namespace(tx, reach, pieces).await? {
                let sum = untagged.entry(model).or_default();
                *sum = sum.plus(sums);
            }
            for (id, model, sums) in tagged {
                // An empty list of tags is none.
                let own = labels.get(&id).filter(|own| !own.is_empty());
                if let (Some(_), Some(rest)) = (own, untagged.get_mut(&model)) {
                    *rest = rest.minus(sums);
                }
                for tag in own.into_iter().flatten() {
                    add(&mut groups, tag, model.clone(), sums);
                }
            }
            let is_some = |sums: &Sums| sums.requests > 0 || sums.cost != Money::ZERO;
            for (model, sums) in untagged.into_iter().filter(|(_, sums)| is_some(sums)) {
                add(&mut groups, NONE, model, sums);
            }
        }
    }
    Ok(groups)
}

/// A user of the rollups as reports name them.
pub fn user_label(user: &str) -> &str {
    match user {
        "" => NONE,
        SHARED_USER => OTHERS,
        user => user,
    }
}

/// The labels of keys: their names, with the namespace if a name is not unique, and the id if the name is
/// not known.
pub async fn key_labels(
    tx: &mut Tx,
    rows: &[KeyModelSums],
) -> Result<HashMap<String, String>, StoreError> {
    let namespaces: BTreeMap<&str, &str> = rows
        .iter()
        .map(|row| (row.key.as_str(), row.namespace.as_str()))
        .collect();
    let ids: Vec<&str> = namespaces.keys().copied().collect();
    let names: HashMap<String, String> = keys::names(tx, &ids).await?.into_iter().collect();
    let mut uses: HashMap<&str, u64> = HashMap::new();
    for name in names.values() {
        let count = uses.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut labels = HashMap::with_capacity(namespaces.len());
    for (id, namespace) in namespaces {
        let label = match names.get(id) {
            None => id.to_owned(),
            Some(name) if uses.get(name.as_str()) == Some(&1) => name.clone(),
            Some(name) => format!("{namespace}/{name}"),
        };
        // A deleted key may have had the name that another has now.
        let label = if taken.contains(&label) {
            format!("{label} ({id})")
        } else {
            label
        };
        taken.insert(label.clone());
        labels.insert(id.to_owned(), label);
    }
    Ok(labels)
}
