//! An event that a webhook got, to be delivered again.

use super::Operator;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// How long it may take until calls that spend a quota have led to an event.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

/// An event of a webhook.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Where it is delivered again: `POST` with `{"event_ids": […]}`.
    pub path: String,
    /// Its id.
    pub event: String,
}

impl Operator {
    /// Makes a webhook of a namespace, and has `key` spend most of a small quota. The quota is $1000
    /// afterwards.
    pub async fn replay(&self, namespace: &str, key: &str, url: &str) -> anyhow::Result<Replay> {
        let of_namespace = format!("/v1/namespaces/{namespace}");
        let quota = async |dollars: f64| {
            let quota = json!({"monthly_quota_usd": dollars});
            self.ask("PATCH", &of_namespace, Some(&quota)).await
        };
        quota(0.001).await?;
        let webhook = json!({"url": url, "events": ["quota_80_percent", "quota_exceeded"]});
        let made = self
            .ask("POST", &format!("{of_namespace}/webhooks"), Some(&webhook))
            .await?;
        let id = made
            .pointer("/id")
            .and_then(Value::as_str)
            .context("the webhook has no id")?;
        let deliveries = format!("/v1/webhooks/{id}/deliveries");
        let call = json!({"model": "gpt-4.1", "max_tokens": 16, "messages": [{"role": "user", "content": "Hello, horse"}]});
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            let chat = self
                .client
                .post(format!("{}/v1/chat/completions", self.url));
            chat.bearer_auth(key)
                .json(&call)
                .send()
                .await?
                .bytes()
                .await?;
            let found = self.ask("GET", &deliveries, None).await?;
            if let Some(event) = found.pointer("/data/0/event_id").and_then(Value::as_str) {
                quota(1_000.0).await?;
                let path = format!("/v1/webhooks/{id}/replay");
                return Ok(Replay {
                    path,
                    event: event.to_owned(),
                });
            }
            sleep(POLL).await;
        }
        bail!("{namespace}: what it spent led to no event within {PATIENCE:?}")
    }
}
