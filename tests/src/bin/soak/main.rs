//! Crashes every part of an installation under load, and finds every cent again.
//!
//! Two replicas of the service over one PostgreSQL (or one over SQLite) and three Envoys serve clients
//! that call, stream and leave, while policies change. First the service and the database are killed and
//! paused and get events that are none, and Envoys are cut off from the service, then another tenant attacks, then Envoys are killed. After each, when all is quiet: the ledger is what the clients were answered, call by
//! call and to the nano-dollar, and what the gateways' access logs say; no cap and no rate was passed, the poor
//! tenant's is spent to less than one call's estimate, no slot is taken, `paddock verify` and the audit
//! find nothing. Last, another installation's disk is full for a while. Fails where anything is otherwise.

mod attacked;
mod calls;
mod checks;
mod clients;
mod crashes;
mod full_disk;
mod gateways;
mod judgement;
mod memory;
mod poison;
mod rate;
mod tenants;

use anyhow::{Context, ensure};
use calls::Calls;
use checks::{judge, poor_is_spent, report, slots_are_free};
use clap::{Parser, ValueEnum};
use clients::Load;
use paddock_tests::filters;
use paddock_tests::installation::{Installation, Limits, Operator, Plan};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Map, json};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a VM that trapped had taken comes back within twice this long.
const MAX_REQUEST_SECONDS: u64 = 5;
/// The load goes on for so long after the last crash: then the poor tenant's money is spent.
const AFTERWARDS: Duration = Duration::from_secs(15);

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
    /// How often the service or the database is killed, or a process paused.
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
    poison::events(&installation).await?;
    let killed = crashes::crash(arguments.crashes, &mut installation, &calls, &mut rng).await?;
    poison::events(&installation).await?;
    traps.await??;
    let rate = calls.answered() as f64 / since.elapsed().as_secs_f64();
    sleep(AFTERWARDS).await;
    load.stop().await?;
    stop.store(true, Relaxed);
    changing.await?;
    let reloads = crashes::reloads(&installation).await?;
    ensure!(
        reloads > 0 || arguments.traps == 0,
        "no VM has trapped, though {} were to",
        arguments.traps
    );
    writeln!(
        out,
        "{} crashes, {reloads} traps, {} changes of policy; {rate:.0} calls answered a second",
        killed.len(),
        changes.load(Relaxed)
    )?;
    sleep(Duration::from_secs(2 * MAX_REQUEST_SECONDS + 2)).await;
    slots_are_free("crashed", &installation, &tenants, &calls).await?;
    let judged = judge(&installation, operator, &calls, &tenants, &[]).await?;
    report(&mut out, &judged, &tenants)?;
    writeln!(
        out,
        "one rate over all Envoys: {} calls answered, no window above it",
        rate::never_above(&calls, &tenants)?
    )?;
    poor_is_spent(&mut out, &installation, &judged, &tenants).await?;
    memories.push(("after the crashes", memory::of(&mut installation)?));

    for (attack, answered) in
        attacked::attacked(&installation, arguments.clients, &tenants, &calls).await?
    {
        writeln!(out, "\nbeside {attack}: {answered} calls answered")?;
    }
    judge(&installation, operator, &calls, &tenants, &[]).await?;
    memories.push(("after the attacks", memory::of(&mut installation)?));

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
        let kills = gateways::under_load(
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
            "{} Envoys killed under load: the ledger was whole again by itself; {} calls, answered at most {} ms before, were in no log yet",
            kills.len(),
            judged.lost.len(),
            oldest.as_millis()
        )?;
        slots_are_free("killed", &installation, &tenants, &calls).await?;
        memories.push(("at the end", memory::of(&mut installation)?));
    }
    drop(installation);
    let target = paddock_local::wasm()?;
    let target = target.parent().context("the filter is in no folder")?;
    let disk = full_disk::full_disk(&target.join("soak/full-disk")).await?;
    writeln!(
        out,
        "\na full disk: {} calls answered, {} of them while it was full; the service worked again after {} ms",
        disk.answered,
        disk.meanwhile,
        disk.healed_after.as_millis()
    )?;
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
            _ => Some(filters::with_faults()?),
        },
        plugin: Map::from_iter([
            ("max_request_seconds".to_owned(), json!(MAX_REQUEST_SECONDS)),
            // A VM that traps must take no event along: the ledger is compared without reconciling.
            ("durable_events".to_owned(), json!("each")),
        ]),
        limits: Limits::default(),
        upstream: None,
        arguments: Vec::new(),
        program: None,
        relayed: true,
        state: target.join("soak"),
    })
}
