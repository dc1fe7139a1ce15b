//! A form that was sent from a page of the console, by who is logged in.

use crate::frame;
use crate::params::Params;
use crate::session::{TOKEN_FIELD, Token, Way};
use crate::shared::{Console, MAX_FORM};
use axum::extract::{FromRequest, Request};
use axum::response::Response;

/// What was filled in.
pub struct Form(pub Params);

impl FromRequest<Console> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, _: &Console) -> Result<Form, Response> {
        let token = Token::of(request.headers(), request.uri()).map(|token| token.form_token());
        let is_from_here = Way::of(request.headers(), request.uri()).is_some();
        let bytes = axum::body::to_bytes(request.into_body(), MAX_FORM).await;
        let bytes = bytes.map_err(|_| frame::forged())?;
        let params = Params::read(&bytes);
        let has_token = token.is_some_and(|token| token == params.get(TOKEN_FIELD));
        match is_from_here && has_token {
            true => Ok(Form(params)),
            false => Err(frame::forged()),
        }
    }
}
