//! Crashes every part of an installation under load, and finds every cent again.
//!
//! Two replicas of the service over one PostgreSQL (or one over SQLite) and three Envoys serve clients
//! that call, stream and leave, while policies change. First the service and the database are killed,
//! then Envoys. After each, when all is quiet: the ledger is what the clients were answered, call by
//! call and to the nano-dollar, and what the gateways' access logs say; no cap was passed, the poor
//! tenant's is spent to less than one call's estimate, no slot is taken, `paddock verify` and the audit
//! find nothing. Fails where anything is otherwise.

mod calls;
mod clients;
mod crashes;
mod gateways;
mod judgement;
mod memory;
mod tenants;

use anyhow::{Context, ensure};
use calls::{Call, Calls, Fate};
use clap::{Parser, ValueEnum};
use clients::Load;
use judgement::{Judgement, Kills, logged, settled};
use paddock_tests::faulty_filter;
use paddock_tests::installation::{Installation, Operator, Plan};
use rand::SeedableRng;
use rand::rngs::StdRng;
use reqwest::Client;
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tenants::{SLOTS, Tenant};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What a VM that trapped had taken comes back within twice this long.
const MAX_REQUEST_SECONDS: u64 = 5;
/// The load goes on for so long after the last crash: then the poor tenant's money is spent.
const AFTERWARDS: Duration = Duration::from_secs(15);
/// So long the provider takes for the calls that show free slots.
const SLOT_MILLIS: u64 = 1_500;

/// The database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    /// With two replicas of the service.
    Postgres,
    /// With one.
    Sqlite,
}

/// Crashes every part of an installation under load, and finds every cent again.
#[derive(Parser)]
struct Arguments {
    /// How often the service or the database is killed.
    #[arg(long, default_value_t = 20)]
    crashes: usize,
    /// How often an Envoy is killed under load, afterwards.
    #[arg(long, default_value_t = 3)]
    envoys: usize,
    /// How often a gateway's VM traps meanwhile; not 0 takes another build of the filter.
    #[arg(long, default_value_t = 0)]
    traps: usize,
    /// Clients at once.
    #[arg(long, default_value_t = 24)]
    clients: usize,
    /// The cap of the tenant that spends it all, in dollars.
    #[arg(long, default_value_t = 0.15)]
    poor: f64,
    /// The ledger's database.
    #[arg(long, value_enum, default_value_t = Database::Postgres)]
    database: Database,
    /// What the run is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    let begun = Instant::now();
    let mut rng = StdRng::seed_from_u64(arguments.seed);
    let mut installation = Installation::start(plan(&arguments)?).await?;
    let operators: Vec<Operator> = (0..installation.gateways.len())
        .map(|gateway| installation.operator(gateway))
        .collect::<anyhow::Result<_>>()?;
    let operator = operators.first().context("no gateway")?;
    let tenants = Arc::new(tenants::make(operator, arguments.poor).await?);
    let calls = Arc::new(Calls::default());
    writeln!(
        out,
        "seed {}, {} clients",
        arguments.seed, arguments.clients
    )?;
    let mut memories = vec![("at the start", memory::of(&mut installation)?)];

    let (stop, changes) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let changing = {
        let (operators, switched) = (operators.clone(), tenants::switched(&tenants)?.clone());
        let (stop, changes, seed) = (Arc::clone(&stop), Arc::clone(&changes), arguments.seed);
        tokio::spawn(async move {
            tenants::change(operators, switched, seed, &stop, &changes).await;
        })
    };
    let load = Load::start(
        "crashed",
        arguments.clients,
        arguments.seed,
        &installation,
        &tenants,
        &calls,
    )?;
    let urls = installation
        .gateways
        .iter()
        .map(|gateway| gateway.url())
        .collect();
    let traps = tokio::spawn(crashes::trap(
        arguments.traps,
        urls,
        StdRng::seed_from_u64(arguments.seed),
    ));
    let since = Instant::now();
    let killed = crashes::crash(arguments.crashes, &mut installation, &calls, &mut rng).await?;
    traps.await??;
    let rate = calls.answered() as f64 / since.elapsed().as_secs_f64();
    sleep(AFTERWARDS).await;
    load.stop().await?;
    stop.store(true, Relaxed);
    changing.await?;
    writeln!(
        out,
        "{} crashes, {} changes of policy; {rate:.0} calls answered a second",
        killed.len(),
        changes.load(Relaxed)
    )?;
    sleep(Duration::from_secs(2 * MAX_REQUEST_SECONDS + 2)).await;
    slots_are_free("crashed", &installation, &tenants, &calls).await?;
    let judged = judge(&installation, operator, &calls, &tenants, &[]).await?;
    report(&mut out, &judged, &tenants)?;
    poor_is_spent(&mut out, &installation, &judged, &tenants).await?;
    memories.push(("after the crashes", memory::of(&mut installation)?));

