//! `paddock check`: finds mistakes in files before they are used.

use super::apply::document::Document;
use crate::exit::Exit;
use crate::output;
use crate::settings;
use anyhow::{Context, anyhow};
use clap::Command;
use paddock_core::config::{self, Config, HoldAt};
use paddock_ledger::model::secret::Secret;
use paddock_server::config::file::ConfigFile;
use paddock_server::config::{Credentials, secret};
use serde_json::Value;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Files to check: a plugin configuration (JSON), an envoy.yaml, a WasmPlugin or
    /// EnvoyExtensionPolicy, a file for `paddock apply`, or a configuration file (TOML).
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// The kind of a file, and its problems.
struct Finding {
    what: &'static str,
    problems: Vec<String>,
}

/// Prints every problem of every file.
pub fn run(options: &Options, cli: &Command) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    for path in &options.files {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let Finding { what, problems } = examine(path, &text, cli);
        if problems.is_empty() {
            output::print(&format!("{}: {what}, no problems found", path.display()))?;
            continue;
        }
        exit = Exit::Problems;
        output::print(&format!("{}: {what}", path.display()))?;
        for problem in problems {
            output::print(&format!("  - {problem}"))?;
        }
    }
    Ok(exit)
}

fn examine(path: &Path, text: &str, cli: &Command) -> Finding {
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        let read = ConfigFile::parse(text, path);
        let checked = read.and_then(|file| {
            settings::as_defaults(cli.clone(), &file)?;
            check_secrets(&file)
        });
        return Finding {
            what: "a configuration file",
            problems: match checked {
                Ok(()) => Vec::new(),
                Err(error) => vec![format!("{error:#}")],
            },
        };
    }
    let documents: Vec<Value> = match serde_saphyr::from_multiple(text) {
        Ok(documents) => documents,
        Err(error) => {
            return Finding {
                what: "neither JSON nor YAML",
                problems: vec![error.to_string()],
            };
        }
    };
    let mut plugins = Vec::new();
    for document in &documents {
        find_plugins(document, &mut plugins);
    }
    if documents.iter().any(lets_headers_wait) {
        for plugin in &mut plugins {
            plugin.holds_headers = plugin.holds_headers.map(|_| true);
        }
    }
    if !plugins.is_empty() {
        // Other filters may be Wasm too.
        let has_own = plugins.iter().any(|plugin| plugin.is_own);
        let judged = plugins.iter().filter(|plugin| plugin.is_own || !has_own);
        return Finding {
            what: "an Envoy configuration with Paddock's filter",
            problems: judged.flat_map(Plugin::problems).collect(),
        };
    }
    match &documents[..] {
        [document] if is_plugin_configuration(document) => Finding {
            what: "a plugin configuration",
            problems: Config::parse(text.as_bytes())
                // YAML cannot be pasted into Envoy's configuration, but it can be checked.
                .or_else(|_| Config::parse(document.to_string().as_bytes()))
                .err()
                .unwrap_or_default(),
        },
        [document] => Finding {
            what: "a file for `paddock apply`",
            problems: Document::read(document).err().unwrap_or_default(),
        },
        _ => Finding {
            what: "not a file for Paddock",
            problems: vec![
                "it has several documents, and none of them uses Paddock's filter".to_owned(),
            ],
        },
    }
}

/// Whether the service would accept the admin key and the gateway token. If they are not in files on this
/// machine, they cannot be checked.
fn check_secrets(file: &ConfigFile) -> anyhow::Result<()> {
    let setting = |name: &str| file.serve.get(name).and_then(toml::Value::as_str);
    let given = |name: &str| {
        let in_file = setting(&format!("{name}_file")).map(|path| file.resolve(path));
        match (setting(name), in_file) {
            (Some(secret), _) => Ok(Some(Secret::from(secret.to_owned()))),
            (None, Some(path)) if path.exists() => secret::read(&path).map(Some),
            _ => Ok(None),
        }
    };
    match (given("admin_key")?, given("gateway_token")?) {
        (Some(admin_key), Some(gateway_token)) => {
            Credentials::read(&admin_key, &gateway_token)
                .map_err(|problems| anyhow!(problems.join("\n")))?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Whether it is Envoy Gateway's patch of a generated listener that lets requests be held at their
/// headers.
fn lets_headers_wait(document: &Value) -> bool {
    let patches = document
        .pointer("/spec/jsonPatches")
        .and_then(Value::as_array);
    let mut operations = patches
        .into_iter()
        .flatten()
        .map(|patch| &patch["operation"]);
    let of_config = |operation: &Value| {
        let path = &operation["path"];
        path == "/allow_on_headers_stop_iteration" && operation["value"] == true
    };
    document["kind"] == "EnvoyPatchPolicy" && operations.any(of_config)
}

/// Whether it has a field that only a plugin configuration has.
fn is_plugin_configuration(document: &Value) -> bool {
    let only_here = [
        "accounting",
        "policy",
        "identity",
        "hold",
        "upstream",
        "pass_through",
        "max_request_bytes",
        "max_request_seconds",
        "max_cached_tenants",
        "max_limited_users",
    ];
    only_here.iter().any(|name| document.get(name).is_some())
}

/// A Wasm filter somewhere in a file.
#[derive(Debug)]
struct Plugin {
    is_own: bool,
    configuration: Option<String>,
    /// Whether the exchange can be held at its headers; `None` if this kind of file does not say.
    holds_headers: Option<bool>,
}

impl Plugin {
    fn problems(&self) -> Vec<String> {
        let Some(configuration) = &self.configuration else {
            return vec!["the filter has no configuration".to_owned()];
        };
        match (
            config::Plugin::parse(configuration.as_bytes()),
            self.holds_headers,
        ) {
            (Err(problems), _) => problems,
            (Ok(config::Plugin::Gateway(config)), Some(false))
                if config.hold == HoldAt::Headers =>
            {
                vec![
                "the filter needs `allow_on_headers_stop_iteration: true` in its config (beside \
                 root_id), or `\"hold\": \"body\"` in its configuration"
                    .to_owned(),
            ]
            }
            (Ok(_), _) => Vec::new(),
        }
    }
}

fn find_plugins(value: &Value, found: &mut Vec<Plugin>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| find_plugins(item, found)),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
            let kind = text("@type");
            if kind.ends_with("filters.http.wasm.v3.Wasm") {
                found.extend(fields.get("config").map(of_envoy));
                return;
            }
            match (text("kind"), fields.get("spec")) {
                ("WasmPlugin", Some(spec)) => found.push(of_mesh(spec, "pluginConfig")),
                ("EnvoyExtensionPolicy", Some(spec)) => {
                    let plugins = spec.get("wasm").and_then(Value::as_array);
                    found.extend(
                        plugins
                            .into_iter()
                            .flatten()
                            .map(|wasm| of_mesh(wasm, "config")),
                    );
                }
                _ => fields.values().for_each(|field| find_plugins(field, found)),
            }
        }
        _ => {}
    }
}

