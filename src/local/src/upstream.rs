//! A real provider in place of the fake one: its base URL, and what Envoy needs to reach it.

use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::path::Path;
use std::str::FromStr;
use url::{Host, Url};

/// An OpenAI-compatible base URL, such as `https://api.openai.com/v1`. The gateway's `/v1/x` goes
/// to `x` below it; without a path, to `/v1/x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    tls: bool,
    host: Host<String>,
    port: u16,
    path: String,
}

impl FromStr for Upstream {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let hint = "give a base URL such as https://api.openai.com/v1";
        let url = Url::parse(text).with_context(|| format!("'{text}' is not a URL; {hint}"))?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            other => bail!("the provider's URL begins with {other}://; {hint}"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            bail!("the provider's URL holds a password; set PADDOCK_UPSTREAM_KEY instead");
        }
        if url.query().is_some() || url.fragment().is_some() {
            bail!("the provider's URL holds a query or a fragment; {hint}");
        }
        let path = url.path().trim_end_matches('/');
        Ok(Self {
            tls,
            host: url
                .host()
                .with_context(|| format!("the URL names no host; {hint}"))?
                .to_owned(),
            port: url
                .port_or_known_default()
                .context("the URL names no port")?,
            path: if path.is_empty() {
                "/v1".into()
            } else {
                path.into()
            },
        })
    }
}

impl Upstream {
    /// The address for a cluster's endpoint.
    pub fn endpoint(&self) -> Value {
        let host = match &self.host {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        let usual = if self.tls { 443 } else { 80 };
        let name = if self.port == usual {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        };
        json!({
            "hostname": name,
            "address": {"socket_address": {"address": host, "port_value": self.port}},
        })
    }

    /// The cluster's transport socket, where the provider wants TLS.
    pub fn transport_socket(&self, authorities: &Path) -> Option<Value> {
        let mut context = json!({
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {"validation_context": {"trusted_ca": {"filename": authorities}}},
        });
        let (kind, name) = match &self.host {
            Host::Domain(name) => ("DNS", name.clone()),
            Host::Ipv4(address) => ("IP_ADDRESS", address.to_string()),
            Host::Ipv6(address) => ("IP_ADDRESS", address.to_string()),
        };
        let fields = context.as_object_mut()?;
        if kind == "DNS" {
            fields.insert("sni".into(), name.clone().into());
        }
        let names = json!([{"san_type": kind, "matcher": {"exact": name}}]);
        let validation = context.pointer_mut("/common_tls_context/validation_context")?;
        validation
            .as_object_mut()?
            .insert("match_typed_subject_alt_names".into(), names);
        self.tls
            .then(|| json!({"name": "envoy.transport_sockets.tls", "typed_config": context}))
    }

    /// How a route turns the gateway's paths into the provider's. One provider stands in for all,
    /// so what goes to another's OpenAI- or Anthropic-compatible paths goes to its own.
    pub fn rewrite(&self) -> Value {
        let substitution = format!("{}/", self.path.replace('\\', "\\\\"));
        let regex = if self.path == "/v1" {
            "^/(v1beta/openai|anthropic/v1)/"
        } else {
            "^/(v1|v1beta/openai|anthropic/v1)/"
        };
        json!({"pattern": {"regex": regex}, "substitution": substitution})
    }

    /// Where this machine keeps the certificate authorities it trusts.
    pub fn authorities() -> anyhow::Result<std::path::PathBuf> {
        let chosen = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
        let usual = [
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/cert.pem",
        ];
        let mut found = chosen.into_iter().chain(usual.map(Into::into));
        found.find(|path| path.is_file()).context(
            "no certificate authorities found. Install ca-certificates or set SSL_CERT_FILE.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Upstream {
        text.parse().unwrap()
    }

    #[test]
    fn a_plain_url_keeps_the_usual_paths() {
        let upstream = parse("http://localhost:8080");
        let rewrite = upstream.rewrite();
        assert_eq!(rewrite["substitution"], "/v1/");
        let others = "^/(v1beta/openai|anthropic/v1)/";
        assert_eq!(rewrite["pattern"]["regex"], others);
        assert_eq!(upstream.transport_socket(Path::new("/ca")), None);
        assert_eq!(upstream.endpoint()["hostname"], "localhost:8080");
    }

    #[test]
    fn a_prefix_is_kept_and_a_certificate_checked() {
        let upstream = parse("https://example.com/openai/v1/");
        assert_eq!(upstream.rewrite()["substitution"], "/openai/v1/");
        assert_eq!(upstream.endpoint()["hostname"], "example.com");
        let socket = upstream.transport_socket(Path::new("/ca")).unwrap();
        assert_eq!(socket["typed_config"]["sni"], "example.com");
        let by_address = parse("https://127.0.0.1")
            .transport_socket(Path::new("/ca"))
            .unwrap();
        assert!(by_address["typed_config"].get("sni").is_none());
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for wrong in [
            "api.openai.com",
            "ftp://x/v1",
            "https://a:b@x/v1",
            "https://x/v1?key=y",
        ] {
            assert!(wrong.parse::<Upstream>().is_err(), "{wrong}");
        }
    }
}
