//! A reservation, as it is answered.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Reservation;

/// A reservation in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub struct ReservationView {
    /// What this is.
    object: &'static str,
    /// What requests send as `X-Reservation-Id`.
    reservation_id: String,
    /// The namespace's name.
    namespace: String,
    /// Always true: what was refused is not stored.
    approved: bool,
    /// Whether it is open.
    status: Status,
    /// What was set aside, in US dollars.
    estimated_cost_usd: f64,
    /// What is booked of it, in US dollars.
    spent_usd: f64,
    /// What is not booked of it, whether it can still be spent or not.
    unspent_usd: f64,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it expires.
    #[schema(format = DateTime)]
    expires_at: String,
    /// When it was released before it expired.
    #[schema(format = DateTime)]
    released_at: Option<String>,
    /// What the namespace has left beside its reservations, in US dollars; absent for roles that may not
    /// see what is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_usd: Option<f64>,
}

/// Where a reservation is in its life.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReservationStatus)]
enum Status {
    /// It pays for requests that name it.
    Open,
    /// It has expired.
    Expired,
    /// It was released before it expired.
    Released,
}

impl ReservationView {
    /// The reservation as it is now.
    pub fn new(reservation: &Reservation, now: Timestamp) -> ReservationView {
        let released_at = reservation
            .ended_at
            .filter(|ended_at| *ended_at < reservation.expires_at);
        let status = match (released_at, reservation.has_ended(now)) {
            (Some(_), _) => Status::Released,
            (None, true) => Status::Expired,
            (None, false) => Status::Open,
        };
        ReservationView {
            object: "reservation",
            reservation_id: reservation.name.id.clone(),
            namespace: reservation.name.namespace.clone(),
            approved: true,
            status,
            estimated_cost_usd: reservation.amount.to_dollars(),
            spent_usd: reservation.spent.to_dollars(),
            unspent_usd: reservation.unspent().to_dollars(),
            created_at: reservation.created_at.to_rfc3339(),
            expires_at: reservation.expires_at.to_rfc3339(),
            released_at: released_at.map(Timestamp::to_rfc3339),
            remaining_usd: None,
        }
    }

    /// The same with what its namespace has left.
    pub fn beside(self, remaining: Option<Money>) -> ReservationView {
        ReservationView {
            remaining_usd: remaining.map(Money::to_dollars),
            ..self
        }
    }
}
