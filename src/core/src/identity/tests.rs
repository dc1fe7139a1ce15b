//! What requests claim, by source and order.

use super::KnownDigests;
use super::claim::{Claim, Who};
use crate::config::{Config, Identities};
use crate::refusal::Refusal;
use crate::request::{Headers, RequestHead};
use proptest::prelude::*;

fn digests() -> KnownDigests {
    KnownDigests::new([1; 16], 9)
}

fn identities(text: &str) -> Identities {
    let text = format!(r#"{{"accounting":{{"cluster":"c"}},"identity":{text}}}"#);
    Config::parse(text.as_bytes()).unwrap().identity
}

fn read(
    identity: &str,
    headers: &[(&str, &str)],
    attributes: &[Option<&str>],
) -> Result<Claim, Refusal> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    let attributes: Vec<_> = attributes
        .iter()
        .map(|value| value.map(|value| value.as_bytes().to_vec()))
        .collect();
    let headers = Headers(&crate::request::borrowed(&headers));
    let head = RequestHead::read(&headers);
    Claim::read(
        &head,
        &headers,
        &attributes,
        &identities(identity),
        &mut digests(),
    )
}

/// Id and namespace; `key` and nothing for a key.
fn said(claim: Claim) -> (String, String) {
    match claim.who {
        Who::Key(..) => ("key".to_owned(), String::new()),
        Who::Attested {
            caller, namespace, ..
        } => (caller.policy.id.clone(), namespace),
    }
}

#[track_caller]
fn claims(
    identity: &str,
    headers: &[(&str, &str)],
    attributes: &[Option<&str>],
    id: &str,
    namespace: &str,
) {
    let claim = read(identity, headers, attributes).unwrap();
    assert_eq!(said(claim), (id.to_owned(), namespace.to_owned()));
}

#[track_caller]
fn refused(
    identity: &str,
    headers: &[(&str, &str)],
    attributes: &[Option<&str>],
    status: u16,
    part: &str,
) {
    let refusal = read(identity, headers, attributes).unwrap_err();
    assert_eq!(refusal.status, status, "{refusal:?}");
    assert!(refusal.message.contains(part), "{refusal:?}");
}

const KEY: (&str, &str) = ("authorization", "Bearer sk-alice");
const HEADER: &str = r#"[{"header":{"name":"x-tenant"}}]"#;
const MAPPED: &str = r#"[{"header":{"name":"x-tenant","namespaces":{"a":"team-a"}}}]"#;
const CLAIM: &str = r#"[{"jwt_claim":{"metadata":"p","claim":"team"}}]"#;
const SPIFFE: &str = r#"[{"spiffe":{"trust_domain":"td",
    "namespaces":{"spiffe://td/ns/a/sa/b":"exact","a":"mapped","spiffe://td/vm/1":"machine"}}}]"#;
const XFCC: &str = r#"[{"spiffe":{"trust_domain":"td","from":"xfcc"}}]"#;

#[test]
fn each_source_names_a_namespace_in_its_own_way() {
    claims("[{\"key\":{}}]", &[KEY], &[], "key", "");
    claims(HEADER, &[("x-tenant", " n ")], &[], "header:n", "n");
    claims(MAPPED, &[("x-tenant", "a")], &[], "header:a", "team-a");
    claims(CLAIM, &[], &[Some("n")], "jwt:n", "n");
    let by_header = r#"[{"jwt_claim":{"header":"x-team-claim"}}]"#;
    claims(by_header, &[("x-team-claim", "n")], &[], "jwt:n", "n");
    for (id, namespace) in [
        ("spiffe://td/ns/a/sa/b", "exact"),
        ("spiffe://td/ns/a/sa/c", "mapped"),
        ("spiffe://td/vm/1", "machine"),
    ] {
        claims(SPIFFE, &[], &[Some(id)], id, namespace);
    }
    let xfcc = ("x-forwarded-client-cert", "By=x;URI=spiffe://td/ns/n/sa/b");
    claims(XFCC, &[xfcc], &[], "spiffe://td/ns/n/sa/b", "n");
}

#[test]
fn the_first_source_presented_decides_and_an_absent_one_does_not() {
    let order = r#"[{"jwt_claim":{"metadata":"p","claim":"team"}},{"key":{}},
        {"spiffe":{"trust_domain":"td"}},{"header":{"name":"x-tenant"}}]"#;
    let header = ("x-tenant", "h");
    let id = "spiffe://td/ns/s/sa/x";
    claims(order, &[KEY, header], &[Some("j"), Some(id)], "jwt:j", "j");
    claims(order, &[KEY, header], &[None, Some(id)], "key", "");
    claims(order, &[header], &[None, Some(id)], id, "s");
    claims(order, &[header], &[Some(""), None], "header:h", "h");
    // What is presented and void is not passed over.
    let typo = ("authorization", "Bearer pdk_nonsense");
    refused(order, &[typo, header], &[None, Some(id)], 401, "mistyped");
    refused(
        order,
        &[header],
        &[None, Some("spiffe://other/ns/s")],
        403,
        "no namespace",
    );
    refused(
        order,
        &[],
        &[],
        401,
        "in this order: the token's claim 'team', an API key, the client certificate's SPIFFE ID, \
         the header 'x-tenant'",
    );
    // What is not configured is not looked at.
    refused("[{\"key\":{}}]", &[header], &[], 401, "No API key");
    refused(
        HEADER,
        &[KEY, ("x_tenant", "h")],
        &[],
        401,
        "the header 'x-tenant'",
    );
}

