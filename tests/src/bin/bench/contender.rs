//! The three Envoys that are compared. They run `envoy/envoy.yaml` alike, but for the filter.

use crate::cpu;
use anyhow::{Context, bail};
use paddock_local::{Part, Stack, StackOptions, root};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

const HTTP: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
/// What goes through Envoy without Paddock: its filter, and the pools of its namespaces.
const FILTERS: [&str; 2] = ["paddock", "envoy.filters.http.set_filter_state"];
/// The highest rate there is, in requests or tokens a minute: checked and charged, never reached.
const RATE: &str = "100000000";

/// What is put between client and provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// Envoy without any filter but its router.
    Bare,
    /// With a Wasm filter that does nothing.
    Empty,
    /// With Paddock, its service, and every limit of a key and a namespace set.
    Paddock,
    /// The same with those of an organization and of an end user.
    FourLevels,
}

impl Contender {
    /// All of them; the first is what the others are compared with.
    pub const ALL: [Self; 4] = [Self::Bare, Self::Empty, Self::Paddock, Self::FourLevels];

    /// For the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare Envoy",
            Self::Empty => "empty Wasm filter",
            Self::Paddock => "Paddock",
            Self::FourLevels => "Paddock, four levels",
        }
    }

    fn is_paddock(self) -> bool {
        matches!(self, Self::Paddock | Self::FourLevels)
    }

    /// Starts it in front of the provider at `upstream`.
    pub async fn start(self, upstream: SocketAddr) -> anyhow::Result<Running> {
        let wasm = match self {
            Self::Empty => Some(build_empty_filter()?),
            _ => None,
        };
        let stack = Stack::start(StackOptions {
            upstream: Some(format!("http://{upstream}").parse()?),
            wasm,
            concurrency: 1,
            envoy_prefix: cpu::pinned(cpu::ENVOY),
            other_prefix: cpu::pinned(cpu::OTHERS),
            with_service: self.is_paddock(),
            await_filter: self.is_paddock(),
            service_arguments: ["--max-rpm", RATE, "--organization-rpm", RATE]
                .map(str::to_owned)
                .to_vec(),
            edit_bootstrap: Some(Box::new(move |config| self.edit(config))),
            ..StackOptions::default()
        });
        let mut stack = stack
            .await
            .with_context(|| format!("cannot start {}", self.name()))?;
        let key = match self {
            Self::Paddock => make_tenant(&stack, false).await?,
            Self::FourLevels => make_tenant(&stack, true).await?,
            // Nobody looks at it, but it is as long.
            Self::Bare | Self::Empty => "x".repeat(64),
        };
        let envoy = stack.process(Part::Envoy).context("Envoy is not running")?;
        Ok(Running {
            envoy: envoy.pid(),
            gateway: stack.url().trim_start_matches("http://").parse()?,
            key,
            stack,
        })
    }

    fn edit(self, config: &mut Value) {
        // The disk is no part of the comparison.
        if let Some(path) = config.pointer_mut(&format!("{HTTP}/access_log/0/typed_config/path")) {
            *path = json!("/dev/null");
        }
        if self.is_paddock() {
            return;
        }
        let kept = if self == Self::Empty { "paddock" } else { "" };
        let filters = config.pointer_mut(&format!("{HTTP}/http_filters"));
        if let Some(filters) = filters.and_then(Value::as_array_mut) {
            filters.retain(|filter| {
                let name = filter.get("name").and_then(Value::as_str);
                name == Some(kept) || !name.is_some_and(|name| FILTERS.contains(&name))
            });
        }
        let routes = config.pointer_mut(&format!("{HTTP}/route_config/virtual_hosts/0/routes"));
        for route in routes.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(route) = route.as_object_mut() {
                route.remove("typed_per_filter_config");
            }
            let action = route.get_mut("route").and_then(Value::as_object_mut);
            if let Some(action) = action
                && action.remove("cluster_header").is_some()
            {
                action.insert("cluster".into(), "openai".into());
            }
        }
    }
}

/// A contender at work.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub gateway: SocketAddr,
    /// What to show it.
    pub key: String,
    envoy: u32,
    stack: Stack,
}

impl Running {
    /// The CPU time its Envoy has had.
    pub fn cpu_time(&self) -> anyhow::Result<Duration> {
        cpu::time(self.envoy)
    }

    /// An error if a part of it has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.stack.check()
    }

    /// The version of its Envoy.
    pub async fn envoy_version(&self) -> anyhow::Result<String> {
        let info: Value = serde_json::from_str(&self.stack.admin("/server_info").await?)?;
        let version = info.get("version").and_then(Value::as_str);
        Ok(version.context("Envoy does not tell its version")?.into())
    }
}

/// A namespace and a key in it with every limit there is, none of which the load reaches; and an
/// organization and end users with theirs.
async fn make_tenant(stack: &Stack, four_levels: bool) -> anyhow::Result<String> {
    let rate: u64 = RATE.parse()?;
    let limits = json!({
        "rpm": rate,
        "tpm": rate,
        "monthly_quota_usd": 500_000,
    });
    let with = |fields: Value| {
        let mut all = limits.clone();
        if let (Some(all), Value::Object(fields)) = (all.as_object_mut(), fields) {
            all.extend(fields);
        }
        all
    };
    let mut namespace = with(json!({"name": "bench", "allowed_models": ["gpt-4.1"]}));
    if let Some(fields) = namespace.as_object_mut().filter(|_| four_levels) {
        let organization = with(json!({"name": "bench"}));
        manage(stack, "/v1/organizations", &organization).await?;
        fields.insert("organization".into(), json!("bench"));
        fields.insert("user_monthly_quota_usd".into(), json!(100_000));
    }
    manage(stack, "/v1/namespaces", &namespace).await?;
    let key = with(json!({"name": "bench", "namespace": "bench"}));
    let key = manage(stack, "/v1/keys", &key).await?;
    let secret = key.get("key").and_then(Value::as_str);
    Ok(secret.context("the new key has no secret")?.to_owned())
}

async fn manage(stack: &Stack, path: &str, body: &Value) -> anyhow::Result<Value> {
    let service = stack.service_url().context("there is no service")?;
    let answer = paddock_local::client()?
        .build()?
        .post(format!("{service}{path}"))
        .bearer_auth(stack.admin_key())
        .json(body)
        .send()
        .await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("POST {path} was answered with {status}: {text}");
    }
    Ok(serde_json::from_str(&text)?)
}

/// Builds the filter that does nothing, as `scripts/wasm` builds the real one.
fn build_empty_filter() -> anyhow::Result<PathBuf> {
    let script = root().join("scripts/wasm-cargo");
    let built = Command::new(&script)
        .args(["build", "--locked", "--quiet", "-p", "empty-filter"])
        .args([
            "--profile",
            "wasm",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", script.display()))?;
    if !built.status.success() {
        bail!("the empty filter cannot be built");
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let files = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message.get("filenames").cloned());
    files
        .filter_map(|files| Some(PathBuf::from(files.get(0)?.as_str()?)))
        .find(|file| file.ends_with("empty_filter.wasm"))
        .context("cargo does not say where it put the empty filter")
}