fn of_envoy(config: &Value) -> Plugin {
    let configuration = config.get("configuration");
    let value = configuration.and_then(|configuration| configuration.get("value"));
    let stops = config.get("allow_on_headers_stop_iteration");
    Plugin {
        is_own: config.to_string().contains("paddock"),
        configuration: value.map(as_text),
        holds_headers: Some(stops == Some(&Value::Bool(true))),
    }
}

/// The resources of Istio and Envoy Gateway cannot say whether headers are held: `hold: body` is for
/// them, or a patch of what they generate.
fn of_mesh(spec: &Value, field: &str) -> Plugin {
    Plugin {
        is_own: spec.to_string().contains("paddock"),
        configuration: spec.get(field).map(as_text),
        holds_headers: Some(false),
    }
}

fn as_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;
    use paddock_server::config::ServeOptions;

    fn problems(name: &str, text: &str) -> String {
        let serve = ServeOptions::augment_args(Command::new("serve"));
        let cli = Command::new("paddock").subcommand(serve);
        examine(Path::new(name), text, &cli).problems.join("; ")
    }

    #[test]
    fn the_kind_of_a_file_follows_from_its_content() {
        assert_eq!(
            problems("p.json", r#"{"accounting":{"cluster":"paddock"}}"#),
            ""
        );
        let wrong = r#"{"accounting":{"cluster":"","timeout_ms":0},"max_request_seconds":0}"#;
        let told = problems("p.json", wrong);
        for part in [
            "max_request_seconds",
            "accounting.cluster",
            "accounting.timeout_ms",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(problems("a.yaml", "namespaces:\n- nam: x").contains("nam"));
        assert!(problems("c.toml", "[serve]\nlisten = 'nowhere'").contains("serve.listen"));
        assert!(problems("x.yaml", "a: [").contains("line"));
    }

    /// As the chart has it.
    const GATEWAY: &str = "
kind: EnvoyExtensionPolicy
spec:
  wasm:
  - name: paddock
    config:
      accounting: {cluster: httproute/llm/paddock/rule/0}
---
kind: EnvoyPatchPolicy
spec:
  jsonPatches:
  - operation:
      op: add
      jsonPath: ..http_filters[?(@.name=='x')].typed_config.config
      path: /allow_on_headers_stop_iteration
      value: true
";

    #[test]
    fn the_filter_is_found_in_envoys_own_configuration_and_in_a_meshs() {
        let envoy = include_str!("../../../../envoy/envoy.yaml");
        assert_eq!(problems("envoy.yaml", envoy), "");
        let held = envoy.replace("allow_on_headers_stop_iteration: true", "fail_open: false");
        assert!(problems("envoy.yaml", &held).contains("allow_on_headers_stop_iteration"));
        let typo = envoy.replace("\"max_request_bytes\"", "\"max_request_bites\"");
        assert!(problems("envoy.yaml", &typo).contains("max_request_bites"));
        let istio = "kind: WasmPlugin\nspec:\n  url: oci://x/paddock\n  pluginConfig:\n    accounting: {cluster: c}\n";
        assert!(problems("istio.yaml", istio).contains("hold"));
        for file in [
            include_str!("../../../../envoy/envoy-gateway/body.yaml"),
            include_str!("../../../../envoy/istio/body.yaml"),
            GATEWAY,
        ] {
            assert_eq!(problems("body.yaml", file), "");
        }
        let unpatched = GATEWAY.replace("value: true", "value: false");
        assert!(problems("gateway.yaml", &unpatched).contains("allow_on_headers_stop_iteration"));
        let body = format!("---\na: 1\n---\n{istio}    hold: body\n    upstream: openai\n");
        assert_eq!(problems("istio.yaml", &body), "");
    }
}
