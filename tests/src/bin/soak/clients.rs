//! The clients: plain and streaming calls, and clients that do not wait for the end.

use super::calls::{Call, Calls, Fate};
use super::tenants::Tenant;
use anyhow::Context;
use paddock_tests::installation::Installation;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::header::USER_AGENT;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Nano-dollars of a token of gpt-4.1.
const INPUT: i64 = 2_500;
const OUTPUT: i64 = 8_000;
/// What the fake provider counts of the prompt.
const PROMPT_TOKENS: i64 = 3;
/// Longer than anything takes but a call on a worker that trapped.
const PATIENCE: Duration = Duration::from_secs(20);
/// After a refusal, so that the machine's time goes to calls that are served.
const PAUSE: Duration = Duration::from_millis(30);

/// Clients at work.
#[derive(Debug)]
pub struct Load {
    clients: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Starts so many clients, spread over the gateways. `phase` tells their calls from those of
    /// another load.
    pub fn start(
        phase: &str,
        count: usize,
        seed: u64,
        installation: &Installation,
        tenants: &Arc<Vec<Tenant>>,
        calls: &Arc<Calls>,
    ) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        let gateways = installation.gateways.iter().enumerate().cycle();
        for (number, (gateway, stack)) in (0..count).zip(gateways) {
            let own = u64::try_from(number).context("too many clients")?;
            let one = One {
                name: format!("soak/{phase}/{number}"),
                gateway,
                url: format!("{}/v1/chat/completions", stack.url()),
                http: paddock_local::client()?.timeout(PATIENCE).build()?,
                rng: StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(own)),
                tenants: Arc::clone(tenants),
                calls: Arc::clone(calls),
            };
            clients.spawn(one.run(Arc::clone(&stop)));
        }
        Ok(Self { clients, stop })
    }

    /// Has each end the call it is at.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended?;
        }
        Ok(())
    }
}

/// One client.
struct One {
    name: String,
    gateway: usize,
    url: String,
    http: Client,
    rng: StdRng,
    tenants: Arc<Vec<Tenant>>,
    calls: Arc<Calls>,
}

impl One {
    async fn run(mut self, stop: Arc<AtomicBool>) {
        let mut number: u64 = 0;
        while !stop.load(Relaxed) {
            number = number.wrapping_add(1);
            let tenant = self.rng.random_range(0..self.tenants.len());
            let name = format!("{}/{number}", self.name);
            let fate = self.call(tenant, &name).await;
            let was_served = matches!(fate, Fate::Answered { .. });
            let gateway = self.gateway;
            self.calls.add(
                name,
                Call {
                    tenant,
                    gateway,
                    fate,
                },
            );
            if !was_served {
                sleep(PAUSE).await;
            }
        }
    }

    async fn call(&mut self, tenant: usize, name: &str) -> Fate {
        let Some(tenant) = self.tenants.get(tenant) else {
            return Fate::Open;
        };
        let tokens: i64 = self.rng.random_range(1..=50);
        let cost = cost(PROMPT_TOKENS, tokens);
        let kind = self.rng.random_range(0..100);
        let is_stream = kind >= 60;
        let call = chat(&self.http, &self.url, &tenant.key, is_stream)
            .header(USER_AGENT, name)
            .header("x-fake-completion-tokens", tokens);
        match kind {
            // Leaves before the answer, in the middle of it, or just after its end.
            55..60 => {
                let call = call.header("x-fake-latency-ms", 100);
                let leaves_after = Duration::from_millis(self.rng.random_range(20..130));
                leave(leaves_after, read(call, is_stream, cost)).await
            }
            85..100 => {
                let call = call.header("x-fake-chunk-ms", 10);
                let leaves_after = Duration::from_millis(self.rng.random_range(20..500));
                leave(leaves_after, read(call, is_stream, cost)).await
            }
            _ => read(call, is_stream, cost).await,
        }
    }
}

/// A chat whose estimate is always the same.
pub fn chat(http: &Client, url: &str, key: &str, is_stream: bool) -> RequestBuilder {
    http.post(url).bearer_auth(key).json(&json!({
        "model": "gpt-4.1",
        "max_tokens": 64,
        "stream": is_stream,
        "messages": [{"role": "user", "content": "Hello, horse"}],
    }))
}

async fn leave(after: Duration, call: impl Future<Output = Fate>) -> Fate {
    timeout(after, call).await.unwrap_or(Fate::Open)
}

/// Sends a call and reads its answer to the end.
async fn read(call: RequestBuilder, is_stream: bool, cost: i64) -> Fate {
    let sent = Instant::now();
    let Ok(answer) = call.send().await else {
        return Fate::Open;
    };
    let status = answer.status().as_u16();
    if status != 200 {
        return Fate::Refused(status);
    }
    let id = answer.headers().get("x-request-id").cloned();
    let Ok(body) = answer.bytes().await else {
        return Fate::Open;
    };
    let is_whole = match is_stream {
        true => body.ends_with(b"data: [DONE]\n\n"),
        false => says_cost(&body, cost),
    };
    match id.as_ref().and_then(|id| id.to_str().ok()) {
        Some(id) if is_whole => Fate::Answered {
            request_id: id.to_owned(),
            cost,
            sent,
            at: Instant::now(),
        },
        _ => Fate::Open,
    }
}

fn says_cost(body: &[u8], expected: i64) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let number = |name| body.pointer(name).and_then(Value::as_i64).unwrap_or(0);
    let input = number("/usage/prompt_tokens");
    cost(input, number("/usage/completion_tokens")) == expected
}

/// What a call costs, in nano-dollars.
fn cost(input: i64, output: i64) -> i64 {
    let input = input.saturating_mul(INPUT);
    input.saturating_add(output.saturating_mul(OUTPUT))
}

/// One plain call of sixteen tokens under a name of its own, that the provider takes so long for.
pub async fn ask(http: &Client, url: &str, tenant: &Tenant, name: &str, millis: u64) -> Fate {
    let call = chat(
        http,
        &format!("{url}/v1/chat/completions"),
        &tenant.key,
        false,
    )
    .header(USER_AGENT, name)
    .header("x-fake-completion-tokens", 16)
    .header("x-fake-latency-ms", millis);
    read(call, false, cost(PROMPT_TOKENS, 16)).await
}
