//! What is sent and answered about a budget of an organization.

use crate::api::prelude::*;
use crate::api::spending::{Spending, spending};
use crate::http::body::values::Quotas;
use paddock_core::money::Money;
use paddock_core::policy::{LimitKind, Limits, MAX_BUDGET_LIST};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::shared_budget::SharedBudget;
use paddock_ledger::rules::caps::Budget;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Which calls a budget covers: those that each list has that is there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Covers {
    /// Models, names or aliases; at most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Texts>,
    /// Namespaces of the organization that share it; at most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<Texts>,
    /// Labels, of which the key of a call or its namespace has one: texts, or `name:value`; at most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Texts>,
}

/// Caps for some calls of an organization. At least one cap must be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "covers": { "models": ["gpt-4.1"] }, "monthly_quota_usd": 500.0 }))]
pub struct PutBudget {
    /// Which calls it covers; all of the organization by default.
    covers: Option<Covers>,
    /// Hard cap of a calendar month, in US dollars.
    monthly_quota_usd: Option<Dollars>,
    /// Hard cap of a calendar day, in US dollars.
    daily_quota_usd: Option<Dollars>,
    /// Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and
    /// `last_30_days` with 2 to 366 days, the present one included.
    quotas_usd: Option<Quotas>,
    /// Whether its caps are told in a header and a metric and never refuse; `false` by default.
    soft: Option<bool>,
}

impl PutBudget {
    /// The budget that it describes.
    ///
    /// # Errors
    /// It has no cap, or a list is too long.
    pub fn into_budget(
        self,
        organization: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<SharedBudget, ApiError> {
        let limits = Limits {
            monthly_quota: self.monthly_quota_usd.map(Money::from),
            daily_quota: self.daily_quota_usd.map(Money::from),
            quotas: self.quotas_usd.map_or_else(BTreeMap::new, BTreeMap::from),
            soft_limits: match self.soft {
                Some(true) => vec![LimitKind::Quotas],
                _ => Vec::new(),
            },
            ..Limits::default()
        };
        if !limits.is_budgeted() {
            let message = "Set a cap: 'monthly_quota_usd', 'daily_quota_usd' or 'quotas_usd'.";
            return Err(ApiError::invalid("monthly_quota_usd", message));
        }
        let list = |field: &str, texts: Option<Texts>| {
            let list = texts.map_or_else(Vec::new, Vec::from);
            match list.len() > MAX_BUDGET_LIST {
                true => Err(ApiError::invalid(
                    &format!("covers.{field}"),
                    format!("'covers.{field}' lists at most {MAX_BUDGET_LIST}."),
                )),
                false => Ok(list),
            }
        };
        let covers = self.covers.unwrap_or_default();
        Ok(SharedBudget {
            organization: organization.to_owned(),
            name: name.to_owned(),
            models: list("models", covers.models)?,
            namespaces: list("namespaces", covers.namespaces)?,
            tags: list("tags", covers.tags)?,
            limits,
            by_operator: false,
            created_at: now,
            updated_at: now,
        })
    }
}

/// A budget in JSON.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Budget)]
pub struct BudgetView {
    /// Its name.
    name: String,
    /// What this is.
    object: &'static str,
    /// Its name in refusals.
    scope: String,
    /// The organization.
    organization: String,
    /// Which calls it covers; a list that is absent leaves nothing out.
    covers: Covers,
    /// Hard cap of a calendar month, in US dollars; `null` is none.
    monthly_quota_usd: Option<f64>,
    /// Hard cap of a calendar day, in US dollars; `null` is none.
    daily_quota_usd: Option<f64>,
    /// Hard caps of other periods, in US dollars.
    #[schema(value_type = BTreeMap<String, f64>)]
    quotas_usd: BTreeMap<Cow<'static, str>, f64>,
    /// Whether its caps are told and never enforced.
    soft: bool,
    /// Who set it and may change it: `operator`, or `admin` for the organization's admins and the operator.
    set_by: &'static str,
    /// Each cap, with what is spent of it.
    budgets: Vec<Spending>,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl BudgetView {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A budget, and what is booked and lent under its caps. `knows`: whether what is spent may be told.
    pub fn new(
        budget: &SharedBudget,
        scope: String,
        caps: Option<&Budget>,
        knows: bool,
        now: Timestamp,
    ) -> BudgetView {
        let limits = &budget.limits;
        let caps = caps.map(|caps| spending(caps, limits, knows, |_| "budget", now));
        let quotas = limits.quotas.iter();
        let list = |texts: &[String]| (!texts.is_empty()).then(|| Texts::from(texts.to_vec()));
        BudgetView {
            name: budget.name.clone(),
            object: "budget",
            scope,
            organization: budget.organization.clone(),
            covers: Covers {
                models: list(&budget.models),
                namespaces: list(&budget.namespaces),
                tags: list(&budget.tags),
            },
            monthly_quota_usd: limits.monthly_quota.map(Money::to_dollars),
            daily_quota_usd: limits.daily_quota.map(Money::to_dollars),
            quotas_usd: quotas
                .map(|(period, quota)| (period.name(), quota.to_dollars()))
                .collect(),
            soft: budget.is_soft(),
            set_by: if budget.by_operator {
                "operator"
            } else {
                "admin"
            },
            budgets: caps.unwrap_or_default(),
            created_at: budget.created_at.to_rfc3339(),
            updated_at: budget.updated_at.to_rfc3339(),
        }
    }
}