    if arguments.envoys > 0 {
        let restored =
            gateways::with_a_full_queue(&mut installation, arguments.clients, &tenants, &calls)
                .await?;
        judge(&installation, operator, &calls, &tenants, &[]).await?;
        writeln!(
            out,
            "\nan Envoy killed while the service was away: reconcile restored {restored} events, nothing was lost"
        )?;
        let run = (&calls, &mut rng);
        let (kills, restored) = gateways::under_load(
            arguments.envoys,
            &mut installation,
            arguments.clients,
            &tenants,
            run,
        )
        .await?;
        let judged = judge(&installation, operator, &calls, &tenants, &kills).await?;
        let oldest = judged.lost.iter().max().copied().unwrap_or_default();
        writeln!(
            out,
            "{} Envoys killed under load: reconcile restored {restored} events; {} calls, answered at most {} ms before, were in no log yet",
            kills.len(),
            judged.lost.len(),
            oldest.as_millis()
        )?;
        slots_are_free("killed", &installation, &tenants, &calls).await?;
        memories.push(("at the end", memory::of(&mut installation)?));
    }
    for (when, (envoys, replicas)) in memories {
        writeln!(
            out,
            "memory {when}: Envoys {envoys:?} MiB, replicas {replicas:?} MiB"
        )?;
    }
    writeln!(
        out,
        "all is as it must be, after {} s",
        begun.elapsed().as_secs()
    )?;
    Ok(())
}

fn plan(arguments: &Arguments) -> anyhow::Result<Plan> {
    let postgres = arguments.database == Database::Postgres;
    let target = paddock_local::wasm()?;
    let target = target.parent().context("the filter is in no folder")?;
    Ok(Plan {
        gateways: 3,
        replicas: if postgres { 2 } else { 1 },
        postgres,
        wasm: match arguments.traps {
            0 => None,
            _ => Some(faulty_filter::build()?),
        },
        max_request_seconds: Some(MAX_REQUEST_SECONDS),
        arguments: Vec::new(),
        state: target.join("soak"),
    })
}

/// Waits until all is booked, and has everything checked that can be.
async fn judge(
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

fn report(out: &mut impl Write, judged: &Judgement, tenants: &[Tenant]) -> anyhow::Result<()> {
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
async fn poor_is_spent(
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
    let http = Client::builder().no_proxy().build()?;
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
    let cost = text.split("may cost $").nth(1).context("no cost is told")?;
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

/// Every gateway lets as many calls at once through as it may, and no more.
async fn slots_are_free(
    phase: &str,
    installation: &Installation,
    tenants: &[Tenant],
    calls: &Arc<Calls>,
) -> anyhow::Result<()> {
    let slots = tenants.iter().position(|tenant| tenant.has_slots);
    let tenant = slots.context("nobody has slots")?;
    let slotted = tenants.get(tenant).context("nobody has slots")?;
    let http = Client::builder().no_proxy().build()?;
    for (gateway, stack) in installation.gateways.iter().enumerate() {
        let mut asked = JoinSet::new();
        for number in 0..=SLOTS {
            let name = format!("soak/slots-{phase}/{gateway}/{number}");
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
        ensure!(
            served == SLOTS,
            "gateway {}: {served} of {SLOTS} calls at once were served",
            gateway.saturating_add(1)
        );
    }
    Ok(())
}
