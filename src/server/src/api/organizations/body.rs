//! What is sent about organizations.

use crate::api::prelude::*;
use crate::http::body::variant;
use crate::http::limits::with_limits;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Organization;

with_limits! {
    /// An organization: what is sent changes, the rest stays. A limit that is `null`, or left out of a
    /// new organization, is not set.
    #[schema(example = json!({ "name": "acme", "monthly_quota_usd": 10_000.0 }))]
    pub struct OrganizationBody {
        /// Its name and id, which never changes. Also accepted as `organization`.
        #[serde(alias = "organization")]
        pub(super) name: Option<Option<Name>>,
        /// Whether the balance of its own account caps what it spends; `true` opens an account.
        prepaid: Option<Option<bool>>,
        /// Labels.
        tags: Option<Option<Tags>>,
    }
}

variant! {
    /// A new organization. A limit that is left out is not set.
    CreateOrganization = OrganizationBody, requires ["name"], without []
}

variant! {
    /// What changes of an organization: what is sent. A limit that is `null` is not set any more.
    UpdateOrganization = OrganizationBody, requires [], without ["name"]
}

impl OrganizationBody {
    /// Changes an organization.
    pub fn apply(self, organization: &mut Organization, now: Timestamp) {
        self.limits().apply(&mut organization.limits);
        self.prepaid.set(&mut organization.prepaid);
        self.tags.apply(&mut organization.tags);
        organization.updated_at = now;
    }
}
