//! `paddock apply`.

use crate::support::{Service, postgres, wait};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const FILE: &str = r"
organizations:
- {name: acme, monthly_quota_usd: 1000, quotas_usd: {weekly: 400, total: 9000}, time_zone: Europe/Berlin}
prices:
- {model: house-model, upstream: openai, upstream_model: house-1, input_usd_per_million: 1.5, output_usd_per_million: 6, paths: {openai: /v2/openai}, fees_usd: {web_search: 0.01}, tiers: {priority: {percent: 200}}, steps: [{above_tokens: 1000, output_usd_per_million: 9}]}
aliases:
- {alias: House-*, model: house-model}
namespaces:
- name: team-a
  organization: acme
  monthly_budget_usd: 100
  quotas_usd: {hourly: 2.5, weekly: 300}
  rate_limits: {rpm: 120}
  allowed_models: [gpt-4.1, house-model]
  priority: high
  settings: {auto_throttle_at_percent: 80, throttle_mode: redirect, fallback_model: house-model}
  routing: {name: r, rules: [{name: short, match_conditions: {max_output_tokens: 100}, target_model: house-model}]}
  users: [{user_id: ada, monthly_limit_usd: 5}, {user_id: nobody, monthly_limit_usd: null}]
  webhooks: [{url: 'https://93.184.216.34/hook', events: [quota_95_percent, quota_80_percent]}]
  alerts:
  - {name: chat, threshold_pct: 50, action: slack, webhook_url: 'https://93.184.216.34/services/T000/B000/hushhushhush'}
  - {name: stop, threshold_stddev: 4, window: 7d, action: disable_key, keys: [copywriter]}
keys:
- {name: copywriter, namespace: team-a, monthly_quota_usd: 40, scopes: ['chat:create']}
- {name: reviewer, team: team-a, monthly_quota_usd: 60, role: analyst, expires_in: 30}
";

