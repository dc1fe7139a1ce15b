//! What is sent about organizations.

use crate::api::prelude::*;
use crate::http::body::values::TimeZone;
use crate::http::body::variant;
use crate::http::limits::with_limits;
use paddock_core::policy::Priority;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Organization;

/// So many things of a kind.
type Count = Whole<1, 1_000_000>;

with_limits! {
    /// An organization: what is sent changes, the rest stays. A limit that is `null`, or left out of a
    /// new organization, is not set.
    #[schema(example = json!({ "name": "acme", "monthly_quota_usd": 10_000.0 }))]
    pub struct OrganizationBody {
        /// Its name and id, which never changes. Also accepted as `organization`.
        #[serde(alias = "organization")]
        pub(super) name: Option<Option<Name>>,
        /// The models that its namespaces may use, names or aliases; all of them by default.
        allowed_models: Option<Option<Texts>>,
        /// The highest priority that its admins may give a namespace; `standard` by default.
        max_priority: Option<Option<Priority>>,
        /// How many namespaces it may have; as many as come by default.
        max_namespaces: Option<Option<Count>>,
        /// How many keys all its namespaces may have, disabled ones too; as many as come by default.
        max_keys: Option<Option<Count>>,
        /// How many members all its namespaces may have; as many as come by default.
        max_members: Option<Option<Count>>,
        /// Whether the balance of its own account caps what it spends; `true` opens an account.
        prepaid: Option<Option<bool>>,
        /// The IANA time zone whose days and months its quotas are of, and those of its namespaces that name
        /// none; UTC by default.
        time_zone: Option<Option<TimeZone>>,
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
        self.allowed_models.apply(&mut organization.allowed_models);
        self.max_priority.apply(&mut organization.max_priority);
        let ceilings = &mut organization.ceilings;
        self.max_namespaces.apply(&mut ceilings.max_namespaces);
        self.max_keys.apply(&mut ceilings.max_keys);
        self.max_members.apply(&mut ceilings.max_members);
        self.prepaid.set(&mut organization.prepaid);
        let zone = organization.time_zone.clone();
        self.time_zone.apply(&mut organization.time_zone);
        if organization.time_zone != zone {
            organization.calendar_since = now;
        }
        self.tags.apply(&mut organization.tags);
        organization.updated_at = now;
    }
}
