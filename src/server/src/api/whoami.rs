//! `GET /v1/whoami`: who the caller is, what it may do, and what it has left.

use super::prices::PriceView;
use super::spending::{Spending, spending};
use crate::api::prelude::*;
use paddock_core::policy::{Catalog, EndpointScope, LimitKind, Limits};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use paddock_ledger::model::Key;

use paddock_ledger::model::roles::{self, Powers};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::model::shared_budget::SharedBudget;
use paddock_ledger::model::tag_set::labels_of;
use paddock_ledger::rules::caps;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, catalog};

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub struct Identity {
    /// What this is.
    object: &'static str,
    /// `operator`, or the role of the key.
    role: String,
    /// Which of the operator's keys it is; `null` if it has no name, and for all others.
    operator: Option<String>,
    /// The key; `null` for the operator.
    key: Option<OwnKey>,
    /// The namespace's name; `null` for the operator.
    namespace: Option<String>,
    /// The organization's name; `null` for the operator.
    organization: Option<String>,
    /// What it may do.
    rights: Rights,
    /// The levels that limit it: the key, its namespace, its organization, and the budgets of the organization
    /// that cover its calls, or those of the models that they name. A call must fit into each.
    scopes: Vec<Level>,
    /// The models it may use, with their prices.
    models: Vec<PriceView>,
}

