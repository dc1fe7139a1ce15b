//! The order of attempts as Envoy's router reads it.
//!
//! The cluster specifier `priority_group` takes one group of clusters for each attempt from the request's
//! metadata
//! (<https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/cluster_specifier/priority_group>).
//! The filter `header_to_metadata` puts it there out of a header, as a `google.protobuf.Value` in Base64
//! (<https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/header_to_metadata_filter>).

/// A list of groups of one cluster each, in the order of `upstreams`.
pub fn groups_header<'a>(upstreams: impl IntoIterator<Item = &'a str>) -> String {
    let groups = upstreams.into_iter().map(|name| {
        let cluster = structure(&[("cluster_name", text(name)), ("weight", number(1.0))]);
        structure(&[("name", text(name)), ("clusters", list([cluster]))])
    });
    base64(&list(groups))
}

/// A field of bytes, as <https://protobuf.dev/programming-guides/encoding/> has it: its number and wire
/// type, the length, the bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or_default());
    out.extend_from_slice(bytes);
    out
}

// The fields of `Value`: https://protobuf.dev/reference/protobuf/google.protobuf/#value

fn number(value: f64) -> Vec<u8> {
    let mut out = vec![2 << 3 | 1];
    out.extend_from_slice(&value.to_le_bytes());
    out
}

fn text(value: &str) -> Vec<u8> {
    field(3, value.as_bytes())
}

fn structure(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries = fields.iter().map(|(name, value)| {
        let entry = [field(1, name.as_bytes()), field(2, value)].concat();
        field(1, &entry)
    });
    field(5, &entries.collect::<Vec<_>>().concat())
}

fn list(values: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let values = values.into_iter().map(|value| field(1, &value));
    field(6, &values.collect::<Vec<_>>().concat())
}

/// <https://www.rfc-editor.org/rfc/rfc4648#section-4>
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4u32 {
            let letter = (bits >> 18u32.saturating_sub(at.saturating_mul(6))) & 0x3f;
            let letter = LETTERS.get(letter as usize).copied().unwrap_or(b'=');
            out.push(char::from(match at as usize > chunk.len() {
                true => b'=',
                false => letter,
            }));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_64_letters() {
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
    }

    /// What Envoy 1.40.0 was seen to read as three groups.
    #[test]
    fn the_header_is_what_envoy_reads() {
        assert_eq!(
            groups_header(["up-b", "up-a", "up-c"]),
            "Mv8BClMqUQoOCgRuYW1lEgYaBHVwLWIKPwoIY2x1c3RlcnMSMzIxCi8qLQoWCgxjbHVzdGVyX25hbWUSBhoEdXAtYgoT\
             CgZ3ZWlnaHQSCREAAAAAAADwPwpTKlEKDgoEbmFtZRIGGgR1cC1hCj8KCGNsdXN0ZXJzEjMyMQovKi0KFgoMY2x1c3Rl\
             cl9uYW1lEgYaBHVwLWEKEwoGd2VpZ2h0EgkRAAAAAAAA8D8KUypRCg4KBG5hbWUSBhoEdXAtYwo/CghjbHVzdGVycxIz\
             MjEKLyotChYKDGNsdXN0ZXJfbmFtZRIGGgR1cC1jChMKBndlaWdodBIJEQAAAAAAAPA/"
        );
    }
}
