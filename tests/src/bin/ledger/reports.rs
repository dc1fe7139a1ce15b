//! How long each report takes, asked one after the other, each of another key and namespace.

use crate::booking::percentile;
use crate::population::{Dice, Key, Population};
use crate::server::{ADMIN, Server};
use anyhow::ensure;
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// The heads of the columns.
pub const HEAD: &str =
    "report                                                  p50         p99       bytes";

/// One report.
pub struct Report {
    name: String,
    /// Sorted.
    waits: Vec<Duration>,
    bytes: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (percentile(&self.waits, 50), percentile(&self.waits, 99));
        write!(
            f,
            "{:<47}{p50:>9.1} ms{p99:>9.1} ms{:>12}",
            self.name, self.bytes
        )
    }
}

/// Each report's path, with `{namespace}`, `{organization}` and `{key}` for the ones asked about.
fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for period in ["current_month", "30d", "90d"] {
        paths.push(format!(
            "/v1/namespaces/{{namespace}}/usage?period={period}"
        ));
    }
    for (period, granularity) in [
        ("7d", "hour"),
        ("30d", "hour"),
        ("30d", "day"),
        ("90d", "day"),
    ] {
        let query = format!("period={period}&granularity={granularity}");
        paths.push(format!("/v1/keys/{{key}}/usage?{query}"));
    }
    for period in ["30d", "90d"] {
        paths.push(format!(
            "/v1/team/usage?namespace={{namespace}}&period={period}"
        ));
    }
    for group in ["team", "key", "user", "tag", "model"] {
        for of in ["&namespace={namespace}", "&organization={organization}", ""] {
            paths.push(format!(
                "/v1/cost-attribution?period=30d&group_by={group}{of}"
            ));
        }
    }
    paths.push("/v1/audit?aggregation=per_key&namespace={namespace}".to_owned());
    paths.push("/v1/audit?limit=100&namespace={namespace}&order=desc".to_owned());
    paths.push("/v1/audit?limit=100&order=desc".to_owned());
    paths.push("/v1/audit?limit=100".to_owned());
    paths
}

/// Asks for every report `times` times.
pub async fn measure(
    server: &Server,
    population: &Population,
    keys: &[Key],
    times: usize,
) -> anyhow::Result<Vec<Report>> {
    let client = paddock_local::client()?.build()?;
    let mut dice = Dice::new(7);
    let mut reports = Vec::new();
    for path in paths() {
        let (mut waits, mut bytes) = (Vec::with_capacity(times), 0);
        for _ in 0..times {
            let number = usize::try_from(dice.below(population.all_keys()))?;
            let (id, namespace) = keys
                .get(number)
                .map_or(("", 0), |key| (key.id.as_str(), key.namespace));
            let path = path
                .replace("{key}", id)
                .replace("{namespace}", &Population::namespace(namespace))
                .replace("{organization}", &population.organization(namespace));
            let asked = Instant::now();
            let request = client.get(format!("{}{path}", server.url));
            let answer = request.bearer_auth(ADMIN).send().await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            waits.push(asked.elapsed());
            ensure!(
                status == 200,
                "{path}: {status} {}",
                String::from_utf8_lossy(&body)
            );
            bytes = body.len();
        }
        waits.sort();
        let name = path.trim_start_matches("/v1/").to_owned();
        reports.push(Report { name, waits, bytes });
    }
    Ok(reports)
}
