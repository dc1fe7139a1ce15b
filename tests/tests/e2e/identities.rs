//! Callers without a key: a header that is vouched for, a claim of a verified token, a client
//! certificate. Real `jwt_authn`, real TLS.

mod certificates;
pub mod example;
mod mesh;
mod tokens;

use crate::client::{Answer, Call, http2};
use crate::gateway::{Gateway, Tenant, eventually, header_of, target};
use certificates::Authority;
use mesh::{HTTP, TRUST_DOMAIN, mesh};
use paddock_local::StackOptions;
use serde_json::{Value, json};
use tokens::Issuer;

/// What is said of requests where nothing limits them.
const UNLIMITED: &str = "100000000";

/// A call without any credential.
fn bare(tenant: &Tenant) -> Call {
    let mut call = tenant.chat_with(json!({"max_tokens": 16}));
    call.headers.retain(|(name, _)| name != "authorization");
    call
}

fn as_header(tenant: &Tenant) -> Call {
    bare(tenant).header("x-tenant", &tenant.namespace)
}

/// Which callers the ledger has of a namespace, in order.
fn callers(gateway: &Gateway, tenant: &Tenant, count: usize) -> Vec<String> {
    let lines = gateway.ledger(tenant, count);
    lines.into_iter().map(|line| line.key_id).collect()
}

#[track_caller]
fn refused(answer: Answer, status: u16, code: &str, part: &str) -> Answer {
    let answer = answer.expect(status).says("/error/code", code);
    answer
        .with("x-should-retry", "false")
        .mentions("/error/message", part)
}

#[test]
fn a_header_that_is_vouched_for() {
    let gateway = &mesh().gateway;
    let tenant = gateway.namespace("by-header", json!({"rate_limit_per_minute": 600}));
    let answer = gateway.send(&as_header(&tenant)).expect(200);
    answer.with("x-ratelimit-limit-requests", "600");
    http2::send(gateway.address, &as_header(&tenant)).expect(200);
    let listed = tenant.mark(Call::get("/v1/models").header("x-tenant", &tenant.namespace));
    gateway.send(&listed).expect(200).says("/object", "list");
    let id = format!("header:{}", tenant.namespace);
    assert_eq!(callers(gateway, &tenant, 2), [id.clone(), id.clone()]);
    // The namespace's rollups and the access log know of it.
    let path = format!("/v1/namespaces/{}/usage", tenant.namespace);
    assert_eq!(gateway.manage("GET", &path, None)["request_count"], 2);
    eventually("it is logged", || {
        let is_it = |line: &Value| {
            let event = &line["event"];
            event["key_id"] == id && event["namespace"] == tenant.namespace
        };
        gateway.access_log().iter().any(is_it).then_some(())
    });
    // The provider learns nothing of it.
    for request in gateway.seen(&tenant) {
        assert_eq!(header_of(&request, "x-tenant"), None, "{request:#}");
        assert!(
            !request
                .to_string()
                .contains(&format!("\"{}\"", tenant.namespace))
        );
    }
}

#[test]
fn the_caps_of_the_namespace_hold_for_callers_without_a_key() {
    let gateway = &mesh().gateway;
    let limits = json!({"monthly_quota_usd": 0.001, "max_concurrency": 4});
    let tenant = gateway.namespace("capped-header", limits);
    let mut spent = 0;
    let refusal = loop {
        let answer = gateway.send(&as_header(&tenant));
        if answer.status == 402 {
            break answer;
        }
        let (input, output) = answer.expect(200).usage();
        spent += crate::gateway::ledger::cost(input, output);
    };
    assert!(spent > 0 && spent <= 1_000_000, "{spent}");
    refusal.says("/error/scope", tenant.namespace_scope());
    let lines = gateway.settled_ledger(&tenant);
    assert_eq!(crate::gateway::ledger::sum(&lines), spent);
}

