//! Every operation of the API, asked by every role, of the same namespace, another of the organization and
//! another organization: who is refused, and that nobody learns or changes what is another's.
//!
//! Which operations there are and who may write comes from the OpenAPI document and the table of owners. Who
//! may read is in [`READS`]; an operation that is in neither fails the test.

use crate::support::{ADMIN, GATEWAY, TestApp, on_both_databases};
use paddock_ledger::model::owners::{Owner, of_field};
use paddock_ledger::model::secret::Secret;
use paddock_server::config::Credentials;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WATCH: &str = "watching-key-for-tests";
/// Stands in all names of the organization that is looked at, and in no others.
const MARK: &str = "mtx";

/// Who may do something, beside the operator. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Operator,
    /// Admins of the organization.
    Admin,
    /// Holders of the namespace's keys that may call models.
    Spender,
    /// Holders of the namespace's keys.
    Namespace,
    /// All admins, each about their own organization.
    Admins,
    /// Everybody, about what is theirs.
    Everybody,
}

/// Who may read.
const READS: &[(&str, Who)] = &[
    ("get_balance", Who::Everybody),
    ("list_aliases", Who::Everybody),
    ("list_audit", Who::Everybody),
    ("verify_audit", Who::Admins),
    ("get_cost_attribution", Who::Everybody),
    ("list_corrections", Who::Everybody),
    ("list_credits", Who::Namespace),
    ("list_keys", Who::Everybody),
    ("get_key", Who::Admin),
    ("get_key_limits", Who::Admin),
    ("get_key_status", Who::Admin),
    ("get_key_usage", Who::Admin),
    ("list_members", Who::Everybody),
    ("get_member", Who::Admin),
    ("list_namespaces", Who::Everybody),
    ("get_namespace", Who::Namespace),
    ("list_alerts", Who::Admin),
    ("get_alert", Who::Admin),
    ("get_auto_refill", Who::Namespace),
    ("get_quota", Who::Namespace),
    ("list_reservations", Who::Namespace),
    ("get_reservation", Who::Namespace),
    ("get_routing", Who::Namespace),
    ("resolve_routing", Who::Namespace),
    ("get_namespace_settings", Who::Namespace),
    ("get_namespace_usage", Who::Namespace),
    ("list_webhooks", Who::Admin),
    ("get_namespace_webhook", Who::Admin),
    ("list_organizations", Who::Admins),
    ("get_organization", Who::Admin),
    ("list_organization_budgets", Who::Admin),
    ("get_organization_budget", Who::Admin),
    ("list_organization_roles", Who::Admin),
    ("get_organization_role", Who::Admin),
    ("list_prices", Who::Everybody),
    ("get_price", Who::Everybody),
    ("list_roles", Who::Everybody),
    ("list_user_quotas", Who::Namespace),
    ("get_team_usage", Who::Everybody),
    ("get_usage_series", Who::Everybody),
    ("get_usage_table", Who::Everybody),
    ("list_gateways", Who::Operator),
    ("list_requests", Who::Everybody),
    ("get_request", Who::Everybody),
    ("whoami", Who::Everybody),
    ("stream_usage", Who::Everybody),
    ("get_webhook", Who::Admin),
    ("list_deliveries", Who::Admin),
];

/// How near a caller is to what it asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The operator's, all of whose keys are everywhere.
    Everywhere,
    Namespace,
    /// Another namespace of the organization.
    Sibling,
    /// Another organization.
    Elsewhere,
}

#[derive(Clone, Debug)]
struct Asker {
    place: Place,
    role: &'static str,
    key: String,
}

impl Asker {
    fn may(&self, who: Who) -> bool {
        match (self.place, self.role) {
            (Place::Everywhere, _) => true,
            _ if who == Who::Admins => self.role == "admin",
            _ if who == Who::Everybody => true,
            (Place::Elsewhere, _) => false,
            (_, "admin") => who >= Who::Admin,
            (Place::Namespace, "viewer") => who >= Who::Namespace,
            (Place::Namespace, _) => who >= Who::Spender,
            (Place::Sibling, _) => false,
        }
    }
}

#[derive(Debug)]
struct Operation {
    id: String,
    method: String,
    path: String,
    who: Who,
    /// The schema of its body, and whether it must have one.
    body: Option<String>,
    requires_body: bool,
}

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

fn body_of(operation: &Value) -> Option<&str> {
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    let named = schema["$ref"].as_str().or_else(|| {
        let parts = schema["oneOf"].as_array()?;
        parts.iter().find_map(|part| part["$ref"].as_str())
    })?;
    named.rsplit('/').next()
}

