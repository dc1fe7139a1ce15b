//! `paddock quickstart`: a folder from which service and Envoy run against real providers.

use crate::commands::init;
use crate::exit::Exit;
use crate::{output, private_file};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The configuration of the repository, which everything comes from but addresses and providers.
const ENVOY: &str = include_str!("../../../../envoy/envoy.yaml");

const FIRST: &str = "# What `paddock apply` creates first. More: `paddock apply --help`.
namespaces:
- name: my-team
  monthly_quota_usd: 50
keys:
- name: my-key
  namespace: my-team
  monthly_quota_usd: 20
";

const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The folder to write to; it is created if it does not exist.
    #[arg(long, default_value = "paddock-quickstart", value_name = "FOLDER")]
    directory: PathBuf,
    /// A provider to reach: openai, anthropic, gemini or deepseek; may be repeated.
    #[arg(long, required = true, value_enum)]
    provider: Vec<Provider>,
    /// The filter, as `make wasm` builds it.
    #[arg(long, default_value = "target/paddock.wasm", value_name = "FILE")]
    filter: PathBuf,
}

/// A provider under the name that prices know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Provider {
    Openai,
    Anthropic,
    Gemini,
    Deepseek,
}

impl Provider {
    const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Deepseek => "deepseek",
        }
    }

    const fn host(self) -> &'static str {
        match self {
            Self::Openai => "api.openai.com",
            Self::Anthropic => "api.anthropic.com",
            Self::Gemini => "generativelanguage.googleapis.com",
            Self::Deepseek => "api.deepseek.com",
        }
    }

    /// The header with the credential, and what stands before the key in it.
    const fn header(self) -> (&'static str, &'static str) {
        match self {
            Self::Openai | Self::Deepseek => ("authorization", "Bearer "),
            Self::Anthropic => ("x-api-key", ""),
            Self::Gemini => ("x-goog-api-key", ""),
        }
    }
}

/// Creates the folder's files, or none if one of them exists.
pub fn run(options: &Options) -> anyhow::Result<Exit> {
    let filter = options.filter.canonicalize().with_context(|| {
        format!(
            "there is no filter at {}; build it with `make wasm`, or name its file with --filter",
            options.filter.display()
        )
    })?;
    let folder = &options.directory;
    let [envoy, first] = ["envoy.yaml", "first.yaml"].map(|name| folder.join(name));
    for path in [&envoy, &first] {
        if path.exists() {
            bail!("{} already exists; nothing was changed", path.display());
        }
    }
    init::create(folder)?;
    let folder = folder.canonicalize()?;
    let mut providers = Vec::new();
    for provider in &options.provider {
        if !providers.contains(provider) {
            providers.push(*provider);
        }
    }
    let credentials = folder.join("credentials");
    std::fs::create_dir_all(&credentials)
        .with_context(|| format!("cannot create the folder {}", credentials.display()))?;
    for provider in &providers {
        let name = provider.name();
        write(&credentials.join(format!("{name}.key")), "put-the-key-here")?;
        let secret = sds(*provider, &credentials).to_string();
        write(&credentials.join(format!("{name}.yaml")), &secret)?;
    }
    let config = configuration(&providers, &credentials, &filter)?;
    write(&envoy, &serde_json::to_string_pretty(&config)?)?;
    write(&first, FIRST)?;
    output::print(&instructions(&folder))?;
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = private_file::create(path)?;
    writeln!(file, "{}", text.trim_end())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Which file holds a credential, for Envoy.
fn sds(provider: Provider, credentials: &Path) -> Value {
    let file = credentials.join(format!("{}.key", provider.name()));
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": provider.name(),
        "generic_secret": {"secret": {"filename": file}},
    }]})
}

