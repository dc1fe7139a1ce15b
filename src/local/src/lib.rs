//! Paddock on one machine: Envoy with the filter, the accounting service and a provider, started
//! together and stopped together.
//!
//! `make run` is the binary of this crate; the end-to-end tests and the benchmark build on its
//! [`Stack`]. Envoy always runs the real `envoy/envoy.yaml`, with only its addresses edited.
//!
//! Absent from this crate: Paddock's own crates. It runs their binaries.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use paddock_local::{Part, Stack, StackOptions};
//!
//! let mut stack = Stack::start(StackOptions::default()).await?;
//! println!("{}", stack.base_url());
//! stack.kill(Part::Service)?;
//! stack.restart(Part::Service).await?;
//! # Ok(()) }
//! ```

mod bootstrap;
mod http;
mod locate;
mod older_envoy;
mod options;
mod ports;
mod postgres;
mod process;
mod secrets;
mod stack;
mod upstream;

pub use http::client;
pub use locate::{binary, envoy, root, wasm};
pub use options::{Edit, StackOptions};
pub use ports::{Held, Port};
pub use postgres::{Postgres, PostgresOptions};
pub use process::Process;
pub use secrets::{Kept, keep};
pub use stack::{Part, Stack};
pub use upstream::Upstream;
