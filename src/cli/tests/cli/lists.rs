//! `paddock get` and `keys list` in every form, and `paddock delete`.

use crate::support::Service;

fn with_keys() -> Service {
    let service = Service::start();
    let namespaces = "organizations: [{name: acme}]\nnamespaces: [{name: team, organization: acme, \
        monthly_quota_usd: 20}]\nkeys:\n- {name: small, namespace: team, monthly_quota_usd: 5, tags: {app: \
        search}}\n- {name: large, namespace: team, monthly_quota_usd: 8}\n- {name: none, namespace: team}\n";
    let file = service
        .write("paddock.yaml", namespaces)
        .display()
        .to_string();
    let secrets = service.folder.path().join("secrets").display().to_string();
    service
        .paddock(&["apply", "-f", &file, "--secrets-file", &secrets])
        .expect(0);
    service
}

#[test]
fn lists_are_sorted_filtered_and_printed_in_every_form() {
    let service = with_keys();
    let list = |arguments: &[&str]| {
        let arguments = [&["get", "keys"], arguments].concat();
        service.paddock(&arguments).expect(0)
    };
    let names = list(&["-o", "name", "--sort-by", "-monthly_quota_usd"]);
    assert_eq!(names, "team/none\nteam/large\nteam/small\n");
    assert_eq!(
        list(&["--filter", "tags.app=search", "-o", "name"]),
        "team/small\n"
    );
    assert_eq!(list(&["--filter", "role=nobody", "-o", "name"]), "");

    let table = list(&["--sort-by", "name"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].starts_with(" ID") && lines[0].contains("MONTHLY"),
        "{table}"
    );
    // The namespace's limit is not the key's own.
    assert!(
        lines[1].contains(" $8.00") && lines[2].contains("($20.00)"),
        "{table}"
    );
    assert!(!table.contains("MODELS"), "{table}");
    let wide = list(&["-o", "wide"]);
    assert!(
        wide.contains("MODELS") && wide.contains(r#"{"app":"search"}"#),
        "{wide}"
    );
    assert_eq!(list(&["--no-headers"]).lines().count(), 3);

    let csv = list(&["-o", "csv", "--sort-by", "name"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("id,namespace,name,role,"), "{csv}");
    assert!(lines[1].contains(",team,large,developer,true,"), "{csv}");
    assert_eq!(lines.len(), 4);
    let yaml = list(&["-o", "yaml", "--filter", "name=small"]);
    assert!(
        yaml.contains("name: small") && yaml.contains("app: search"),
        "{yaml}"
    );
    let own = service
        .paddock(&["keys", "list", "-n", "team", "-o", "name"])
        .expect(0);
    assert_eq!(own.lines().count(), 3);
    let shown = service.paddock(&["keys", "show", "team/small"]).expect(0);
    assert!(shown.contains("budget_remaining_usd  5.0"), "{shown}");

    let unknown = service
        .paddock(&["get", "keys", "--sort-by", "size"])
        .fails(1);
    assert!(
        unknown.contains("no object has a field 'size'"),
        "{unknown}"
    );
}

#[test]
fn forms_of_lists_are_refused_before_anything_is_done() {
    let service = with_keys();
    for form in ["csv", "name"] {
        let refused = service
            .paddock(&["keys", "disable", "team/small", "-o", form])
            .fails(1);
        assert!(refused.contains("only `paddock get` prints"), "{refused}");
    }
    let key = service
        .paddock(&["get", "key", "team/small", "-o", "json"])
        .json(0);
    assert_eq!(key["enabled"], true);
    let yaml = service.paddock(&["whoami", "-o", "yaml"]).expect(0);
    assert!(yaml.contains("role: operator"), "{yaml}");
}

#[test]
fn objects_are_deleted_when_somebody_agrees_and_all_are_there() {
    let service = with_keys();
    let asked = service.paddock(&["delete", "key", "team/small"]).fails(1);
    assert!(
        asked.contains("Use --yes") && asked.contains("team/small"),
        "{asked}"
    );
    let missing = ["delete", "keys", "team/small", "team/nowhere", "--yes"];
    let missing = service.paddock(&missing).fails(1);
    assert!(missing.contains("no key 'nowhere'"), "{missing}");
    let left = || service.paddock(&["get", "keys", "-o", "name"]).expect(0);
    assert_eq!(left().lines().count(), 3);

    let both = ["delete", "keys", "team/small", "team/large", "--yes"];
    let told = service.paddock(&both).expect(0);
    assert_eq!(told.lines().count(), 2, "{told}");
    service
        .paddock(&["keys", "delete", "team/none", "--yes"])
        .expect(0);
    assert_eq!(left(), "");
    service.paddock(&["delete", "ns", "team", "-y"]).expect(0);
    service.paddock(&["delete", "org", "acme", "-y"]).expect(0);
    let kept = service.paddock(&["delete", "gateways", "x", "-y"]).fails(1);
    assert!(kept.contains("there is no 'x'"), "{kept}");
}
