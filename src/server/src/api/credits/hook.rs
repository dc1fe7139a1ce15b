//! `POST /v1/credits/hook`: a payment processor's adapter pays in. It has no key: it signs what it sends
//! as Standard Webhooks say, with the secret of --credits-hook-secret.

use super::account::pay;
use super::body::CreditBody;
use super::view::EntryView;
use crate::api::prelude::*;
use crate::http::author;
use crate::http::body::{self, RawBody};
use crate::http::caller::Operator;
use crate::http::shown::Shown;
use crate::outbound::signature::{self, Signed};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use utoipa::IntoParams;

/// What the audit and the entries call the adapter.
const AUTHOR: &str = "credits-hook";

/// A body whose signature is right, and who sent it.
#[derive(Debug)]
pub struct SignedBody {
    body: Bytes,
    by: Author,
}

impl FromRequest<SharedApp> for SignedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &SharedApp) -> Result<SignedBody, ApiError> {
        let Some(secret) = &app.config.credits_hook else {
            return Err(ApiError::not_configured(
                "This installation does not accept payments by hook. To enable it, the operator sets \
                 --credits-hook-secret.",
            ));
        };
        let (parts, body) = request.into_parts();
        let by = Author {
            caller: Caller::Operator(Operator::default()),
            actor: author::named(app, &parts, AUTHOR, AUTHOR),
        };
        let signature = Signature::of(&parts.headers)?;
        let shown = Shown::new(app, &parts, AUTHOR);
        shown.check()?;
        let refused = || {
            ApiError::unauthenticated(
                "The signature is wrong, or its timestamp is more than five minutes from now. Sign \
                 'webhook-id', 'webhook-timestamp' and the body with the secret of this installation, \
                 anew each time you send.",
            )
        };
        // Nobody's body is awaited whose headers cannot be right.
        if !signature::may_be_signed(signature.signed(), app.now()) {
            shown.was_wrong();
            return Err(refused());
        }
        let body = RawBody::of(Request::from_parts(parts, body));
        let body = body.read().await?;
        if !signature::verify(secret, signature.signed(), &body, app.now()) {
            shown.was_wrong();
            return Err(refused());
        }
        shown.was_right();
        Ok(SignedBody { body, by })
    }
}

/// The signature of a request.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Signature {
    /// The id of the message.
    #[param(rename = "webhook-id", pattern = "^[!-~]+$")]
    id: String,
    /// Seconds since 1970, within five minutes of now.
    #[param(rename = "webhook-timestamp", pattern = "^[0-9]+$")]
    timestamp: String,
    /// One or more signatures, separated by blanks: `v1,` and the Base64 of the HMAC-SHA256 of
    /// `ID.TIMESTAMP.BODY`.
    #[param(rename = "webhook-signature", pattern = "^[!-~]+( [!-~]+)*$")]
    signatures: String,
}

impl Signature {
    fn of(headers: &HeaderMap) -> Result<Signature, ApiError> {
        Ok(Signature {
            id: header(headers, "webhook-id")?,
            timestamp: header(headers, "webhook-timestamp")?,
            signatures: header(headers, "webhook-signature")?,
        })
    }

    fn signed(&self) -> Signed<'_> {
        Signed {
            id: &self.id,
            timestamp: &self.timestamp,
            signatures: &self.signatures,
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Result<String, ApiError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let value = value.filter(|value| !value.is_empty()).map(str::to_owned);
    value.ok_or_else(|| {
        ApiError::unauthenticated(format!(
            "The header '{name}' is missing: sign what you send as Standard Webhooks say."
        ))
    })
}

/// Accepts a signed payment of a payment processor's adapter
///
/// It is paid in as by `create_credit`, into any account. The same reference is paid in once. The request
/// needs no key: it is signed as Standard Webhooks say, with the secret of `--credits-hook-secret`. If
/// the operator has not set that, the answer is 404.
#[utoipa::path(
    post, path = "/v1/credits/hook", tag = "credits", operation_id = "take_payment", security(()),
    params(Signature),
    request_body = CreditBody,
    responses(
        (status = 201, description = "The entry.", body = EntryView),
        refusals::Unauthenticated,
        refusals::Missing,
        refusals::Conflict,
        refusals::Broken,
        refusals::Unavailable
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    SignedBody { body, by }: SignedBody,
) -> Result<(StatusCode, Json<EntryView>), ApiError> {
    let body: CreditBody = body::read(&body)?;
    let payment = body.payment(&app.config.exchange_rates)?;
    pay(&app, &by, payment).await
}
