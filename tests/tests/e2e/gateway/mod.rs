//! A running stack, as the tests use it: Envoy with the filter, the service, the fake provider.

pub mod ledger;
pub mod tenant;

pub use ledger::Line;
pub use tenant::Tenant;

use crate::client::{Answer, Call, Connection};
use paddock_core::wire::UsageEvent;
use paddock_local::{Part, Stack, StackOptions};
use serde_json::Value;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// What takes longer has failed. Nothing is asserted about what takes less.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls `look` until it finds something.
#[track_caller]
pub fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// Calls `look` until it finds something, for as long as is said.
#[track_caller]
pub fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            since.elapsed() < patience,
            "not within {patience:?}: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub struct Gateway {
    stack: Mutex<Stack>,
    runtime: Runtime,
    /// Where clients connect.
    pub address: SocketAddr,
    /// The fake provider, past Envoy.
    pub provider: SocketAddr,
    envoy_admin: SocketAddr,
    admin_key: String,
    database: PathBuf,
    access_log: PathBuf,
    tenants: AtomicU64,
}

impl Gateway {
    /// The one that all tests share that do not disturb each other: each has its own tenants.
    pub fn shared() -> &'static Gateway {
        static SHARED: OnceLock<Gateway> = OnceLock::new();
        SHARED.get_or_init(|| Gateway::lasting("shared", StackOptions::default()))
    }

    /// One for several tests, which ends with the process: its folder is one that the next run
    /// takes over.
    pub fn lasting(name: &str, options: StackOptions) -> Gateway {
        let state = target().join("e2e").join(name);
        let _ = std::fs::remove_dir_all(&state);
        Gateway::start(StackOptions {
            state: Some(state),
            ..options
        })
    }

    /// Another Envoy at the same service, as [`Gateway::lasting`].
    pub fn beside(&self, name: &str) -> Gateway {
        let service = address(&self.stack().service_url().unwrap()).port();
        let options = StackOptions {
            with_service: false,
            replicas: vec![service],
            ..StackOptions::default()
        };
        Gateway::lasting(name, options)
    }

    /// One of its own, for a test that disturbs it.
    pub fn start(options: StackOptions) -> Gateway {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let stack = match runtime.block_on(Stack::start(options)) {
            Ok(stack) => stack,
            Err(error) => panic!("the stack does not start: {error:?}"),
        };
        let logs = [Part::Envoy, Part::Service, Part::Provider].map(|part| stack.log(part));
        show_when_a_test_fails(&logs);
        Gateway {
            runtime,
            address: address(&stack.url()),
            provider: address(&stack.provider_url().unwrap()),
            envoy_admin: address(&stack.admin_url()),
            admin_key: stack.admin_key().to_owned(),
            database: stack.state().join("paddock.db"),
            access_log: stack.access_log(),
            stack: Mutex::new(stack),
            tenants: AtomicU64::new(0),
        }
    }

    fn stack(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `kill -9`.
    pub fn kill(&self, part: Part) {
        self.stack().kill(part).unwrap();
    }

    /// Starts a killed part again and waits until it is ready.
    pub fn restart(&self, part: Part) {
        self.runtime.block_on(self.stack().restart(part)).unwrap();
    }

    /// Starts the service again, by another program or by the usual one.
    pub fn serve_by(&self, program: Option<PathBuf>) {
        self.stack().serve_by(program);
        self.restart(Part::Service);
    }

    /// Sends a request on a connection of its own.
    pub fn send(&self, call: &Call) -> Answer {
        Connection::open(self.address).call(call)
    }

    /// The same past Envoy, to the provider itself.
    pub fn send_to_provider(&self, call: &Call) -> Answer {
        Connection::open(self.provider).call(call)
    }

    /// Manages something as the operator, and is answered 200 or 201.
    #[track_caller]
    pub fn manage(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let mut call = Call::new(method, path).key(&self.admin_key);
        if let Some(body) = body {
            call = call.body(body.to_string());
        }
        let answer = self.send(&call);
        assert!((200..300).contains(&answer.status), "{answer}");
        if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }

    /// The status of a request of the operator's.
    pub fn manage_status(&self, method: &str, path: &str) -> u16 {
        self.send(&Call::new(method, path).key(&self.admin_key))
            .status
    }

    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// The file of the service's SQLite database.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// The file of Envoy's access log.
    pub fn access_log_file(&self) -> &Path {
        &self.access_log
    }

    /// A number no other name of this run has.
    pub fn number(&self) -> u64 {
        self.tenants.fetch_add(1, Relaxed)
    }

    /// The requests of a tenant that reached the provider.
    pub fn seen(&self, tenant: &Tenant) -> Vec<Value> {
        let all = self.send_to_provider(&Call::get("/_fake/requests")).json();
        let is_ours = |request: &&Value| header_of(request, tenant::MARK) == Some(&tenant.mark);
        all.as_array()
            .unwrap()
            .iter()
            .filter(is_ours)
            .cloned()
            .collect()
    }

    /// What the provider has counted so far.
    pub fn provider_stat(&self, name: &str) -> u64 {
        self.send_to_provider(&Call::get("/_fake/stats")).json()[name]
            .as_u64()
            .unwrap()
    }

    /// How often a VM has trapped and was started anew.
    pub fn reloads(&self) -> u64 {
        let stats = self.envoy_stats("/stats?filter=wasm.paddock.vm_reload_success");
        let count = stats.trim().rsplit(' ').next().unwrap();
        count.parse().unwrap_or_else(|_| panic!("{stats}"))
    }

    /// Where Envoy's admin interface listens.
    pub fn envoy_admin(&self) -> SocketAddr {
        self.envoy_admin
    }

    /// Where the service listens.
    pub fn service(&self) -> SocketAddr {
        address(&self.stack().service_url().unwrap())
    }

    /// Envoy's own metrics, as Prometheus reads them.
    pub fn envoy_metrics(&self) -> String {
        self.envoy_stats("/stats/prometheus")
    }

    /// A page of Envoy's admin interface.
    pub fn envoy_stats(&self, path: &str) -> String {
        let answer = Connection::open(self.envoy_admin)
            .call(&Call::get(path))
            .expect(200);
        String::from_utf8(answer.body).unwrap()
    }

    /// What Envoy itself has logged so far.
    pub fn envoy_log(&self) -> String {
        let path = self.stack().log(Part::Envoy);
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    }

    /// The lines of the access log so far, their events as objects. A refusal that has none is an object
    /// without an id.
    pub fn access_log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.access_log).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(logged).collect()
    }
}

