//! `paddock check`.

use crate::support::{Ran, paddock, run};
use tempfile::TempDir;

fn check(files: &[(&str, &str)]) -> Ran {
    let folder = TempDir::new().unwrap();
    let mut command = paddock();
    command.arg("check");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        command.arg(path);
    }
    run(&mut command, "")
}

#[test]
fn files_that_are_right_are_called_by_what_they_are() {
    let envoy = include_str!("../../../../envoy/envoy.yaml");
    let told = check(&[
        ("envoy.yaml", envoy),
        ("plugin.json", r#"{"accounting":{"cluster":"paddock"}}"#),
        ("apply.yaml", "namespaces: [{name: a}]"),
        ("paddock.toml", "[serve]\nmin_rpm = 5\n"),
    ]);
    let told = told.expect(0);
    for part in [
        "envoy.yaml: an Envoy configuration",
        "plugin.json: a plugin",
        "apply.yaml: a file for",
        "paddock.toml: a configuration file",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn every_problem_of_every_file_is_named() {
    let told = check(&[
        (
            "plugin.json",
            r#"{"accounting":{"cluster":"","timeout_ms":0},"max_request_seconds":0}"#,
        ),
        (
            "apply.yaml",
            "namespaces: [{name: a, colour: 1}]\nkeys: [{name: k}]",
        ),
        (
            "paddock.toml",
            "[serve]\nmin_rpm = 'many'\nmax_rmp = 5\nlisten = 'nowhere'\n",
        ),
    ])
    .expect(1);
    for part in [
        "max_request_seconds must be from 1 to 86400",
        "accounting.cluster",
        "accounting.timeout_ms",
        "unknown field `colour`",
        "key `k` needs a `namespace`",
        "serve.min_rpm: invalid value 'many'",
        "unknown setting serve.max_rmp",
        "serve.listen: invalid value 'nowhere'",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn secrets_that_the_service_would_refuse_are_named() {
    let config = |admin: &str, token: &str| {
        format!("[serve]\nadmin_key_file = '{admin}'\ngateway_token_file = '{token}'\n")
    };
    let told = check(&[
        ("short", "hush"),
        ("long", "0123456789abcdef"),
        ("a.toml", &config("short", "long")),
        ("b.toml", &config("long", "long")),
        ("c.toml", &config("long", "on-another-machine")),
    ]);
    let told = told.expect(1);
    for part in [
        "--admin-key (PADDOCK_ADMIN_KEY) is too short",
        "must differ",
        "c.toml: a configuration file, no problems",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(
        !told.contains("hush") && !told.contains("0123456789abcdef"),
        "{told}"
    );
}
