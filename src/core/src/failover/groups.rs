//! The order of attempts as Envoy's router reads it.
//!
//! The cluster specifier `priority_group` takes one group of clusters for each attempt from the request's
//! metadata
//! (<https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/cluster_specifier/priority_group>).
//! The filter `header_to_metadata` puts it there out of a header, as a `google.protobuf.Value` in Base64
//! (<https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/header_to_metadata_filter>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A list of groups of one cluster each, in the order of `upstreams`.
pub fn groups_header<'a>(upstreams: impl IntoIterator<Item = &'a str>) -> String {
    let groups = upstreams.into_iter().map(|name| {
        let cluster = structure(&[("cluster_name", text(name)), ("weight", number(1.0))]);
        structure(&[("name", text(name)), ("clusters", list([cluster]))])
    });
    STANDARD.encode(list(groups))
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

#[cfg(test)]
mod tests {
    use super::*;

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