/// The nearest owner of the fields of a body: whom the operation lets in at all.
fn owner_of(document: &Value, body: &str) -> Option<Who> {
    let fields = document["components"]["schemas"][body]["properties"].as_object()?;
    let owners = fields
        .keys()
        .map(|field| match of_field(body, field)?.owner {
            Owner::Operator => Some(Who::Operator),
            Owner::OperatorBeyond(_) | Owner::Admin => Some(Who::Admin),
            Owner::Holder => Some(Who::Spender),
        });
    owners.collect::<Option<Vec<Who>>>()?.into_iter().max()
}

/// Who may write: by the body, or the body of what is nearest to it.
fn writer(document: &Value, path: &str, operation: &Value) -> Option<Who> {
    if let Some(body) = body_of(operation) {
        return owner_of(document, body);
    }
    let (parent, _) = path.rsplit_once('/')?;
    // What is reserved is released by those who reserve.
    let reserve = parent.replace("/reservations", "/reserve");
    [path, parent, &reserve].into_iter().find_map(|near| {
        let mut all = document["paths"].get(near)?.as_object()?.values();
        all.find_map(|operation| owner_of(document, body_of(operation)?))
    })
}

/// Every operation that is asked with a key.
fn operations() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            // The hook is signed, and the rest outside of /v1 is public.
            if !path.starts_with("/v1/") || id == "take_payment" {
                continue;
            }
            let read = READS.iter().find(|(read, _)| *read == id);
            let who = match read {
                Some((_, who)) => Some(*who),
                None if method == "get" => None,
                None => writer(&document, path, operation),
            };
            let who = who.unwrap_or_else(|| panic!("nobody says who may {id}"));
            let method = method.to_uppercase();
            let requires_body = operation["requestBody"]["required"] == true;
            let body = body_of(operation).map(str::to_owned);
            let path = path.clone();
            all.push(Operation {
                id,
                method,
                path,
                who,
                body,
                requires_body,
            });
        }
    }
    all
}

/// What the document shows of a body, about the organization that is looked at.
fn example(body: Option<&str>) -> Value {
    let document = document();
    let schema = body.map(|body| &document["components"]["schemas"][body]);
    let Some(schema) = schema.filter(|schema| schema["example"].is_object()) else {
        return json!({});
    };
    let mut example = schema["example"].clone();
    if schema["properties"]["namespace"].is_object() {
        example["namespace"] = json!(format!("{MARK}-web"));
    } else if schema["properties"]["organization"].is_object() {
        example["organization"] = json!(format!("{MARK}-org"));
    }
    example
}

/// The path of an operation on things that are there, or with `is_there` false on things that are not.
fn fill(method: &str, path: &str, ids: &BTreeMap<&str, String>, is_there: bool) -> String {
    let organization = format!("{MARK}-org");
    let namespace = format!("{MARK}-web");
    let name = if path.contains("organizations") {
        &organization
    } else {
        &namespace
    };
    let kind = ["webhooks", "alerts", "members", "reservations", "keys"];
    let kind = kind
        .iter()
        .find(|kind| path.contains(*kind))
        .copied()
        .unwrap_or("keys");
    let missing = format!("{MARK}-missing");
    let last = path.rsplit('/').find(|part| part.starts_with('{'));
    let of = |part: &str, value: &str| match is_there || last != Some(part) {
        true => value.to_owned(),
        false => missing.clone(),
    };
    let filled = path
        .replace("{name}", &of("{name}", name))
        .replace("{id}", &of("{id}", &ids[kind]))
        .replace("{role}", "viewer")
        .replace("{budget}", &of("{budget}", &format!("{MARK}-budget")))
        .replace("{model}", &of("{model}", "gpt-4.1"))
        .replace("{alias}", &of("{alias}", "an-alias"));
    let member = if is_there { &ids["members"] } else { &missing };
    match path {
        "/v1/members" if method == "DELETE" => {
            format!("{filled}?namespace={namespace}&user_id={member}")
        }
        "/v1/prices/{model}" => format!("{filled}?effective_from=2030-01-01T00:00:00Z"),
        "/v1/credits" => format!("{filled}?namespace={namespace}"),
        "/v1/members" | "/v1/team/quotas" => format!("{filled}?namespace={namespace}"),
        _ => filled,
    }
}

async fn make(app: &TestApp, namespace: &str, organization: &str, place: Place) -> Vec<Asker> {
    let body = json!({ "name": namespace, "organization": organization, "monthly_quota_usd": 10 });
    app.post("/v1/namespaces", body).await.expect(201);
    let mut askers = Vec::new();
    for role in ["admin", "developer", "analyst", "viewer"] {
        let name = format!("{organization}-{role}");
        let made = app
            .make_key(json!({ "name": name, "namespace": namespace, "role": role }))
            .await;
        let key = made["key"].as_str().unwrap().to_owned();
        askers.push(Asker { place, role, key });
    }
    askers
}

