//! One rate, whichever Envoys its calls go to.

use super::calls::{Calls, Fate};
use super::tenants::{BURST, RPM, Tenant};
use anyhow::{Context, ensure};
use tokio::time::Instant;

const MINUTE_MILLIS: u128 = 60_000;

/// No window has more calls than the burst and what the rate gains in it, whatever was killed, paused or cut
/// off meanwhile. A call was admitted between its sending and its answer, so those count whose both are in the
/// window. How many were answered.
pub fn never_above(calls: &Calls, tenants: &[Tenant]) -> anyhow::Result<usize> {
    let rated = tenants.iter().position(|tenant| tenant.is_rated);
    let rated = rated.context("nobody has a rate")?;
    let answered: Vec<(Instant, Instant)> = calls
        .lock()
        .values()
        .filter(|call| call.tenant == rated)
        .filter_map(|call| match call.fate {
            Fate::Answered { sent, at, .. } => Some((sent, at)),
            _ => None,
        })
        .collect();
    for (from, _) in &answered {
        let within = answered.iter().filter(|(sent, _)| sent >= from);
        let mut ends: Vec<Instant> = within.map(|(_, at)| *at).collect();
        ends.sort();
        for (count, to) in (1_u128..).zip(ends) {
            let millis = to.duration_since(*from).as_millis();
            let gained = millis.saturating_mul(RPM.into()) / MINUTE_MILLIS;
            let most = gained.saturating_add(BURST.into()).saturating_add(1);
            ensure!(
                count <= most,
                "{count} calls were answered within {millis} ms, where {most} may be"
            );
        }
    }
    Ok(answered.len())
}
