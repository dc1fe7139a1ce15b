//! Some seconds of every target.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use paddock_fuzz::{TARGETS, run};
use std::time::Duration;

const EACH: Duration = Duration::from_secs(4);

#[test]
fn no_input_breaks_a_property() {
    for target in TARGETS {
        let count =
            run::run(target, EACH, rand::random()).unwrap_or_else(|error| panic!("{error:#}"));
        eprintln!("{}: {count} inputs", target.name);
    }
}
