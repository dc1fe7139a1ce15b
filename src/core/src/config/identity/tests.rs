//! What is accepted, and what is refused.

use super::*;
use crate::config::Config;

fn parse(identity: &str) -> Result<Identities, String> {
    let text = format!(r#"{{"accounting":{{"cluster":"c"}},"identity":{identity}}}"#);
    let config = Config::parse(text.as_bytes());
    config
        .map(|config| config.identity)
        .map_err(|problems| problems.join("; "))
}

#[test]
fn without_a_word_keys_alone_are_accepted() {
    let config = Config::parse(br#"{"accounting":{"cluster":"c"}}"#).unwrap();
    assert_eq!(config.identity, Identities::default());
    assert_eq!(config.identity.sources(), [Source::Key]);
    assert_eq!(config.identity.attributes().count(), 0);
    assert_eq!(parse(r#"[{"key":{}}]"#).unwrap(), Identities::default());
}

#[test]
fn the_order_is_the_operators_and_attributes_follow_it() {
    let identities = parse(
        r#"[{"spiffe":{"trust_domain":"cluster.local","role":"analyst"}},
            {"jwt_claim":{"metadata":"payload","claim":"https://example.com/team"}},
            {"key":{}},
            {"header":{"name":"X-Tenant","namespaces":{"a":"team-a"}}}]"#,
    )
    .unwrap();
    let attributes: Vec<_> = identities.attributes().collect();
    assert_eq!(attributes[0], ["connection", "uri_san_peer_certificate"]);
    assert_eq!(
        attributes[1][3..],
        ["payload", "https://example.com/team"],
        "{attributes:?}"
    );
    let [spiffe, _, Source::Key, header] = identities.sources() else {
        panic!("{identities:?}")
    };
    let Source::Attested(spiffe) = spiffe else {
        panic!("{spiffe:?}")
    };
    assert_eq!((spiffe.role, spiffe.by_name), (Role::Analyst, true));
    let Source::Attested(header) = header else {
        panic!("{header:?}")
    };
    assert_eq!(header.place, Place::Header("x-tenant".to_owned()));
    assert!(!header.by_name, "a map alone, unless by_name says so");
    for (name, trusted) in [
        ("x-tenant", true),
        ("x_tenant", true),
        ("x-tenants", false),
        ("x-forwarded-client-cert", false),
    ] {
        assert_eq!(identities.is_trusted_header(name), trusted, "{name}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    for (identity, reason) in [
        ("[]", "at least one source"),
        (r#"[{"key":{}},{"key":{}}]"#, "identity[1] is there twice"),
        (
            r#"[{"header":{"name":"a"}},{"jwt_claim":{"header":"A"}}]"#,
            "identity[1] is there twice",
        ),
        (
            r#"[{"spiffe":{"trust_domain":"a"}},{"spiffe":{"trust_domain":"b"}}]"#,
            "identity[1] is there twice",
        ),
        (r#"[{"keys":{}}]"#, "unknown variant `keys`"),
        (r#"[{"header":{"nam":"a"}}]"#, "unknown field `nam`"),
        (r#"[{"header":{"name":"X Tenant"}}]"#, "not a header's name"),
        (
            r#"[{"header":{"name":"X_Namespace"}}]"#,
            "a meaning of its own",
        ),
        (
            r#"[{"header":{"name":"x-paddock-tenant"}}]"#,
            "a meaning of its own",
        ),
        (
            r#"[{"header":{"name":"a","by_name":false}}]"#,
            "leads to no namespace",
        ),
        (
            r#"[{"header":{"name":"a","namespaces":{}}}]"#,
            "leads to no namespace",
        ),
        (
            r#"[{"header":{"name":"a","namespaces":{"b":""}}}]"#,
            "an empty name",
        ),
        (
            r#"[{"jwt_claim":{"metadata":"p"}}]"#,
            "needs metadata and claim",
        ),
        (
            r#"[{"jwt_claim":{"metadata":"p","claim":"c","header":"h"}}]"#,
            "needs metadata and claim",
        ),
        (
            r#"[{"spiffe":{"trust_domain":"spiffe://a"}}]"#,
            "must be a SPIFFE trust domain",
        ),
    ] {
        let problems = parse(identity).unwrap_err();
        assert!(problems.contains(reason), "{identity}: {problems}");
    }
}
