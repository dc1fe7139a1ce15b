//! Quotas of end users.

use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

/// What one end user of a namespace may spend.
#[derive(Clone, Debug)]
pub struct UserQuota {
    /// The namespace.
    pub namespace: String,
    /// The user, as requests name them.
    pub user: String,
    /// Hard monthly cap.
    pub monthly_quota: Money,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub updated_at: Timestamp,
}