fn configuration(
    providers: &[Provider],
    credentials: &Path,
    filter: &Path,
) -> anyhow::Result<Value> {
    let mut config: Value = serde_saphyr::from_str(ENVOY)?;
    place_filter(&mut config, filter);
    let clusters = at(&mut config, "/static_resources/clusters")?
        .as_array_mut()
        .context("clusters is not a list")?;
    let sample = clusters.iter().find(|cluster| cluster["name"] == "openai");
    let sample = sample.context("there is no cluster openai")?.clone();
    clusters.retain(|cluster| {
        let name = cluster["name"].as_str().unwrap_or_default();
        name == "paddock" || name.starts_with("paddock-")
    });
    for provider in providers {
        clusters.push(cluster(&sample, *provider, credentials)?);
    }
    Ok(config)
}

/// Wherever the configuration names the filter's file.
fn place_filter(value: &mut Value, filter: &Path) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| place_filter(item, filter)),
        Value::Object(fields) => {
            if let Some(file) = fields
                .get_mut("code")
                .and_then(|code| code.pointer_mut("/local/filename"))
            {
                *file = json!(filter);
            }
            fields
                .values_mut()
                .for_each(|field| place_filter(field, filter));
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, pointer: &str) -> anyhow::Result<&'a mut Value> {
    value
        .pointer_mut(pointer)
        .with_context(|| format!("envoy.yaml has nothing at {pointer}"))
}

/// A provider's cluster: limits and protocol are those of the sample.
fn cluster(sample: &Value, provider: Provider, credentials: &Path) -> anyhow::Result<Value> {
    let (name, host) = (provider.name(), provider.host());
    let mut cluster = sample.clone();
    let endpoint = json!({"hostname": host, "address": {"socket_address": {"address": host, "port_value": 443}}});
    let protocol = at(
        &mut cluster,
        &format!("/typed_extension_protocol_options/{PROTOCOL}"),
    )?;
    let fields = protocol
        .as_object_mut()
        .context("the protocol is not a mapping")?;
    let filters = fields
        .entry("http_filters")
        .or_insert_with(|| json!([codec()]));
    let filters = filters
        .as_array_mut()
        .context("http_filters is not a list")?;
    // The codec is the last.
    filters.insert(
        filters.len().saturating_sub(1),
        injector(provider, credentials),
    );
    let fields = cluster
        .as_object_mut()
        .context("a cluster is not a mapping")?;
    fields.insert("name".into(), json!(name));
    fields.insert("dns_lookup_family".into(), json!("V4_PREFERRED"));
    fields.insert(
        "load_assignment".into(),
        json!({"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]}),
    );
    fields.insert(
        "transport_socket".into(),
        json!({"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": host,
            "auto_sni_san_validation": true,
            "common_tls_context": {"validation_context": {"trusted_ca": {"filename": "/etc/ssl/certs/ca-certificates.crt"}}},
        }}),
    );
    Ok(cluster)
}

/// What ends the filters on the way to a provider.
fn codec() -> Value {
    json!({"name": "envoy.filters.http.upstream_codec", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
    }})
}

/// As examples/provider-credentials has it.
fn injector(provider: Provider, credentials: &Path) -> Value {
    let (header, prefix) = provider.header();
    let name = provider.name();
    json!({"name": "envoy.filters.http.credential_injector", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
        "overwrite": true,
        "credential": {"name": "envoy.http.injected_credentials.generic", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
            "header": header,
            "header_value_prefix": prefix,
            "credential": {"name": name, "sds_config": {
                "initial_fetch_timeout": "5s",
                "path_config_source": {
                    "path": credentials.join(format!("{name}.yaml")),
                    "watched_directory": {"path": credentials},
                },
            }},
        }},
    }})
}

fn instructions(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Created {folder}. Only you can read the files in it.\n\
         First put each provider's key into {folder}/credentials/PROVIDER.key.\n\n\
         Next, in three terminals:\n\
         1. paddock serve --create --config {folder}/paddock.toml\n\
         2. PADDOCK_GATEWAY_TOKEN=$(cat {folder}/gateway-token) envoy -c {folder}/envoy.yaml\n\
         3. paddock --config {folder}/paddock.toml apply -f {folder}/first.yaml --secrets-file {folder}/keys.json\n\n\
         Then clients call http://127.0.0.1:10000/v1 with the key in {folder}/keys.json.\n"
    )
}
