//! What a model can do beyond text in, text out.

/// What a request can be seen to need, whatever its dialect.
pub mod seen {
    /// Images in the prompt.
    pub const VISION: &str = "vision";
    /// Sound in the prompt or in the answer.
    pub const AUDIO: &str = "audio";
    /// Files in the prompt.
    pub const DOCUMENTS: &str = "documents";
    /// Tools, or functions, that the model may call.
    pub const TOOLS: &str = "tools";
    /// An answer in JSON, or by a schema.
    pub const JSON: &str = "json";
    /// Reasoning that is asked for.
    pub const REASONING: &str = "reasoning";
    /// Vectors instead of an answer.
    pub const EMBEDDINGS: &str = "embeddings";
}

/// The longest name of a capability, in bytes.
const LONGEST: usize = 64;

/// Other words for the same.
const SYNONYMS: [(&str, &str); 16] = [
    ("image", seen::VISION),
    ("images", seen::VISION),
    ("multimodal", seen::VISION),
    ("document", seen::DOCUMENTS),
    ("files", seen::DOCUMENTS),
    ("pdf", seen::DOCUMENTS),
    ("tool_use", seen::TOOLS),
    ("tool_calling", seen::TOOLS),
    ("functions", seen::TOOLS),
    ("function_calling", seen::TOOLS),
    ("json_mode", seen::JSON),
    ("json_schema", seen::JSON),
    ("structured_output", seen::JSON),
    ("structured_outputs", seen::JSON),
    ("thinking", seen::REASONING),
    ("embedding", seen::EMBEDDINGS),
];

/// The one name of a capability: in lower case, `-` as `_`, synonyms folded. `None` where `written`
/// is not a word of 1 to 64 letters, digits, `_`, `-` and `.`.
///
/// Words that no request can be seen to need are names as well: a caller says them in
/// `X-Capability`.
pub fn capability(written: &str) -> Option<String> {
    let word = written.trim().to_ascii_lowercase().replace('-', "_");
    let fits = (1..=LONGEST).contains(&word.len());
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    if !fits || !word.bytes().all(is_word) {
        return None;
    }
    let known = SYNONYMS.iter().find(|(synonym, _)| *synonym == word);
    Some(known.map_or(word, |(_, name)| (*name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_one_name() {
        for (written, name) in [
            ("vision", Some("vision")),
            (" Function-Calling ", Some("tools")),
            ("JSON_SCHEMA", Some("json")),
            ("code.rust", Some("code.rust")),
            ("", None),
            ("two words", None),
            ("schön", None),
        ] {
            assert_eq!(capability(written).as_deref(), name, "{written}");
        }
        assert_eq!(capability(&"x".repeat(65)), None);
        let folds = |(_, name): &(&str, &str)| capability(name).as_deref() == Some(name);
        assert!(SYNONYMS.iter().all(folds), "synonyms lead to names");
    }
}
