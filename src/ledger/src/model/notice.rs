//! The bodies of events, as webhooks get them.

use crate::model::alert::AlertWindow;
use serde::Serialize;
use utoipa::ToSchema;

/// How far a namespace has come with its monthly quota: the body of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuotaNotice<'a> {
    /// What happened: `quota_80_percent`, `quota_95_percent`, `quota_exceeded` or `spend.threshold`.
    pub(crate) event: &'static str,
    /// The namespace's name.
    pub(crate) namespace: &'a str,
    /// Its monthly quota, in US dollars.
    pub(crate) quota_usd: f64,
    /// US dollars spent this month.
    pub(crate) spent_usd: f64,
    /// US dollars left.
    pub(crate) remaining_usd: f64,
    /// When the quota is used up if it goes on so; at the latest the end of the month.
    #[schema(format = DateTime)]
    pub(crate) projected_exhaustion: String,
}

/// That an alert fired: the body its webhook gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertNotice<'a> {
    /// Always `spend.alert`.
    pub(crate) event: &'static str,
    /// The alert's name.
    pub(crate) alert: &'a str,
    /// The namespace's name.
    pub(crate) namespace: &'a str,
    /// How much time was looked at.
    pub(crate) window: AlertWindow,
    /// The window's budget, in US dollars.
    pub(crate) quota_usd: f64,
    /// US dollars spent in it.
    pub(crate) spent_usd: f64,
    /// US dollars left of it.
    pub(crate) remaining_usd: f64,
    /// How much of it is spent, in percent.
    pub(crate) percent: f64,
    /// The alert's message, filled in.
    pub(crate) message: &'a str,
}

/// That a balance was refilled by itself: the body of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefillNotice<'a> {
    /// What happened: `credits.refilled`.
    pub(crate) event: &'static str,
    /// The namespace's name.
    pub(crate) namespace: &'a str,
    /// The id of the entry.
    pub(crate) credit_id: &'a str,
    /// The entry's reference.
    pub(crate) reference: &'a str,
    /// US dollars that were paid in.
    pub(crate) amount_usd: f64,
    /// US dollars that are left, these included.
    pub(crate) balance_usd: f64,
    /// US dollars paid in by itself in this UTC calendar month.
    pub(crate) refilled_this_month_usd: f64,
    /// US dollars that may be.
    pub(crate) at_most_per_month_usd: f64,
}

/// That a balance is low, and is not refilled because of the month's limit: the body of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefillLimitNotice<'a> {
    /// What happened: `credits.refill_limit_reached`.
    pub(crate) event: &'static str,
    /// The namespace's name.
    pub(crate) namespace: &'a str,
    /// US dollars that are left.
    pub(crate) balance_usd: f64,
    /// A balance below this is low, in US dollars.
    pub(crate) below_usd: f64,
    /// US dollars that would have been paid in.
    pub(crate) amount_usd: f64,
    /// US dollars paid in by itself in this UTC calendar month.
    pub(crate) refilled_this_month_usd: f64,
    /// US dollars that may be.
    pub(crate) at_most_per_month_usd: f64,
    /// When the next month begins.
    #[schema(format = DateTime)]
    pub(crate) resets_at: String,
}
