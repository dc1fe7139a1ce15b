//! What clients send and providers answer, and what the ledger must say then.
//!
//! The cases are data: see `data/README.md`. They run against the real filter in a real Envoy, the
//! real service and a scripted upstream, and are compared together: the failure names every case
//! that differs, and how. `data/open` names those that are known to differ; one that does not any
//! more has to leave it.
//!
//! `PADDOCK_CASES=02a,13pdf cargo test -p paddock-tests --test cases` runs some alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

mod case;
mod client;
mod connections;
mod judge;
mod ledger;
mod request;
mod run;
mod site;
mod special;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_cases() {
    let failures = run::all().await;
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n"));
}
