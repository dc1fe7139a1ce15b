//! Foreign text made fit for a message or a header.

use crate::secret::redact;
use std::borrow::Cow;

/// The most characters of anything a client or an operator named.
pub(super) const MOST_CHARS: usize = 200;
/// The most names a message lists.
pub(super) const MOST_NAMES: usize = 50;

/// `text` as [`clip_bytes`] makes it, borrowed if it is short and plain already and has no key in it.
pub fn clip(text: &str) -> Cow<'_, str> {
    // Looks at every byte, so that the compiler can look at several at once.
    let is_plain = |plain: bool, byte: &u8| plain & (b' '..=b'~').contains(byte);
    let has_key = || matches!(redact(text.as_bytes()), Cow::Owned(_));
    match text.len() <= MOST_CHARS && text.as_bytes().iter().fold(true, is_plain) && !has_key() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(clip_bytes(text.as_bytes())),
    }
}

/// At most [`MOST_CHARS`] characters of `bytes`, without control characters and keys; bytes that are
/// not UTF-8 become U+FFFD.
pub(crate) fn clip_bytes(bytes: &[u8]) -> String {
    // Four bytes a character at most, and one more character to tell that there was more; lone
    // bytes and control characters only make the result shorter.
    let enough = bytes
        .len()
        .min(MOST_CHARS.saturating_add(1).saturating_mul(4));
    let more = bytes.len().min(enough.saturating_add(MOST_CHARS));
    // A key that begins within what is shown is looked for to its end.
    let clean = redact(bytes.get(..more).unwrap_or_default());
    let lossy = String::from_utf8_lossy(clean.get(..enough).unwrap_or(&clean));
    let mut shown = lossy.chars().filter(|letter| !is_unfit(*letter));
    let mut text: String = shown.by_ref().take(MOST_CHARS).collect();
    if shown.next().is_some() || enough < bytes.len() {
        text.push('…');
    }
    text
}

/// Control characters, and those that reorder or hide the text around them.
fn is_unfit(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `text`, fit for a message, at the beginning of a sentence.
pub(super) fn capitalized(text: &str) -> String {
    let text = clip(text).into_owned();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

/// Visible ASCII alone, at most [`MOST_CHARS`] of it: fit for a header.
pub(crate) fn header_value(text: &str) -> String {
    if text.len() <= MOST_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.to_owned();
    }
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(MOST_CHARS)
        .collect()
}

/// `a, b, c`, of the first [`MOST_NAMES`] names, and how many more there are.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut text = String::new();
    for name in names.by_ref().take(MOST_NAMES) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&clip(name));
    }
    let more = names.count();
    if text.is_empty() {
        text.push_str("none");
    } else if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_clipped_and_cleaned() {
        assert_eq!(clip_bytes(b"gpt-4.1"), "gpt-4.1");
        assert_eq!(clip_bytes(b"a\r\n\x1b[31mb\x00"), "a[31mb");
        assert_eq!(clip_bytes("a\u{202e}b\u{200b}".as_bytes()), "ab");
        assert_eq!(clip_bytes(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(clip_bytes("é".repeat(200).as_bytes()), "é".repeat(200));
        assert_eq!(
            clip_bytes("é".repeat(201).as_bytes()),
            format!("{}…", "é".repeat(200))
        );
        assert_eq!(header_value("a\r\nb: é c"), "ab:c");
    }

    #[test]
    fn no_key_is_shown_nor_most_of_one() {
        let key = crate::secret::write(&[7; 32]);
        assert_eq!(clip(&key), "pdk_[redacted]");
        assert_eq!(clip(&format!("curl/8 {key}\n")), "curl/8 pdk_[redacted]");
        for before in 0..260 {
            let text = "x".repeat(before) + &key;
            assert!(!clip(&text).contains(&key[..12]), "{before}");
        }
    }

    #[test]
    fn lists_are_short() {
        let names: Vec<String> = (0..53).map(|n| n.to_string()).collect();
        let all = list(names.iter().map(String::as_str));
        assert!(
            all.starts_with("0, 1, 2, ") && all.ends_with(", 49 and 3 more"),
            "{all}"
        );
        assert_eq!(list(["a", "b"]), "a, b");
        assert_eq!(list([]), "none");
    }

    proptest! {
        #[test]
        fn nothing_long_or_odd_gets_through(bytes: Vec<u8>, repeat in 1usize..50) {
            let bytes = bytes.repeat(repeat);
            let text = clip_bytes(&bytes);
            let lossy = String::from_utf8_lossy(&bytes);
            prop_assert!(lossy.len() > bytes.len() || clip(&lossy) == text);
            prop_assert!(text.chars().count() <= MOST_CHARS + 1);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
