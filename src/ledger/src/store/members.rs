//! The members of namespaces.

use super::columns::{from_word, moment, to_word};
use super::{StoreError, Tx, Value, args};
use crate::model::records::Member;
use paddock_core::timestamp::Timestamp;

const SELECT: &str = "SELECT members.id, user_id, email, role, namespace, \
    COALESCE(namespaces.organization, '') AS organization, members.created_at, \
    members.updated_at, removed_at FROM members \
    LEFT JOIN namespaces ON namespaces.name = members.namespace";

#[derive(sqlx::FromRow)]
struct MemberRow {
    id: String,
    user_id: String,
    email: String,
    role: String,
    namespace: String,
    organization: String,
    created_at: i64,
    updated_at: i64,
    removed_at: Option<i64>,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Member, StoreError> {
        Ok(Member {
            role: from_word("role", &row.role)?,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            is_removed: row.removed_at.is_some(),
            id: row.id,
            user_id: row.user_id,
            email: row.email,
            namespace: row.namespace,
            organization: row.organization,
        })
    }
}

/// Which members a list is of.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only this user, or the member of this id.
    pub which: Option<String>,
    /// Only after this id: ids are in the order of their making.
    pub after: String,
    /// At most so many.
    pub limit: u64,
}

/// The members that pass the filter and were not removed, oldest first.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn list(tx: &mut Tx, filter: &Filter) -> Result<Vec<Member>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE removed_at IS NULL AND members.id > $1
        AND ($2 = '' OR namespaces.organization = $2) AND ($3 = '' OR namespace = $3)
        AND ($4 = '' OR user_id = $4 OR members.id = $4) ORDER BY members.id LIMIT $5"
    );
    let values = args![
        &filter.after,
        filter.organization.clone().unwrap_or_default(),
        filter.namespace.clone().unwrap_or_default(),
        filter.which.clone().unwrap_or_default(),
        filter.limit,
    ];
    let rows: Vec<MemberRow> = tx.all(sql, values).await?;
    rows.into_iter().map(Member::try_from).collect()
}

/// The member of that id, also one that was removed.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Member>, StoreError> {
    let sql = format!("{SELECT} WHERE members.id = $1");
    let row: Option<MemberRow> = tx.optional(sql, args![id]).await?;
    row.map(Member::try_from).transpose()
}

/// The member of a namespace that a user is.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_user(
    tx: &mut Tx,
    namespace: &str,
    user_id: &str,
) -> Result<Option<Member>, StoreError> {
    let sql = format!("{SELECT} WHERE removed_at IS NULL AND namespace = $1 AND user_id = $2");
    let row: Option<MemberRow> = tx.optional(sql, args![namespace, user_id]).await?;
    row.map(Member::try_from).transpose()
}

/// The member of a namespace that has an e-mail address, in any case.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_email(
    tx: &mut Tx,
    namespace: &str,
    email: &str,
) -> Result<Option<Member>, StoreError> {
    let sql = format!(
        "{SELECT} WHERE removed_at IS NULL AND namespace = $1 AND lower(email) = lower($2)"
    );
    let row: Option<MemberRow> = tx.optional(sql, args![namespace, email]).await?;
    row.map(Member::try_from).transpose()
}

/// Stores a new member.
///
/// # Errors
/// Where the database refuses; [`StoreError::is_duplicate`] where the user or the address is a
/// member of the namespace already.
pub async fn insert(tx: &mut Tx, member: &Member) -> Result<(), StoreError> {
    let sql = "INSERT INTO members (id, user_id, email, role, namespace, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        &member.id,
        &member.user_id,
        &member.email,
        to_word(&member.role),
        &member.namespace,
        member.created_at,
        member.updated_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Stores a member's address and role.
///
/// # Errors
/// Where the database refuses; [`StoreError::is_duplicate`] where the address is a member of the
/// namespace already.
pub async fn update(tx: &mut Tx, member: &Member) -> Result<(), StoreError> {
    let sql = "UPDATE members SET email = $2, role = $3, updated_at = $4 WHERE id = $1";
    let values = args![
        &member.id,
        &member.email,
        to_word(&member.role),
        member.updated_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Removes a member.
///
/// # Errors
/// Where the database refuses.
pub async fn remove(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE members SET removed_at = $2, updated_at = $2 WHERE id = $1";
    tx.execute(sql, args![id, now]).await?;
    Ok(())
}

/// The e-mail addresses of the members that keys belong or belonged to, by the keys' ids.
///
/// # Errors
/// Where the database refuses.
pub async fn emails_of_keys(
    tx: &mut Tx,
    ids: &[&str],
) -> Result<Vec<(String, String)>, StoreError> {
    let ids: Vec<Value> = ids.iter().map(|id| Value::from(*id)).collect();
    let mut emails = Vec::new();
    for table in ["retired_keys", "keys"] {
        let head = format!(
            "SELECT {table}.id, email FROM {table} JOIN members ON members.id = member_id
            WHERE {table}.id"
        );
        emails.extend(
            tx.among::<(String, String)>(&head, args![], &ids, "")
                .await?,
        );
    }
    Ok(emails)
}
