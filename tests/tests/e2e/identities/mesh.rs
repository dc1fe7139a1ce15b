//! A gateway of a mesh: real `jwt_authn` in front of the filter, real TLS.

use super::certificates::{self, Authority, Certified};
use super::tokens::{ISSUER, Issuer};
use crate::client::{Answer, Call};
use crate::gateway::{Gateway, target};
use paddock_local::StackOptions;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::OnceLock;

pub const HTTP: &str = "/filter_chains/0/filters/0/typed_config";
pub const TRUST_DOMAIN: &str = "cluster.test";

/// A gateway that accepts certificates, tokens, keys and a header, in this order: on one listener
/// without TLS, on another with it.
pub struct Mesh {
    pub gateway: Gateway,
    pub issuer: Issuer,
    pub authority: Authority,
    pub tls: SocketAddr,
}

pub fn mesh() -> &'static Mesh {
    static MESH: OnceLock<Mesh> = OnceLock::new();
    MESH.get_or_init(|| {
        let issuer = Issuer::new();
        let folder = target().join("e2e/certificates");
        let authority = Authority::new(&folder);
        let server = authority.certify("server", &[]);
        let tls = free_address();
        let (key_set, ca) = (issuer.key_set(), authority.own());
        let edit = move |config: &mut Value| {
            let listeners = config.pointer_mut("/static_resources/listeners").unwrap();
            let plain = &mut listeners[0];
            let filters = plain.pointer_mut(&format!("{HTTP}/http_filters")).unwrap();
            filters
                .as_array_mut()
                .unwrap()
                .insert(0, jwt_authn(&key_set));
            let mut secured = plain.clone();
            secured["name"] = json!("secured");
            secured["address"]["socket_address"]["port_value"] = json!(tls.port());
            secured["filter_chains"][0]["transport_socket"] = mutual_tls(&server, &ca);
            listeners.as_array_mut().unwrap().push(secured);
        };
        let identity = json!([
            {"spiffe": {"trust_domain": TRUST_DOMAIN, "by_name": true, "namespaces": {
                format!("spiffe://{TRUST_DOMAIN}/ns/elsewhere/sa/v"): "mesh-mapped"}}},
            {"jwt_claim": {"metadata": "verified", "claim": "team"}},
            {"key": {}},
            {"header": {"name": "x-tenant"}},
        ]);
        let options = StackOptions {
            edit_bootstrap: Some(Box::new(edit)),
            edit_plugin: Some(Box::new(move |plugin| plugin["identity"] = identity)),
            ..StackOptions::default()
        };
        Mesh {
            gateway: Gateway::lasting("identities", options),
            issuer,
            authority,
            tls,
        }
    })
}

/// An address of this machine's that nobody listens at.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Verifies tokens and keeps their claims; what is no good token passes without any.
fn jwt_authn(key_set: &Value) -> Value {
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"test": {
                "issuer": ISSUER,
                "local_jwks": {"inline_string": key_set.to_string()},
                "payload_in_metadata": "verified",
            }},
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": [
                {"provider_name": "test"}, {"allow_missing_or_failed": {}},
            ]}}}],
        },
    })
}

/// A client may show a certificate; one that is not of this authority is refused.
fn mutual_tls(server: &Certified, authority: &PathBuf) -> Value {
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "tls_certificates": [{
                    "certificate_chain": {"filename": server.certificate},
                    "private_key": {"filename": server.key},
                }],
                "validation_context": {"trusted_ca": {"filename": authority}},
            },
            "require_client_certificate": false,
        },
    })
}

impl Mesh {
    /// Sends over TLS as the workload of this id, or of none.
    pub fn send_as(&self, id: Option<&str>, call: &Call) -> Answer {
        let certified = id.map(|id| {
            let number = self.gateway.number();
            self.authority.certify(&format!("workload-{number}"), &[id])
        });
        certificates::send(self.tls, &self.authority.own(), certified.as_ref(), call)
    }
}