/// The caller's own key.
#[derive(Debug, Serialize, ToSchema)]
struct OwnKey {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The user who is the member that it belongs to.
    user_id: Option<String>,
    /// When its secret expires; `null` is never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// What the caller may do.
#[derive(Debug, Serialize, ToSchema)]
struct Rights {
    /// The endpoints it may use.
    allowed_endpoints: Vec<EndpointScope>,
    /// Whether it manages members, and narrows other roles.
    can_manage_users: bool,
    /// Whether it reads usage, costs and the audit.
    can_view_analytics: bool,
    /// Whether it creates keys, and rotates them.
    can_create_api_keys: bool,
}

/// One level, and the limits that are set there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitedLevel)]
struct Level {
    /// Its name in refusals.
    scope: String,
    /// Its name for people.
    name: String,
    /// Caps of money; empty if none is set.
    budgets: Vec<Spending>,
    /// Rates and concurrency; empty if none is set.
    rates: Vec<RateLimit>,
}

/// A limit that is no money.
#[derive(Debug, Serialize, ToSchema)]
struct RateLimit {
    /// Which.
    limit: &'static str,
    /// How much: a minute, or at once.
    value: u64,
    /// Whether it is told and never enforced.
    soft: bool,
}

/// Shows who the caller is, what it may do and what it has left
///
/// To any key, about itself. Only limits that are set are listed: where there is none, nothing is limited.
#[utoipa::path(
    get, path = "/v1/whoami", tag = "keys", operation_id = "whoami",
    responses(
        (status = 200, description = "Who it is.", body = Identity)
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
) -> Result<Json<Identity>, ApiError> {
    let now = app.now();
    let mut tx = app.store.read().await?;
    let catalog = catalog::load(&mut tx).await?;
    let holder = match &caller {
        Caller::Operator(own) => return Ok(Json(operator(own, &catalog, now))),
        Caller::Holder(holder) => holder,
    };
    let powers = holder.powers();
    let key = &holder.key;
    let namespace = holder.namespace.clone();
    let context = NamespaceContext::of(&mut tx, namespace, &app.config.organization).await?;
    let endpoints = roles::endpoints(key.role, holder.narrowed.as_ref()).into_iter();
    let own = key.scopes.as_ref();
    let endpoints = endpoints.filter(|scope| own.is_none_or(|own| own.contains(scope)));
    let rights = Rights {
        allowed_endpoints: endpoints.collect(),
        can_manage_users: powers.manage_users,
        can_view_analytics: powers.view_analytics,
        can_create_api_keys: powers.create_api_keys,
    };
    let scopes = levels(&app, &mut tx, &caller, key, &context, now).await?;
    let models = match key.role.allows(EndpointScope::Chat) {
        true => context.allowed_models(Some(key), &catalog),
        false => Vec::new(),
    };
    let models = models.iter().filter_map(|name| catalog.resolve(name));
    let expires_at = key.secrets.iter().find(|secret| secret.is_primary);
    let expires_at = expires_at.and_then(|secret| secret.expires_at);
    Ok(Json(Identity {
        object: "identity",
        role: key.role.name().to_owned(),
        operator: None,
        key: Some(OwnKey {
            id: key.id.clone(),
            name: key.name.clone(),
            user_id: key.member.as_ref().map(|member| member.user_id.clone()),
            expires_at: expires_at.map(|at| at.to_rfc3339()),
        }),
        namespace: Some(key.namespace.clone()),
        organization: Some(context.organization.name.clone()),
        rights,
        scopes,
        models: models.map(|model| PriceView::at(model, now)).collect(),
    }))
}

/// The operator is limited by nothing.
fn operator(own: &Operator, catalog: &Catalog, now: Timestamp) -> Identity {
    let models = catalog.models.iter();
    Identity {
        object: "identity",
        role: "operator".to_owned(),
        operator: own.name.clone(),
        key: None,
        namespace: None,
        organization: None,
        rights: Rights {
            allowed_endpoints: EndpointScope::ALL.to_vec(),
            can_manage_users: Powers::ALL.manage_users,
            can_view_analytics: Powers::ALL.view_analytics,
            can_create_api_keys: Powers::ALL.create_api_keys,
        },
        scopes: Vec::new(),
        models: models.map(|model| PriceView::at(model, now)).collect(),
    }
}

async fn levels(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    key: &Key,
    context: &NamespaceContext,
    now: Timestamp,
) -> Result<Vec<Level>, ApiError> {
    let [namespace, organization] = context.scopes();
    let scopes = [Scope::Key(key.id.clone()), namespace, organization];
    let budgets = caps::look(tx, &app.config.terms, &scopes, now).await?;
    let may_view = caller.may_view_analytics().is_ok();
    let knows_all = may_view && caller.may_manage().is_ok();
    let own = &key.limits_in_force();
    let from_role = own.monthly_quota != key.limits.monthly_quota;
    let (team, above) = (&context.namespace.limits, &context.organization.limits);
    let levels = [
        ("key", key.name.as_str(), own, may_view),
        ("namespace", &context.namespace.name, team, may_view),
        ("organization", &context.organization.name, above, knows_all),
    ];
    let level = |(scope, (kind, name, limits, knows)): (&Scope, (_, &str, &Limits, bool))| {
        let scope = scope.to_string();
        let set_by = |period| match (kind, period) {
            ("key", CapPeriod::Monthly) if from_role => "role",
            _ => kind,
        };
        let budget = budgets.get(&scope);
        let budgets = budget.map(|budget| spending(budget, limits, knows, set_by, now));
        Level {
            scope,
            name: name.to_owned(),
            budgets: budgets.unwrap_or_default(),
            rates: rates(limits),
        }
    };
    let mut levels: Vec<Level> = scopes.iter().zip(levels).map(level).collect();
    levels.extend(shared(app, tx, key, context, knows_all, now).await?);
    Ok(levels)
}

/// The budgets of the organization that cover calls of this key, of some models or of all.
async fn shared(
    app: &App,
    tx: &mut Tx,
    key: &Key,
    context: &NamespaceContext,
    knows: bool,
    now: Timestamp,
) -> Result<Vec<Level>, ApiError> {
    let namespace = &context.namespace;
    let mut labels = labels_of(key.tags.as_ref());
    labels.extend(labels_of(namespace.tags.as_ref()));
    let covers = |one: &&SharedBudget| one.policy().covers_caller(&namespace.name, &labels);
    let covering = context.organization.budgets.iter().filter(covers);
    let scope = |one: &SharedBudget| Scope::Budget(one.organization.clone(), one.name.clone());
    let covering: Vec<(&SharedBudget, Scope)> = covering.map(|one| (one, scope(one))).collect();
    let scopes: Vec<Scope> = covering.iter().map(|(_, scope)| scope.clone()).collect();
    let budgets = caps::look(tx, &app.config.terms, &scopes, now).await?;
    let level = |(one, scope): (&SharedBudget, Scope)| {
        let scope = scope.to_string();
        let budget = budgets.get(&scope);
        let budgets = budget.map(|found| spending(found, &one.limits, knows, |_| "budget", now));
        Level {
            scope,
            name: match one.models.is_empty() {
                true => one.name.clone(),
                false => format!("{} ({})", one.name, one.models.join(", ")),
            },
            budgets: budgets.unwrap_or_default(),
            rates: Vec::new(),
        }
    };
    Ok(covering.into_iter().map(level).collect())
}

fn rates(limits: &Limits) -> Vec<RateLimit> {
    let rates = [
        (LimitKind::RateLimitPerMinute, limits.requests_per_minute),
        (LimitKind::TokensPerMinute, limits.tokens_per_minute),
        (LimitKind::BytesPerMinute, limits.bytes_per_minute),
        (LimitKind::MaxConcurrency, limits.max_concurrency),
    ];
    let rates = rates.into_iter().filter_map(|(kind, value)| {
        Some(RateLimit {
            limit: kind.name(),
            value: value?,
            soft: limits.is_soft(kind),
        })
    });
    rates.collect()
}
