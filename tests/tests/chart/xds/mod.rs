//! A control plane, as istiod and Envoy Gateway are one: Envoy starts with the address of it alone, and has all else
//! from it over one stream (ADS, incremental, gRPC). What they make of their resources is in `istio` and
//! `envoy_gateway`; here it is cut into what is sent, and sent.

mod delta;
mod protobuf;
mod service;
mod split;

use delta::Resources;
use protobuf::Types;
use serde_json::Value;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tonic::transport::server::{Server, TcpIncoming};

pub use split::{Made, ads, extension, secret, split};

/// What is served, with its version, and what proxies said.
#[derive(Debug)]
struct State {
    resources: watch::Sender<(u64, Resources)>,
    heard: Mutex<Vec<Heard>>,
}

/// What a proxy says of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Question(String),
    Acceptance(String),
    Refusal(String),
}

/// A running control plane.
#[derive(Debug)]
pub struct ControlPlane {
    state: Arc<State>,
    port: u16,
}

impl ControlPlane {
    /// Starts one that has nothing to say yet. On the runtime of the caller.
    pub fn start() -> Self {
        static TYPES: OnceLock<Types> = OnceLock::new();
        let types = TYPES.get_or_init(|| Types::of(&paddock_local::envoy().unwrap()));
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let port = incoming.local_addr().unwrap().port();
        let state = Arc::new(State {
            resources: watch::Sender::new((0, Resources::new())),
            heard: Mutex::default(),
        });
        let discovery = service::Discovery {
            types: types.clone(),
            state: state.clone(),
        };
        tokio::spawn(Server::builder().serve_with_incoming(discovery, incoming));
        Self { state, port }
    }

    /// Where proxies find it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What proxies are told from now on.
    pub fn serve(&self, resources: Resources) {
        self.state.resources.send_modify(|current| {
            *current = (current.0 + 1, resources);
        });
    }

    /// Changes one resource.
    pub fn change(&self, kind: &str, name: &str, change: impl FnOnce(&mut Value)) {
        self.state.resources.send_modify(|current| {
            let resources = current.1.get_mut(kind).unwrap();
            change(resources.get_mut(name).unwrap());
            current.0 += 1;
        });
    }

    /// Waits until a proxy has taken something of each type that there is. Panics if it refuses any.
    pub async fn taken(&self) {
        let types: Vec<String> = self.state.resources.borrow().1.keys().cloned().collect();
        let since = Instant::now();
        loop {
            self.nothing_refused();
            let heard = self.state.heard.lock().unwrap().clone();
            let taken = |kind: &&String| heard.contains(&Heard::Acceptance((*kind).clone()));
            let missing: Vec<&String> = types.iter().filter(|kind| !taken(kind)).collect();
            if missing.is_empty() {
                return;
            }
            let waited = since.elapsed();
            assert!(waited < Duration::from_secs(30), "{missing:?}: {heard:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Panics if a proxy refused anything so far.
    pub fn nothing_refused(&self) {
        for heard in self.state.heard.lock().unwrap().iter() {
            assert!(!matches!(heard, Heard::Refusal(_)), "{heard:?}");
        }
    }
}
