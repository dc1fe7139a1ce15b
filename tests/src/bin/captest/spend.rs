//! Trying to spend.

use crate::gateway::Gateway;
use crate::kinds::{Attempt, Kind, Leave};
use anyhow::Context;
use paddock_tests::upstream::Upstream;
use reqwest::Client;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How many calls are made at once, round by round.
const ROUNDS: [usize; 4] = [40, 8, 8, 8];
/// Between two rounds, so that what was spent can be settled.
const PAUSE: Duration = Duration::from_millis(1_200);
/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a kind has led to.
#[derive(Debug, Default)]
pub struct Spent {
    /// How many calls were made.
    pub asked: usize,
    /// How many of them had each status; 0 where the client left or nothing came.
    pub statuses: BTreeMap<u16, usize>,
    /// How many reached the upstream.
    pub let_through: usize,
    /// What the upstream bills for them, in nano-dollars.
    pub billed: u64,
}

/// Tries all calls of a kind, many at once and again and again.
pub async fn spend(
    gateway: &Gateway,
    upstream: &Upstream,
    attempts: &[Attempt],
    key: &str,
) -> anyhow::Result<Spent> {
    let client = paddock_local::client()?.build()?;
    for attempt in attempts {
        upstream.script(&attempt.name, attempt.script.clone());
    }
    let mut spent = Spent::default();
    let mut turn = attempts.iter().cycle();
    for round in ROUNDS {
        let mut calls = JoinSet::new();
        for attempt in turn.by_ref().take(round) {
            let call = call(client.clone(), gateway.base_url(), key, attempt.clone());
            calls.spawn(call);
        }
        let statuses = calls.join_all().await;
        spent.asked = spent.asked.saturating_add(statuses.len());
        for status in statuses {
            let count = spent.statuses.entry(status).or_default();
            *count = count.saturating_add(1);
        }
        sleep(PAUSE).await;
    }
    for attempt in attempts {
        // A request that did not come whole is not billed by anybody.
        let seen = upstream.seen(&attempt.name).into_iter();
        for seen in seen.filter(|seen| seen.whole) {
            spent.let_through = spent.let_through.saturating_add(1);
            spent.billed = spent.billed.saturating_add(seen.bill_nanos);
        }
    }
    Ok(spent)
}

/// Makes a call, and leaves when its client is to leave; the status that came.
fn call(
    client: Client,
    base_url: &str,
    key: &str,
    attempt: Attempt,
) -> impl Future<Output = u16> + Send + use<> {
    let request = client
        .post(format!("{base_url}{}", attempt.path))
        .bearer_auth(key)
        .header("anthropic-version", "2023-06-01")
        .json(&attempt.body);
    let patience = match attempt.leave {
        Leave::After(time) => time,
        Leave::Never | Leave::AfterText(_) => PATIENCE,
    };
    async move {
        let asked = async {
            let mut answer = request.send().await?;
            let status = answer.status().as_u16();
            let mut text = Vec::new();
            while let Some(piece) = answer.chunk().await.context("the answer broke off")? {
                text.extend_from_slice(&piece);
                if let Leave::AfterText(end) = attempt.leave
                    && String::from_utf8_lossy(&text).contains(end)
                {
                    break;
                }
            }
            anyhow::Ok(status)
        };
        timeout(patience, asked)
            .await
            .map_or(0, |asked| asked.unwrap_or(0))
    }
}

/// What goes over the cap by a kind, in nano-dollars, where `before` of it had been spent already.
pub fn over(cap: u64, before: u64, billed: u64) -> u64 {
    let after = before.saturating_add(billed).saturating_sub(cap);
    after.saturating_sub(before.saturating_sub(cap))
}

/// In dollars.
pub fn dollars(nanos: u64) -> String {
    format!("${:.4}", nanos as f64 / 1e9)
}

impl Kind {
    /// Why more than the cap may be spent so at Paddock, where its README says so.
    pub fn honest_limit(self) -> Option<&'static str> {
        match self {
            Kind::Races
            | Kind::Tiers
            | Kind::Models
            | Kind::Media
            | Kind::Previous
            | Kind::Tools
            | Kind::Zeros
            | Kind::Mislabelled
            | Kind::Leaving => None,
        }
    }
}
