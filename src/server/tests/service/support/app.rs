//! The service in this process, with a clock to turn.

use super::{postgres, sqlite};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::verification::{self, Difference};
use paddock_ledger::store::Store;
use paddock_server::clock::Clock;
use paddock_server::config::{Config, CreditOptions, NotifyOptions, PolicyOptions};
use paddock_server::encryption::Encryption;
use paddock_server::router::router;
use paddock_server::state::{App, SharedApp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tower::ServiceExt;

/// The operator's key.
pub const ADMIN: &str = "admin-key-for-tests";
/// The gateways' token.
pub const GATEWAY: &str = "gateway-token-for-tests";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug)]
struct ManualClock(Arc<AtomicU64>);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body, where the status is the one expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }
}

pub struct TestApp {
    pub app: SharedApp,
    pub url: String,
    clock: ManualClock,
    router: Router,
    _directory: TempDir,
}

impl TestApp {
    /// A service on a fresh database, at noon of 2026-03-15 (UTC), that waits for no gateway.
    pub async fn start(backend: Backend) -> TestApp {
        let directory = TempDir::new().unwrap();
        let url = match backend {
            Backend::Sqlite => sqlite::fresh_database(directory.path()).await,
            Backend::Postgres => postgres::fresh_database().await,
        };
        TestApp::on(
            url,
            directory,
            at("2026-03-15T12:00:00Z"),
            PolicyOptions {
                reserve_wait_seconds: 0,
                ..PolicyOptions::default()
            },
            NotifyOptions::default(),
            CreditOptions::default(),
            Encryption::default(),
        )
        .await
    }

    /// Another replica of this service on the same database, with other options.
    pub async fn replica(&self, options: PolicyOptions) -> TestApp {
        TestApp::on(
            self.url.clone(),
            TempDir::new().unwrap(),
            self.now(),
            options,
            NotifyOptions::default(),
            CreditOptions::default(),
            Encryption::default(),
        )
        .await
    }

    /// The same service with other options of what goes out.
    pub async fn notifying(&self, notify: NotifyOptions) -> TestApp {
        let (directory, options) = (TempDir::new().unwrap(), PolicyOptions::default());
        let credits = CreditOptions::default();
        TestApp::on(
            self.url.clone(),
            directory,
            self.now(),
            options,
            notify,
            credits,
            Encryption::default(),
        )
        .await
    }

    /// The same service with other options of prepaid balances.
    pub async fn crediting(&self, credits: CreditOptions) -> TestApp {
        let (directory, options) = (TempDir::new().unwrap(), PolicyOptions::default());
        let notify = NotifyOptions::default();
        TestApp::on(
            self.url.clone(),
            directory,
            self.now(),
            options,
            notify,
            credits,
            Encryption::default(),
        )
        .await
    }

    /// The same service with keys that encrypt secrets at rest, that may notify any address.
    pub async fn encrypting(&self, keys: &str) -> TestApp {
        let encryption = match keys {
            "" => Encryption::default(),
            keys => Encryption::read(&Secret::from(keys.to_owned())).unwrap(),
        };
        self.with_encryption(encryption).await
    }

    /// The same with what encrypts.
    pub async fn with_encryption(&self, encryption: Encryption) -> TestApp {
        let notify = NotifyOptions {
            allow_private_webhooks: true,
            ..NotifyOptions::default()
        };
        TestApp::on(
            self.url.clone(),
            TempDir::new().unwrap(),
            self.now(),
            PolicyOptions::default(),
            notify,
            CreditOptions::default(),
            encryption,
        )
        .await
    }

    /// Another replica that answers gateways soon, whatever becomes of their usage, of which few bytes may wait.
    pub async fn impatient(&self, booking_bytes: usize) -> TestApp {
        let [admin, gateway] = [ADMIN, GATEWAY].map(|secret| Secret::from(secret.to_owned()));
        let (policy, notify) = (PolicyOptions::default(), NotifyOptions::default());
        let credits = CreditOptions::default();
        let config = Config::new(&admin, &gateway, &policy, &notify, &credits, self.now());
        let config = Config {
            booking_patience: Duration::from_millis(200),
            booking_bytes,
            ..config.unwrap()
        };
        let (url, directory) = (self.url.clone(), TempDir::new().unwrap());
        TestApp::with_config(url, directory, self.now(), config).await
    }

    async fn on(
        url: String,
        directory: TempDir,
        now: Timestamp,
        options: PolicyOptions,
        notify: NotifyOptions,
        credits: CreditOptions,
        encryption: Encryption,
    ) -> TestApp {
        let [admin, gateway] = [ADMIN, GATEWAY].map(|secret| Secret::from(secret.to_owned()));
        let config = Config::new(&admin, &gateway, &options, &notify, &credits, now).unwrap();
        let config = Config {
            encryption,
            // Many tests run at once.
            booking_patience: Duration::from_secs(30),
            ..config
        };
        TestApp::with_config(url, directory, now, config).await
    }

    async fn with_config(
        url: String,
        directory: TempDir,
        now: Timestamp,
        config: Config,
    ) -> TestApp {
        let clock = ManualClock(Arc::new(AtomicU64::new(now.nanos())));
        let store = Store::open(&url).await.unwrap();
        let app = App::start(store, Arc::new(clock.clone()), config)
            .await
            .unwrap();
        TestApp {
            router: router(app.clone()),
            app,
            url,
            clock,
            _directory: directory,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Turns the clock to a moment in RFC 3339.
    pub fn set_time(&self, text: &str) {
        self.clock.0.store(at(text).nanos(), Ordering::SeqCst);
    }

    pub fn advance(&self, seconds: u64) {
        let now = self.now().plus(Duration::from_secs(seconds));
        self.clock.0.store(now.nanos(), Ordering::SeqCst);
    }

    /// One request with a key. A `null` body sends none.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"));
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        let text = || json!(String::from_utf8_lossy(&bytes));
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Answer {
            status,
            headers,
            body,
        }
    }

    /// One request whose answer is read by the test.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(ADMIN, "GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(ADMIN, "POST", path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(ADMIN, "PATCH", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(ADMIN, "PUT", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(ADMIN, "DELETE", path, Value::Null).await
    }

    /// Every sum is what the events say.
    pub async fn verify_totals(&self) {
        let mut found = Vec::new();
        let tell = &mut |difference: Difference| found.push(difference.to_string());
        verification::verify(&self.app.store, tell).await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }

    /// How many models have a price.
    pub async fn models(&self) -> usize {
        let prices = self.get("/v1/prices").await.expect(200);
        prices["data"].as_array().unwrap().len()
    }

    /// Makes a key; its whole answer.
    pub async fn make_key(&self, body: Value) -> Value {
        self.post("/v1/keys", body).await.expect(201)
    }
}

fn at(text: &str) -> Timestamp {
    let nanos = OffsetDateTime::parse(text, &Rfc3339)
        .unwrap()
        .unix_timestamp_nanos();
    Timestamp::from_nanos(u64::try_from(nanos).unwrap())
}
