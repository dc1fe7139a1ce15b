//! Where the settings of `paddock serve` come from.

use crate::support::{paddock, run};
use tempfile::TempDir;

const SECRETS: [(&str, &str); 2] = [
    ("PADDOCK_ADMIN_KEY", "a-secret-of-the-operator"),
    ("PADDOCK_GATEWAY_TOKEN", "a-secret-of-the-gateways"),
];

#[test]
fn flags_come_before_the_environment_and_both_before_the_file() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("paddock.toml");
    let text = "[serve]\nmin_rpm = 1\nmax_rpm = 100\nlease_ttl_seconds = 7\n\
        exchange_rates = {EUR = '1.08', CHF = 1.13}\n\
        allow_over_assignment = true\ntls_key = 'key.pem'\ntls_certificate = 'cert.pem'\n\
        database_url = 'postgres://u:hidden@h/d?password=hidden'\n";
    std::fs::write(&config, text).unwrap();
    let mut command = paddock();
    command
        .args(["serve", "--print-config", "--min-rpm", "3", "--config"])
        .arg(&config)
        .env("PADDOCK_MIN_RPM", "2")
        .env("PADDOCK_MAX_RPM", "200")
        .env("PADDOCK_CREDITS_HOOK_SECRET", "a-secret-of-the-adapter")
        .envs(SECRETS);
    let shown = run(&mut command, "").expect(0);
    for line in [
        "min_rpm = 3 # flag",
        "max_rpm = 200 # environment",
        "lease_ttl_seconds = 7 # file",
        "lease_grace_seconds = 900 # default",
        "allow_over_assignment = true # file",
        "admin_key = \"redacted\" # environment",
        "exchange_rates = \"CHF=1.13,EUR=1.08\" # file",
        "credits_hook_secret = \"redacted\" # environment",
        "database_url = \"postgres://u:redacted@h/d?redacted\" # file",
        "# admin_key_file is not set",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    // Files of the file are beside it.
    assert!(
        shown.contains(&format!("{}/key.pem", folder.path().display())),
        "{shown}"
    );
    assert!(
        !shown.contains("a-secret") && !shown.contains("hidden"),
        "{shown}"
    );
    // What is printed is a configuration file again.
    let printed = folder.path().join("printed.toml");
    let without_secrets = shown.lines().filter(|line| !line.contains("redacted"));
    std::fs::write(&printed, without_secrets.collect::<Vec<_>>().join("\n")).unwrap();
    run(paddock().arg("check").arg(&printed), "").expect(0);
}

#[test]
fn every_problem_is_named_before_anything_runs() {
    let mut command = paddock();
    command.args([
        "serve",
        "--min-rpm",
        "0",
        "--lease-ttl-seconds",
        "1",
        "--tls-key",
        "x",
    ]);
    command.args([
        "--database-connections",
        "0",
        "--database-timeout-seconds",
        "0",
    ]);
    command.args(["--exchange-rates", "EUR=1.08,EUR=1.09"]);
    command
        .env("PADDOCK_CREDITS_HOOK_SECRET", "short")
        .env("PADDOCK_ADMIN_KEY", "short")
        .env("PADDOCK_GATEWAY_TOKEN", "short");
    let error = run(&mut command, "").fails(1);
    for part in [
        "--admin-key (PADDOCK_ADMIN_KEY) is too short",
        "--gateway-token (PADDOCK_GATEWAY_TOKEN) is too short",
        "must differ",
        "--min-rpm must be",
        "--lease-ttl-seconds must be",
        "--exchange-rates: EUR is there twice",
        "--credits-hook-secret must be",
        "--tls-certificate and --tls-key must be set together",
        "--database-connections must be",
        "--database-timeout-seconds must be",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = run(paddock().arg("serve"), "").fails(1);
    assert!(
        error.contains("--admin-key is not set") && error.contains("--gateway-token is not set"),
        "{error}"
    );
    let error = run(paddock().args(["serve", "--config", "/nowhere.toml"]), "").fails(1);
    assert!(error.contains("/nowhere.toml"), "{error}");
}

#[test]
fn of_a_secret_and_its_file_the_one_from_the_nearer_source_counts() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("paddock.toml");
    std::fs::write(
        &config,
        "[serve]\nadmin_key_file = 'admin'\ngateway_token_file = 'gateway'\n",
    )
    .unwrap();
    for name in ["admin", "gateway", "flag"] {
        std::fs::write(folder.path().join(name), format!("{name}-of-16-characters")).unwrap();
    }
    let show = |environment: &[(&str, &str)], flags: &[&str]| {
        let mut command = paddock();
        command.args(["serve", "--print-config", "--config"]);
        command.arg(&config).args(flags);
        command.envs(environment.iter().copied());
        run(&mut command, "")
    };
    let key = ("PADDOCK_ADMIN_KEY", "0123456789abcdef");
    let shown = show(&[key], &[]).expect(0);
    for line in [
        "admin_key = \"redacted\" # environment",
        "# admin_key_file is not set",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let flag = folder.path().join("flag").display().to_string();
    let shown = show(&[key], &["--admin-key-file", &flag]).expect(0);
    for line in [
        "# admin_key is not set",
        &format!("admin_key_file = \"{flag}\" # flag"),
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let both = show(&[key, ("PADDOCK_ADMIN_KEY_FILE", &flag)], &[]).fails(1);
    assert!(both.contains("set only one"), "{both}");
}

/// The values of a setting in the unit of systemd.
pub fn unit_setting<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    let values = unit.lines().filter_map(|line| line.strip_prefix(name));
    values.filter_map(|rest| rest.strip_prefix('=')).collect()
}

#[test]
fn the_unit_of_systemd_starts_the_service_with_its_configuration() {
    let unit = include_str!("../../../../deploy/paddock.service");
    let folder = TempDir::new().unwrap();
    let place = folder.path().display().to_string();
    // As LoadCredential does.
    for credential in unit_setting(unit, "LoadCredential") {
        let (name, _) = credential.split_once(':').unwrap();
        let text = match name {
            "paddock.toml" => include_str!("../../../../deploy/paddock.toml").to_owned(),
            secret => format!("{secret}-of-sixteen-characters\n"),
        };
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let start = unit_setting(unit, "ExecStart")[0].replace("${CREDENTIALS_DIRECTORY}", &place);
    let mut command = paddock();
    command.args(start.split(' ').skip(1)).arg("--print-config");
    for variable in unit_setting(unit, "Environment") {
        let (name, value) = variable.split_once('=').unwrap();
        command.env(name, value.replace("%d", &place));
    }
    let shown = run(&mut command, "").expect(0);
    for line in [
        "database_url = \"sqlite:///var/lib/paddock/paddock.db\" # file",
        &format!("admin_key_file = \"{place}/admin-key\" # environment"),
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
}
