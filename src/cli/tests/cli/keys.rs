//! `paddock keys`, `get` and `usage`, and what is said where the service cannot be asked.

use crate::support::{ADMIN, Service, agent, paddock, run};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_key_is_made_rotated_and_switched_off() {
    let service = Service::start();
    let made = service
        .paddock(&[
            "keys",
            "create",
            "k",
            "--monthly-quota-usd",
            "5",
            "--quota-usd",
            "hourly=2.5",
            "--rpm",
            "30",
            "-o",
            "json",
        ])
        .json(0);
    assert_eq!(
        (&made["namespace"], &made["monthly_quota_usd"]),
        (&json!("k"), &json!(5.0))
    );
    assert_eq!(made["quotas_usd"], json!({ "hourly": 2.5 }));
    let first = made["key"].as_str().unwrap().to_owned();
    let file = service.folder.path().join("secret");
    let path = file.display().to_string();
    let told = service
        .paddock(&[
            "keys",
            "rotate",
            "k/k",
            "--expires-in",
            "7",
            "--secret-file",
            &path,
        ])
        .expect(0);
    assert!(
        told.contains("The old secret works until") && !told.contains("pdk_"),
        "{told}"
    );
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_ne!(std::fs::read_to_string(&file).unwrap().trim(), first);
    // What fails leaves no file behind.
    let other = service.folder.path().join("other").display().to_string();
    let error = service
        .paddock(&[
            "keys",
            "create",
            "k",
            "--namespace",
            "k",
            "--secret-file",
            &other,
        ])
        .fails(1);
    assert!(error.contains("409 already_exists"), "{error}");
    assert!(!std::path::Path::new(&other).exists());

    let told = service.paddock(&["keys", "disable", "k/k"]).expect(0);
    assert!(told.contains("(k/k) is disabled."), "{told}");
    let key = |service: &Service| {
        service
            .paddock(&["get", "keys", "k/k", "-o", "json"])
            .json(0)
    };
    assert_eq!(key(&service)["enabled"], false);
    service
        .paddock(&["keys", "enable", key(&service)["id"].as_str().unwrap()])
        .expect(0);
    assert_eq!(key(&service)["enabled"], true);
    // The new secret of the file is a key.
    let own = service
        .command(&["get", "keys", "--key-file", &path])
        .env_remove("PADDOCK_ADMIN_KEY")
        .output();
    assert!(own.unwrap().status.success());
}

