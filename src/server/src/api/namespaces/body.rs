//! What is sent about namespaces.

use crate::api::prelude::*;
use crate::http::body::values::TimeZone;
use crate::http::body::variant;
use crate::http::limits::with_limits;
use paddock_core::policy::{FailureMode, MAX_WEIGHT, Priority, UnknownPrice};
use paddock_ledger::model::Namespace;

/// The share of an upstream's limit.
type Weight = Whole<1, MAX_WEIGHT>;

with_limits! {
    /// A namespace: what is sent changes, the rest stays. A limit that is `null`, or left out of a new
    /// namespace, is the organization's.
    #[schema(example = json!({
        "name": "search", "monthly_quota_usd": 500.0, "rate_limit_per_minute": 1200,
        "allowed_models": ["gpt-4.1", "claude-sonnet-4.5"], "priority": "standard",
    }))]
    pub struct NamespaceBody {
        /// Its identity, which never changes. Also accepted as `namespace`, and as that one's synonyms.
        #[serde(alias = "namespace")]
        pub(super) name: Option<Option<Name>>,
        /// The organization it belongs to; the caller's own by default. If the operator names a new one for a
        /// new namespace, it is created. The operator may move a namespace to another organization that
        /// exists.
        pub(super) organization: Option<Option<Name>>,
        /// The models it may use, names or aliases; all of them by default.
        allowed_models: Option<Option<Texts>>,
        /// Which requests go first if several wait.
        priority: Option<Option<Priority>>,
        /// Its share of an upstream's limit, beside others of its priority; 1 by default.
        weight: Option<Option<Weight>>,
        /// Whether models without a price are refused, which is the default, or free.
        unknown_price: Option<Option<UnknownPrice>>,
        /// What happens to requests while the service does not answer.
        failure_mode: Option<Option<FailureMode>>,
        /// Whether its keys are accepted.
        enabled: Option<Option<bool>>,
        /// Whether the balance of its account is a cap; `true` opens an account.
        prepaid: Option<Option<bool>>,
        /// The IANA time zone whose days and months the quotas of the namespace, its keys and its users are of;
        /// the organization's by default.
        time_zone: Option<Option<TimeZone>>,
        /// Labels.
        tags: Option<Option<Tags>>,
        /// Hard cap of a month for each end user that has none of their own, in US dollars.
        user_monthly_quota_usd: Option<Option<Dollars>>,
    }
}

variant! {
    /// A new namespace. A limit that is left out is the organization's.
    CreateNamespace = NamespaceBody, requires ["name"], without []
}

variant! {
    /// What changes of a namespace: what is sent. A limit that is `null` becomes the organization's.
    UpdateNamespace = NamespaceBody, requires [], without ["name"]
}

impl NamespaceBody {
    /// Changes a namespace.
    pub fn apply(self, namespace: &mut Namespace) {
        self.limits().apply(&mut namespace.limits);
        self.allowed_models.apply(&mut namespace.allowed_models);
        self.priority.set(&mut namespace.priority);
        self.weight.set_or(&mut namespace.weight, 1);
        self.unknown_price.set(&mut namespace.unknown_price);
        self.failure_mode.set(&mut namespace.failure_mode);
        self.enabled.set(&mut namespace.enabled);
        self.prepaid.set(&mut namespace.prepaid);
        self.time_zone.apply(&mut namespace.time_zone);
        self.tags.apply(&mut namespace.tags);
        self.user_monthly_quota_usd
            .apply(&mut namespace.user_monthly_quota);
    }

    /// The organization that a namespace is to go to, if it is another.
    ///
    /// # Errors
    /// 400 if the namespace would get another name, or no organization.
    pub fn moves_to(&self, namespace: &Namespace) -> Result<Option<String>, ApiError> {
        let own = namespace.name.as_str();
        let name = self.name.as_ref().map(Option::as_ref);
        if name.is_some_and(|sent| sent.is_none_or(|sent| sent.as_ref() != own)) {
            let message = "A namespace's name is its identity: it cannot be changed.";
            return Err(ApiError::invalid("name", message));
        }
        match &self.organization {
            Some(None) => {
                let message =
                    "A namespace belongs to an organization: name one, or leave this out.";
                Err(ApiError::invalid("organization", message))
            }
            Some(Some(sent)) if sent.as_ref() != namespace.organization => {
                Ok(Some(sent.as_ref().to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// Which of its quotas, monthly and daily, a body changes.
    pub fn changes_quotas(&self) -> (bool, bool) {
        (
            self.monthly_quota_usd.is_some(),
            self.daily_quota_usd.is_some(),
        )
    }
}
