//! This version together with an older one, which `make test-upgrade` builds: each filter with each service, and
//! what docs/src/operate/upgrade.md says of an upgrade and of the way back.

use crate::gateway::{Gateway, Tenant, eventually};
use paddock_local::{Part, StackOptions};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the older build.
fn older(name: &str) -> PathBuf {
    let folder = std::env::var_os("PADDOCK_OLDER").expect("run make test-upgrade");
    Path::new(&folder).join(name)
}

fn older_service() -> PathBuf {
    older("debug/paddock")
}

/// Calls are served, limited as the service says within two seconds, and booked once.
fn works(gateway: &Gateway) {
    let tenant = gateway.tenant("versions", json!({"rpm": 100}));
    for _ in 0..5 {
        gateway.send(&tenant.chat()).expect(200);
        gateway.send(&tenant.stream()).expect(200);
    }
    booked(gateway, &tenant, 10);
    gateway.manage(
        "PATCH",
        &tenant.key_path(),
        Some(&json!({"enabled": false})),
    );
    eventually("the key is refused", || {
        (gateway.send(&tenant.chat()).status == 401).then_some(())
    });
}

/// Waits until exactly as many of a tenant's calls are booked, each with its cost.
#[track_caller]
fn booked(gateway: &Gateway, tenant: &Tenant, count: usize) {
    let path = format!("/v1/requests?key={}&outcome=complete&limit=100", tenant.id);
    let mut listed = json!(null);
    eventually("all calls are booked", || {
        listed = gateway.manage("GET", &path, None);
        let costs = listed["data"].as_array().unwrap().iter();
        let costs = costs.filter(|one| one["cost_usd"] != "0");
        (costs.count() >= count).then_some(())
    });
    assert_eq!(
        listed["data"].as_array().unwrap().len(),
        count,
        "{listed:#}"
    );
}

#[test]
#[ignore = "needs an older build: make test-upgrade"]
fn an_older_filter_works_with_this_service() {
    works(&Gateway::start(StackOptions {
        wasm: Some(older("paddock.wasm")),
        ..StackOptions::default()
    }));
}

#[test]
#[ignore = "needs an older build: make test-upgrade"]
fn this_filter_works_with_an_older_service() {
    works(&Gateway::start(StackOptions {
        service_program: Some(older_service()),
        ..StackOptions::default()
    }));
}

/// The service first, then the filter; and back, by the backup and the access log.
#[test]
#[ignore = "needs an older build: make test-upgrade"]
fn an_upgrade_and_the_way_back_lose_nothing() {
    let gateway = Gateway::start(StackOptions {
        wasm: Some(older("paddock.wasm")),
        service_program: Some(older_service()),
        ..StackOptions::default()
    });
    let tenant = gateway.tenant("upgraded", json!({}));
    let call = |count: usize| {
        for _ in 0..count {
            gateway.send(&tenant.chat()).expect(200);
        }
    };
    call(3);
    booked(&gateway, &tenant, 3);
    let backup = gateway.database().with_extension("backup");
    let url = gateway.database().to_str().unwrap().to_owned();
    run(Command::new(older_service())
        .args(["backup", "--database-url", &url])
        .arg(&backup));

    // Without a service for a while: a key that is known is served.
    gateway.kill(Part::Service);
    call(2);
    gateway.serve_by(None);
    booked(&gateway, &tenant, 5);
    call(2);
    booked(&gateway, &tenant, 7);
    let (right, said) = gateway.verify();
    assert!(right, "{said}");
    // The filter of this version beside the older one, as while Envoys are replaced.
    let newer = gateway.beside("upgraded");
    newer.send(&tenant.chat()).expect(200);
    booked(&gateway, &tenant, 8);

    gateway.kill(Part::Service);
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{url}{end}"));
    }
    std::fs::copy(&backup, gateway.database()).unwrap();
    gateway.serve_by(Some(older_service()));
    call(1);
    for log in [gateway.access_log_file(), newer.access_log_file()] {
        run(Command::new(older_service())
            .arg("reconcile")
            .arg(log)
            .env("PADDOCK_URL", format!("http://{}", gateway.address))
            .env("PADDOCK_ADMIN_KEY", gateway.admin_key()));
    }
    booked(&gateway, &tenant, 9);
}

/// Replicas on PostgreSQL, one after the other, as a Deployment's RollingUpdate replaces them: the older one works on
/// while the new one brings the schema up to date.
#[test]
#[ignore = "needs an older build: make test-upgrade"]
fn nobody_notices_that_replicas_are_upgraded() {
    crate::rolling::replaces_all(Some(older_service()), "rolling-upgrade");
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}
