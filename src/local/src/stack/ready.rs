//! Waiting until a part does its work.

use super::{Part, Stack};
use anyhow::bail;
use reqwest::StatusCode;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a part may take until it answers, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(25);

impl Stack {
    /// Waits until a part answers as it does in good health.
    pub(super) async fn ready(&mut self, part: Part) -> anyhow::Result<()> {
        self.await_ready(part).await?;
        if let Some(process) = self.process(part) {
            process.set_ready();
        }
        Ok(())
    }

    async fn await_ready(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Provider => match self.provider_url() {
                Some(provider) => {
                    self.await_status(part, format!("{provider}/_fake/stats"), 200)
                        .await
                }
                None => Ok(()),
            },
            Part::Service => match self.service_url() {
                Some(service) => {
                    self.await_status(part, format!("{service}/readyz"), 200)
                        .await
                }
                None => Ok(()),
            },
            Part::Repair => Ok(()),
            Part::Envoy => {
                self.await_status(part, format!("{}/ready", self.admin_url()), 200)
                    .await?;
                if self.has(Part::Service) {
                    self.await_status(part, format!("{}/readyz", self.url()), 200)
                        .await?;
                }
                if self.options.await_filter {
                    // The filter is loaded: nothing else refuses a caller without a key.
                    let refused = format!("{}/models", self.base_url());
                    self.await_status(part, refused, 401).await?;
                }
                Ok(())
            }
        }
    }

    async fn await_status(&mut self, part: Part, url: String, wanted: u16) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let answer = self.client.get(&url).send().await;
            let status = answer.as_ref().map(reqwest::Response::status);
            if status.ok().as_ref().map(StatusCode::as_u16) == Some(wanted) {
                return Ok(());
            }
            self.check()?;
            if begun.elapsed() > PATIENCE {
                let got = answer.map_or_else(|error| error.to_string(), |a| a.status().to_string());
                let log = self.log(part);
                bail!(
                    "{part} is not ready after {PATIENCE:?}: {url} answers '{got}' instead of {wanted}. See {}.",
                    log.display()
                );
            }
            sleep(POLL).await;
        }
    }
}
