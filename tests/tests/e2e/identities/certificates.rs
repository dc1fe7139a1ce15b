//! An authority that certifies workloads of a mesh, and clients that show what it gave them.

use crate::client::{Answer, Call};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
}

/// A certificate and its key, as files.
#[derive(Clone, Debug)]
pub struct Certified {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// A new one, whose files go to `folder`; its own certificate is `authority.pem`.
    pub fn new(folder: &Path) -> Authority {
        std::fs::create_dir_all(folder).unwrap();
        let mut params = named("the authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("authority.pem"), own.pem()).unwrap();
        Authority {
            issuer: Issuer::new(params, key),
            folder: folder.to_owned(),
        }
    }

    pub fn own(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// A certificate for 127.0.0.1 and these URIs.
    pub fn certify(&self, name: &str, uris: &[&str]) -> Certified {
        let mut params = named(name);
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        let uris = uris
            .iter()
            .map(|uri| SanType::URI((*uri).try_into().unwrap()));
        params.subject_alt_names.extend(uris);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let certified = Certified {
            certificate: self.folder.join(format!("{name}.pem")),
            key: self.folder.join(format!("{name}.key")),
        };
        std::fs::write(&certified.certificate, certificate.pem()).unwrap();
        std::fs::write(&certified.key, key.serialize_pem()).unwrap();
        certified
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Sends a request over TLS, with a certificate or without; status 0 where the peer would not talk.
pub fn send(
    to: SocketAddr,
    authority: &Path,
    certified: Option<&Certified>,
    call: &Call,
) -> Answer {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--http1.1",
        "--include",
        "--max-time",
        "30",
    ]);
    command.arg("--noproxy").arg("*");
    command.arg("--cacert").arg(authority);
    if let Some(Certified { certificate, key }) = certified {
        command.arg("--cert").arg(certificate).arg("--key").arg(key);
    }
    for (name, value) in &call.headers {
        let value = String::from_utf8(value.clone()).unwrap();
        command.arg("--header").arg(format!("{name}: {value}"));
    }
    if !call.body.is_empty() {
        let body = String::from_utf8(call.body.clone()).unwrap();
        command.arg("--data-raw").arg(body);
    }
    let url = format!("https://{to}{}", call.path);
    let output = command
        .args(["--request", &call.method, &url])
        .output()
        .unwrap();
    let mut answer = Answer::to(call);
    let text = String::from_utf8(output.stdout).unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        answer.body = output.stderr;
        return answer;
    };
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .unwrap();
    answer.status = status.parse().unwrap();
    answer.headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect();
    answer.body = body.as_bytes().to_vec();
    answer.complete = output.status.success();
    answer
}
