//! The one way out: HTTP POST to addresses that the guard allows.
//!
//! A name is resolved where the connection is made, and only what the guard allows of its addresses
//! is connected to, so that a name cannot stand for one address when it is checked and for another
//! when it is used. Redirects are not followed, proxies are not used, connections are not kept.

use super::guard::{Guard, Refused};
use axum::http::{HeaderName, HeaderValue, Request, Uri, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// How long one attempt may take, from the name's resolution to the answer's head.
pub const ATTEMPT: Duration = Duration::from_secs(10);
/// Longest error kept in the log of deliveries, in characters.
const MAX_ERROR: usize = 300;

/// A client for deliveries.
#[derive(Clone, Debug)]
pub struct Outlet {
    guard: Arc<Guard>,
    client: Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>,
}

/// An attempt that did not deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What the receiver answered, where it did.
    pub status: Option<u16>,
    /// What went wrong. It names no URL, because those may be secrets.
    pub error: String,
    /// Trying again is in vain.
    pub is_final: bool,
}

impl Failure {
    /// A failure that may pass.
    pub fn new(error: impl std::fmt::Display) -> Failure {
        Failure {
            error: error.to_string().chars().take(MAX_ERROR).collect(),
            ..Failure::default()
        }
    }
}

impl Outlet {
    /// A client that only reaches what the guard allows. It trusts Mozilla's certificate authorities.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(guard: Guard) -> Result<Outlet, rustls::Error> {
        let guard = Arc::new(guard);
        let mut http = HttpConnector::new_with_resolver(GuardedResolver(guard.clone()));
        http.enforce_http(false);
        http.set_connect_timeout(Some(ATTEMPT));
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(https);
        Ok(Outlet { guard, client })
    }

    /// Which addresses it reaches.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Posts JSON; the status of an answer from 200 to 299.
    ///
    /// # Errors
    /// Every other answer, and none within [`ATTEMPT`].
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<u16, Failure> {
        let url = self.guard.check(url).map_err(Failure::new)?;
        let uri: Uri = url.as_str().parse().map_err(Failure::new)?;
        let mut request = Request::post(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("paddock/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::new(Bytes::from(body.to_owned())))
            .map_err(Failure::new)?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(Failure::new)?;
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        let answer = tokio::time::timeout(ATTEMPT, self.client.request(request)).await;
        let Ok(answer) = answer else {
            let seconds = ATTEMPT.as_secs();
            return Err(Failure::new(format!("no answer within {seconds} s")));
        };
        let status = answer
            .map_err(|error| Failure::new(chain(&error)))?
            .status();
        if status.is_success() {
            return Ok(status.as_u16());
        }
        let error = if status.is_redirection() {
            "the receiver redirects, and redirects are not followed"
        } else {
            "the receiver did not accept it"
        };
        Err(Failure {
            status: Some(status.as_u16()),
            // 410 is how receivers say that they want no more of these.
            is_final: status.as_u16() == 410,
            ..Failure::new(error)
        })
    }
}

/// An error with all its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Resolves names to what the guard allows.
#[derive(Clone, Debug)]
struct GuardedResolver(Arc<Guard>);

type Resolving =
    Pin<Box<dyn Future<Output = Result<std::vec::IntoIter<SocketAddr>, ResolveError>> + Send>>;

#[derive(Debug, thiserror::Error)]
enum ResolveError {
    #[error("the name could not be resolved")]
    Unknown,
    #[error(transparent)]
    Refused(Refused),
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Resolving;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<SocketAddr> = found.map_err(|_| ResolveError::Unknown)?.collect();
            let is_allowed = |address: &&SocketAddr| guard.allows(address.ip());
            let allowed: Vec<SocketAddr> = found.iter().filter(is_allowed).copied().collect();
            match (allowed.is_empty(), found.first()) {
                (false, _) => Ok(allowed.into_iter()),
                (true, Some(address)) => Err(ResolveError::Refused(Refused::Address(address.ip()))),
                (true, None) => Err(ResolveError::Unknown),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_stands_for_a_private_address_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outlet = Outlet::new(Guard::default()).unwrap();
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("http://{host}:{port}/");
            let failure = outlet.post(&url, &[], "{}").await.unwrap_err();
            assert!(
                failure.error.contains("is not an address of the public"),
                "{failure:?}"
            );
        }
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept());
        assert!(nobody.await.is_err(), "nothing was connected");
    }
}
