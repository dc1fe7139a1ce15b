//! A key as a row, without its secrets.

use crate::model::records::{Key, KeyMember};
use crate::store::columns::{LimitColumns, from_text, from_word, moment, to_text, to_word};
use crate::store::role_overrides::QUOTA_OF_KEY;
use crate::store::{Args, StoreError, args, loaded};
use paddock_core::money::Money;

pub(super) const COLUMNS: &str = "id, name, namespace, role, scopes, allowed_models, requests_per_minute, \
    burst, tokens_per_minute, max_concurrency, monthly_quota, daily_quota, enabled, environment, \
    tags, content_policy_mode, created_at, updated_at, revision, member_id, user_id";

#[derive(sqlx::FromRow)]
pub(super) struct KeyRow {
    pub(super) id: String,
    name: String,
    namespace: String,
    role: String,
    scopes: Option<String>,
    allowed_models: Option<String>,
    #[sqlx(flatten)]
    limits: LimitColumns,
    enabled: bool,
    environment: Option<String>,
    tags: Option<String>,
    content_policy_mode: Option<String>,
    created_at: i64,
    updated_at: i64,
    revision: i64,
    member_id: Option<String>,
    user_id: Option<String>,
    role_quota: Option<i64>,
}

impl TryFrom<KeyRow> for Key {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Key, StoreError> {
        let scopes = row.scopes.as_deref();
        let models = row.allowed_models.as_deref();
        let tags = row.tags.as_deref();
        let mode = row.content_policy_mode.as_deref();
        Ok(Key {
            role: from_word("role", &row.role)?,
            member: row
                .member_id
                .zip(row.user_id)
                .map(|(id, user_id)| KeyMember { id, user_id }),
            role_quota: row.role_quota.map(Money::from_nanos),
            scopes: scopes.map(|text| from_text("scopes", text)).transpose()?,
            allowed_models: models
                .map(|text| from_text("allowed_models", text))
                .transpose()?,
            limits: row.limits.into(),
            enabled: row.enabled,
            tags: tags.map(|text| from_text("tags", text)).transpose()?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            revision: loaded(row.revision),
            id: row.id,
            name: row.name,
            namespace: row.namespace,
            environment: row.environment,
            content_policy_mode: mode
                .map(|word| from_word("content_policy_mode", word))
                .transpose()?,
            secrets: Vec::new(),
        })
    }
}

pub(super) fn select() -> String {
    format!("SELECT {COLUMNS}, {QUOTA_OF_KEY} AS role_quota FROM keys")
}

pub(super) fn values(key: &Key) -> Args {
    args![
        &key.id,
        &key.name,
        &key.namespace,
        to_word(&key.role),
        key.scopes.as_ref().map(to_text),
        key.allowed_models.as_ref().map(to_text),
        key.limits.requests_per_minute,
        key.limits.burst,
        key.limits.tokens_per_minute,
        key.limits.max_concurrency,
        key.limits.monthly_quota,
        key.limits.daily_quota,
        key.enabled,
        key.environment.clone(),
        key.tags.as_ref().map(to_text),
        key.content_policy_mode.as_ref().map(to_word),
        key.created_at,
        key.updated_at,
        key.revision,
        key.member.as_ref().map(|member| member.id.clone()),
        key.member.as_ref().map(|member| member.user_id.clone()),
    ]
}