fn everything(service: &Service) {
    let service = |arguments: &[&str], input: &str| service.paddock_reading(arguments, input);
    let shown = service(&["apply", "-f", "-", "--dry-run"], FILE).expect(2);
    for part in [
        "+ organization acme\n    monthly_quota_usd: 1000\n    quotas_usd: {\"total\":9000,\"weekly\":400}\n    time_zone: \"Europe/Berlin\"",
        "+ key team-a/copywriter",
        "+ price house-model",
        "~ settings of namespace team-a",
        "+ user team-a/ada\n    monthly_quota_usd: 5",
        "+ webhook team-a/https://93.184.216.34/hook",
        "+ alert team-a/stop",
        "+ alias house-*\n    model: \"house-model\"",
        "11 to create, 1 to update, 1 unchanged.",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(
        service(&["get", "organizations", "-o", "json"], "")
            .json(0)
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // Nobody reads the secrets of a log: without a place for them nothing is made.
    let refused = service(&["apply", "-f", "-"], FILE).fails(1);
    assert!(refused.contains("--secrets-file"), "{refused}");
    assert_eq!(
        service(&["get", "keys", "-o", "json"], "").json(0),
        json!([])
    );

    let applied = service(&["apply", "-f", "-", "-o", "json", "--print-secrets"], FILE).json(0);
    assert_eq!(
        (
            &applied["applied"],
            applied["changes"].as_array().unwrap().len()
        ),
        (&json!(true), 12)
    );
    let secrets = applied["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 3);
    for (made, (field, start)) in
        secrets
            .iter()
            .zip([("key", "pdk_"), ("key", "pdk_"), ("secret", "whsec_")])
    {
        assert!(made[field].as_str().unwrap().starts_with(start), "{made}");
    }

    // Again, and again as a dry run: there is nothing to do.
    assert_eq!(
        service(&["apply", "-f", "-"], FILE).expect(0),
        "0 to create, 0 to update, 13 unchanged.\n"
    );
    service(&["apply", "-f", "-", "--dry-run"], FILE).expect(0);

    let alias = service(&["get", "aliases", "house-*", "-o", "json"], "").json(0);
    assert_eq!(alias["model"], "house-model");
    let settings = service(&["get", "settings", "team-a", "-o", "json"], "").json(0);
    assert_eq!(
        (&settings["throttle_mode"], &settings["fallback_model"]),
        (&json!("redirect"), &json!("house-model"))
    );
    let key = service(&["get", "keys", "team-a/copywriter", "-o", "json"], "").json(0);
    assert_eq!(
        (&key["scopes"], &key["own_limits"]),
        (&json!(["chat:create"]), &json!(["monthly_quota_usd"]))
    );
    let quotas = json!({ "hourly": 2.5, "weekly": 300.0, "total": 9000.0 });
    assert_eq!(key["quotas_usd"], quotas, "in force, and inherited");

    let get = |kind: &str, name: &str| {
        let arguments = ["get", kind, name, "--namespace", "team-a", "-o", "json"];
        service(&arguments, "").json(0)
    };
    assert_eq!(get("users", "ada")["monthly_limit_usd"], json!(5.0));
    let (stop, hook) = (get("alerts", "stop"), "https://93.184.216.34/hook");
    assert_eq!(stop["keys"], json!([key["id"]]));
    let webhooks = ["get", "webhooks", "--namespace", "team-a"];
    assert!(service(&webhooks, "").expect(0).contains(hook));

    // What of them differs is changed, and they stay the same ones.
    let other = FILE
        .replace("threshold_stddev: 4", "threshold_pct: 90")
        .replace("[quota_95_percent, quota_80_percent]", "[quota_exceeded]")
        .replace("monthly_limit_usd: 5", "monthly_limit_usd: null");
    let shown = service(&["apply", "-f", "-"], &other).expect(0);
    for part in [
        "~ user team-a/ada\n    monthly_quota_usd: 5.0 -> null",
        "~ webhook team-a/https://93.184.216.34/hook",
        "~ alert team-a/stop\n    threshold_pct: null -> 90",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(get("alerts", "stop")["id"], stop["id"]);
    service(&["apply", "-f", "-", "--dry-run"], &other).expect(0);
    service(&["apply", "-f", "-"], FILE).expect(0);

    // What one key gives up the other gets, whichever is named first.
    let swapped = FILE
        .replace("monthly_quota_usd: 40", "monthly_quota_usd: 70")
        .replace("monthly_quota_usd: 60", "monthly_quota_usd: 30");
    let shown = service(&["apply", "-f", "-"], &swapped).expect(0);
    assert!(shown.contains("monthly_quota_usd: 60.0 -> 30"), "{shown}");
    // What is null is the parent's again.
    let freed = swapped.replace("monthly_quota_usd: 70, ", "monthly_quota_usd: null, ");
    let shown = service(&["apply", "-f", "-", "-o", "json"], &freed).json(0);
    assert_eq!(
        shown["changes"][0]["differences"],
        json!([{ "field": "monthly_quota_usd", "from": 70.0, "to": null }])
    );
    service(&["apply", "-f", "-", "--dry-run"], &freed).expect(0);
}

#[test]
fn a_file_is_applied_once_and_then_nothing_differs() {
    everything(&Service::start());
}

#[test]
fn a_file_is_applied_once_on_postgres_too() {
    let url = wait(postgres::fresh_database());
    everything(&Service::on(&url, TempDir::new().unwrap(), &[]));
}

#[test]
fn what_the_service_refuses_is_shown_whole_and_the_rest_can_be_applied_later() {
    let service = Service::start();
    let wrong = FILE
        .replace(
            "allowed_models: [gpt-4.1, house-model]",
            "allowed_models: [gpt-4.1]",
        )
        .replace("fallback_model: house-model", "fallback_model: gpt-4.1")
        .replace("target_model: house-model", "target_model: gpt-4.1")
        .replace(
            "monthly_quota_usd: 60,",
            "monthly_quota_usd: 500, allowed_models: [claude-sonnet-4.5],",
        );
    let ran = service.paddock_reading(&["apply", "-f", "-", "--print-secrets"], &wrong);
    // The one key that was made is not lost.
    assert!(
        ran.out.contains("The secret of team-a/copywriter"),
        "{}",
        ran.out
    );
    let error = ran.fails(1);
    for part in [
        "stopped at key team-a/reviewer, after 8 of 12 changes",
        "POST /v1/keys failed (400 permission_error)",
        "\n  - Cannot assign models ['claude-sonnet-4.5'] - not in team whitelist",
        "\n  - Monthly quota $500.00 exceeds team limit of $100.00",
        "Request id in the service's log: req_",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let applied = service
        .paddock_reading(&["apply", "-f", "-", "--print-secrets", "-o", "json"], FILE)
        .json(0);
    assert_eq!(applied["secrets"].as_array().unwrap().len(), 2);
    assert_eq!(applied["unchanged"], 6, "{applied:#}");
}

#[test]
fn secrets_go_to_a_file_of_the_owners_and_never_over_another() {
    let service = Service::start();
    let secrets = service.folder.path().join("secrets.jsonl");
    let place = secrets.display().to_string();
    let arguments = ["apply", "-f", "-", "--secrets-file", &place];
    let printed = service.paddock_reading(&arguments, FILE).expect(0);
    assert!(!printed.contains("pdk_"), "{printed}");
    assert_eq!(
        std::fs::metadata(&secrets).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let text = std::fs::read_to_string(&secrets).unwrap();
    let made: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((made.len(), &made[0]["namespace"]), (3, &json!("team-a")));
    // Where no key is made the file is not needed, and not touched.
    service.paddock_reading(&arguments, FILE).expect(0);
    let more = format!("{FILE}- {{name: third, namespace: team-a}}\n");
    let error = service.paddock_reading(&arguments, &more).fails(1);
    assert!(error.contains("does not exist yet"), "{error}");
    assert_eq!(std::fs::read_to_string(&secrets).unwrap(), text);
    service.paddock(&["get", "keys", "team-a/third"]).fails(1);
}

#[test]
fn a_file_that_cannot_be_is_refused_before_anything_is_changed() {
    let service = Service::start();
    for (file, reason) in [
        (
            "namespaces:\n- {name: a, colour: red}\n- {name: a}",
            "unknown field `colour`\n  - namespace `a` appears twice",
        ),
        (
            "keys:\n- {name: k, namespace: nowhere}",
            "the namespace 'nowhere', which does not exist and is not in the file",
        ),
        ("- 1", "it must be a map"),
        ("a: [", "neither YAML nor JSON"),
    ] {
        let error = service
            .paddock_reading(&["apply", "-f", "-"], file)
            .fails(1);
        assert!(error.contains(reason), "{reason} in {error}");
    }
    service
        .paddock_reading(
            &["apply", "-f", "-"],
            "namespaces: [{name: a, organization: x}]",
        )
        .expect(0);
    let error = service
        .paddock_reading(
            &["apply", "-f", "-"],
            "namespaces: [{name: a, organization: yard}]",
        )
        .fails(1);
    assert!(
        error.contains("The organization 'yard' does not exist"),
        "{error}"
    );
    let file = "organizations: [{name: yard}]\nnamespaces: [{name: a, organization: yard}]";
    service
        .paddock_reading(&["apply", "-f", "-"], file)
        .expect(0);
    let moved = ["get", "namespaces", "a", "-o", "json"];
    assert_eq!(service.paddock(&moved).json(0)["organization"], "yard");
}

#[test]
fn budgets_of_an_organization_are_what_the_file_says() {
    let service = Service::start();
    let text = |quota: u64| {
        format!(
            "organizations:\n- name: acme\n  budgets:\n  - {{name: dear, covers: {{models: [gpt-4.1], namespaces: [team]}}, \
             monthly_quota_usd: {quota}}}\nnamespaces: [{{name: team, organization: acme}}]\n"
        )
    };
    let apply = |quota: u64, more: &[&str]| {
        let file = service
            .write("budgets.yaml", &text(quota))
            .display()
            .to_string();
        let arguments = [&["apply", "-f", &file], more].concat();
        service.paddock(&arguments)
    };
    let first = apply(50, &[]).expect(0);
    assert!(first.contains("+ budget acme/dear"), "{first}");
    assert!(
        apply(50, &[])
            .expect(0)
            .contains("0 to create, 0 to update")
    );
    let changed = apply(60, &["--dry-run"]).expect(2);
    assert!(
        changed.contains("monthly_quota_usd: 50.0 -> 60"),
        "{changed}"
    );
    apply(60, &[]).expect(0);
    let list = ["get", "budgets", "--organization", "acme"];
    let shown = service.paddock(&list).expect(0);
    assert!(
        shown.contains("dear") && shown.contains("$60.00"),
        "{shown}"
    );
    let json = [
        "get",
        "budget",
        "dear",
        "--organization",
        "acme",
        "-o",
        "json",
    ];
    let kept = service.paddock(&json).json(0);
    assert_eq!(kept["covers"]["models"], serde_json::json!(["gpt-4.1"]));
    let delete = [
        "delete",
        "budget",
        "dear",
        "--organization",
        "acme",
        "--yes",
    ];
    service.paddock(&delete).expect(0);
    let none = service.paddock(&["get", "budgets", "--organization", "acme", "-o", "name"]);
    assert_eq!(none.expect(0), "");
}