async fn things(app: &TestApp) -> BTreeMap<&'static str, String> {
    let space = format!("/v1/namespaces/{MARK}-web");
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let key = app
        .make_key(json!({ "name": format!("{MARK}-target"), "namespace": format!("{MARK}-web") }))
        .await;
    let hook =
        json!({ "events": ["quota_exceeded"], "url": format!("https://93.184.216.34/{MARK}") });
    let hook = app
        .post(&format!("{space}/webhooks"), hook)
        .await
        .expect(201);
    let alert =
        json!({ "name": format!("{MARK}-alert"), "threshold_pct": 50, "action": "throttle" });
    let alert = app
        .post(&format!("{space}/alerts"), alert)
        .await
        .expect(201);
    let member = json!({ "user_id": format!("{MARK}-ada"), "email": format!("ada@{MARK}.com"),
        "namespace": format!("{MARK}-web") });
    app.post("/v1/members", member).await.expect(201);
    let reserve = json!({ "reservation_id": format!("{MARK}-r"), "estimated_cost_usd": 1 });
    app.post(&format!("{space}/reserve"), reserve)
        .await
        .expect(201);
    let routing =
        json!({ "name": format!("{MARK}-routing"), "fallback_model": "gpt-4.1", "rules": [] });
    app.put(&format!("{space}/routing"), routing)
        .await
        .expect(200);
    let budget = format!("/v1/organizations/{MARK}-org/budgets/{MARK}-budget");
    app.put(&budget, json!({ "monthly_quota_usd": 1 }))
        .await
        .expect(200);
    BTreeMap::from([
        ("keys", id(&key)),
        ("webhooks", id(&hook)),
        ("alerts", id(&alert)),
        ("members", format!("{MARK}-ada")),
        ("reservations", format!("{MARK}-r")),
    ])
}

/// All that the operator sees of the organization, but for what its own questions change.
async fn all_of_it(app: &TestApp, ids: &BTreeMap<&str, String>) -> Vec<Value> {
    let mut all = Vec::new();
    for operation in operations() {
        let skipped =
            ["list_audit", "verify_audit", "stream_usage"].contains(&operation.id.as_str());
        if operation.method == "GET" && !skipped {
            let path = fill("GET", &operation.path, ids, true);
            all.push(app.get(&path).await.body);
        }
    }
    all
}

on_both_databases! {
    async fn every_operation_by_every_role_of_every_organization(app) {
        let admin = Secret::from(format!("root: {ADMIN}\nwatch: {WATCH} read-only"));
        let credentials = Credentials::read(&admin, &Secret::from(GATEWAY.to_owned()));
        app.app.replace_credentials(credentials.unwrap());
        let operator = |role, key: &str| Asker { place: Place::Everywhere, role, key: key.to_owned() };
        let mut askers = vec![operator("operator", ADMIN), operator("read-only", WATCH)];
        askers.extend(make(app, &format!("{MARK}-web"), &format!("{MARK}-org"), Place::Namespace).await);
        askers.extend(make(app, &format!("{MARK}-two"), &format!("{MARK}-org"), Place::Sibling).await);
        askers.extend(make(app, "elsewhere", "other-org", Place::Elsewhere).await);
        let ids = things(app).await;
        let before = all_of_it(app, &ids).await;
        let mut wrong = Vec::new();
        let mut cells = 0;
        for operation in operations() {
            let Operation { id, method, path, who, body, requires_body } = &operation;
            let is_read = READS.iter().any(|(read, _)| read == id);
            for asker in &askers {
                let may = asker.may(*who) && (is_read && method == "GET" || asker.role != "read-only");
                // What somebody may change is not there, so that nothing is changed; a stream has no end.
                let path = fill(method, path, &ids, is_read || !may || method == "POST" && *requires_body);
                let path = if id == "stream_usage" { format!("{path}?granularity=0h") } else { path };
                let body = match method.as_str() {
                    "GET" | "DELETE" => Value::Null,
                    _ if may => json!({}),
                    _ => example(body.as_deref()),
                };
                let answer = app.call(&asker.key, method, &path, body).await;
                cells += 1;
                let text = answer.body.to_string();
                let refused = [401, 403].contains(&answer.status);
                let is_hidden = answer.status == 404 && asker.place != Place::Namespace;
                let is_right = match may {
                    true => !refused && (asker.place != Place::Elsewhere || !text.contains(MARK)),
                    false => refused || is_hidden,
                };
                if !is_right {
                    let (place, role) = (asker.place, asker.role);
                    wrong.push(format!("{id} {place:?} {role}: {} {path} ({who:?})", answer.status));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {cells}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(cells > 1_100, "{cells}");
        assert_eq!(all_of_it(app, &ids).await, before, "somebody changed something");
    }
}
