//! The members of namespaces.

use super::record::{record, select};
use super::{StoreError, Tx, args};
use crate::model::Member;
use paddock_core::timestamp::Timestamp;

record! {
    Member in "members" { id, user_id, email, role, namespace, created_at, updated_at }
    reads {
        organization = "COALESCE((SELECT organization FROM namespaces \
            WHERE namespaces.name = members.namespace), '')",
        is_removed = "removed_at IS NOT NULL",
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
    /// Only after this id: ids are in the order in which members were added.
    pub after: String,
    /// At most so many.
    pub limit: u64,
}

/// The members that pass the filter and were not removed, oldest first.
pub async fn list(tx: &mut Tx, filter: &Filter) -> Result<Vec<Member>, StoreError> {
    let sql = select::<Member>(
        "WHERE removed_at IS NULL AND id > $1 AND ($2 = '' OR namespace IN (
            SELECT name FROM namespaces WHERE organization = $2))
        AND ($3 = '' OR namespace = $3) AND ($4 = '' OR user_id = $4 OR id = $4)
        ORDER BY id LIMIT $5",
    );
    let values = args![
        filter.after,
        filter.organization.as_deref().unwrap_or_default(),
        filter.namespace.as_deref().unwrap_or_default(),
        filter.which.as_deref().unwrap_or_default(),
        filter.limit,
    ];
    tx.all(sql, values).await
}

/// The member of that id, also one that was removed.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Member>, StoreError> {
    tx.optional(select::<Member>("WHERE id = $1"), args![id])
        .await
}

/// The member of a namespace that a user is.
pub async fn of_user(
    tx: &mut Tx,
    namespace: &str,
    user_id: &str,
) -> Result<Option<Member>, StoreError> {
    let sql = select::<Member>("WHERE removed_at IS NULL AND namespace = $1 AND user_id = $2");
    tx.optional(sql, args![namespace, user_id]).await
}

/// The member of a namespace that has an e-mail address, in any case.
pub async fn of_email(
    tx: &mut Tx,
    namespace: &str,
    email: &str,
) -> Result<Option<Member>, StoreError> {
    let sql = select::<Member>(
        "WHERE removed_at IS NULL AND namespace = $1 AND lower(email) = lower($2)",
    );
    tx.optional(sql, args![namespace, email]).await
}

/// Stores a new member.
///
/// # Errors
/// [`StoreError::is_duplicate`] if the user or the address is a member of the namespace already.
pub async fn insert(tx: &mut Tx, member: &Member) -> Result<(), StoreError> {
    tx.insert(member).await
}

/// Stores a member's address and role.
///
/// # Errors
/// [`StoreError::is_duplicate`] if the address is a member of the namespace already.
pub async fn update(tx: &mut Tx, member: &Member) -> Result<(), StoreError> {
    tx.update(member).await
}

/// Removes a member.
pub async fn remove(tx: &mut Tx, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE members SET removed_at = $2, updated_at = $2 WHERE id = $1";
    tx.execute(sql, args![id, now]).await?;
    Ok(())
}

/// The e-mail addresses of the members that keys belong or belonged to, by the keys' ids.
pub async fn emails_of_keys(
    tx: &mut Tx,
    ids: &[&str],
) -> Result<Vec<(String, String)>, StoreError> {
    let mut emails = Vec::new();
    for table in ["retired_keys", "keys"] {
        let head = format!(
            "SELECT {table}.id, email FROM {table} JOIN members ON members.id = member_id
            WHERE {table}.id"
        );
        emails.extend(
            tx.among::<(String, String)>(&head, args![], ids, "")
                .await?,
        );
    }
    Ok(emails)
}
