//! A JSON value read member by member, so that a bad member spoils only itself.
//!
//! Servers write numbers that no JSON parser takes (`NaN`), counts as floats or as text, the same
//! key twice, and null or a list where an object belongs. A parser that wants the whole object to
//! be right loses the good members too.

use memchr::memchr2;

/// A value as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a>(&'a [u8]);

impl<'a> Value<'a> {
    /// The value with that text, which may be anything.
    pub(super) fn new(raw: &'a [u8]) -> Value<'a> {
        Value(raw.trim_ascii())
    }

    /// The members of an object, by the bytes between the quotes of their keys; none of anything
    /// else.
    pub(super) fn members(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        self.parts(b'{').filter_map(|part| {
            let rest = part.strip_prefix(b"\"")?;
            let (key, rest) = rest.split_at_checked(string_length(rest))?;
            let rest = rest.strip_prefix(b"\"")?.trim_ascii_start();
            Some((key, Value::new(rest.strip_prefix(b":")?)))
        })
    }

    /// The items of an array; none of anything else.
    pub(super) fn items(self) -> impl Iterator<Item = Value<'a>> {
        self.parts(b'[').map(Value)
    }

    /// A count: a whole number that is not negative, also as a float (`12.0`) or as text (`"12"`).
    pub(super) fn count(self) -> Option<u64> {
        let text = self.text().or_else(|| core::str::from_utf8(self.0).ok())?;
        let text = text.trim();
        if let Ok(whole) = text.parse() {
            return Some(whole);
        }
        let float: f64 = text.parse().ok()?;
        let fits = (0.0..18_446_744_073_709_551_616.0).contains(&float);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and fits"
        )]
        (fits && float.fract() == 0.0).then_some(float as u64)
    }

    /// A count that may have a fraction, of which a part counts whole.
    pub(super) fn begun(self) -> Option<u64> {
        let text = self.text().or_else(|| core::str::from_utf8(self.0).ok())?;
        let float: f64 = text.trim().parse().ok()?;
        // So many seconds are three hundred years.
        let fits = (0.0..=1e10).contains(&float);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked"
        )]
        fits.then(|| float.ceil() as u64)
    }

    /// A string without escapes.
    pub(super) fn text(self) -> Option<&'a str> {
        let inside = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let text = core::str::from_utf8(inside).ok()?;
        (!text.contains(['"', '\\'])).then_some(text)
    }

    /// What stands between the commas of an array or object, trimmed.
    fn parts(self, bracket: u8) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = match self.0 {
            [first, rest @ ..] if *first == bracket => rest,
            _ => &[],
        };
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (part, after) = rest.split_at_checked(part_length(rest))?;
            rest = match after {
                [b',', after @ ..] => after,
                _ => &[],
            };
            Some(part.trim_ascii())
        })
    }
}

/// The length of a string whose opening quote is not part of `bytes`, without its closing quote.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at = at.saturating_add(found);
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at = at.saturating_add(2);
    }
    bytes.len()
}

/// The length of what comes before the next comma or closing bracket that is not further in.
fn part_length(bytes: &[u8]) -> usize {
    let mut depth: usize = 0;
    let mut at: usize = 0;
    while let Some(byte) = bytes.get(at) {
        let next = at.saturating_add(1);
        match byte {
            b'"' => {
                let inside = bytes.get(next..).unwrap_or_default();
                at = next.saturating_add(string_length(inside));
            }
            b'{' | b'[' => depth = depth.saturating_add(1),
            b',' if depth == 0 => return at,
            b'}' | b']' => match depth.checked_sub(1) {
                None => return at,
                Some(outer) => depth = outer,
            },
            _ => {}
        }
        at = at.saturating_add(1);
    }
    bytes.len().min(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(raw: &str) -> Option<u64> {
        Value::new(raw.as_bytes()).count()
    }

    #[test]
    fn a_count_is_whole_however_it_is_written() {
        for (raw, expected) in [
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("1.2e1", Some(12)),
            ("\"12\"", Some(12)),
            ("\" 12.0 \"", Some(12)),
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e99", None),
            ("-1", None),
            ("1.5", None),
            ("NaN", None),
            ("Infinity", None),
            ("null", None),
            ("true", None),
            ("[12]", None),
            ("{}", None),
            ("\"\"", None),
            ("\"twelve\"", None),
            ("", None),
        ] {
            assert_eq!(count(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_bad_member_spoils_only_itself() {
        let raw =
            br#" {"a": NaN, "b" : [1, {"x": "},\""}] ,"c":"1,2}", bad, "d":7, "d":"\"", "e"} "#;
        let members: Vec<(&str, &str)> = Value::new(raw)
            .members()
            .map(|(key, value)| {
                (
                    str::from_utf8(key).unwrap(),
                    str::from_utf8(value.0).unwrap(),
                )
            })
            .collect();
        let expected = [
            ("a", "NaN"),
            ("b", r#"[1, {"x": "},\""}]"#),
            ("c", "\"1,2}\""),
            ("d", "7"),
            ("d", r#""\"""#),
        ];
        assert_eq!(members, expected);
        let items = Value::new(b"[1, [2,3],{\"a\":4}]").items();
        let items: Vec<&str> = items.map(|item| str::from_utf8(item.0).unwrap()).collect();
        assert_eq!(items, ["1", "[2,3]", "{\"a\":4}"]);
        for other in [
            "null", "[]", "[1]", "\"none\"", "7", "", "{", "{}", "}", ",",
        ] {
            assert_eq!(Value::new(other.as_bytes()).members().count(), 0, "{other}");
        }
    }
}
