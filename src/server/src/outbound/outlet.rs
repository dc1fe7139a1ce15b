//! The one way out: HTTP POST to addresses that the guard allows.
//!
//! A name is resolved where the connection is made, and only what the guard allows of its addresses
//! is connected to, so that a name cannot stand for one address when it is checked and for another
//! when it is used. Redirects are not followed, proxies are not used, connections are not kept.

use super::guard::{Guard, Refused};
use super::tls;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, header, redirect};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long one attempt may take, from resolving the name to the head of the response.
pub const ATTEMPT: Duration = Duration::from_secs(10);
/// Longest error kept in the log of deliveries, in characters.
const MAX_ERROR: usize = 300;

/// A client for deliveries.
#[derive(Clone, Debug)]
pub struct Outlet {
    guard: Arc<Guard>,
    client: Client,
}

/// An attempt that did not deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The status of the response, if there was one.
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
    /// A client that reaches only what the guard allows. It trusts Mozilla's certificate authorities.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(guard: Guard) -> anyhow::Result<Outlet> {
        let guard = Arc::new(guard);
        let client = Client::builder()
            .dns_resolver(GuardedResolver(guard.clone()))
            .tls_backend_preconfigured(tls::client(None)?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(0)
            .timeout(ATTEMPT)
            .user_agent(concat!("paddock/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Outlet { guard, client })
    }

    /// Which addresses it reaches.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Posts JSON; the status of an answer from 200 to 299.
    ///
    /// # Errors
    /// Every other answer, and no response within [`ATTEMPT`].
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<u16, Failure> {
        let url = self.guard.check(url).map_err(Failure::new)?;
        let mut request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        // The body of the response is never read.
        let status = match request.send().await {
            Ok(response) => response.status(),
            Err(error) if error.is_timeout() => {
                let seconds = ATTEMPT.as_secs();
                return Err(Failure::new(format!("no response within {seconds} s")));
            }
            Err(error) => return Err(Failure::new(chain(error))),
        };
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

/// An error with all its causes, without the URL.
fn chain(error: reqwest::Error) -> String {
    format!("{:#}", anyhow::Error::from(error.without_url()))
}

/// Resolves names to what the guard allows.
#[derive(Clone, Debug)]
struct GuardedResolver(Arc<Guard>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move { Ok(resolve(&guard, name.as_str()).await?) })
    }
}

async fn resolve(guard: &Guard, name: &str) -> Result<Addrs, Refused> {
    let found = tokio::net::lookup_host((name, 0)).await;
    let is_allowed = |address: &SocketAddr| guard.allows(address.ip());
    let allowed: Vec<SocketAddr> = match found {
        Ok(found) => found.filter(is_allowed).collect(),
        Err(_) => Vec::new(),
    };
    if allowed.is_empty() {
        return Err(Refused::Name);
    }
    Ok(Box::new(allowed.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_stands_for_a_private_address_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outlet = Outlet::new(Guard::default()).unwrap();
        let post = async |host: &str| {
            let url = format!("http://{host}:{port}/");
            outlet.post(&url, &[], "{}").await.unwrap_err().error
        };
        let named = post("localhost").await;
        assert!(named.contains("no address of the public"), "{named}");
        assert!(!named.contains("127.0.0.1"), "{named}");
        let unknown = post("no-such-host.invalid").await;
        assert_eq!(named, unknown, "nor whether there is one");
        let written = post("127.0.0.1").await;
        assert!(
            written.contains("is not an address of the public"),
            "{written}"
        );
        let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept());
        assert!(nobody.await.is_err(), "nothing was connected");
    }

    #[tokio::test]
    async fn an_error_never_has_the_url_in_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let outlet = Outlet::new(Guard {
            allow_all: true,
            ..Guard::default()
        });
        let url = format!("http://127.0.0.1:{port}/a-secret-path");
        let failure = outlet.unwrap().post(&url, &[], "{}").await.unwrap_err();
        assert_eq!((failure.status, failure.is_final), (None, false));
        assert!(
            failure.error.contains("refused") && !failure.error.contains("secret"),
            "{failure:?}"
        );
    }
}
