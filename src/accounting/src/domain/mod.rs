//! What the service knows and decides, without HTTP.

pub mod alerts;
pub mod audit;
pub mod batch;
pub mod caps;
pub mod credits;
pub mod hierarchy;
pub mod histogram;
pub mod housekeeping;
pub mod key_switch;
pub mod ledger;
pub mod lending;
pub mod membership;
pub mod notices;
pub mod overrides;
pub mod period;
pub mod records;
pub mod report;
pub mod reserving;
pub mod roles;
pub mod scope;
pub mod set_aside;
pub mod slug;
pub mod standing;
pub mod usage_feed;
pub mod verification;
pub mod webhook;
