//! What must hold when all is quiet.

use super::calls::{Call, Calls, Fate};
use super::clients;
use super::judgement::{Judgement, Kills, logged, settled};
use super::tenants::{SLOTS, Tenant};
use anyhow::{Context, ensure};
use paddock_tests::installation::{Installation, Operator};
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// So long the provider takes for the calls that show free slots.
const SLOT_MILLIS: u64 = 1_500;
/// So long it may take until all slots have moved to another gateway.
const MOVING: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_secs(3);

/// Waits until all is booked, and has everything checked that can be.
pub async fn judge(
    installation: &Installation,
    operator: &Operator,
    calls: &Calls,
    tenants: &[Tenant],
    kills: &Kills,
) -> anyhow::Result<Judgement> {
    let ledger = settled(installation, calls).await?;
    let judged = Judgement::of(
        &calls.lock(),
        &ledger,
        &logged(installation)?,
        tenants,
        kills,
    );
    judged.pronounce()?;
    for (tenant, sums) in tenants.iter().zip(&judged.sums) {
        let usage = format!("/v1/namespaces/{}/usage?period=all", tenant.name);
        let usage = operator.ask("GET", &usage, None).await?;
        let count = usage.get("request_count").and_then(Value::as_u64);
        ensure!(
            count == u64::try_from(sums.booked.0).ok(),
            "{}: {sums:?}, but its usage says {usage:#}",
            tenant.name
        );
    }
    let told = installation.verify()?;
    ensure!(told.contains(" 0 differences"), "{told}");
    let audit = operator.ask("GET", "/v1/audit/verify", None).await?;
    ensure!(audit.get("valid") == Some(&Value::Bool(true)), "{audit:#}");
    Ok(judged)
}

/// Prints what was counted of each tenant.
pub fn report(out: &mut impl Write, judged: &Judgement, tenants: &[Tenant]) -> anyhow::Result<()> {
    writeln!(
        out,
        "\n{:<10}{:>10}{:>16}{:>10}{:>16}{:>10}{:>16}{:>10}",
        "tenant",
        "answered",
        "nano-dollars",
        "left",
        "nano-dollars",
        "events",
        "nano-dollars",
        "refused"
    )?;
    for (tenant, sums) in tenants.iter().zip(&judged.sums) {
        let ((answered, cost), (open, of_open), (booked, of_booked)) =
            (sums.answered, sums.open, sums.booked);
        writeln!(
            out,
            "{:<10}{answered:>10}{cost:>16}{open:>10}{of_open:>16}{booked:>10}{of_booked:>16}{:>10}",
            tenant.name, sums.refused
        )?;
    }
    writeln!(out, "refusals by status: {:?}", judged.refusals)?;
    Ok(())
}

/// The poor tenant's cap is spent but for less than one more call may cost.
pub async fn poor_is_spent(
    out: &mut impl Write,
    installation: &Installation,
    judged: &Judgement,
    tenants: &[Tenant],
) -> anyhow::Result<()> {
    let poor = tenants
        .iter()
        .zip(&judged.sums)
        .find(|(tenant, _)| tenant.is_poor);
    let (poor, sums) = poor.context("nobody is poor")?;
    let left = poor.cap.saturating_sub(sums.booked.1);
    let url = installation.gateways.first().context("no gateway")?.url();
    let http = paddock_local::client()?.build()?;
    let call = clients::chat(
        &http,
        &format!("{url}/v1/chat/completions"),
        &poor.key,
        false,
    );
    let answer = call.send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(
        status == 402,
        "the poor tenant has {left} nano-dollars left and was answered {status}: {text}"
    );
    let cost = text
        .split("may cost up to $")
        .nth(1)
        .context("no cost is told")?;
    let cost: String = cost
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let dollars: f64 = cost.trim_end_matches('.').parse()?;
    #[expect(clippy::cast_possible_truncation, reason = "a call's cost")]
    let estimate = (dollars * 1e9).round() as i64;
    ensure!(
        left < estimate,
        "{left} nano-dollars are left and a call may cost {estimate}"
    );
    writeln!(
        out,
        "of the poor tenant's cap {left} nano-dollars are left; a call may cost {estimate}"
    )?;
    Ok(())
}

/// Every gateway gets all slots where the others use none, and lets no more calls at once through.
pub async fn slots_are_free(
    phase: &str,
    installation: &Installation,
    tenants: &[Tenant],
    calls: &Arc<Calls>,
) -> anyhow::Result<()> {
    let slots = tenants.iter().position(|tenant| tenant.has_slots);
    let tenant = slots.context("nobody has slots")?;
    let slotted = tenants.get(tenant).context("nobody has slots")?;
    let http = paddock_local::client()?.build()?;
    for (gateway, stack) in installation.gateways.iter().enumerate() {
        let begun = Instant::now();
        for attempt in 1_u32.. {
            let mut asked = JoinSet::new();
            for number in 0..=SLOTS {
                let name = format!("soak/slots-{phase}/{gateway}/{attempt}/{number}");
                let (http, url, slotted) = (http.clone(), stack.url(), slotted.clone());
                let calls = Arc::clone(calls);
                asked.spawn(async move {
                    let fate = clients::ask(&http, &url, &slotted, &name, SLOT_MILLIS).await;
                    let was_served = matches!(fate, Fate::Answered { .. });
                    calls.add(
                        name,
                        Call {
                            tenant,
                            gateway,
                            fate,
                        },
                    );
                    was_served
                });
            }
            let mut served: usize = 0;
            while let Some(was_served) = asked.join_next().await {
                served = served.saturating_add(usize::from(was_served?));
            }
            if served == SLOTS {
                break;
            }
            ensure!(
                served < SLOTS && begun.elapsed() < MOVING,
                "gateway {}: {served} of {SLOTS} calls at once were served",
                gateway.saturating_add(1)
            );
            sleep(PAUSE).await;
        }
    }
    Ok(())
}
