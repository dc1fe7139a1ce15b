//! `POST /v1/namespaces/{name}/reserve`.

use super::view::ReservationView;
use crate::api::prelude::*;
use crate::http::body::values::PositiveDollars;
use paddock_core::money::Money;
use paddock_core::policy::{MAX_RESERVATION_ID, is_reservation_id};
use paddock_core::wire::CapPeriod;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::reserving::{self, MAX_OPEN, ReserveOutcome, ReserveRequest, Shortage};
use std::borrow::Cow;
use std::time::Duration;

/// The longest a reservation may last, in seconds: 30 days.
const MAX_TTL: u64 = 30 * 86_400;
/// How long one lasts by default, in seconds.
const DEFAULT_TTL: u64 = 3_600;
/// How long to wait before asking again whether gateways have returned what they held.
const PAUSE: Duration = Duration::from_millis(250);

/// How long a reservation lasts, in seconds.
type Ttl = Whole<1, MAX_TTL>;

/// Money to set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reservation_id": "nightly-evaluation", "estimated_cost_usd": 25.0, "ttl_seconds": 7_200,
}))]
pub struct Reserve {
    /// What requests send as `X-Reservation-Id`: printable ASCII without blanks.
    #[schema(value_type = String, pattern = "^[!-~]+$", max_length = 128)]
    reservation_id: Text,
    /// US dollars.
    estimated_cost_usd: PositiveDollars,
    /// Seconds until it expires; 3600 by default.
    ttl_seconds: Option<Ttl>,
}

impl Reserve {
    fn request(self) -> Result<ReserveRequest, ApiError> {
        let id = String::from(self.reservation_id);
        if !is_reservation_id(id.as_bytes()) {
            let message = format!(
                "'reservation_id' must be 1 to {MAX_RESERVATION_ID} printable ASCII characters \
                 without blanks: requests send it as the header X-Reservation-Id."
            );
            return Err(ApiError::invalid("reservation_id", message));
        }
        let ttl = self.ttl_seconds.map_or(DEFAULT_TTL, u64::from);
        Ok(ReserveRequest {
            id,
            amount: self.estimated_cost_usd.into(),
            ttl: Duration::from_secs(ttl),
        })
    }
}

/// Reserves money for the requests that name the reservation
///
/// While it is open, the same id answers the same reservation; after its end it creates a new one.
#[utoipa::path(
    post, path = "/v1/namespaces/{name}/reserve", tag = "reservations", operation_id = "create_reservation",
    params(parameters::NamespaceName),
    request_body = Reserve,
    responses(
        (status = 201, description = "The reservation.", body = ReservationView),
        refusals::Unpaid,
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<Reserve>,
) -> Result<(StatusCode, Json<ReservationView>), ApiError> {
    by.may_spend(&name)?;
    let request = body.read().await?.request()?;
    let patience = app.config.terms.patience.as_millis();
    let attempts = patience.checked_div(PAUSE.as_millis()).unwrap_or(0);
    let mut attempt = 0;
    loop {
        let mut tx = app.store.write().await?;
        let context: NamespaceContext = find(&app, &mut tx, &by, &name).await?;
        let (terms, now) = (&app.config.terms, app.now());
        let outcome = reserving::reserve(&mut tx, terms, &context.namespace, &request, now).await?;
        if let ReserveOutcome::Approved(reservation) = &outcome {
            let change = context.change("reservation.create", &request.id);
            audit::record(&mut tx, &by.actor, change.after(reservation)).await?;
        }
        match outcome {
            ReserveOutcome::Approved(reservation) | ReserveOutcome::Found(reservation) => {
                let remaining = super::remaining(&app, &mut tx, &by, &context).await?;
                tx.commit().await?;
                tracing::info!(scope = reservation.scope, "reserved");
                let view = ReservationView::new(&reservation, now).beside(remaining);
                return Ok((StatusCode::CREATED, Json(view)));
            }
            ReserveOutcome::Short(shortage) => {
                // The note in the database asks gateways to return what they hold.
                tx.commit().await?;
                if !shortage.is_on_loan || attempt >= attempts {
                    return Err(refused(&shortage, request.amount));
                }
                attempt = attempt.saturating_add(1);
                tokio::time::sleep(PAUSE).await;
            }
            ReserveOutcome::TooMany => {
                return Err(ApiError::full(format!(
                    "{MAX_OPEN} reservations of '{name}' are open, which is the most. Release \
                     some, or wait until they expire."
                )));
            }
        }
    }
}

fn refused(shortage: &Shortage, amount: Money) -> ApiError {
    let cap = match shortage.period {
        CapPeriod::Balance => Cow::Borrowed("prepaid balance"),
        CapPeriod::LastDays(days) => Cow::Owned(format!("budget of {days} days")),
        period => Cow::Owned(format!("{} budget", period.name())),
    };
    let (scope, remaining) = (&shortage.scope, shortage.remaining);
    let advice = if shortage.is_on_loan {
        "The rest is with gateways that use it: try again in a moment, or reserve less."
    } else if shortage.period == CapPeriod::Balance {
        "Reserve less, release another reservation, or top up the credits."
    } else {
        "Reserve less, release another reservation, or ask your administrator to raise the budget."
    };
    let message = format!("The {cap} of {scope} can set aside {remaining}, not {amount}. {advice}");
    ApiError::budget_exceeded(message, scope, remaining, shortage.resets_at)
}
