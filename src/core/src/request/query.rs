//! Percent-encoding in paths, and the query parameters that are not for the upstream.

use percent_encoding::percent_encode_byte;
use std::borrow::Cow;

/// `text` with each `%XX` replaced by its byte. A `%` that is not followed by two hex digits
/// stands for itself.
pub(super) fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    percent_encoding::percent_decode(text).into()
}

/// The parameters of a query, as they came, each with its name and value.
fn parameters(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], &[u8])> {
    query.split(|byte| *byte == b'&').map(|whole| {
        let equals = memchr::memchr(b'=', whole);
        let (name, value) = equals
            .and_then(|at| whole.split_at_checked(at))
            .unwrap_or((whole, b"="));
        (whole, name, value.get(1..).unwrap_or_default())
    })
}

fn is_key(name: &[u8]) -> bool {
    // An escaped name is the same parameter to the provider.
    name == b"key" || (name.contains(&b'%') && *percent_decode(name) == *b"key")
}

/// The value of the first `key` parameter that has one, percent-decoded.
pub(super) fn find_key(query: &[u8]) -> Option<Cow<'_, [u8]>> {
    parameters(query)
        .find(|(_, name, value)| is_key(name) && !value.is_empty())
        .map(|(_, _, value)| percent_decode(value))
}

/// Whether there is a parameter of that name.
pub(super) fn has(query: &[u8], name: &[u8]) -> bool {
    !query.is_empty() && parameters(query).any(|(_, other, _)| other == name)
}

/// `path?query` without any `key` parameter and those that `forwards` says no to; the others byte for
/// byte. `None` where nothing was to be left out. Bytes that are not UTF-8 come out percent-encoded,
/// which means the same.
pub(super) fn for_upstream(
    path: &[u8],
    query: &[u8],
    forwards: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<String> {
    let goes = |whole: &[u8], name: &[u8], value: &[u8]| {
        !whole.is_empty() && (is_key(name) || !forwards(name, value))
    };
    if !parameters(query).any(|(whole, name, value)| goes(whole, name, value)) {
        return None;
    }
    let mut result = String::with_capacity(path.len().saturating_add(query.len()));
    push_lossless(&mut result, path);
    let mut separator = '?';
    for (whole, name, value) in parameters(query) {
        if !goes(whole, name, value) {
            result.push(separator);
            push_lossless(&mut result, whole);
            separator = '&';
        }
    }
    Some(result)
}

/// `path?query`; bytes that are not UTF-8 come out percent-encoded, which means the same.
pub(super) fn joined(path: &[u8], query: &[u8]) -> String {
    let mut result = String::with_capacity(path.len().saturating_add(query.len()));
    push_lossless(&mut result, path);
    if !query.is_empty() {
        result.push('?');
        push_lossless(&mut result, query);
    }
    result
}

fn push_lossless(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(percent_encode_byte(*byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_decoded_and_half_escapes_left_alone() {
        for (text, meant) in [
            ("plain", "plain"),
            ("a%2Fb%2fc", "a/b/c"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%%41", "%A"),
        ] {
            assert_eq!(
                *percent_decode(text.as_bytes()),
                *meant.as_bytes(),
                "{text}"
            );
        }
        assert_eq!(*percent_decode(b"%ff"), [0xff]);
    }

    #[test]
    fn the_key_is_found_and_removed_and_the_rest_stays() {
        for (query, key, left) in [
            ("key=abc", Some("abc"), Some("/p")),
            ("alt=sse&key=a%2Bc", Some("a+c"), Some("/p?alt=sse")),
            ("key=a&alt=sse&&x", Some("a"), Some("/p?alt=sse&&x")),
            ("a=%20&k%65y=b&key=c&z", Some("b"), Some("/p?a=%20&z")),
            ("key=&key=c", Some("c"), Some("/p")),
            ("key", None, Some("/p")),
            ("keys=1&KEY=2&akey=3", None, None),
            ("", None, None),
        ] {
            let found = find_key(query.as_bytes());
            assert_eq!(found.as_deref(), key.map(str::as_bytes), "{query}");
            assert_eq!(
                for_upstream(b"/p", query.as_bytes(), |_, _| true).as_deref(),
                left,
                "{query}"
            );
        }
        let odd = for_upstream(b"/p", b"x=\xff\xc3\xa9&key=1", |_, _| true);
        assert_eq!(odd.as_deref(), Some("/p?x=%FFé"));
    }

    #[test]
    fn what_is_not_forwarded_is_left_out() {
        for (query, left) in [
            ("alt=sse", None),
            ("alt=sse&fields=candidates", Some("/p?alt=sse")),
            ("x=1&alt=json&&y", Some("/p?alt=json&")),
            ("fields", Some("/p")),
            ("&", None),
        ] {
            let found = for_upstream(b"/p", query.as_bytes(), |name, _| name == b"alt");
            assert_eq!(found.as_deref(), left, "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_key_is_left(query: Vec<u8>) {
            let mut with = query.clone();
            with.extend_from_slice(b"&key=secret");
            let left = for_upstream(b"/p", &with, |_, _| true).unwrap();
            prop_assert!(!left.contains("secret") || query.windows(6).any(|part| part == b"secret"));
            let query = left.split_once('?').map_or("", |(_, query)| query);
            prop_assert_eq!(find_key(query.as_bytes()), None);
        }
    }
}
