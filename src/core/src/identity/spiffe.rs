//! SPIFFE IDs, and the header in which proxies pass them on.

/// Longest SPIFFE ID, in bytes (SPIFFE-ID standard, section 2.3).
const MAX_ID: usize = 2_048;

/// The path of a SPIFFE ID of `trust_domain`, without its first slash; `None` where it is none or of
/// another trust domain.
pub(super) fn path_in<'a>(id: &'a str, trust_domain: &str) -> Option<&'a str> {
    let (domain, path) = id.strip_prefix("spiffe://")?.split_once('/')?;
    let whole = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    (id.len() <= MAX_ID
        && domain == trust_domain
        && path.bytes().all(fits)
        && path.split('/').all(whole))
    .then_some(path)
}

/// The Kubernetes namespace in a path such as `ns/payments/sa/api`, as Istio writes them.
pub(super) fn kubernetes_namespace(path: &str) -> Option<&str> {
    path.strip_prefix("ns/")?.split('/').next()
}

/// What `x-forwarded-client-cert` says of the nearest client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Forwarded<'a> {
    /// Nothing: there was no certificate, or it has no URI.
    Nothing,
    /// This URI.
    Uri(&'a [u8]),
    /// What cannot be read, or has several URIs.
    Ambiguous,
}

/// The URI of the last element, which the nearest proxy has written: those before it are what was
/// told to that proxy. The syntax is that of Envoy's documentation of the header: elements apart by
/// commas, each of `KEY=VALUE` apart by semicolons, values in double quotes where they hold any of
/// these.
pub(super) fn forwarded(header: &[u8]) -> Forwarded<'_> {
    let Some(elements) = split_unquoted(header, b',') else {
        return Forwarded::Ambiguous;
    };
    let last = elements.last().copied().unwrap_or_default();
    let mut found = Forwarded::Nothing;
    for pair in split_unquoted(last, b';').unwrap_or_default() {
        let pair = pair.trim_ascii();
        let Some((key, value)) = pair.split_at_checked(4) else {
            continue;
        };
        if !key.eq_ignore_ascii_case(b"uri=") || value.is_empty() {
            continue;
        }
        if found != Forwarded::Nothing {
            return Forwarded::Ambiguous;
        }
        let quoted = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""));
        found = Forwarded::Uri(quoted.unwrap_or(value));
    }
    found
}

/// The parts of `text` between separators that are not in quotes; `None` where a quote has no end.
fn split_unquoted(text: &[u8], separator: u8) -> Option<Vec<&[u8]>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text
        .split(|byte| {
            let separates = *byte == separator && !quoted;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            separates
        })
        .collect();
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_ids_of_the_trust_domain_have_a_path() {
        for (id, path) in [
            ("spiffe://td/ns/payments/sa/api", Some("ns/payments/sa/api")),
            ("spiffe://td/x", Some("x")),
            ("spiffe://td", None),
            ("spiffe://td/", None),
            ("spiffe://td/ns//sa/a", None),
            ("spiffe://td/ns/../sa/a", None),
            ("spiffe://td/ns/a?b", None),
            ("spiffe://td/ns/%61", None),
            ("spiffe://td.evil/ns/a", None),
            ("spiffe://TD/ns/a", None),
            ("https://td/ns/a", None),
        ] {
            assert_eq!(path_in(id, "td"), path, "{id}");
        }
        let long = format!("spiffe://td/{}", "x".repeat(2_048));
        assert_eq!(path_in(&long, "td"), None);
        assert_eq!(kubernetes_namespace("ns/payments/sa/api"), Some("payments"));
        assert_eq!(kubernetes_namespace("ns/payments"), Some("payments"));
        assert_eq!(kubernetes_namespace("sa/payments"), None);
    }

    #[test]
    fn the_last_element_counts_and_quotes_hide_nothing() {
        let uri = Forwarded::Uri(b"spiffe://td/ns/a/sa/b");
        for (header, expected) in [
            ("", Forwarded::Nothing),
            ("By=spiffe://td/me;Hash=ab", Forwarded::Nothing),
            ("URI=", Forwarded::Nothing),
            ("By=x;URI=spiffe://td/ns/a/sa/b", uri),
            (
                "uri=\"spiffe://td/ns/a/sa/b\"",
                Forwarded::Uri(b"spiffe://td/ns/a/sa/b"),
            ),
            (
                "URI=spiffe://td/ns/evil,Hash=1;URI=spiffe://td/ns/a/sa/b",
                Forwarded::Uri(b"spiffe://td/ns/a/sa/b"),
            ),
            (
                r#"Hash=1;Subject="CN=x,URI=spiffe://td/ns/evil;O=\"y";URI=spiffe://td/ns/a/sa/b"#,
                Forwarded::Uri(b"spiffe://td/ns/a/sa/b"),
            ),
            ("URI=a;URI=b", Forwarded::Ambiguous),
            (
                r#"Subject="open,By=x;URI=spiffe://td/ns/a"#,
                Forwarded::Ambiguous,
            ),
            (
                r#"Subject="open,By=x;Subject="CN=y";URI=spiffe://td/ns/a"#,
                Forwarded::Ambiguous,
            ),
        ] {
            assert_eq!(forwarded(header.as_bytes()), expected, "{header}");
        }
    }

    proptest! {
        /// Whatever a client had written, what the nearest proxy appends is what counts, or nothing.
        #[test]
        fn a_client_cannot_speak_for_the_proxy(client in "[\\x20-\\x7e]{0,60}", subject: bool) {
            let appended = if subject {
                r#"By=me;Subject="CN=me";URI=spiffe://td/true"#
            } else {
                "By=me;URI=spiffe://td/true"
            };
            let header = format!("{client},{appended}");
            match forwarded(header.as_bytes()) {
                Forwarded::Uri(uri) => prop_assert_eq!(uri, b"spiffe://td/true"),
                other => prop_assert_eq!(other, Forwarded::Ambiguous),
            }
        }
    }
}
