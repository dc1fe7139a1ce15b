//! Namespaces.

use super::columns::to_text;
use super::columns::{LimitColumns, from_text, from_word, moment, to_word};
use super::{StoreError, Tx, Value, args, loaded, policy, user_quotas};
use crate::model::records::Namespace;
use paddock_core::money::Money;
use paddock_core::policy::{NamespacePolicy, Settings};
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: &str = "name, organization, allowed_models, requests_per_minute, burst, \
    tokens_per_minute, max_concurrency, monthly_quota, daily_quota, priority, unknown_price, \
    failure_mode, enabled, tags, created_at, updated_at, revision, user_monthly_quota, \
    settings, routing, throttled_until, weight, prepaid";

#[derive(sqlx::FromRow)]
struct NamespaceRow {
    name: String,
    organization: String,
    allowed_models: Option<String>,
    #[sqlx(flatten)]
    limits: LimitColumns,
    priority: String,
    unknown_price: String,
    failure_mode: String,
    enabled: bool,
    tags: Option<String>,
    created_at: i64,
    updated_at: i64,
    revision: i64,
    user_monthly_quota: Option<i64>,
    settings: Option<String>,
    routing: Option<String>,
    throttled_until: Option<i64>,
    weight: i64,
    prepaid: bool,
}

impl TryFrom<NamespaceRow> for Namespace {
    type Error = StoreError;

    fn try_from(row: NamespaceRow) -> Result<Namespace, StoreError> {
        let models = row.allowed_models.as_deref();
        let tags = row.tags.as_deref();
        let settings = row.settings.as_deref();
        let routing = row.routing.as_deref();
        Ok(Namespace {
            routing: routing.map(|text| from_text("routing", text)).transpose()?,
            settings: settings
                .map(|text| from_text("settings", text))
                .transpose()?
                .unwrap_or_default(),
            allowed_models: models
                .map(|text| from_text("allowed_models", text))
                .transpose()?,
            throttled_until: row.throttled_until.map(moment),
            limits: row.limits.into(),
            user_monthly_quota: row.user_monthly_quota.map(Money::from_nanos),
            priority: from_word("priority", &row.priority)?,
            weight: loaded(row.weight),
            prepaid: row.prepaid,
            unknown_price: from_word("unknown_price", &row.unknown_price)?,
            failure_mode: from_word("failure_mode", &row.failure_mode)?,
            enabled: row.enabled,
            tags: tags.map(|text| from_text("tags", text)).transpose()?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            revision: loaded(row.revision),
            name: row.name,
            organization: row.organization,
        })
    }
}

/// The namespace of that name.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Namespace>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM namespaces WHERE name = $1");
    let row: Option<NamespaceRow> = tx.optional(sql, args![name]).await?;
    row.map(Namespace::try_from).transpose()
}

/// Those of these namespaces that are there.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn named(tx: &mut Tx, names: &BTreeSet<String>) -> Result<Vec<Namespace>, StoreError> {
    let head = format!("SELECT {COLUMNS} FROM namespaces WHERE name");
    let names: Vec<Value> = names.iter().map(Value::from).collect();
    let rows: Vec<NamespaceRow> = tx.among(&head, args![], &names, "").await?;
    rows.into_iter().map(Namespace::try_from).collect()
}

/// The organizations of those namespaces that are there, by the namespace.
///
/// # Errors
/// Where the database refuses.
pub async fn organizations_of(
    tx: &mut Tx,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, StoreError> {
    let head = "SELECT name, organization FROM namespaces WHERE name";
    let names: Vec<Value> = names.iter().map(Value::from).collect();
    let rows: Vec<(String, String)> = tx.among(head, args![], &names, "").await?;
    Ok(rows.into_iter().collect())
}

/// At most `limit` namespaces after `after` in the order of their names, of one organization or
/// of all.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn list(
    tx: &mut Tx,
    organization: Option<&str>,
    after: &str,
    limit: u64,
) -> Result<Vec<Namespace>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM namespaces WHERE name > $1 AND ($2 = '' OR organization = $2)
        ORDER BY name LIMIT $3"
    );
    let values = args![after, organization.unwrap_or_default(), limit];
    let rows: Vec<NamespaceRow> = tx.all(sql, values).await?;
    rows.into_iter().map(Namespace::try_from).collect()
}