fn logged(line: &str) -> Value {
    let mut read: Value = serde_json::from_str(line).expect(line);
    if let Some(text) = read["event"].as_str() {
        let event = match UsageEvent::from_line(text).unwrap() {
            Some(event) => serde_json::from_slice(&event.to_json()).unwrap(),
            None => text
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .collect(),
        };
        read["event"] = event;
    }
    read
}

/// A header of a request that the provider has recorded.
pub fn header_of<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    let headers = request["headers"].as_array().unwrap();
    let found = headers.iter().find(|header| header[0] == name)?;
    found[1].as_str()
}

/// The folder things are built in.
pub fn target() -> PathBuf {
    paddock_local::wasm().unwrap().parent().unwrap().to_owned()
}

fn address(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Prints the end of every log where a test panics.
fn show_when_a_test_fails(logs: &[PathBuf]) {
    static LOGS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
    static HOOK: Once = Once::new();
    LOGS.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend_from_slice(logs);
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            before(panic);
            for log in LOGS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                show(log);
            }
        }));
    });
}

fn show(log: &Path) {
    const LINES: usize = 12;
    let Ok(bytes) = std::fs::read(log) else {
        return; // Of a stack that has been stopped.
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    eprintln!("the end of {}:", log.display());
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        eprintln!("  {line}");
    }
}

/// Asserts equality and shows all that is known where it does not hold.
#[track_caller]
pub fn same<T: PartialEq + Debug>(found: T, expected: T, about: &dyn Debug) {
    assert!(
        found == expected,
        "found {found:?}, expected {expected:?}: {about:#?}"
    );
}
