//! `paddock verify`: proves that what is stored is what was booked, beside a running service.

use paddock_ledger::rules::{audit, verification};
use paddock_ledger::store::Store;
use serde_json::{Value, json};
use std::io::Write;

/// Writes every difference between the sums and the calls and every problem of the audit, a line each
/// as it is found, and what was looked at; whether all is right.
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

/// The same as one JSON value, and whether all is right.
///
/// # Errors
/// Where the database fails.
pub async fn to_json(store: &Store) -> anyhow::Result<(Value, bool)> {
    let mut differences = Vec::new();
    let mut tell = |difference| differences.push(difference);
    let summary = verification::verify(store, &mut tell).await?;
    let chains = audit::verify(store, None).await?;
    let is_right = differences.is_empty() && chains.iter().all(|chain| chain.valid);
    let report = json!({
        "object": "verification",
        "valid": is_right,
        "calls": summary.events,
        "days": summary.days,
        "days_without_calls": summary.days_without_events,
        "differences": differences,
        "audit": chains,
    });
    Ok((report, is_right))
}
