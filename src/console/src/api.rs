//! The management API, asked in this process as whoever logged in.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use axum::response::Response;
use paddock_core::ids::KeyDigest;
use paddock_server::http::caller::LoggedIn;
use serde_json::Value;
use std::net::SocketAddr;
use tower::ServiceExt;

/// Largest answer that a page is made of.
const MAX_ANSWER: usize = 32 << 20;

/// What the audit says of a request beside who sent it.
const PASSED_ON: [&str; 3] = ["user-agent", "x-forwarded-for", "x-request-id"];

/// The API, as one person asks it.
#[derive(Clone)]
pub struct Api {
    router: Router,
    headers: HeaderMap,
    peer: Option<ConnectInfo<SocketAddr>>,
    login: Option<LoggedIn>,
}

/// An answer of the API that is none.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its status.
    pub status: StatusCode,
    /// What is wrong, for people.
    pub message: String,
}

impl Refusal {
    /// Nothing is there.
    pub fn missing(message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::NOT_FOUND,
            message: message.into(),
        }
    }

    fn broken(message: &str) -> Refusal {
        Refusal {
            status: StatusCode::BAD_GATEWAY,
            message: message.to_owned(),
        }
    }
}

impl Api {
    /// Asked by somebody who is not logged in, from where this request came.
    pub fn new(router: &Router, parts: &Parts) -> Api {
        let mut headers = HeaderMap::new();
        for name in PASSED_ON {
            for value in parts.headers.get_all(name) {
                headers.append(HeaderName::from_static(name), value.clone());
            }
        }
        Api {
            router: router.clone(),
            headers,
            peer: parts.extensions.get::<ConnectInfo<SocketAddr>>().copied(),
            login: None,
        }
    }

    /// Asked by who has the key of that digest.
    pub fn logged_in(self, digest: KeyDigest) -> Api {
        Api {
            login: Some(LoggedIn(digest)),
            ..self
        }
    }

    /// Who has this key.
    ///
    /// # Errors
    /// The refusal of a key that is not accepted.
    pub async fn who_has(&self, key: &str) -> Result<Value, Refusal> {
        let mut request = self.request(Method::GET, "/v1/whoami", Body::empty())?;
        let value = format!("Bearer {key}").parse().map_err(|_| Refusal {
            status: StatusCode::UNAUTHORIZED,
            message: "This is not a key.".to_owned(),
        })?;
        request.headers_mut().insert("authorization", value);
        read(self.answer(request).await?).await
    }

    /// Reads something.
    ///
    /// # Errors
    /// The API's refusal.
    pub async fn get(&self, path: &str) -> Result<Value, Refusal> {
        let request = self.request(Method::GET, path, Body::empty())?;
        read(self.answer(request).await?).await
    }

    /// Reads something that is passed on as it is.
    ///
    /// # Errors
    /// The API's refusal.
    pub async fn open(&self, path: &str) -> Result<Response, Refusal> {
        let request = self.request(Method::GET, path, Body::empty())?;
        let response = self.answer(request).await?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(refusal(response).await),
        }
    }

    /// Changes something.
    ///
    /// # Errors
    /// The API's refusal.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, Refusal> {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let mut request = self.request(method, path, body)?;
        let json = axum::http::HeaderValue::from_static("application/json");
        request.headers_mut().insert("content-type", json);
        read(self.answer(request).await?).await
    }

    fn request(&self, method: Method, path: &str, body: Body) -> Result<Request<Body>, Refusal> {
        let request = Request::builder().method(method).uri(path).body(body);
        let mut request = request.map_err(|_| Refusal::missing("There is no such page."))?;
        *request.headers_mut() = self.headers.clone();
        let extensions = request.extensions_mut();
        if let Some(peer) = self.peer {
            extensions.insert(peer);
        }
        if let Some(login) = self.login {
            extensions.insert(login);
        }
        Ok(request)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response, Refusal> {
        let answered = self.router.clone().oneshot(request).await;
        answered.map_err(|never| match never {})
    }
}

async fn read(response: Response) -> Result<Value, Refusal> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let bytes = axum::body::to_bytes(response.into_body(), MAX_ANSWER).await;
    let bytes = bytes.map_err(|_| Refusal::broken("The answer is too long to be shown."))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| Refusal::broken("The answer could not be read."))
}

async fn refusal(response: Response) -> Refusal {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), MAX_ANSWER).await;
    let body: Value = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
    let text = |name: &str| {
        let text = body.get("error").and_then(|error| error.get(name));
        text.and_then(Value::as_str).map(str::to_owned)
    };
    Refusal {
        status,
        message: text("message").unwrap_or_else(|| "The service did not answer.".to_owned()),
    }
}