#[test]
fn tables_are_for_people_and_json_for_machines() {
    let service = Service::start();
    service.paddock(&["keys", "create", "one"]).expect(0);
    let table = service.paddock(&["get", "namespaces"]).expect(0);
    assert!(
        table.contains("NAME") && table.contains("one") && table.contains("default"),
        "{table}"
    );
    let paid = agent()
        .post(format!("{}/v1/credits", service.url))
        .header("authorization", format!("Bearer {ADMIN}"))
        .json(&json!({ "namespace": "one", "amount_usd": 5, "kind": "grant", "reference": "r-1" }))
        .send();
    assert_eq!(paid.unwrap().status(), 201);
    let credits = ["get", "credits", "--namespace", "one"];
    let table = service.paddock(&credits).expect(0);
    assert!(table.contains("r-1") && table.contains("$5.00"), "{table}");
    assert!(
        service
            .paddock(&["get", "prices"])
            .expect(0)
            .contains("gpt-4.1")
    );
    assert!(
        service
            .paddock(&["get", "prices", "gpt4"])
            .expect(0)
            .contains("input_usd_per_million")
    );
    assert!(
        service
            .paddock(&["get", "roles"])
            .expect(0)
            .contains("developer")
    );
    assert_eq!(
        service.paddock(&["get", "members", "-o", "json"]).json(0),
        json!([])
    );
    let error = service
        .paddock(&[
            "keys",
            "create",
            "hers",
            "--namespace",
            "one",
            "--user-id",
            "alice",
        ])
        .fails(1);
    assert!(error.contains("member 'alice'"), "{error}");
    let admin = service
        .paddock(&[
            "get",
            "roles",
            "admin",
            "--organization",
            "default",
            "-o",
            "json",
        ])
        .json(0);
    assert_eq!(admin["can_manage_users"], true);
    let usage = service.paddock(&["usage", "-o", "json"]).json(0);
    assert_eq!(
        (&usage[0]["namespace"], &usage[0]["request_count"]),
        (&json!("one"), &json!(0))
    );
    assert!(service.paddock(&["usage"]).expect(0).contains("THIS MONTH"));
    assert!(
        service
            .paddock(&["usage", "--key", "one/one"])
            .expect(0)
            .contains("Spent in this period: $0.00")
    );
    let error = service.paddock(&["get", "namespaces", "nobody"]).fails(1);
    assert!(
        error.contains("404 not_found") && error.contains("'nobody'"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_asked_says_what_to_do() {
    let service = Service::start();
    let get = ["get", "keys"];
    let nobody = service
        .command(&get)
        .env_remove("PADDOCK_ADMIN_KEY")
        .output()
        .unwrap();
    assert!(
        String::from_utf8(nobody.stderr)
            .unwrap()
            .contains("--key-file")
    );
    let wrong = run(
        service
            .command(&get)
            .env("PADDOCK_ADMIN_KEY", "not-the-key"),
        "",
    )
    .fails(1);
    assert!(
        wrong.contains("401") && wrong.contains("The key came from PADDOCK_ADMIN_KEY"),
        "{wrong}"
    );
    assert!(!wrong.contains("not-the-key"), "{wrong}");
    let port = crate::support::free_port();
    let url = format!("http://127.0.0.1:{port}");
    let away = run(
        paddock()
            .args(get)
            .args(["--url", &url])
            .env("PADDOCK_ADMIN_KEY", ADMIN),
        "",
    )
    .fails(1);
    assert!(
        away.contains("cannot reach the service at") && away.contains("Is it running?"),
        "{away}"
    );
    service.paddock(&["get", "nonsense"]).fails(64);
    service.paddock(&["no-such-command"]).fails(64);
    assert!(service.paddock(&["--help"]).expect(0).contains("reconcile"));
    assert!(
        service
            .paddock(&["completions", "bash"])
            .expect(0)
            .contains("_paddock")
    );
}

#[test]
fn money_is_given_back_once_a_reference() {
    let service = Service::start();
    service.paddock(&["keys", "create", "one"]).expect(0);
    let give_back = [
        "correct",
        "--namespace",
        "one",
        "--amount-usd",
        "-12.5",
        "--reason",
        "goodwill",
        "--reference",
        "ticket-1",
    ];
    let told = service.paddock(&give_back).expect(0);
    assert!(told.contains("of $-12.50 for one (ticket-1)."), "{told}");
    assert_eq!(service.paddock(&give_back).expect(0), told);
    let usage = service.paddock(&["usage", "--namespace", "one"]).expect(0);
    assert!(
        usage.contains("correction") && usage.contains("$-12.50"),
        "{usage}"
    );
    let vague = [
        "correct",
        "--amount-usd",
        "1",
        "--reason",
        "r",
        "--reference",
        "r",
    ];
    service.paddock(&vague).fails(64);
}

#[test]
fn costs_are_shown_and_exported() {
    let service = Service::start();
    service.paddock(&["keys", "create", "one"]).expect(0);
    service.paddock(&["keys", "create", "two"]).expect(0);
    let give_back =
        "correct --namespace one --amount-usd -12.5 --reason goodwill --reference ticket-1";
    let give_back: Vec<&str> = give_back.split(' ').collect();
    service.paddock(&give_back).expect(0);
    let told = service.paddock(&["costs"]).expect(0);
    let row = told
        .lines()
        .find(|line| line.trim_start().starts_with("one "))
        .unwrap();
    assert!(row.contains("default") && row.contains("$-12.50"), "{told}");
    assert!(
        told.contains(" two ") && told.contains("FORECAST"),
        "{told}"
    );
    let month = service.paddock(&["costs", "-o", "json"]).json(0);
    let month = &month["start"].as_str().unwrap()[..7];
    for (format, head) in [
        ("csv", "id,name,namespace,"),
        ("focus", "BilledCost,BillingAccountId,"),
    ] {
        let path = service.write("unused", "").with_file_name(format);
        let path = path.to_str().unwrap();
        service
            .paddock(&[
                "costs", "--month", month, "--format", format, "--file", path,
            ])
            .expect(0);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(head) && text.contains("-12.5"), "{text}");
    }
    let models = [
        "costs",
        "--period",
        "7d",
        "--group-by",
        "model",
        "-o",
        "json",
    ];
    assert_eq!(
        service.paddock(&models).json(0)["data"][0]["name"],
        "correction"
    );
    let error = service.paddock(&["costs", "--month", "2026-13"]).fails(1);
    assert!(
        error.contains("'2026-13' is no month: write it like 2026-10"),
        "{error}"
    );
    service
        .paddock(&["costs", "--month", "2026-10", "--period", "7d"])
        .fails(64);
}

#[test]
fn a_developers_own_key_is_in_a_variable_of_its_own() {
    let service = Service::start();
    let made = service
        .paddock(&["keys", "create", "mine", "-o", "json"])
        .json(0);
    let mut whoami = service.command(&["whoami", "-o", "json"]);
    whoami
        .env_remove("PADDOCK_ADMIN_KEY")
        .env("PADDOCK_KEY", made["key"].as_str().unwrap());
    let told = run(&mut whoami, "").json(0);
    assert_eq!(told["key"]["name"], "mine", "{told}");
    let neither = run(
        service.command(&["whoami"]).env_remove("PADDOCK_ADMIN_KEY"),
        "",
    )
    .fails(1);
    assert!(neither.contains("set PADDOCK_KEY to yours"), "{neither}");
}
