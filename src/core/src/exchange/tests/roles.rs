//! What an organization narrows a role to holds for every key of that role, beside its own rights.

use super::bench::*;
use crate::cache::PolicyCache;
use crate::config::Config;
use crate::exchange::{Exchange, Verdict};
use crate::policy::{OrganizationPolicy, Role, RoleRights};

const MODELS: &str = r#","roles":{"developer":{"allowed_models":["tiny"]}}"#;
const ENDPOINTS: &str = r#","roles":{"developer":{"allowed_endpoints":["embeddings:create"]},
    "viewer":{"allowed_endpoints":["models:read"]}}"#;

/// Fields of key and organization, the path, the model, and status, code and scope; status 0: it
/// passes.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
    &'static str,
);

#[test]
fn a_role_is_what_its_organization_lets_it_be() {
    let of_role = "role:o/developer";
    let table: [Row; 10] = [
        ("", "", CHAT, "large", 0, "", ""),
        ("", MODELS, CHAT, "small", 0, "", ""),
        ("", MODELS, CHAT, "large", 403, "model_not_allowed", of_role),
        (r#","role":"admin""#, MODELS, CHAT, "large", 0, "", ""),
        (
            r#","allowed_models":["large"]"#,
            MODELS,
            CHAT,
            "small",
            403,
            "model_not_allowed",
            "key:k",
        ),
        (
            "",
            ENDPOINTS,
            CHAT,
            "small",
            403,
            "endpoint_not_allowed",
            of_role,
        ),
        ("", ENDPOINTS, "/v1/embeddings", "small", 0, "", ""),
        (
            "",
            ENDPOINTS,
            "/v1/files",
            "small",
            403,
            "endpoint_not_allowed",
            of_role,
        ),
        (
            "",
            ENDPOINTS,
            "/v1/models",
            "small",
            403,
            "endpoint_not_allowed",
            of_role,
        ),
        // A role that may call nothing stays one, whatever the organization says.
        (
            r#","role":"viewer""#,
            ENDPOINTS,
            "/v1/embeddings",
            "small",
            403,
            "endpoint_not_allowed",
            "key:k",
        ),
    ];
    for (row, (key, organization, path, model, status, code, scope)) in
        table.into_iter().enumerate()
    {
        let mut bench = Bench::of_organization(key, "", organization);
        let mut exchange = Exchange::default();
        let body = match path {
            CHAT => body(model, ""),
            _ => format!(r#"{{"model":"{model}","input":"Hi"}}"#).into_bytes(),
        };
        let step = bench.send(&mut exchange, &headers(path, KEY, &[]), &body);
        if status == 0 {
            assert_eq!(step.verdict, Verdict::Continue, "row {row}");
            continue;
        }
        let reply = reply(step);
        let error = error(&reply);
        let said = (reply.status, &error["code"], &error["scope"]);
        assert_eq!(
            said,
            (status, &code.into(), &scope.into()),
            "row {row}: {error}"
        );
    }
}

#[test]
fn the_models_told_are_those_of_the_role() {
    let mut bench = Bench::of_organization("", "", MODELS);
    let mut exchange = Exchange::default();
    let told = reply(bench.send(&mut exchange, &headers("/v1/models", KEY, &[]), b""));
    let list: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], "small");
}

#[test]
fn a_change_of_the_organization_changes_its_roles_at_once() {
    let mut bench = Bench::of_organization("", "", "");
    assert_eq!(bench.chat(&body("large", "")).1.verdict, Verdict::Continue);
    let mut organization = OrganizationPolicy::unlimited("o");
    let rights = RoleRights {
        allowed_models: Some(vec!["small".to_owned()]),
        allowed_endpoints: None,
    };
    organization.roles.insert(Role::Developer, rights);
    let config: Config = bench.worker.config.clone();
    let policy = config.policy.unwrap();
    bench.worker.cache = PolicyCache::complete(
        policy.keys,
        policy.namespaces,
        vec![organization],
        policy.catalog,
    );
    let refused = reply(bench.chat(&body("large", "")).1);
    assert_eq!(error(&refused)["scope"], "role:o/developer");
}

#[test]
fn a_gateway_reads_what_older_and_newer_services_say_of_an_organization() {
    let old: OrganizationPolicy = serde_json::from_str(r#"{"name":"o"}"#).unwrap();
    assert!(old.roles.is_empty());
    let text = r#"{"name":"o","roles":{"analyst":{"allowed_models":["a"],"later":1}}}"#;
    let new: OrganizationPolicy = serde_json::from_str(text).unwrap();
    let rights = new.roles.get(&Role::Analyst).unwrap();
    assert_eq!(
        rights.allowed_models.as_deref(),
        Some(&["a".to_owned()][..])
    );
    let again = serde_json::to_string(&new).unwrap();
    assert_eq!(
        serde_json::from_str::<OrganizationPolicy>(&again).unwrap(),
        new
    );
}
