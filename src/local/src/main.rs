//! `make run`: Paddock on this machine, until Ctrl-C.

use anyhow::{Context, bail};
use clap::Parser;
use clap::builder::NonEmptyStringValueParser;
use paddock_local::{Port, Stack, StackOptions, Upstream, keep, root};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Runs Envoy with Paddock's filter, the accounting service and a provider on this machine.
#[derive(Parser)]
struct Arguments {
    /// Where clients connect; 10000, or a free port where that one is taken.
    #[arg(long, env = "PADDOCK_PORT")]
    port: Option<u16>,
    /// The operator's key, at least 16 characters; made and kept in the state folder where absent.
    #[arg(long, env = "PADDOCK_ADMIN_KEY", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    admin_key: Option<String>,
    /// The ledger: a SQLite file or postgres://; in the state folder where absent.
    #[arg(long, env = "PADDOCK_DATABASE_URL", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    database_url: Option<String>,
    /// The base URL of an OpenAI-compatible provider, in place of the fake one.
    #[arg(long, env = "PADDOCK_UPSTREAM", value_parser = NonEmptyStringValueParser::new())]
    upstream: Option<String>,
    /// The key that provider wants.
    #[arg(long, env = "PADDOCK_UPSTREAM_KEY", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    upstream_key: Option<String>,
    /// Where keys, logs and the ledger are kept.
    #[arg(long, env = "PADDOCK_STATE")]
    state: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paddock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // From the first moment on: what has been started must be stopped.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let options = options(arguments)?;

    let mut stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    for (what, wanted, got) in stack.moved() {
        say(&format!("port {wanted} is taken, {what} uses {got}"));
    }
    say(&format!("logs in {}", stack.state().join("logs").display()));
    say(&format!("console {}/console/", stack.url()));
    say(&format!("paddock ready {}", stack.base_url()));

    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = tokio::time::sleep(Duration::from_millis(200)) => stack.check()?,
        }
    }
    stack.shut_down().await
}

fn options(arguments: Arguments) -> anyhow::Result<StackOptions> {
    let state = arguments
        .state
        .unwrap_or_else(|| root().join(".paddock/state"));
    std::fs::create_dir_all(&state)
        .with_context(|| format!("cannot make the state folder {}", state.display()))?;
    let admin_key = match arguments.admin_key {
        Some(key) if key.len() >= 16 => key,
        Some(key) => bail!(
            "PADDOCK_ADMIN_KEY has {} characters and needs at least 16. Choose a longer one, or unset it and one is made.",
            key.len()
        ),
        None => kept_admin_key(&state)?,
    };
    let upstream = arguments
        .upstream
        .as_deref()
        .map(str::parse::<Upstream>)
        .transpose();
    let upstream = upstream.context("PADDOCK_UPSTREAM cannot be used")?;
    if arguments.upstream_key.is_some() && upstream.is_none() {
        bail!("PADDOCK_UPSTREAM_KEY is set without PADDOCK_UPSTREAM. Set both or neither.");
    }
    Ok(StackOptions {
        port: arguments.port.map_or(Port::Prefer(10_000), Port::Fixed),
        admin_port: Port::Prefer(9901),
        service_port: Port::Prefer(10_080),
        provider_port: Port::Prefer(10_090),
        admin_key,
        gateway_token: keep(&state.join("gateway-token"), "")?.value,
        // Each line of the access log is written at once, and what a kill left unreported is booked from it.
        envoy_arguments: vec!["--file-flush-min-size-kb".to_owned(), "0".to_owned()],
        with_repair: true,
        database_url: arguments.database_url,
        upstream,
        upstream_key: arguments.upstream_key,
        state: Some(state),
        ..StackOptions::default()
    })
}

fn kept_admin_key(state: &Path) -> anyhow::Result<String> {
    let path = state.join("admin-key");
    let kept = keep(&path, "")?;
    if kept.made {
        say(&format!("admin key: {}", kept.value));
    } else {
        say(&format!("the admin key is in {}", path.display()));
    }
    Ok(kept.value)
}

/// What the program is for is to be read by people and scripts.
#[expect(clippy::print_stdout, reason = "the command line's own output")]
fn say(line: &str) {
    println!("{line}");
}
