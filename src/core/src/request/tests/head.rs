use crate::request::borrowed;
use crate::request::{CredentialSource, Headers, NamespaceConflict, RequestHead};
use proptest::prelude::*;

fn owned(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
    headers.iter().map(own).collect()
}

#[test]
fn everything_wanted_is_read() {
    let headers = owned(&[
        (":method", "POST"),
        (":path", "/v1/chat/completions?alt=sse"),
        ("authorization", "Bearer pdk_1"),
        ("x-team", "marketing"),
        ("x-project", "marketing"),
        ("x-priority", "low"),
        ("x-reservation-id", "r-1"),
        ("x-user", "u-1"),
        ("x-user", "u-2"),
        ("content-length", "12"),
        ("x-request-id", "id"),
        ("user-agent", "curl"),
        ("accept-encoding", "gzip"),
        ("x-paddock-upstream", "evil"),
        ("content-type", "application/json"),
    ]);
    let headers = borrowed(&headers);
    let head = RequestHead::read(&Headers(&headers));
    assert_eq!(head.method, b"POST");
    assert_eq!(
        (&*head.path, head.query),
        (&b"/v1/chat/completions"[..], &b"alt=sse"[..])
    );
    assert_eq!(head.namespace, Ok(Some(&b"marketing"[..])));
    assert_eq!(head.priority, Some(&b"low"[..]));
    assert_eq!(head.reservation_id, Some(&b"r-1"[..]));
    assert_eq!(head.user, Some(&b"u-1"[..]));
    assert_eq!(head.content_length, Some(12));
    assert_eq!(head.request_id, Some(&b"id"[..]));
    assert_eq!(head.user_agent, Some(&b"curl"[..]));
    assert_eq!(head.path_for_upstream(|_, _| true), None);
    assert!(!format!("{head:?} {:?}", Headers(&headers)).contains("pdk_1"));
}

#[test]
fn the_key_is_where_the_clients_put_it() {
    use CredentialSource::{ApiKey, Bearer, GoogleApiKey, Query};
    type Case<'a> = (
        &'a [(&'a str, &'a str)],
        Option<(&'a str, CredentialSource)>,
    );
    let cases: &[Case] = &[
        (&[("authorization", "Bearer k")], Some(("k", Bearer))),
        (&[("authorization", "bEARER   k ")], Some(("k", Bearer))),
        (&[("authorization", "Bearerk")], None),
        (&[("authorization", "Bearer ")], None),
        (&[("authorization", "Basic k")], None),
        (
            &[("authorization", "Basic k"), ("x-api-key", "a")],
            Some(("a", ApiKey)),
        ),
        (
            &[("x-api-key", "a"), ("authorization", "Bearer k")],
            Some(("k", Bearer)),
        ),
        (
            &[("x-goog-api-key", "g"), ("x-api-key", "a")],
            Some(("a", ApiKey)),
        ),
        (
            &[("x-goog-api-key", "g"), (":path", "/?key=q")],
            Some(("g", GoogleApiKey)),
        ),
        (
            &[("x-api-key", ""), (":path", "/?key=q%2F")],
            Some(("q/", Query)),
        ),
        (&[(":path", "/?key=")], None),
        (
            &[("authorization", "Bearer sk-1"), ("x-api-key", "pdk_a")],
            Some(("pdk_a", ApiKey)),
        ),
        (
            &[("authorization", "Bearer sk-1"), (":path", "/?key=pdk_q")],
            Some(("pdk_q", Query)),
        ),
        (
            &[("authorization", "Bearer sk-1"), (":path", "/?key=q")],
            Some(("sk-1", Bearer)),
        ),
        (
            &[("authorization", "Bearer pdk_k"), ("x-api-key", "pdk_a")],
            Some(("pdk_k", Bearer)),
        ),
        (
            &[
                ("authorization", "Bearer sk-1"),
                ("authorization", "Bearer pdk_k"),
                ("authorization", "Bearer pdk_l"),
            ],
            Some(("pdk_k", Bearer)),
        ),
        (
            &[("authorization", "Bearer sk-1,Basic x, bearer pdk_k")],
            Some(("pdk_k", Bearer)),
        ),
        (&[("authorization", "Bearer a,b")], Some(("a,b", Bearer))),
        (&[("x-api-key", "a, pdk_b")], Some(("pdk_b", ApiKey))),
        (&[], None),
    ];
    for (headers, expected) in cases {
        let headers = owned(headers);
        let headers = borrowed(&headers);
        let head = RequestHead::read(&Headers(&headers));
        let found = head
            .credential
            .as_ref()
            .map(|found| (&*found.secret, found.source));
        let expected = expected.map(|(secret, source)| (secret.as_bytes(), source));
        assert_eq!(found, expected, "{headers:?}");
    }
}

#[test]
fn namespace_headers_that_differ_are_a_conflict() {
    for (headers, expected) in [
        (
            &[("x-namespace", "a"), ("x-team", "a")][..],
            Ok(Some(&b"a"[..])),
        ),
        (
            &[("x-namespace", "a"), ("x-team", "b")],
            Err(NamespaceConflict),
        ),
        (
            &[("x-namespace", "a"), ("x-namespace", "b")],
            Err(NamespaceConflict),
        ),
        (
            &[("x-team", "a"), ("x-project", "b"), ("x-team", "a")],
            Err(NamespaceConflict),
        ),
        (&[("x-namespace", ""), ("x-project", " b ")], Ok(Some(b"b"))),
        (&[("x-namespace", " ")], Ok(None)),
    ] {
        let headers = owned(headers);
        assert_eq!(
            RequestHead::read(&Headers(&borrowed(&headers))).namespace,
            expected,
            "{headers:?}"
        );
    }
}

#[test]
fn a_length_is_digits_alone() {
    for (text, length) in [
        ("0", Some(0)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("+1", None),
        ("-1", None),
        ("", None),
    ] {
        let headers = owned(&[("content-length", text)]);
        assert_eq!(
            RequestHead::read(&Headers(&borrowed(&headers))).content_length,
            length,
            "{text}"
        );
    }
}

#[test]
fn of_a_repeated_header_the_first_is_got() {
    let headers = owned(&[("x-paddock-a", "1"), ("x-paddock-a", "2"), ("x-other", "3")]);
    let headers = borrowed(&headers);
    let headers = Headers(&headers);
    assert_eq!(headers.get("x-paddock-a"), Some(&b"1"[..]));
    assert_eq!(headers.get("x-none"), None);
    assert_eq!(headers.names().count(), 3);
}

proptest! {
    #[test]
    fn any_bytes_are_read(values: [Vec<u8>; 8]) {
        let names = [
            ":method", ":path", "authorization", "x-namespace", "x-team", "content-length",
            "x-user", "x-goog-api-key",
        ];
        let headers: Vec<_> = names.map(str::to_owned).into_iter().zip(values).collect();
        let headers = borrowed(&headers);
        let head = RequestHead::read(&Headers(&headers));
        head.path_for_upstream(|_, _| true);
        head.path_and_query();
        prop_assert_ne!(head.credential.map(|found| found.secret.is_empty()), Some(true));
    }

    #[test]
    fn a_secret_is_never_shown(secret in "[a-z]{12}") {
        let headers = owned(&[("authorization", &format!("Bearer {secret}"))]);
        let headers = borrowed(&headers);
        let credential = RequestHead::read(&Headers(&headers)).credential.unwrap();
        let shown = format!("{credential:?}");
        prop_assert!(!shown.contains(&secret));
    }
}
