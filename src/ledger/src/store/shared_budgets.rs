//! What organizations set for some of their calls.

use super::record::{columns, insert_into, or_replace, record, select};
use super::spend::SetCaps;
use super::{StoreError, Tx, args};
use crate::model::shared_budget::SharedBudget;
use std::collections::{BTreeSet, HashMap};

record! {
    SharedBudget in "budgets" {
        organization, name, models, namespaces, tags, limits, by_operator, created_at, updated_at,
    }
}

/// Those of each of these organizations, in the order of their names; one that has none is absent.
pub async fn of(
    tx: &mut Tx,
    organizations: &[&str],
) -> Result<HashMap<String, Vec<SharedBudget>>, StoreError> {
    let head = select::<SharedBudget>("WHERE organization");
    let mut rows: Vec<SharedBudget> = tx.among(&head, args![], organizations, "").await?;
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let mut found: HashMap<String, Vec<SharedBudget>> = HashMap::new();
    for row in rows {
        found.entry(row.organization.clone()).or_default().push(row);
    }
    Ok(found)
}

/// The caps of budgets, each named by its organization and its name; the name of the set is the latter.
pub async fn caps(
    tx: &mut Tx,
    budgets: &[(&str, &str)],
) -> Result<Vec<(String, SetCaps)>, StoreError> {
    let organizations: BTreeSet<&str> = budgets.iter().map(|(of, _)| *of).collect();
    let head =
        "SELECT budgets.organization, budgets.name, budgets.monthly_quota, budgets.daily_quota,
            CAST(NULL AS BIGINT), FALSE, budgets.quotas, organizations.time_zone,
            organizations.calendar_since
        FROM budgets JOIN organizations ON organizations.name = budgets.organization
        WHERE budgets.organization";
    let organizations: Vec<&str> = organizations.into_iter().collect();
    let mut rows: Vec<(String, SetCaps)> = tx.among(head, args![], &organizations, "").await?;
    rows.retain(|(of, set)| budgets.contains(&(of.as_str(), set.name.as_str())));
    Ok(rows)
}

/// Stores a budget, in place of what it was before.
pub async fn put(tx: &mut Tx, budget: &SharedBudget) -> Result<(), StoreError> {
    let names = columns::<SharedBudget>();
    let sql = insert_into("budgets", &names) + &or_replace(&["organization", "name"], &names);
    tx.execute(sql, args![budget]).await?;
    Ok(())
}

/// Deletes a budget. What was booked to it stays.
pub async fn delete(tx: &mut Tx, organization: &str, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM budgets WHERE organization = $1 AND name = $2";
    tx.execute(sql, args![organization, name]).await?;
    Ok(())
}
