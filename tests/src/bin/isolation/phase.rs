//! Ten tenants, and a while of load of theirs.

use anyhow::{Context, ensure};
use paddock_local::Stack;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

/// Tenants that keep within their limits.
const MODEST: usize = 9;
/// What each of them waits between two requests.
const PACE: Duration = Duration::from_millis(50);
/// What the greedy one waits: its limit of 120 a minute is a fiftieth of what it asks for.
const GREEDY_PACE: Duration = Duration::from_millis(10);

/// What the tenth tenant does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    /// Nothing.
    None,
    /// Asks fifty times as often as it may.
    Rate,
    /// Asks for far more than it can pay.
    Budget,
}

impl Greed {
    /// All kinds; the first is the quiet one.
    pub const ALL: [Self; 3] = [Self::None, Self::Rate, Self::Budget];

    /// For the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "is not there",
            Self::Rate => "over its rate",
            Self::Budget => "over its budget",
        }
    }
}

/// What a phase was like.
#[derive(Clone, Debug, Default)]
pub struct Phase {
    /// Of the nine, in milliseconds, sorted.
    pub latencies: Vec<f64>,
    /// Requests of the nine that were not answered 200.
    pub failed: usize,
    /// Requests of the tenth that were refused.
    pub refused: usize,
}

impl Phase {
    /// Several as one.
    pub fn merge<'a>(phases: impl IntoIterator<Item = &'a Phase>) -> Phase {
        let mut all = Phase::default();
        for phase in phases {
            all.latencies.extend(&phase.latencies);
            all.failed = all.failed.saturating_add(phase.failed);
            all.refused = all.refused.saturating_add(phase.refused);
        }
        all.latencies.sort_by(f64::total_cmp);
        all
    }

    /// A percentile of the latencies, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = last.saturating_mul(percent).div_ceil(100);
        self.latencies.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// The ten.
#[derive(Debug)]
pub struct Tenants {
    client: Client,
    url: String,
    modest: Vec<String>,
    rated: String,
    poor: String,
}

impl Tenants {
    /// Makes them.
    pub async fn make(stack: &Stack) -> anyhow::Result<Tenants> {
        let client = paddock_local::client()?.build()?;
        let url = stack.url();
        let make = async |name: String, fields: Value| {
            let mut body = json!({"name": name});
            if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
                body.extend(fields);
            }
            let call = client
                .post(format!("{url}/v1/keys"))
                .bearer_auth(stack.admin_key());
            let made = call.json(&body).send().await?;
            ensure!(
                made.status().is_success(),
                "no key was made: {}",
                made.text().await?
            );
            let made: Value = made.json().await?;
            let key = made.get("key").and_then(Value::as_str);
            Ok(key.context("the new key has no secret")?.to_owned())
        };
        let limits = json!({"rpm": 6_000, "monthly_quota_usd": 1_000});
        let mut modest = Vec::new();
        for number in 0..MODEST {
            modest.push(make(format!("modest-{number}"), limits.clone()).await?);
        }
        let rated = make("greedy".to_owned(), json!({"rpm": 120})).await?;
        let poor = make("poor".to_owned(), json!({"monthly_quota_usd": 0.01})).await?;
        Ok(Tenants {
            client,
            url,
            modest,
            rated,
            poor,
        })
    }

    /// Has them ask for `span`.
    pub async fn run(&self, greed: Greed, span: Duration) -> anyhow::Result<Phase> {
        let until = Instant::now()
            .checked_add(span)
            .context("the time is too long")?;
        let mut modest = JoinSet::new();
        for key in &self.modest {
            modest.spawn(ask(self.call(key), PACE, until));
        }
        let mut greedy = JoinSet::new();
        match greed {
            Greed::None => {}
            Greed::Rate => drop(greedy.spawn(ask(self.call(&self.rated), GREEDY_PACE, until))),
            Greed::Budget => drop(greedy.spawn(ask(self.call(&self.poor), GREEDY_PACE, until))),
        }
        let mut phases = Vec::new();
        while let Some(ended) = modest.join_next().await {
            phases.push(ended??);
        }
        let mut all = Phase::merge(&phases);
        while let Some(ended) = greedy.join_next().await {
            all.refused = all.refused.saturating_add(ended??.failed);
        }
        Ok(all)
    }

    fn call(&self, key: &str) -> RequestBuilder {
        let url = format!("{}/v1/chat/completions", self.url);
        self.client.post(url).bearer_auth(key).json(&json!({
            "model": "gpt-4.1",
            "max_tokens": 16,
            "messages": [{"role": "user", "content": "Hello, horse"}],
        }))
    }
}

/// Asks every `pace`, whatever becomes of it.
async fn ask(call: RequestBuilder, pace: Duration, until: Instant) -> anyhow::Result<Phase> {
    let mut phase = Phase::default();
    let mut ticks = interval(pace);
    while Instant::now() < until {
        ticks.tick().await;
        let call = call.try_clone().context("the body cannot be sent again")?;
        let asked = Instant::now();
        let answer = call.send().await?;
        let failed = answer.status() != 200;
        answer.bytes().await?;
        phase.latencies.push(asked.elapsed().as_secs_f64() * 1e3);
        phase.failed = phase.failed.saturating_add(usize::from(failed));
    }
    Ok(phase)
}