#[test]
fn what_could_be_a_clients_word_is_refused() {
    let twice = [("x-tenant", "a"), ("x-tenant", "a")];
    refused(MAPPED, &twice, &[], 403, "more than one thing");
    refused(MAPPED, &[("x-tenant", "a,b")], &[], 403, "no namespace");
    refused(
        MAPPED,
        &[("x-tenant", "team-a")],
        &[],
        403,
        "The header 'x-tenant' is 'team-a'",
    );
    let two = (
        "x-forwarded-client-cert",
        "URI=spiffe://td/ns/a;URI=spiffe://td/ns/b",
    );
    refused(XFCC, &[two], &[], 403, "more than one thing");
    let open = (
        "x-forwarded-client-cert",
        "Subject=\"x,URI=spiffe://td/ns/b",
    );
    refused(XFCC, &[open], &[], 403, "more than one thing");
    for id in [
        "spiffe://td.evil/ns/a/sa/b",
        "spiffe://td/vm/2",
        "https://td/ns/a",
    ] {
        refused(SPIFFE, &[], &[Some(id)], 403, "no namespace");
    }
}

#[test]
fn an_id_is_bounded_and_tells_long_words_apart() {
    let id = |word: String| said(read(MAPPED_LONG, &[("x-tenant", &word)], &[]).unwrap()).0;
    const MAPPED_LONG: &str = r#"[{"header":{"name":"x-tenant","by_name":true}}]"#;
    assert_eq!(id("é".repeat(100)), format!("header:{}", "é".repeat(100)));
    let refusal = |word: &str| read(MAPPED_LONG, &[("x-tenant", word)], &[]).unwrap_err();
    let (one, two) = ("é".repeat(300), format!("{}!", "é".repeat(300)));
    let (one, two) = (refusal(&one), refusal(&two));
    assert_eq!((one.status, two.status), (403, 403), "no name is as long");
    let long = r#"[{"spiffe":{"trust_domain":"td"}}]"#;
    let claim = |tail: &str| {
        let word = format!("spiffe://td/ns/n/sa/{}{tail}", "x".repeat(500));
        said(read(long, &[], &[Some(&word)]).unwrap()).0
    };
    let (one, two) = (claim("1"), claim("2"));
    assert!(
        one != two && one.len() <= 256 && two.len() <= 256,
        "{one} {two}"
    );
    assert!(one.starts_with("spiffe://td/ns/n/sa/xxx"), "{one}");
}

proptest! {
    /// Nothing a client writes anywhere but in the trusted header itself changes whose request it is.
    #[test]
    fn a_client_cannot_choose(
        names in proptest::collection::vec("x[-_]tenant[sx]?|X-Tenan|x_tenant|authorization|x-namespace", 0..5),
        values in proptest::collection::vec("[a-z]{0,8}", 5),
    ) {
        let mut headers: Vec<(&str, &str)> = names.iter().map(String::as_str)
            .zip(values.iter().map(String::as_str)).filter(|(name, _)| *name != "x-tenant").collect();
        headers.push(("x-tenant", "a"));
        match read(MAPPED, &headers, &[]) {
            Ok(claim) => prop_assert_eq!(said(claim), ("header:a".to_owned(), "team-a".to_owned())),
            Err(refusal) => prop_assert_eq!(refusal.status, 400, "conflicting namespace headers"),
        }
    }

    #[test]
    fn any_bytes_are_read(words in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 3)) {
        let identity = r#"[{"spiffe":{"trust_domain":"td"}},{"jwt_claim":{"metadata":"p","claim":"c"}},
            {"spiffe":{"trust_domain":"td","from":"xfcc"}},{"header":{"name":"x"}}]"#;
        let headers = [("x-forwarded-client-cert".to_owned(), words[0].clone()), ("x".to_owned(), words[1].clone())];
        let headers = Headers(&crate::request::borrowed(&headers));
        let head = RequestHead::read(&headers);
        for attributes in [[None, None], [Some(words[2].clone()), None], [None, Some(words[2].clone())]] {
            if let Ok(claim) = Claim::read(&head, &headers, &attributes, &identities(identity), &mut digests()) {
                let (id, namespace) = said(claim);
                prop_assert!(id.len() <= 256 && !namespace.is_empty());
            }
        }
    }
}
