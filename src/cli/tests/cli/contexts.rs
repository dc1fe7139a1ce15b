//! `paddock login`, `logout` and `context`; `status` and `version`; what a shell completes; manual pages.

use crate::support::{ADMIN, Ran, Service, paddock, run};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

fn of(home: &Path, arguments: &[&str], input: &str) -> Ran {
    run(
        paddock().args(arguments).env("XDG_CONFIG_HOME", home),
        input,
    )
}

#[test]
fn a_context_is_used_where_nothing_else_is_given() {
    let (first, second) = (Service::start(), Service::start());
    first.paddock(&["keys", "create", "team"]).expect(0);
    let home = TempDir::new().unwrap();
    let home = home.path();
    let none = of(home, &["get", "keys"], "").fails(1);
    assert!(none.contains("paddock login"), "{none}");

    let refused = of(home, &["login", "--url", &first.url], "wrong").fails(1);
    assert!(refused.contains("401"), "{refused}");
    let nothing = of(home, &["context", "list", "-o", "json"], "").json(0);
    assert_eq!(nothing, serde_json::json!([]));

    let told = of(
        home,
        &["login", "--url", &format!("{}/v1/", first.url)],
        ADMIN,
    )
    .expect(0);
    assert!(told.contains("operator") && !told.contains(ADMIN), "{told}");
    of(home, &["login", "second", "--url", &second.url], ADMIN).expect(0);
    let mode = |path: &str| {
        let path = home.join("paddock").join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(
        [mode(""), mode("default.key"), mode("config.toml")],
        [0o700, 0o600, 0o600]
    );

    let keys = |arguments: &[&str]| {
        let arguments = [&["get", "keys", "-o", "name"], arguments].concat();
        of(home, &arguments, "").expect(0)
    };
    assert_eq!(keys(&[]), "");
    assert_eq!(keys(&["--context", "default"]), "team/team\n");
    of(home, &["context", "use", "default"], "").expect(0);
    assert_eq!(keys(&[]), "team/team\n");
    let list = of(home, &["context", "list"], "").expect(0);
    assert!(list.contains("*") && list.contains(&second.url), "{list}");

    // A context's key is shown to its own service alone.
    let other = of(home, &["get", "keys", "--url", &second.url], "").fails(1);
    assert!(other.contains("no API key"), "{other}");
    let both = ["get", "keys", "--context", "default", "--url", &second.url];
    assert!(of(home, &both, "").fails(1).contains("leave out --url"));
    let nowhere = of(home, &["login", "../up", "--url", &first.url], ADMIN).fails(1);
    assert!(nowhere.contains("no name of a context"), "{nowhere}");

    of(home, &["logout"], "").expect(0);
    assert!(!home.join("paddock/default.key").exists());
    let gone = of(home, &["get", "keys", "--context", "default"], "").fails(1);
    assert!(gone.contains("there is no context 'default'"), "{gone}");
}

#[test]
fn the_status_says_what_to_look_at() {
    let service = Service::start();
    let status = service.paddock(&["status", "-o", "json"]).json(1);
    let found = |check: &str| {
        let checks = status["checks"].as_array().unwrap();
        let found = checks.iter().find(|one| one["check"] == check);
        found.unwrap_or_else(|| panic!("{status:#}"))["status"].clone()
    };
    for check in [
        "service",
        "clock",
        "database",
        "key",
        "booking",
        "deliveries",
        "prices",
    ] {
        assert_eq!(found(check), "ok", "{check}: {status:#}");
    }
    // No Envoy has called yet.
    assert_eq!(found("gateways"), "look");

    service
        .paddock(&["keys", "create", "typo", "--model", "gpt-4.1"])
        .expect(0);
    let file = "organizations: [{name: acme, allowed_models: [gpt-99]}]";
    let file = service.write("paddock.yaml", file).display().to_string();
    service.paddock(&["apply", "-f", &file]).expect(0);
    let table = service.paddock(&["status"]).expect(1);
    assert!(table.contains("gpt-99 of the organization acme"), "{table}");

    let version = service.paddock(&["version"]).expect(0);
    let own = env!("CARGO_PKG_VERSION");
    assert!(version.contains(&format!("service {own}")), "{version}");
    let alone = run(
        paddock().arg("version").env("XDG_CONFIG_HOME", "/nowhere"),
        "",
    )
    .expect(0);
    assert!(
        alone.contains(own) && alone.contains("no service can be asked"),
        "{alone}"
    );
}

#[test]
fn a_shell_completes_commands_and_the_names_of_objects() {
    let service = Service::start();
    service.paddock(&["keys", "create", "team"]).expect(0);
    for name in ["copywriter", "coder", "reader"] {
        let key = ["keys", "create", name, "--namespace", "team"];
        service.paddock(&key).expect(0);
    }
    let script = paddock().args(["completions", "bash"]).output().unwrap();
    assert!(
        String::from_utf8(script.stdout)
            .unwrap()
            .contains("COMPLETE=")
    );
    // As the script for bash asks.
    let complete = |words: &[&str]| {
        let mut command = service.command(&[]);
        command
            .env("COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
        command.env("_CLAP_IFS", "\n").arg("--").args(words);
        run(&mut command, "").expect(0)
    };
    let commands = complete(&["paddock", "comp"]);
    assert!(commands.contains("completions"), "{commands}");
    let keys = complete(&["paddock", "keys", "disable", "team/co"]);
    assert_eq!(keys, "team/copywriter\nteam/coder");
    let nobody = run(
        paddock()
            .env("COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", "3")
            .env("_CLAP_IFS", "\n")
            .env("XDG_CONFIG_HOME", "/nowhere")
            .args(["--", "paddock", "keys", "disable", "de"]),
        "",
    );
    assert_eq!(
        (nobody.code, nobody.out.as_str(), nobody.err.as_str()),
        (0, "", "")
    );
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("man1");
    let made = run(paddock().args(["man", path.to_str().unwrap()]), "");
    made.expect(0);
    for page in [
        "paddock.1",
        "paddock-serve.1",
        "paddock-keys-create.1",
        "paddock-status.1",
    ] {
        let text = std::fs::read_to_string(path.join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}");
    }
}
