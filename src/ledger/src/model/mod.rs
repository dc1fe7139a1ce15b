//! What is stored, as plain values: no statement, no time but what is given.

pub mod alert;
pub mod audit;
pub mod calendar;
pub mod correction;
pub mod credits;
pub mod day_blocks;
pub mod delivery;
pub mod event_details;
pub mod hierarchy;
pub mod histogram;
mod key;
mod member;
mod namespace;
pub mod notice;
mod organization;
pub mod owners;
pub mod period;
pub mod price_document;
pub mod quota_override;
mod reservation;
pub mod rights;
pub mod roles;
pub mod scope;
pub mod sealed;
pub mod secret;
pub mod slug;
pub mod tag_set;
mod user_quota;
pub mod webhook;

pub use key::{Key, KeyMember, KeySecret};
pub use member::Member;
pub use namespace::Namespace;
pub use organization::{Ceilings, Organization};
pub use paddock_core::policy::DEFAULT_ORGANIZATION;
pub use reservation::Reservation;
pub use user_quota::UserQuota;
