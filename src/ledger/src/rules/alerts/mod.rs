//! Alerts: when they are due, and what follows.

pub mod evaluation;
pub mod firing;
pub mod reading;
