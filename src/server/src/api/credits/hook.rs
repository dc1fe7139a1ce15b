//! `POST /v1/credits/hook`: a payment processor's adapter pays in. It has no key: what it sends is
//! signed after the Standard Webhooks scheme with the secret of --credits-hook-secret.

use super::body::CreateCredit;
use super::view::EntryView;
use super::wish::Request;
use crate::delivery::signature::{self, Signed};
use crate::http::author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::openapi::refusals;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::{FromRequest, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode};
use paddock_ledger::model::audit::Actor;
use utoipa::IntoParams;

/// What the audit and the entries call the adapter.
const AUTHOR: &str = "credits-hook";

/// A body whose signature is right, and who sent it.
#[derive(Debug)]
pub struct SignedBody {
    body: RawBody,
    actor: Actor,
}

impl FromRequest<SharedApp> for SignedBody {
    type Rejection = ApiError;

    async fn from_request(request: HttpRequest, app: &SharedApp) -> Result<SignedBody, ApiError> {
        let Some(secret) = &app.config.credits_hook else {
            return Err(ApiError::not_configured(
                "This installation takes no payments by hook. The operator sets \
                 --credits-hook-secret to have it take them.",
            ));
        };
        let (parts, body) = request.into_parts();
        let actor = author::named(&parts, AUTHOR, AUTHOR, app.now());
        let headers = parts.headers.clone();
        let body = RawBody::from_request(HttpRequest::from_parts(parts, body), app).await?;
        let signed = Signed {
            id: header(&headers, "webhook-id")?,
            timestamp: header(&headers, "webhook-timestamp")?,
            signatures: header(&headers, "webhook-signature")?,
        };
        if !signature::verify(secret, signed, &body.0, app.now()) {
            return Err(ApiError::unauthenticated(
                "The signature is none of this installation's secret over 'webhook-id', \
                 'webhook-timestamp' and the body, or the timestamp is more than five minutes \
                 from now. Sign anew when you send again.",
            ));
        }
        Ok(SignedBody { body, actor })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.filter(|value| !value.is_empty()).ok_or_else(|| {
        ApiError::unauthenticated(format!(
            "The header '{name}' is missing: sign what you send after the Standard Webhooks scheme."
        ))
    })
}

/// What a signed request says of itself.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Signature {
    /// The id of the message.
    #[param(rename = "webhook-id", pattern = "^[!-~]+$")]
    id: String,
    /// Seconds since 1970, within five minutes of now.
    #[param(rename = "webhook-timestamp", pattern = "^[0-9]+$")]
    timestamp: String,
    /// One or more signatures, with blanks between: `v1,` and the Base64 of the HMAC-SHA256 of id,
    /// timestamp and body, with dots between.
    #[param(rename = "webhook-signature", pattern = "^[!-~]+( [!-~]+)*$")]
    signature: String,
}

/// Takes a payment that a processor's adapter has signed
///
/// It is paid in as by `create_credit`, for any namespace and any organization; what comes twice is paid
/// in once, by its reference. It needs no key: it is signed after the Standard Webhooks scheme with the
/// secret of `--credits-hook-secret`, without which the answer is 404.
#[utoipa::path(
    post, path = "/v1/credits/hook", tag = "credits", operation_id = "take_payment", security(()),
    params(Signature),
    request_body = CreateCredit,
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
    SignedBody { body, actor }: SignedBody,
) -> Result<(StatusCode, Json<EntryView>), ApiError> {
    let request = Request::read(&app, Fields::parse(&body.0)?)?;
    request.enter(&app, &Caller::Operator, &actor).await
}
