//! A provider that answers with exactly the bytes it was told to, and records what it was asked.
//!
//! A request names its script in the header [`NAME`]; a gateway that does not pass that on can have
//! `script-NAME` anywhere in the request's target or body instead. Scripts are read from JSON: see
//! [`Script`].

mod request;
mod script;
mod serve;
mod text;

pub use request::Seen;
pub use script::{Chunk, End, Framing, Output, Script, Unless};
pub use text::{expanded, numbered};

use anyhow::Context;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The request header that names a script.
pub const NAME: &str = "x-script";

/// What stands before a script's name in a target or a body.
pub const MARK: &str = "script-";

/// The running upstream. Dropping it ends it and closes what it has open.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    book: Arc<Book>,
    task: JoinHandle<()>,
}

/// Scripts, and what was asked under the name of each.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<HashMap<String, Page>>);

#[derive(Debug, Default)]
pub(crate) struct Page {
    pub script: Arc<Script>,
    pub seen: Vec<Seen>,
}

impl Book {
    pub fn pages(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upstream {
    /// Listens on loopback; on any free port where `port` is 0.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = (TcpListener::bind(("127.0.0.1", port)).await)
            .with_context(|| format!("the scripted upstream cannot listen on port {port}"))?;
        let address = listener.local_addr()?;
        let book = Arc::<Book>::default();
        let task = tokio::spawn(serve::accept(listener, Arc::clone(&book)));
        Ok(Self {
            address,
            book,
            task,
        })
    }

    /// Where it is reached: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Has requests of this name answered so. What was asked under it before is forgotten.
    pub fn script(&self, name: &str, script: Script) {
        let page = Page {
            script: Arc::new(script),
            seen: Vec::new(),
        };
        self.book.pages().insert(name.to_owned(), page);
    }

    /// What was asked under a name so far, in order of arrival. Requests without a known name have
    /// the empty one.
    pub fn seen(&self, name: &str) -> Vec<Seen> {
        let pages = self.book.pages();
        pages
            .get(name)
            .map_or_else(Vec::new, |page| page.seen.clone())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}