#[test]
fn a_clients_own_word_counts_for_nothing() {
    let mesh = mesh();
    let gateway = &mesh.gateway;
    let tenant = gateway.namespace("spoofed", json!({}));
    let victim = gateway.namespace("victim", json!({}));
    let send = |call: &Call| gateway.send(call);
    // Said twice, by two headers or by one.
    let twice = as_header(&tenant).header("x-tenant", &victim.namespace);
    let found = "namespace_not_found";
    refused(send(&twice), 403, found, "more than one thing");
    refused(
        http2::send(gateway.address, &twice),
        403,
        found,
        "more than one thing",
    );
    let listed = format!("{},{}", tenant.namespace, victim.namespace);
    let listed = bare(&tenant).header("x-tenant", listed);
    refused(send(&listed), 403, found, "does not exist");
    // Another name that is as good, to some.
    let underscored = bare(&tenant).header("x_tenant", &victim.namespace);
    send(&underscored).expect(401);
    // The contract's header may not contradict.
    let contradicting = as_header(&tenant).header("x-namespace", &victim.namespace);
    refused(
        send(&contradicting),
        401,
        "invalid_api_key",
        "does not stand for namespace",
    );
    // A certificate that nobody showed.
    let id = format!("spiffe://{TRUST_DOMAIN}/ns/{}/sa/x", victim.namespace);
    let told = as_header(&tenant).header("x-forwarded-client-cert", format!("URI={id}"));
    send(&told).expect(200);
    mesh.send_as(None, &told).expect(200);
    // What is presented and void is not passed over.
    let void = as_header(&tenant).header("authorization", "Bearer sk-nobodys");
    refused(send(&void), 401, "invalid_api_key", "not known here");
    // Where nothing says so, nobody is believed.
    let other = Gateway::shared();
    let team = other.namespace("unvouched", json!({}));
    refused(
        other.send(&as_header(&team)),
        401,
        "invalid_api_key",
        "No API key",
    );
    let keyed = team.chat().header("x-tenant", "somebody");
    other.send(&keyed).expect(200);
    assert_eq!(callers(gateway, &tenant, 2).len(), 2);
    assert!(gateway.settled_ledger(&victim).is_empty());
}

#[test]
fn nobody_and_nowhere() {
    let gateway = &mesh().gateway;
    let tenant = gateway.namespace("nobody", json!({}));
    let nobody = refused(
        gateway.send(&bare(&tenant)),
        401,
        "invalid_api_key",
        "in this order",
    );
    nobody.mentions("/error/message", "an API key, the header 'x-tenant'");
    let lost = bare(&tenant).header("x-tenant", "no-such-team");
    let lost = refused(
        gateway.send(&lost),
        403,
        "namespace_not_found",
        "the namespace 'no-such-team'",
    );
    lost.says("/error/scope", "namespace:no-such-team")
        .mentions("/error/message", "The header 'x-tenant'");
    assert!(gateway.seen(&tenant).is_empty());
}

#[test]
fn a_claim_of_a_verified_token() {
    let mesh = mesh();
    let gateway = &mesh.gateway;
    let tenant = gateway.namespace("by-token", json!({}));
    let with = |token: &str| bare(&tenant).key(token);
    let claims = |team: &Value| mesh.issuer.token(&json!({"sub": "me", "team": team}));
    let good = claims(&json!(tenant.namespace));
    gateway.send(&with(&good)).expect(200);
    // It comes before a key, and before the header.
    let key = gateway.tenant("beside-token", json!({}));
    let all = with(&good)
        .header("x-api-key", &key.key)
        .header("x-tenant", &key.namespace);
    gateway.send(&all).expect(200);
    // One that nobody signed is no token, and no key either.
    let forged = Issuer::new().token(&json!({"team": tenant.namespace}));
    refused(
        gateway.send(&with(&forged)),
        401,
        "invalid_api_key",
        "not known here",
    );
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    refused(
        gateway.send(&with(&unsigned)),
        401,
        "invalid_api_key",
        "not known here",
    );
    // One of a team that is none.
    let code = "namespace_not_found";
    let lost = gateway.send(&with(&claims(&json!("no-such-team"))));
    refused(lost, 403, code, "The token's claim 'team'");
    // What is not text is no name.
    for odd in [json!(7), json!(["a", tenant.namespace]), json!({"a": 1})] {
        let answer = gateway.send(&with(&claims(&odd)));
        assert!(matches!(answer.status, 401 | 403), "{answer}");
    }
    // Without the claim the others decide; the token is gone by then, so the key is looked at.
    let claimless = with(&mesh.issuer.token(&json!({"sub": "me"})));
    gateway
        .send(&claimless.clone().header("x-api-key", &key.key))
        .expect(200);
    refused(
        gateway.send(&claimless),
        401,
        "invalid_api_key",
        "in this order",
    );
    let id = format!("jwt:{}", tenant.namespace);
    assert_eq!(callers(gateway, &tenant, 2), [id.clone(), id]);
    assert_eq!(callers(gateway, &key, 1), std::slice::from_ref(&key.id));
    for request in gateway.seen(&tenant) {
        let text = request.to_string();
        assert!(
            !text.contains(&good) && !text.contains("authorization"),
            "{request:#}"
        );
    }
}

