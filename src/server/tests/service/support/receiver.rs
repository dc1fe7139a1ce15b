//! Somebody who is told: an HTTP server that keeps what it gets and answers as it is ordered to.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Something that came.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub text: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

#[derive(Clone, Default)]
struct Kept {
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<Mutex<u16>>,
}

pub struct Receiver {
    pub url: String,
    kept: Kept,
}

impl Receiver {
    /// A server on a port of its own, that accepts what comes.
    pub async fn start() -> Receiver {
        let kept = Kept::default();
        *kept.status.lock().unwrap() = 204;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Receiver { url, kept }
    }

    /// What it answers from now on.
    pub fn answer(&self, status: u16) {
        *self.kept.status.lock().unwrap() = status;
    }

    /// What came since this was last asked.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.kept.received.lock().unwrap())
    }
}

async fn take(State(kept): State<Kept>, headers: HeaderMap, text: String) -> Response {
    kept.received
        .lock()
        .unwrap()
        .push(Received { headers, text });
    let status = StatusCode::from_u16(*kept.status.lock().unwrap()).unwrap();
    let location = [(header::LOCATION, "http://127.0.0.1:1/")];
    (status, location).into_response()
}