/// Those changed after a revision, as gateways know them.
pub(super) async fn changed_since(
    tx: &mut Tx,
    revision: u64,
) -> Result<Vec<NamespacePolicy>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM namespaces WHERE revision > $1 ORDER BY revision");
    let rows: Vec<NamespaceRow> = tx.all(sql, args![revision]).await?;
    let found: Result<Vec<Namespace>, StoreError> =
        rows.into_iter().map(Namespace::try_from).collect();
    policies(tx, &found?).await
}

/// Namespaces as gateways know them.
///
/// # Errors
/// Where the database refuses.
pub async fn policies(
    tx: &mut Tx,
    namespaces: &[Namespace],
) -> Result<Vec<NamespacePolicy>, StoreError> {
    let names: Vec<String> = namespaces.iter().map(|found| found.name.clone()).collect();
    let mut users = user_quotas::of_namespaces(tx, &names).await?;
    let policy = |namespace: &Namespace| {
        let own = users.remove(&namespace.name).unwrap_or_default();
        namespace.policy(own)
    };
    Ok(namespaces.iter().map(policy).collect())
}

/// Stores a new namespace. `false` where the name is taken.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(tx: &mut Tx, namespace: &Namespace) -> Result<bool, StoreError> {
    let sql = format!(
        "INSERT INTO namespaces ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) ON CONFLICT (name) DO NOTHING"
    );
    let inserted = tx.execute(sql, values(namespace)).await? > 0;
    policy::unbury(tx, policy::Deleted::Namespace, &namespace.name).await?;
    Ok(inserted)
}

/// Stores a changed namespace under its name.
///
/// # Errors
/// Where the database refuses.
pub async fn update(tx: &mut Tx, namespace: &Namespace) -> Result<(), StoreError> {
    let sql = "UPDATE namespaces SET organization = $2, allowed_models = $3,
        requests_per_minute = $4, burst = $5, tokens_per_minute = $6, max_concurrency = $7,
        monthly_quota = $8, daily_quota = $9, priority = $10, unknown_price = $11,
        failure_mode = $12, enabled = $13, tags = $14, created_at = $15, updated_at = $16,
        revision = $17, user_monthly_quota = $18, settings = $19, routing = $20,
        throttled_until = $21, weight = $22, prepaid = $23
        WHERE name = $1";
    tx.execute(sql, values(namespace)).await?;
    Ok(())
}

/// Deletes a namespace that has no keys.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(tx: &mut Tx, name: &str, revision: u64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM namespaces WHERE name = $1", args![name])
        .await?;
    policy::bury(tx, policy::Deleted::Namespace, name, revision).await
}

fn values(namespace: &Namespace) -> super::Args {
    let limits = &namespace.limits;
    args![
        &namespace.name,
        &namespace.organization,
        namespace.allowed_models.as_ref().map(to_text),
        limits.requests_per_minute,
        limits.burst,
        limits.tokens_per_minute,
        limits.max_concurrency,
        limits.monthly_quota,
        limits.daily_quota,
        to_word(&namespace.priority),
        to_word(&namespace.unknown_price),
        to_word(&namespace.failure_mode),
        namespace.enabled,
        namespace.tags.as_ref().map(to_text),
        namespace.created_at,
        namespace.updated_at,
        namespace.revision,
        namespace.user_monthly_quota,
        (namespace.settings != Settings::default()).then(|| to_text(&namespace.settings)),
        namespace.routing.as_ref().map(to_text),
        namespace.throttled_until,
        namespace.weight,
        namespace.prepaid,
    ]
}

/// The tags of namespaces by their names: JSON, where they have any.
///
/// # Errors
/// Where the database refuses.
pub async fn tags(tx: &mut Tx, names: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    let names: Vec<super::Value> = names.iter().map(|name| (*name).into()).collect();
    let head = "SELECT name, tags FROM namespaces WHERE tags IS NOT NULL AND name";
    tx.among(head, args![], &names, "").await
}
