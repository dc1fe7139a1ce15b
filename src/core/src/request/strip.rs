//! Takes out of a body what was said to Paddock alone and what a provider would choke on.

use super::rewrite::span_of;
use crate::policy::Priority;
use core::ops::Range;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// `body` without `batch_mode` (at the top and in `metadata`), a `priority` that is one of the
/// contract's words, and a `service_tier` of `batch`, which no provider takes. Every other byte
/// stays as it was. `None` where there is nothing of it.
pub fn without_hints(body: &[u8]) -> Option<Vec<u8>> {
    let mut cuts = cuts(body, body, is_hint)?;
    for entry in entries(body)? {
        if entry.name == "metadata" {
            let inner = entry.value.get().as_bytes();
            let is_batch_mode = |entry: &Entry<'_>| entry.name == "batch_mode";
            let inner = self::cuts(body, inner, is_batch_mode).unwrap_or_default();
            if let Some(first) = inner.first() {
                let behind = cuts.split_off(cuts.partition_point(|cut| cut.start < first.start));
                cuts.extend(inner.into_iter().chain(behind));
            }
        }
    }
    if cuts.is_empty() {
        return None;
    }
    let mut result = Vec::with_capacity(body.len());
    let mut from = 0;
    for cut in cuts {
        result.extend_from_slice(body.get(from..cut.start)?);
        from = cut.end;
    }
    result.extend_from_slice(body.get(from..)?);
    Some(result)
}

fn is_hint(entry: &Entry<'_>) -> bool {
    let text = || serde_json::from_slice::<String>(entry.value.get().as_bytes()).ok();
    match entry.name.as_str() {
        "batch_mode" => true,
        "service_tier" => text().is_some_and(|tier| tier == "batch"),
        "priority" => text().is_some_and(|name| Priority::named(name.trim().as_bytes()).is_some()),
        _ => false,
    }
}

/// What to cut out of `body` so that the object `part` of it lacks the entries that are `unwanted`:
/// each with one comma.
fn cuts(
    body: &[u8],
    part: &[u8],
    unwanted: impl Fn(&Entry<'_>) -> bool,
) -> Option<Vec<Range<usize>>> {
    let entries = entries(part)?;
    let mut cuts = Vec::new();
    let mut kept_until: Option<usize> = None;
    for (at, entry) in entries.iter().enumerate() {
        let (key, value) = (
            span_of(body, entry.key.get())?,
            span_of(body, entry.value.get())?,
        );
        if !unwanted(entry) {
            kept_until = Some(value.end);
            continue;
        }
        let next = entries.get(at.checked_add(1)?);
        match (kept_until, next) {
            // Behind something that stays: with the comma before it.
            (Some(end), _) => {
                cuts.push(end..value.end);
                kept_until = Some(value.end);
            }
            // Before everything that stays: with the comma behind it.
            (None, Some(next)) => cuts.push(key.start..span_of(body, next.key.get())?.start),
            (None, None) => cuts.push(key.start..value.end),
        }
    }
    Some(cuts)
}

/// One entry of an object, as it is written.
struct Entry<'a> {
    name: String,
    key: &'a RawValue,
    value: &'a RawValue,
}

/// The entries of an object in their order; `None` where it is none.
fn entries(object: &[u8]) -> Option<Vec<Entry<'_>>> {
    struct Entries;
    impl<'a> Visitor<'a> for Entries {
        type Value = Vec<Entry<'a>>;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                let name =
                    serde_json::from_slice(key.get().as_bytes()).map_err(A::Error::custom)?;
                entries.push(Entry { name, key, value });
            }
            Ok(entries)
        }
    }
    let mut json = serde_json::Deserializer::from_slice(object);
    json.deserialize_map(Entries).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn strip(body: &str) -> Option<String> {
        without_hints(body.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn only_what_was_said_to_paddock_goes() {
        for (body, expected) in [
            (
                r#"{"model":"auto","batch_mode":true}"#,
                r#"{"model":"auto"}"#,
            ),
            (
                r#"{ "batch_mode" : true , "model" : "auto" }"#,
                r#"{ "model" : "auto" }"#,
            ),
            (r#"{"a":1, "batch_mode":true, "b":2}"#, r#"{"a":1, "b":2}"#),
            (
                r#"{"batch_mode":true,"priority":"low","a":[1, 2]}"#,
                r#"{"a":[1, 2]}"#,
            ),
            (
                r#"{"a":1,"batch_mode":1,"priority":"High","b":2,"batch_mode":0}"#,
                r#"{"a":1,"b":2}"#,
            ),
            (r#"{"service_tier":"batch"}"#, "{}"),
            (
                r#"{"metadata":{"batch_mode":"true","user_id":"u"},"x":"{\"batch_mode\":1}"}"#,
                r#"{"metadata":{"user_id":"u"},"x":"{\"batch_mode\":1}"}"#,
            ),
            (
                r#"{"metadata":{"a":"b","batch_mode":true},"priority":"low"}"#,
                r#"{"metadata":{"a":"b"}}"#,
            ),
            (r#"{"metadata":{"batch_mode":true}}"#, r#"{"metadata":{}}"#),
            (r#"{"b\u0061tch_mode":true,"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(strip(body).as_deref(), Some(expected), "{body}");
        }
        for body in [
            r#"{"model":"auto"}"#,
            r#"{"service_tier":"flex"}"#,
            r#"{"priority":3}"#,
            r#"{"priority":"urgent"}"#,
            r#"{"metadata":"batch_mode"}"#,
            r#"{"metadata":null}"#,
            r#"{"messages":[{"batch_mode":true}]}"#,
            "{}",
            "[]",
            "nonsense",
            "",
        ] {
            assert_eq!(strip(body), None, "{body}");
        }
    }

    proptest! {
        /// Wherever the hints stand: what is left is the same JSON without them.
        #[test]
        fn what_is_left_is_valid_and_the_same(
            kinds in proptest::collection::vec(0usize..6, 0..8),
            inner in proptest::collection::vec(0usize..2, 0..4),
            space in prop_oneof![Just(""), Just(" "), Just("\n\t")],
        ) {
            let inner: Vec<String> = inner.iter().enumerate().map(|(at, kind)| match kind {
                0 => format!(r#"{space}"batch_mode"{space}:{space}true{space}"#),
                _ => format!(r#"{space}"m{at}":"batch_mode""#),
            }).collect();
            let mut has_metadata = false;
            let fields: Vec<String> = kinds.iter().enumerate().map(|(at, kind)| match kind {
                0 => format!(r#"{space}"batch_mode"{space}:{space}true{space}"#),
                1 => format!(r#""priority":"low"{space}"#),
                2 => r#""service_tier":"batch""#.to_owned(),
                3 if !has_metadata => {
                    has_metadata = true;
                    format!(r#""metadata":{space}{{{}}}"#, inner.join(","))
                }
                _ => format!(r#""k{at}"{space}:[1,{{"batch_mode":2}}]"#),
            }).collect();
            let body = format!("{space}{{{}{space}}}{space}", fields.join(","));
            let mut expected: Value = serde_json::from_str(&body).unwrap();
            let object = expected.as_object_mut().unwrap();
            for name in ["batch_mode", "priority", "service_tier"] {
                object.remove(name);
            }
            if let Some(metadata) = object.get_mut("metadata") {
                metadata.as_object_mut().unwrap().remove("batch_mode");
            }
            let left = strip(&body).unwrap_or(body);
            prop_assert_eq!(serde_json::from_str::<Value>(&left).unwrap(), expected, "{}", left);
        }
    }
}