#[test]
fn a_workloads_certificate() {
    let mesh = mesh();
    let gateway = &mesh.gateway;
    let tenant = gateway.namespace("by-certificate", json!({}));
    let id = format!("spiffe://{TRUST_DOMAIN}/ns/{}/sa/api", tenant.namespace);
    mesh.send_as(Some(&id), &bare(&tenant)).expect(200);
    // It comes before all the others.
    let other = gateway.tenant("beside-certificate", json!({}));
    let all = tenant
        .mark(Call::chat(&other.key))
        .header("x-tenant", &other.namespace);
    mesh.send_as(Some(&id), &all).expect(200);
    // Without one, they decide.
    mesh.send_as(None, &tenant.mark(Call::chat(&other.key)))
        .expect(200);
    refused(
        mesh.send_as(None, &bare(&tenant)),
        401,
        "invalid_api_key",
        "in this order",
    );
    // One that stands for no namespace is not passed over.
    let code = "namespace_not_found";
    for void in [
        format!("spiffe://other.test/ns/{}/sa/api", tenant.namespace),
        format!("spiffe://{TRUST_DOMAIN}/vm/{}", tenant.namespace),
        format!("https://{TRUST_DOMAIN}/ns/{}", tenant.namespace),
    ] {
        let answer = mesh.send_as(Some(&void), &all);
        refused(answer, 403, code, "The client certificate's SPIFFE ID");
    }
    let lost = format!("spiffe://{TRUST_DOMAIN}/ns/no-such-team/sa/api");
    let lost = refused(mesh.send_as(Some(&lost), &all), 403, code, "does not exist");
    lost.says("/error/scope", "namespace:no-such-team");
    // One that the operator has put down for a namespace of another name.
    let mapped = json!({"name": "mesh-mapped", "allowed_models": ["deepseek-v3.2"]});
    gateway.manage("POST", "/v1/namespaces", Some(&mapped));
    let listed = format!("spiffe://{TRUST_DOMAIN}/ns/elsewhere/sa/v");
    let models = mesh.send_as(Some(&listed), &Call::get("/v1/models"));
    let models = models.expect(200).says("/data/0/id", "deepseek-v3.2");
    assert_eq!(models.json()["data"].as_array().unwrap().len(), 1);
    // One of somebody else's authority does not even connect.
    let folder = target().join("e2e/forged-certificates");
    let forged = Authority::new(&folder).certify("forged", &[&id]);
    let own = mesh.authority.own();
    let answer = certificates::send(mesh.tls, &own, Some(&forged), &bare(&tenant));
    assert_eq!(answer.status, 0, "{answer}");
    assert_eq!(callers(gateway, &tenant, 2), [id.clone(), id]);
    assert_eq!(callers(gateway, &other, 1), std::slice::from_ref(&other.id));
}

