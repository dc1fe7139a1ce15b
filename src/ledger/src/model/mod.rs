//! What is stored, as plain values: no statement, no time but what is given.

pub mod alert;
pub mod audit;
pub mod blocks;
pub mod credits;
pub mod hierarchy;
pub mod histogram;
pub mod period;
pub mod quota_override;
pub mod records;
pub mod roles;
pub mod scope;
pub mod secret;
pub mod slug;
pub mod webhook;
