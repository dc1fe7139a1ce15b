//! Names that fit a path, a header and a metric label.

/// Longest name of a namespace or key.
pub const MAX_NAME: usize = 128;

/// Whether `name` may be the name of a namespace or an organization: letters, digits, `-`, `_`
/// and `.`, beginning with a letter or digit.
pub fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// A namespace's name made of any text: `Alice's Laptop` becomes `alice-s-laptop`.
pub fn from_text(text: &str) -> String {
    let mut slug = String::new();
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') && !slug.is_empty() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= MAX_NAME - 8 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "key".to_owned()
    } else {
        slug.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_names() {
        for (text, slug) in [
            ("Alice's Laptop", "alice-s-laptop"),
            ("tenant-marketing", "tenant-marketing"),
            ("  ", "key"),
            ("Ünïcode 9", "n-code-9"),
            ("--a--", "a"),
        ] {
            assert_eq!(from_text(text), slug);
            assert!(is_name(slug));
        }
        assert!(is_name(&from_text(&"x".repeat(500))));
        assert!(!is_name("a/b") && !is_name("") && !is_name("-a"));
    }
}
