//! Rules: functions over a transaction that decide and write what belongs together.

pub mod alerts;
pub mod audit;
pub mod batch;
pub mod caps;
pub mod context;
pub mod corrections;
pub mod credits;
pub mod housekeeping;
pub mod key_switch;
pub(crate) mod lease_reports;
pub mod ledger;
pub mod lending;
pub mod membership;
pub(crate) mod notices;
pub mod origin;
pub mod overrides;
pub(crate) mod quotas;
pub mod report;
pub mod reserving;
pub mod set_aside;
pub mod shares;
pub(crate) mod spending;
pub mod tags;
pub mod usage_feed;
pub(crate) mod user_rollups;
pub mod verification;
