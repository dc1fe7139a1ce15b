//! `paddock verify`: proves that what is stored is what was booked, beside a running service.

use crate::config::Secret;
use crate::domain::{audit, verification};
use crate::store::Store;
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};
use std::process::ExitCode;

/// Options of `paddock verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyOptions {
    /// The database: the same as of `paddock serve`.
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL",
        hide_env_values = true,
        default_value = "paddock.db",
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    pub database_url: Secret,
}

/// Prints every difference between the sums and the calls and every problem of the audit, a line
/// each as it is found, and what was looked at. Exit code 1 where there was any.
///
/// # Errors
/// Where the database fails, or nothing can be printed.
pub async fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let store = Store::open_existing(options.database_url.expose())
        .await
        .context("cannot open the database of --database-url (PADDOCK_DATABASE_URL)")?;
    let is_right = report(&store, &mut io::stdout()).await?;
    store.close().await;
    Ok(if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Writes what is found; whether all is right.
///
/// # Errors
/// Where the database fails, or nothing can be written.
pub async fn report(store: &Store, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    let mut written = Ok(());
    let mut tell = |difference: verification::Difference| {
        if written.is_ok() {
            written = writeln!(out, "{difference}");
        }
    };
    let summary = verification::verify(store, &mut tell).await?;
    written?;
    writeln!(
        out,
        "sums: {} calls of {} days, {} differences; {} days are older than the audit",
        summary.events, summary.days, summary.differences, summary.days_without_events
    )?;
    let mut is_right = summary.differences == 0;
    for chain in audit::verify(store, None).await? {
        let name = &chain.organization;
        for problem in &chain.problems {
            let (sequence, message) = (problem.sequence, &problem.message);
            writeln!(out, "audit of {name}, segment {sequence}: {message}")?;
        }
        writeln!(
            out,
            "audit of {name}: {} entries, {} problems; head {} {}",
            chain.entries, chain.problem_count, chain.head_sequence, chain.head_hash
        )?;
        is_right &= chain.valid;
    }
    Ok(is_right)
}
