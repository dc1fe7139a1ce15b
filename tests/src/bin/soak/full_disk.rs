//! A disk that is full for a while: an installation of its own, with its ledger on a small one.
//!
//! The service runs in a user namespace of its own (unshare(1)), in which it may mount a tmpfs.

use super::clients;
use anyhow::{Context, ensure};
use paddock_local::{Part, Stack, StackOptions};
use reqwest::Client;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The disk. A new ledger takes a tenth of it.
const MIB: usize = 32;
const CLIENTS: usize = 8;
/// Calls that are answered before the disk is full, and afterwards.
const CALLS: usize = 200;
/// How long it may take until the service notices, and until all is booked.
const PATIENCE: Duration = Duration::from_secs(90);
/// The disk stays full for so long.
const FULL: Duration = Duration::from_secs(3);
/// How long it may take until the service works again by itself.
const HEALED: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(100);
/// What the fake provider answers to each call, in nano-dollars: 3 tokens in, 64 out.
const COST: i64 = 3 * 2_500 + 64 * 8_000;

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Calls that were answered.
    pub answered: usize,
    /// Those among them that were answered while nothing could be written.
    pub meanwhile: usize,
    /// How long the service took to work again.
    pub healed_after: Duration,
}

/// Fills the disk under load, makes room again, and finds every call in the ledger.
pub async fn full_disk(state: &Path) -> anyhow::Result<Seen> {
    let disk = state.join("disk");
    std::fs::create_dir_all(&disk)?;
    let mount = format!(
        "mount -t tmpfs -o size={MIB}m tmpfs '{}' && exec \"$@\"",
        disk.display()
    );
    let prefix = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        &mount,
        "sh",
    ];
    let mut stack = Stack::start(StackOptions {
        state: Some(state.to_owned()),
        database_url: Some(format!("sqlite://{}/paddock.db", disk.display())),
        other_prefix: prefix.map(str::to_owned).to_vec(),
        ..StackOptions::default()
    })
    .await
    .context("there is no small disk: this machine must let anybody make user namespaces")?;
    let http = paddock_local::client()?
        .timeout(Duration::from_secs(20))
        .build()?;
    let service = stack.process(Part::Service).context("no service")?.pid();
    let disk = PathBuf::from(format!("/proc/{service}/root{}", disk.display()));
    let operator = Operator {
        http: http.clone(),
        url: stack.url(),
        key: stack.admin_key().to_owned(),
    };
    let key = json!({"name": "full", "monthly_quota_usd": 1_000});
    let made = operator.ask("POST", "/v1/keys", Some(&key)).await?;
    let key = made
        .get("key")
        .and_then(Value::as_str)
        .context("no key")?
        .to_owned();
    let namespace = made
        .get("namespace")
        .and_then(Value::as_str)
        .context("no namespace")?;

    let load = Load::start(&http, &stack.url(), &key);
    load.until(CALLS).await?;
    let filler = disk.join("filler");
    fill(&filler)?;
    let service_url = stack.service_url().context("no service")?;
    let ready = || async {
        let asked = http.get(format!("{service_url}/readyz")).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    };
    let full = Instant::now();
    while ready().await {
        ensure!(
            full.elapsed() < PATIENCE,
            "the service does not notice that its disk is full"
        );
        fill(&filler)?;
        sleep(POLL).await;
    }
    let before = load.answered();
    sleep(FULL).await;
    let meanwhile = load.answered().saturating_sub(before);
    std::fs::remove_file(&filler)?;
    let room = Instant::now();
    while !ready().await {
        ensure!(
            room.elapsed() < HEALED,
            "the service does not work again, though there is room"
        );
        sleep(POLL).await;
    }
    let healed_after = room.elapsed();
    operator
        .ask("POST", "/v1/namespaces", Some(&json!({"name": "later"})))
        .await?;
    load.until(CALLS).await?;
    let answered = load.stop().await?;

    let path = format!("/v1/namespaces/{namespace}/usage?period=all");
    let begun = Instant::now();
    loop {
        let usage = operator.ask("GET", &path, None).await?;
        let count = usage.get("request_count").and_then(Value::as_u64);
        let spent = usage
            .get("total_spent")
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        if count == u64::try_from(answered).ok() {
            let expected = COST.saturating_mul(i64::try_from(answered)?);
            #[expect(clippy::cast_possible_truncation, reason = "dollars of a short run")]
            let nanos = (spent * 1e9).round() as i64;
            ensure!(
                nanos == expected,
                "{answered} calls cost {expected}, and {nanos} are booked"
            );
            break;
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{answered} calls were answered, and of usage is told {usage:#}"
        );
        sleep(POLL).await;
    }
    verify(&disk, &state.join("copy"))?;
    stack.shut_down().await?;
    Ok(Seen {
        answered,
        meanwhile,
        healed_after,
    })
}

/// Has `paddock verify` look at a copy, all being quiet: SQLite follows /proc/PID/root to this side.
fn verify(disk: &Path, copy: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(copy)?;
    for name in ["paddock.db", "paddock.db-wal"] {
        std::fs::copy(disk.join(name), copy.join(name))?;
    }
    let mut verify = Command::new(paddock_local::binary("paddock")?);
    let database = copy.join("paddock.db");
    let told = verify
        .arg("verify")
        .arg("--database-url")
        .arg(database)
        .output()?;
    let (out, err) = (
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr),
    );
    ensure!(told.status.success(), "paddock verify: {out}{err}");
    Ok(())
}

/// Writes until there is no room left.
fn fill(path: &Path) -> anyhow::Result<()> {
    let mut filler = File::options().create(true).append(true).open(path)?;
    for size in [64 << 10, 4 << 10, 1] {
        let piece = vec![0; size];
        while filler.write_all(&piece).is_ok() {}
    }
    Ok(())
}

struct Operator {
    http: Client,
    url: String,
    key: String,
}

impl Operator {
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut call = self
            .http
            .request(method.parse()?, format!("{}{path}", self.url));
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.bearer_auth(&self.key).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// Clients that call again and again, and count what is answered.
struct Load {
    clients: JoinSet<anyhow::Result<()>>,
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Load {
    fn start(http: &Client, url: &str, key: &str) -> Load {
        let (answered, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let call = clients::chat(http, &format!("{url}/v1/chat/completions"), key, false);
            let (answered, stop) = (Arc::clone(&answered), Arc::clone(&stop));
            clients.spawn(async move {
                while !stop.load(Relaxed) {
                    let call = call.try_clone().context("a call cannot be sent again")?;
                    let answer = call.header("x-fake-completion-tokens", 64).send().await?;
                    match answer.status().as_u16() {
                        200 => {
                            answer.bytes().await?;
                            answered.fetch_add(1, Relaxed);
                        }
                        503 => sleep(POLL).await,
                        other => anyhow::bail!("{other}: {}", answer.text().await?),
                    }
                }
                Ok(())
            });
        }
        Load {
            clients,
            answered,
            stop,
        }
    }

    fn answered(&self) -> usize {
        self.answered.load(Relaxed)
    }

    async fn until(&self, more: usize) -> anyhow::Result<()> {
        let (enough, begun) = (self.answered().saturating_add(more), Instant::now());
        while self.answered() < enough {
            ensure!(
                begun.elapsed() < PATIENCE,
                "nothing is served for {PATIENCE:?}"
            );
            sleep(POLL).await;
        }
        Ok(())
    }

    async fn stop(mut self) -> anyhow::Result<usize> {
        self.stop.store(true, Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended??;
        }
        Ok(self.answered())
    }
}
