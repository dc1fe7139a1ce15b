//! Credentials as they are shown, and how often one address may show wrong ones.

use super::author::client_address;
use super::error::ApiError;
use crate::connections::network_of;
use crate::state::App;
use axum::http::request::Parts;
use std::net::IpAddr;

/// A credential that came from an address.
pub struct Shown<'a> {
    app: &'a App,
    address: String,
    /// The address and the credential's digest.
    pair: String,
}

impl<'a> Shown<'a> {
    /// `credential` is a digest of what was shown, or the name of what has no secret in its headers.
    pub fn new(app: &'a App, parts: &Parts, credential: &str) -> Shown<'a> {
        let address = client_address(app, parts);
        let address = match address.parse::<IpAddr>() {
            Ok(address) => network_of(address).to_string(),
            Err(_) => address,
        };
        let pair = format!("{address} {credential}");
        Shown { app, address, pair }
    }

    /// May be looked at.
    ///
    /// # Errors
    /// 429 if too many wrong ones came from this address, and this one was not right from there before.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.app.right_keys.has(&self.pair) {
            return Ok(());
        }
        let checked = self.app.wrong_keys.check(&self.address, self.app.now());
        checked.map_err(|wait| {
            let message = "Too many wrong keys came from your address. Correct the key, then wait.";
            ApiError::too_many(message, wait)
        })
    }

    /// Notes that it was wrong.
    pub fn was_wrong(&self) {
        // An empty bucket stays empty.
        let _ = self.app.wrong_keys.take(&self.address, self.app.now());
    }

    /// Notes that it was right.
    pub fn was_right(&self) {
        if !self.app.right_keys.has(&self.pair) {
            self.app.right_keys.add(self.pair.clone());
        }
    }

    /// Counts a request of this address.
    ///
    /// # Errors
    /// 429 if there are too many.
    pub fn count(&self) -> Result<(), ApiError> {
        let counted = self.app.pace_of_address.take(&self.address, self.app.now());
        counted.map_err(|wait| {
            let message = "Too many management requests came from your address. Send fewer.";
            ApiError::too_many(message, wait)
        })
    }
}
