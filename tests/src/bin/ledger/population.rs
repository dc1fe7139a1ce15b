//! Who calls: organizations, namespaces, keys, users and models, a few of them busy and most not.

/// The models there are; each key uses two of them.
pub const MODELS: [&str; 8] = [
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "claude-sonnet-4",
    "claude-haiku-3.5",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "deepseek-chat",
];

/// How many there are of everybody.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    /// Organizations.
    pub organizations: u64,
    /// Namespaces of all organizations together.
    pub namespaces: u64,
    /// Keys of each namespace.
    pub keys: u64,
    /// End users of each namespace.
    pub users: u64,
}

/// A key of the population.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its id, as the service made it.
    pub id: String,
    /// The number of its namespace.
    pub namespace: u64,
}

impl Population {
    /// A namespace's name.
    pub fn namespace(number: u64) -> String {
        format!("team-{number:04}")
    }

    /// The name of the organization a namespace is in.
    pub fn organization(&self, namespace: u64) -> String {
        format!("org-{}", namespace % self.organizations.max(1))
    }

    /// How many keys there are.
    pub fn all_keys(&self) -> u64 {
        self.namespaces * self.keys
    }
}

/// Numbers that look random and are the same in every run.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// One series a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next number: SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, all of them alike.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number below `end`, the small ones far more often: half of all draws fall on the first
    /// eighth.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let half = u128::from(self.next() >> 32);
        let cube = half * half * half * u128::from(end);
        u64::try_from(cube >> 96).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_all_skewed_draws_fall_on_the_first_eighth() {
        let mut dice = Dice::new(1);
        let draws: Vec<u64> = (0..10_000).map(|_| dice.skewed(800)).collect();
        let first = draws.iter().filter(|draw| **draw < 100).count();
        assert!((4_500..5_500).contains(&first), "{first}");
        assert!(draws.iter().all(|draw| *draw < 800));
    }
}
