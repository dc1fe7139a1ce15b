//! `POST /v1/corrections`: the operator charges or gives back money.

use super::body::CorrectionBody;
use super::view::CorrectionView;
use crate::api::prelude::*;
use paddock_ledger::rules::corrections::{self, Corrected, CorrectionRequest, Subject};

/// Books a correction
///
/// It stands in the ledger and its chain on the day it is made, and counts as no request; nothing that is
/// booked is changed. It moves the budgets and prepaid balances of the moment that the corrected call started
/// at, or else of now: what is given back may be spent again. The same reference again answers the same
/// correction. Only the operator may.
#[utoipa::path(
    post, path = "/v1/corrections", tag = "usage", operation_id = "create_correction",
    request_body = CorrectionBody,
    responses(
        (status = 201, description = "The correction.", body = CorrectionView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<CorrectionBody>,
) -> Result<(StatusCode, Json<CorrectionView>), ApiError> {
    by.must_be_operator()?;
    let request = body.read().await?.request()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let terms = &app.config.terms;
    let corrected = corrections::correct(&mut edit.tx, terms, request.clone(), &by.actor).await?;
    match corrected {
        Corrected::Made(made) => {
            edit.commit_recorded().await?;
            tracing::info!(id = made.id, amount = %made.amount, "corrected");
            Ok((StatusCode::CREATED, Json(CorrectionView::from(&made))))
        }
        Corrected::Found(made) => Ok((StatusCode::CREATED, Json(CorrectionView::from(&made)))),
        refused => Err(refusal(refused, &request)),
    }
}

fn refusal(corrected: Corrected, request: &CorrectionRequest) -> ApiError {
    match (corrected, &request.subject) {
        (Corrected::Missing(what, name), _) => ApiError::not_found(what, &name),
        (Corrected::NoCall, _) => {
            let message = "'event_id' is of a call that was refused, or of a correction. Name a call that was \
                           charged.";
            ApiError::invalid("event_id", message)
        }
        (Corrected::TooMuch(left), Subject::Call(_)) if !request.amount.is_positive() => {
            let message =
                format!("At most {left} is left of what this call cost: give back no more.");
            ApiError::invalid("amount_usd", message)
        }
        (Corrected::TooMuch(most), _) => {
            let message = format!("'amount_usd' must be from -{most} to {most}.");
            ApiError::invalid("amount_usd", message)
        }
        (Corrected::Differs(made) | Corrected::Made(made) | Corrected::Found(made), _) => {
            ApiError::conflict(format!(
                "The reference '{}' is another correction's, of {} for the namespace '{}'. Choose another \
                 reference, or send what was sent before.",
                made.reference, made.amount, made.namespace
            ))
        }
    }
}
