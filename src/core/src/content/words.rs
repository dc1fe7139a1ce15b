//! Text as the words it consists of, whatever their case and what stands between them.

/// Scripts that put no blanks between words: each character counts as a word.
const WITHOUT_BLANKS: [(char, char); 6] = [
    ('\u{e00}', '\u{eff}'),     // Thai, Lao
    ('\u{1000}', '\u{109f}'),   // Burmese
    ('\u{1780}', '\u{17ff}'),   // Khmer
    ('\u{2e80}', '\u{9fff}'),   // Chinese, Japanese
    ('\u{f900}', '\u{faff}'),   // the same, compatible forms
    ('\u{20000}', '\u{3ffff}'), // rarer Chinese
];

fn is_within(ranges: &[(char, char)], letter: char) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&letter))
}

/// Characters that show nothing and part no word: soft hyphens, joiners, marks of direction,
/// variation selectors (a part of Unicode's `Default_Ignorable_Code_Point`).
fn is_ignorable(letter: char) -> bool {
    const RANGES: [(char, char); 6] = [
        ('\u{ad}', '\u{ad}'),
        ('\u{200b}', '\u{200f}'),
        ('\u{202a}', '\u{202e}'),
        ('\u{2060}', '\u{206f}'),
        ('\u{fe00}', '\u{fe0f}'),
        ('\u{feff}', '\u{feff}'),
    ];
    is_within(&RANGES, letter)
}

/// A letter without its case, as Unicode's simple folding does it: through the upper case, so that
/// the long s is an s and every sigma the same. Full-width letters are the plain ones.
fn fold(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let plain = match letter {
        '\u{ff01}'..='\u{ff5e}' => u32::from(letter)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(letter),
        letter => letter,
    };
    let upper = only(plain.to_uppercase()).unwrap_or(plain);
    only(upper.to_lowercase()).unwrap_or(plain)
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next()?;
    letters.next().is_none().then_some(first)
}

/// Combining marks belong to the letter before them.
fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&letter)
}

/// Calls `each` with every word of `text`, folded.
pub(super) fn each_word<'t>(text: impl Iterator<Item = &'t str>, mut each: impl FnMut(&str)) {
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            each(word);
            word.clear();
        }
    };
    for letter in text.flat_map(str::chars) {
        if is_ignorable(letter) {
            continue;
        }
        if !is_letter(letter) {
            end(&mut word);
        } else if is_within(&WITHOUT_BLANKS, letter) {
            end(&mut word);
            word.push(fold(letter));
            end(&mut word);
        } else {
            word.push(fold(letter));
        }
    }
    end(&mut word);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(core::iter::once(text), |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_told_apart_and_folded() {
        for (text, expected) in [
            ("Make  a\nBOMB!", vec!["make", "a", "bomb"]),
            ("make-a_bomb", vec!["make", "a", "bomb"]),
            ("bo\u{200b}m\u{ad}b", vec!["bomb"]),
            ("GRÖSSE Ünder", vec!["grösse", "ünder"]),
            ("\u{17f}ecret \u{212a}ey", vec!["secret", "key"]),
            ("ΟΔΟΣ οδος οδοσ", vec!["οδοσ", "οδοσ", "οδοσ"]),
            ("ＢＯＭＢ", vec!["bomb"]),
            ("制造炸弹 now", vec!["制", "造", "炸", "弹", "now"]),
            ("don't", vec!["don", "t"]),
            ("", vec![]),
            (" \t.\u{0}", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        let parts = ["bo", "mb a", "way"];
        let mut found = Vec::new();
        each_word(parts.into_iter(), |word| found.push(word.to_owned()));
        assert_eq!(found, ["bomb", "away"]);
    }
}
