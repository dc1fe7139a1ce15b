//! A tenant and the operator, and what they meet.

use crate::receiver::Receiver;
use crate::times::{Times, percentile};
use paddock_tests::installation::{Installation, Operator, Replay};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until, timeout};

/// The length of a phase.
const SPAN: Duration = Duration::from_millis(1_200);
/// Connections of the tenant, which are spread over Envoy's workers.
const CONNECTIONS: usize = 8;
/// How often each of them calls.
const PACE: Duration = Duration::from_millis(40);
/// How often the provider is called past the gateway.
const PROVIDER_PACE: Duration = Duration::from_millis(10);
/// How often the operator looks, and how often a key is made.
const OPERATOR_PACE: Duration = Duration::from_millis(50);
const KEY_PACE: Duration = Duration::from_millis(400);
/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

const NAMESPACE: &str = "neighbour";

type Found<T> = Result<T, String>;

pub struct Neighbours {
    operator: Operator,
    gateway: String,
    provider: String,
    key: String,
    clients: Vec<Client>,
    receiver: Receiver,
    replay: Replay,
}

impl Neighbours {
    pub async fn make(installation: &Installation) -> Neighbours {
        let operator = installation.operator(0).unwrap();
        let organization = json!({"name": NAMESPACE});
        operator
            .ask("POST", "/v1/organizations", Some(&organization))
            .await
            .unwrap();
        let namespace = json!({"name": NAMESPACE, "organization": NAMESPACE});
        operator
            .ask("POST", "/v1/namespaces", Some(&namespace))
            .await
            .unwrap();
        let key = new_key(&operator).await.unwrap();
        let receiver = Receiver::start().await;
        let replay = operator
            .replay(NAMESPACE, &key, &receiver.url)
            .await
            .unwrap();
        let client = || {
            paddock_local::client()
                .unwrap()
                .timeout(PATIENCE)
                .build()
                .unwrap()
        };
        Neighbours {
            operator,
            gateway: installation.gateways[0].url(),
            provider: installation.gateways[0].provider_url().unwrap(),
            key,
            clients: (0..CONNECTIONS).map(|_| client()).collect(),
            receiver,
            replay,
        }
    }

    /// Has all of them do what they do for a while. An error is what failed.
    pub async fn watch(&self) -> Found<Times> {
        let until = Instant::now() + SPAN;
        let mut callers = JoinSet::new();
        for client in &self.clients {
            let call = chat(client, &self.gateway, &self.key);
            callers.spawn(repeat(PACE, until, move || {
                answered(call.try_clone().unwrap())
            }));
        }
        let call = chat(&self.clients[0], &self.provider, "nobody");
        let provider = repeat(PROVIDER_PACE, until, move || {
            answered(call.try_clone().unwrap())
        });
        let usage = format!("/v1/namespaces/{NAMESPACE}/usage?period=all");
        let looks = repeat(OPERATOR_PACE, until, || self.look(&usage));
        let keys = repeat(KEY_PACE, until, || self.use_a_new_key());
        let (provider, looks, keys, notice) = tokio::join!(provider, looks, keys, self.be_told());
        let mut calls = Vec::new();
        while let Some(ended) = callers.join_next().await {
            calls.extend(ended.unwrap().map_err(|error| format!("a call: {error}"))?);
        }
        Ok(Times {
            calls: percentile(&mut calls, 99),
            provider: percentile(
                &mut provider.map_err(|error| format!("the provider: {error}"))?,
                99,
            ),
            operator: percentile(
                &mut looks.map_err(|error| format!("the operator: {error}"))?,
                90,
            ),
            first_calls: percentile(
                &mut keys.map_err(|error| format!("a new key: {error}"))?,
                50,
            ),
            notices: notice?.as_secs_f64() * 1e3,
        })
    }

    async fn look(&self, path: &str) -> Found<()> {
        let looked = timeout(PATIENCE, self.operator.ask("GET", path, None)).await;
        let looked = looked.map_err(|_| format!("no answer to {path}"))?;
        looked.map(drop).map_err(|error| error.to_string())
    }

    async fn use_a_new_key(&self) -> Found<()> {
        let made = timeout(PATIENCE, new_key(&self.operator)).await;
        let key = made.map_err(|_| "none was made".to_owned())??;
        answered(chat(&self.clients[0], &self.gateway, &key)).await
    }

    /// Has the tenant's webhook told again.
    async fn be_told(&self) -> Found<Duration> {
        self.receiver.forget().await;
        let begun = Instant::now();
        let body = json!({"event_ids": [self.replay.event]});
        let told = async {
            let asked = self
                .operator
                .ask("POST", &self.replay.path, Some(&body))
                .await;
            asked.map_err(|error| format!("a replay: {error}"))?;
            self.receiver.next().await;
            Ok(begun.elapsed())
        };
        let told = timeout(PATIENCE, told).await;
        told.unwrap_or_else(|_| Err(format!("no webhook was told for {PATIENCE:?}")))
    }
}

/// Does it at a steady pace, and tells how long it took each time.
async fn repeat<F: Future<Output = Found<()>>>(
    pace: Duration,
    until: Instant,
    mut what: impl FnMut() -> F,
) -> Found<Vec<Duration>> {
    let (mut ticks, mut times) = (interval(pace), Vec::new());
    while ticks.tick().await < until {
        let begun = Instant::now();
        what().await?;
        times.push(begun.elapsed());
    }
    sleep_until(until).await;
    Ok(times)
}

async fn new_key(operator: &Operator) -> Found<String> {
    let key = json!({"name": format!("key-{}", rand::random::<u64>()), "namespace": NAMESPACE});
    let made = operator.ask("POST", "/v1/keys", Some(&key)).await;
    let made = made.map_err(|error| error.to_string())?;
    made["key"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("{made:#}"))
}

fn chat(client: &Client, url: &str, key: &str) -> RequestBuilder {
    let body: Value = json!({
        "model": "gpt-4.1",
        "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello, horse"}],
    });
    let url = format!("{url}/v1/chat/completions");
    client.post(url).bearer_auth(key).json(&body)
}

async fn answered(call: RequestBuilder) -> Found<()> {
    let answer = call.send().await.map_err(|error| format!("{error:?}"))?;
    let status = answer.status();
    let text = answer.text().await.map_err(|error| format!("{error:?}"))?;
    match status.as_u16() {
        200 => Ok(()),
        _ => Err(format!("{status} {text}")),
    }
}
