//! What each part is started with.

use super::Stack;
use crate::bootstrap::Bootstrap;
use crate::options::StackOptions;
use crate::{binary, envoy, root, secrets, wasm};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

impl Stack {
    pub(super) fn write_bootstrap(&self, options: &mut StackOptions) -> anyhow::Result<()> {
        let mut bootstrap = Bootstrap::read(&root().join("envoy/envoy.yaml"))?;
        bootstrap.listen(self.port.number)?;
        bootstrap.admin(self.admin_port.number)?;
        bootstrap.access_log(&self.access_log())?;
        bootstrap.code(&options.wasm.clone().map_or_else(wasm, Ok)?)?;
        match &self.service_port {
            Some(service) => bootstrap.service(&[service.number])?,
            None if options.replicas.is_empty() => {}
            None => bootstrap.service(&options.replicas)?,
        }
        let upstream = match (&options.upstream, self.provider_url()) {
            (Some(upstream), _) => upstream.clone(),
            (None, Some(provider)) => provider.parse()?,
            (None, None) => bail!("there is no provider to send requests to"),
        };
        let key = match &options.upstream_key {
            Some(key) => {
                let path = self.state.join("upstream-credential");
                secrets::write(&path, &format!("Bearer {key}"))?;
                Some(path)
            }
            None => None,
        };
        bootstrap.provider(&upstream, key.as_deref())?;
        if options.upstream.is_some() {
            bootstrap.rewrite_paths(&upstream)?;
        }
        if let Some(edit) = options.edit_plugin.take() {
            bootstrap.edit_plugin(edit)?;
        }
        if options.upstream.is_none() {
            bootstrap.edit_plugin(forward_what_is_faked)?;
        }
        if let Some(edit) = options.edit_bootstrap.take() {
            bootstrap.edit(edit);
        }
        bootstrap.write(&self.state.join("envoy.json"))
    }

    pub(super) fn envoy_command(&self) -> anyhow::Result<Command> {
        let mut command = prefixed(&self.options.envoy_prefix, &envoy()?);
        command
            .arg("-c")
            .arg(self.state.join("envoy.json"))
            .args(["--concurrency", &self.options.concurrency.to_string()])
            .args(["--log-level", &self.options.envoy_log_level])
            // Several may run side by side, and a test reads the access log at once.
            .args(["--use-dynamic-base-id", "--file-flush-interval-msec", "100"])
            .args(&self.options.envoy_arguments)
            .env("PADDOCK_GATEWAY_TOKEN", &self.options.gateway_token)
            .current_dir(root());
        Ok(command)
    }

    pub(super) fn service_command(&self) -> anyhow::Result<Command> {
        let port = self
            .service_port
            .as_ref()
            .context("this stack has no accounting service")?;
        let mut command = prefixed(&self.options.other_prefix, &binary("paddock")?);
        command
            .args([
                "serve",
                "--create",
                "--listen",
                &format!("127.0.0.1:{}", port.number),
            ])
            .args(&self.options.service_arguments)
            // Not as arguments: those can be read by everyone on the machine.
            .env("PADDOCK_DATABASE_URL", self.database_url())
            .env("PADDOCK_ADMIN_KEY", &self.options.admin_key)
            .env("PADDOCK_GATEWAY_TOKEN", &self.options.gateway_token)
            .envs(self.options.service_environment.iter().cloned());
        Ok(command)
    }

    pub(super) fn repair_command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(binary("paddock")?);
        command
            .args(["reconcile", "--follow"])
            .arg(self.access_log())
            .env("PADDOCK_URL", self.service_url().unwrap_or_default())
            .env("PADDOCK_GATEWAY_TOKEN", &self.options.gateway_token)
            .env_remove("PADDOCK_ADMIN_KEY")
            .current_dir(&self.state);
        Ok(command)
    }

    pub(super) fn provider_command(&self) -> anyhow::Result<Command> {
        let port = self
            .provider_port
            .as_ref()
            .context("this stack has no fake provider")?;
        let mut command = prefixed(&self.options.other_prefix, &binary("fake-provider")?);
        command
            .args(["--listen", &format!("127.0.0.1:{}", port.number)])
            .args(&self.options.provider_arguments);
        Ok(command)
    }
}

/// Lets what the fake provider is asked to do reach it, unless a test says itself what may.
fn forward_what_is_faked(plugin: &mut Value) {
    if plugin.get("forward_headers").is_none() {
        plugin["forward_headers"] = json!(["x-fake-*"]);
    }
}

fn prefixed(prefix: &[String], program: &Path) -> Command {
    match prefix.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}
