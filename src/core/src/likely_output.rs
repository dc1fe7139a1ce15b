//! How long the answers of a model are, as a worker has seen them for each namespace: what the token
//! bucket is charged before the provider has counted.

use core::hash::BuildHasher;
use hashbrown::DefaultHashBuilder;

/// How many pairs of namespace and model are remembered. Two that fall on one place replace each
/// other: then the next call is charged what any answer is.
const PLACES: usize = 1_024;
/// The fewest tokens an answer is expected to have: a run of short ones does not let the next pass
/// for nothing.
const FEWEST: u64 = 32;

/// Output tokens of the answers a worker has seen.
#[derive(Debug, Default)]
pub struct LikelyOutput {
    hasher: DefaultHashBuilder,
    places: Vec<(u64, u64)>,
}

impl LikelyOutput {
    /// Output tokens that the next answer likely has; absent if none was seen lately.
    pub fn of(&self, namespace: &str, model: &str) -> Option<u64> {
        let tag = self.tag(namespace, model);
        let (owner, tokens) = self.places.get(place(tag))?;
        (*owner == tag).then_some(*tokens)
    }

    /// An answer had so many output tokens. Longer answers than expected count for half, shorter ones
    /// for an eighth, so that what is expected is rather too much than too little.
    pub fn saw(&mut self, namespace: &str, model: &str, tokens: u64) {
        let tag = self.tag(namespace, model);
        if self.places.is_empty() {
            self.places.resize(PLACES, (0, 0));
        }
        let Some((owner, expected)) = self.places.get_mut(place(tag)) else {
            return;
        };
        *expected = match (*owner == tag, *expected) {
            (false, _) => tokens,
            (true, old) if tokens > old => old.midpoint(tokens),
            (true, old) => old.saturating_sub(old.saturating_sub(tokens).div_ceil(8)),
        };
        *expected = FEWEST.max(*expected);
        *owner = tag;
    }

    fn tag(&self, namespace: &str, model: &str) -> u64 {
        self.hasher.hash_one((namespace, model)).max(1)
    }
}

fn place(tag: u64) -> usize {
    usize::try_from(tag).map_or(0, |tag| tag.checked_rem(PLACES).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_follows_the_answers_and_knows_only_what_it_saw() {
        let mut likely = LikelyOutput::default();
        assert_eq!(likely.of("n", "m"), None);
        likely.saw("n", "m", 1_000);
        assert_eq!(likely.of("n", "m"), Some(1_000));
        likely.saw("n", "m", 3_000);
        assert_eq!(likely.of("n", "m"), Some(2_000));
        likely.saw("n", "m", 0);
        assert_eq!(likely.of("n", "m"), Some(1_750));
        for _ in 0..200 {
            likely.saw("n", "m", 0);
        }
        assert_eq!(likely.of("n", "m"), Some(FEWEST));
    }

    proptest! {
        #[test]
        fn it_stays_between_the_shortest_and_the_longest(
            answers in proptest::collection::vec(0u64..1 << 40, 1..50),
        ) {
            let mut likely = LikelyOutput::default();
            for tokens in &answers {
                likely.saw("n", "m", *tokens);
            }
            let found = likely.of("n", "m").unwrap();
            let longest = answers.iter().max().unwrap();
            prop_assert!(found >= FEWEST && found <= FEWEST.max(*longest));
        }
    }
}
