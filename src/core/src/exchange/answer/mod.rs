//! The answer on its way back, and what the call cost.

mod charge;
mod conclude;
mod pass_through;
mod report;
mod response;
mod units;
