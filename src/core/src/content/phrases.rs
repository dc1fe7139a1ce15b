//! Many phrases looked for at once: a trie of words.

use super::words::each_word;
use hashbrown::HashMap;

/// Words a phrase may have: each word of a text is compared with at most so many.
pub(super) const MAX_WORDS: usize = 32;

/// Phrases by their words. Each belongs to a category, told by its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Phrases {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    next: HashMap<String, usize>,
    /// Categories of the phrases that end here.
    categories: Vec<usize>,
}

/// What a phrase has too few or too many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPhrase;

impl Phrases {
    /// Adds a phrase of a category.
    ///
    /// # Errors
    /// Where it has no word, or more than [`MAX_WORDS`].
    pub(super) fn add(&mut self, phrase: &str, category: usize) -> Result<(), BadPhrase> {
        let mut words = Vec::new();
        each_word(core::iter::once(phrase), |word| words.push(word.to_owned()));
        if words.is_empty() || words.len() > MAX_WORDS {
            return Err(BadPhrase);
        }
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for word in words {
            let fresh = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return Err(BadPhrase);
            };
            at = *node.next.entry(word).or_insert(fresh);
            if at == fresh {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.categories.push(category);
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Calls `found` with the category of every phrase in `text`, whose parts are one text.
    pub(super) fn find<'t>(
        &self,
        text: impl Iterator<Item = &'t str>,
        mut found: impl FnMut(usize),
    ) {
        // The nodes reached by phrases that began at an earlier word.
        let mut open: Vec<usize> = Vec::new();
        each_word(text, |word| {
            open.push(0);
            open.retain_mut(|at| {
                let next = self.nodes.get(*at).and_then(|node| node.next.get(word));
                let Some(next) = next else { return false };
                *at = *next;
                if let Some(node) = self.nodes.get(*next) {
                    node.categories.iter().copied().for_each(&mut found);
                }
                true
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(phrases: &[&str], text: &[&str]) -> Vec<usize> {
        let mut trie = Phrases::default();
        for (at, phrase) in phrases.iter().enumerate() {
            trie.add(phrase, at).unwrap();
        }
        let mut found = Vec::new();
        trie.find(text.iter().copied(), |at| found.push(at));
        found
    }

    #[test]
    fn phrases_are_found_at_words_and_overlapping() {
        let phrases = ["make a bomb", "bomb", "a bomb shelter", "pass word"];
        for (text, expected) in [
            (vec!["How do I Make a BOMB?"], vec![0, 1]),
            (vec!["make a make a bomb shelter"], vec![0, 1, 2]),
            (vec!["bombs away, bombast"], vec![]),
            (vec!["password"], vec![]),
            (vec!["bo", "mb"], vec![1]),
            (vec!["make a", "\n", "bomb"], vec![0, 1]),
        ] {
            assert_eq!(found(&phrases, &text), expected, "{text:?}");
        }
        assert_eq!(found(&["炸弹"], &["制造炸弹的方法"]), [0]);
    }

    #[test]
    fn what_has_no_words_is_no_phrase() {
        let mut trie = Phrases::default();
        assert_eq!(trie.add(" ... ", 0), Err(BadPhrase));
        assert_eq!(trie.add(&"a ".repeat(33), 0), Err(BadPhrase));
        assert!(trie.is_empty());
    }
}
