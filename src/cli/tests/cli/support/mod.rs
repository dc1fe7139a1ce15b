//! A running service, and the command line beside it.

#[path = "../../../../server/tests/service/support/postgres.rs"]
pub mod postgres;
mod service;

pub use service::{ADMIN, GATEWAY, Service};

use serde_json::Value;
use std::future::Future;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Waits for what is asynchronous, in a test that is not.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// What was printed, where it ended as expected.
    #[track_caller]
    pub fn expect(self, code: i32) -> String {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        self.out
    }

    /// What was said of the failure.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        self.err
    }

    /// What was printed, as JSON.
    #[track_caller]
    pub fn json(self, code: i32) -> Value {
        serde_json::from_str(&self.expect(code)).unwrap()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The binary, without anything of this process's environment that it would heed.
pub fn paddock() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paddock"));
    for (name, _) in std::env::vars() {
        if name.starts_with("PADDOCK_") {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", "/nowhere");
    // A folder without a paddock.toml.
    command.current_dir(std::env::temp_dir());
    command
}

/// Runs a command; `input` is what it reads.
pub fn run(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that fails early reads nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap().into()
}

/// A port on which nothing listens.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A client of the protocol, which takes every status for an answer.
pub fn agent() -> reqwest::blocking::Client {
    reqwest::blocking::Client::builder()
        .tls_backend_preconfigured(paddock_server::outbound::tls::client(None).unwrap())
        .no_proxy()
        .timeout(std::time::Duration::from_secs(60))
        .build()
        .unwrap()
}
