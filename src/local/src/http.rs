//! The HTTP client of everything that runs on one machine.

use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// A client for this machine: it uses no proxy and trusts no certificate authority.
///
/// # Errors
/// TLS cannot be set up.
pub fn client() -> anyhow::Result<ClientBuilder> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(Client::builder().no_proxy().tls_backend_preconfigured(tls))
}
