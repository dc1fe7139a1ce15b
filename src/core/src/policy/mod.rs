//! Who may do what: the policy as the accounting service hands it to gateways, and as an
//! operator writes it inline for a standalone gateway.
//!
//! Decisions must be absent: these are the words, `authorization`, `admission` and `routing` judge.

mod alias;
mod budget;
mod cap_period;
mod capability;
mod catalog;
mod dearest;
mod deployment;
mod endpoint;
mod format_paths;
mod key;
mod limits;
mod namespace;
mod organization;
mod priority;
mod reservation;
mod routing;
mod settings;
mod user;

pub use alias::fold_alias;
pub use budget::{
    BudgetPolicy, MAX_BUDGET_LIST, MAX_BUDGET_NAME, MAX_BUDGETS, budget_scope, is_budget_name,
};
pub use cap_period::{CapPeriod, LAST_DAYS, UnknownPeriod};
pub use capability::{capability, seen};
pub use catalog::{
    Catalog, DEFAULT_CONTEXT_WINDOW, DEFAULT_MAX_OUTPUT_TOKENS, LaterPrice, MediaTokens, Model,
    OutputLimitField, PriceInForce,
};
pub use dearest::Dearest;
pub use deployment::{Deployment, MAX_DEPLOYMENT_PRIORITY, MAX_DEPLOYMENTS, MAX_REGION, is_region};
pub use endpoint::{EndpointScope, Role};
pub use format_paths::{FormatPaths, MODEL as MODEL_IN_PATH, Served};
pub use key::KeyPolicy;
pub use limits::{BYTES_RATE, LimitKind, Limits, MAX_RATE};
pub use namespace::{FailureMode, MAX_WEIGHT, NamespacePolicy, UnknownPrice};
pub use organization::{DEFAULT_ORGANIZATION, OrganizationPolicy, RoleRights, role_scope};
pub use priority::Priority;
pub use reservation::{
    MAX_RESERVATION_ID, ReservationName, ReservationPolicy, is_reservation_id,
    is_reservation_scope, reservation_name, reservation_scope,
};
pub use routing::{AUTO, Conditions, Routing, Rule, Temperature, is_auto};
pub use settings::{
    ContentMode, MAX_QUEUE_SECONDS, MAX_QUEUE_SIZE, QueueLimits, ReferencePolicy, Settings,
    ThrottleFactor, ThrottleMode,
};
pub use user::{
    MAX_USER_QUOTAS, SHARED_USER, UserQuotas, shared_user_scope, user_in_events, user_scope,
};
