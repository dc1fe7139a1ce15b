//! `POST /v1/namespaces/{name}/reserve`.

use super::view::ReservationView;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_core::money::Money;
use paddock_core::policy::{MAX_RESERVATION_ID, is_reservation_id};
use paddock_core::wire::CapPeriod;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::reserving::{self, MAX_OPEN, Outcome, Request, Shortage};
use std::time::Duration;
use utoipa::ToSchema;

/// The longest a reservation may last: 30 days.
const MAX_TTL: u64 = 30 * 86_400;
/// How long one lasts where the caller does not say.
const DEFAULT_TTL: u64 = 3_600;
/// How often it is looked whether gateways have given back what they held.
const PAUSE: Duration = Duration::from_millis(250);

/// Money to set aside.
#[derive(ToSchema)]
#[schema(example = json!({
    "reservation_id": "nightly-evaluation", "estimated_cost_usd": 25.0, "ttl_seconds": 7_200,
}))]
#[expect(
    dead_code,
    reason = "the shape alone is looked at: `Fields` reads what is sent"
)]
pub struct Reserve {
    /// What requests send as `X-Reservation-Id`: printable ASCII without blanks.
    #[schema(pattern = "^[!-~]+$", max_length = 128)]
    reservation_id: String,
    /// US dollars.
    #[schema(minimum = 0.000_000_001, maximum = 1_000_000_000)]
    estimated_cost_usd: f64,
    /// Seconds that it lasts; 3600 where none are sent.
    #[schema(minimum = 1, maximum = 2_592_000)]
    ttl_seconds: Option<u64>,
}

/// Sets money aside for the requests that name the reservation
///
/// The same id again answers the same reservation while it is open, and makes a new one after its end.
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
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<ReservationView>), ApiError> {
    caller.may_spend(&name)?;
    let request = read(Fields::parse(&body)?)?;
    let patience = app.config.terms.patience.as_millis();
    let attempts = patience.checked_div(PAUSE.as_millis()).unwrap_or(0);
    let mut attempt = 0;
    loop {
        let mut tx = app.store.write().await?;
        let context = super::super::find(&app, &mut tx, &caller, &name).await?;
        let (terms, now) = (&app.config.terms, app.now());
        let outcome = reserving::reserve(&mut tx, terms, &context.namespace, &request, now).await?;
        if let Outcome::Approved(reservation) = &outcome {
            let change = context.change("reservation.create", &request.id);
            audit::record(&mut tx, &actor, change.after(reservation)).await?;
        }
        match outcome {
            Outcome::Approved(reservation) | Outcome::Found(reservation) => {
                let remaining = super::remaining(&app, &mut tx, &context).await?;
                tx.commit().await?;
                tracing::info!(scope = reservation.scope, "reserved");
                let view = ReservationView::new(&reservation, now).beside(remaining);
                return Ok((StatusCode::CREATED, Json(view)));
            }
            Outcome::Short(shortage) => {
                // What was noted asks gateways to give back what they hold.
                tx.commit().await?;
                if !shortage.is_on_loan || attempt >= attempts {
                    return Err(refused(&shortage, request.amount));
                }
                attempt = attempt.saturating_add(1);
                tokio::time::sleep(PAUSE).await;
            }
            Outcome::TooMany => {
                return Err(ApiError::full(format!(
                    "{MAX_OPEN} reservations of '{name}' are open, which is the most. Release \
                     some, or wait until they expire."
                )));
            }
        }
    }
}

fn read(mut fields: Fields) -> Result<Request, ApiError> {
    let id = fields.required_text("reservation_id")?;
    if !is_reservation_id(id.as_bytes()) {
        let message = format!(
            "'reservation_id' must be 1 to {MAX_RESERVATION_ID} printable ASCII characters \
             without blanks: requests send it as the header X-Reservation-Id."
        );
        return Err(ApiError::invalid("reservation_id", message));
    }
    let amount = fields.dollars("estimated_cost_usd")?.flatten();
    let Some(amount) = amount.filter(|amount| amount.is_positive()) else {
        let message = "'estimated_cost_usd' must be a number of dollars above 0.";
        return Err(ApiError::invalid("estimated_cost_usd", message));
    };
    let ttl = fields.whole("ttl_seconds", 1, MAX_TTL)?.flatten();
    fields.finish()?;
    Ok(Request {
        id,
        amount,
        ttl: Duration::from_secs(ttl.unwrap_or(DEFAULT_TTL)),
    })
}

fn refused(shortage: &Shortage, amount: Money) -> ApiError {
    let cap = match shortage.period {
        CapPeriod::Daily => "daily budget",
        CapPeriod::Monthly => "monthly budget",
        CapPeriod::Balance => "prepaid balance",
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
