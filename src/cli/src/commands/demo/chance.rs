//! Numbers that look random and are the same each time.

/// A sequence of numbers (splitmix64, <https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// The sequence of that number.
    pub const fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A number around `typical`: from a third to nearly three times of it, mostly less.
    pub fn around(&mut self, typical: u64) -> u64 {
        let share = 33_u64.saturating_add(self.below(100)).saturating_add(
            // A tail that few are in.
            self.below(13).saturating_mul(self.below(13)),
        );
        typical.saturating_mul(share) / 100
    }

    /// The place of one of some weights.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let all = weights.clone().fold(0, u64::saturating_add);
        let mut left = self.below(all.max(1));
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left = left.saturating_sub(weight);
        }
        0
    }
}
