//! The words of a completion, identifiers and lengths: all drawn from a seed.

use std::hash::{BuildHasher, Hash};
use std::sync::LazyLock;

/// One token each; some are not ASCII so that a split can fall inside a character.
const WORDS: [&str; 16] = [
    "The", " horse", " ran", " over", " the", " field", ",", " naïve", " and", " quick", " 🐎",
    " to", " 日本", ".", " \"Ho\"", "\n",
];

/// [`WORDS`], escaped for a JSON string.
static ESCAPED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let quoted = WORDS
        .iter()
        .map(|word| serde_json::Value::from(*word).to_string());
    quoted
        .map(|word| word.trim_matches('"').to_owned())
        .map(unstrip)
        .collect()
});

/// `trim_matches` also takes the quote of an escaped quote at either end.
fn unstrip(word: String) -> String {
    if word.ends_with('\\') {
        word + "\""
    } else {
        word
    }
}

/// The words of one completion, escaped for a JSON string.
pub fn words(seed: u64, count: u64) -> impl Iterator<Item = &'static str> {
    let start = usize::try_from(seed % 16).unwrap_or(0);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    ESCAPED
        .iter()
        .cycle()
        .skip(start)
        .take(count)
        .map(String::as_str)
}

/// A number that depends on nothing but `seed` and `what`, the same in every run.
pub fn draw(seed: u64, what: impl Hash) -> u64 {
    std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default().hash_one((seed, what))
}

/// A prefix and 29 letters and digits, as OpenAI's ids are.
pub fn id(prefix: &str, seed: u64, number: u64) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut id = String::with_capacity(prefix.len().saturating_add(29));
    id.push_str(prefix);
    for part in 0..3_u8 {
        let mut rest = draw(seed, (number, part));
        for _ in 0..(if part == 2 { 9 } else { 10 }) {
            let letter = usize::try_from(rest % 62)
                .ok()
                .and_then(|at| ALPHABET.get(at));
            id.push(char::from(letter.copied().unwrap_or(b'0')));
            rest /= 62;
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_valid_inside_a_json_string() {
        let text: String = words(0, 16).collect();
        let value: String = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!(value, WORDS.concat());
        assert_eq!(words(3, 100).count(), 100);
    }

    #[test]
    fn ids_are_long_and_repeatable() {
        assert_eq!(id("chatcmpl-", 1, 2).len(), 38);
        assert_eq!(id("a", 1, 2), id("a", 1, 2));
        assert_ne!(id("a", 1, 2), id("a", 1, 3));
    }
}