/// A policy given inline, a front that says who calls, and a certificate that a waypoint forwards.
#[test]
fn without_a_service_and_from_a_waypoint() {
    let identity = json!([
        {"spiffe": {"trust_domain": TRUST_DOMAIN, "from": "xfcc"}},
        {"header": {"name": "X-Cost-Centre", "namespaces": {"4711": "team-a"}, "role": "analyst"}},
    ]);
    let policy = json!({"namespaces": [
        {"name": "team-a", "rate_limit_per_minute": 60, "burst": 5}, {"name": "team-b"}]});
    // As a filter in front does that knows who calls: nothing a client wrote is left.
    let edit = |config: &mut Value| {
        let hcm = format!("/static_resources/listeners/0{HTTP}");
        let hcm = config.pointer_mut(&hcm).unwrap();
        hcm["forward_client_cert_details"] = json!("ALWAYS_FORWARD_ONLY");
        let front = json!({
            "name": "envoy.filters.http.header_mutation",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
                "mutations": {"request_mutations": [{"append": {
                    "header": {"key": "x-cost-centre", "value": "%REQ(X-TEST-CENTRE)%"},
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }}]},
            },
        });
        hcm["http_filters"].as_array_mut().unwrap().insert(0, front);
    };
    let gateway = Gateway::start(StackOptions {
        with_service: false,
        edit_bootstrap: Some(Box::new(edit)),
        edit_plugin: Some(Box::new(move |plugin| {
            *plugin = json!({"policy": policy, "identity": identity});
        })),
        ..StackOptions::default()
    });
    let mark = |call: Call| call.header("x-fake-mark", "fronted");
    let mut chat = mark(Call::chat(""));
    chat.headers.retain(|(name, _)| name != "authorization");
    let fronted = chat.clone().header("x-test-centre", "4711");
    let spoofed = fronted
        .clone()
        .header("x-cost-centre", "0815")
        .header("X-Cost-Centre", "1");
    for (call, left) in [(&fronted, "4"), (&spoofed, "3")] {
        let answer = gateway.send(call).expect(200);
        answer.with("x-ratelimit-remaining-requests", left);
    }
    let unknown = chat.clone().header("x-test-centre", "0815");
    let answer = refused(
        gateway.send(&unknown),
        403,
        "namespace_not_found",
        "stands for no namespace",
    );
    answer.says("/error/scope", "key:header:0815");
    let xfcc = |value: &str| chat.clone().header("x-forwarded-client-cert", value);
    let b = format!("By=x;URI=spiffe://{TRUST_DOMAIN}/ns/team-b/sa/s");
    gateway
        .send(&xfcc(&b))
        .expect(200)
        .with("x-ratelimit-limit-requests", UNLIMITED);
    let appended = format!("URI=spiffe://{TRUST_DOMAIN}/ns/team-a/sa/s,{b}");
    gateway
        .send(&xfcc(&appended))
        .expect(200)
        .with("x-ratelimit-limit-requests", UNLIMITED);
    let two = format!("{b};URI=spiffe://{TRUST_DOMAIN}/ns/team-a/sa/s");
    refused(
        gateway.send(&xfcc(&two)),
        403,
        "namespace_not_found",
        "more than one thing",
    );
    let requests = gateway
        .send_to_provider(&Call::get("/_fake/requests"))
        .json();
    let requests = requests.as_array().unwrap();
    assert_eq!(requests.len(), 4);
    for request in requests {
        for name in ["x-cost-centre", "x-forwarded-client-cert"] {
            assert_eq!(header_of(request, name), None, "{request:#}");
        }
    }
    let logged = eventually("all is logged", || {
        let log = gateway.access_log();
        let keys = log.iter().filter(|line| line["event"]["id"].is_string());
        let keys: Vec<String> = keys
            .map(|line| line["event"]["key_id"].as_str().unwrap().to_owned())
            .collect();
        (keys.len() == 4).then_some(keys)
    });
    let spiffe = format!("spiffe://{TRUST_DOMAIN}/ns/team-b/sa/s");
    assert_eq!(logged, ["header:4711", "header:4711", &spiffe, &spiffe]);
}
