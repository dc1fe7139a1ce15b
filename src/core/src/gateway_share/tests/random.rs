//! Numbers that look random and are the same in each run.

/// xorshift64* (Marsaglia, 2003; Vigna, 2016).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// Until the next of events that come at random, one in a time of 1 on average.
    pub(super) fn gap(&mut self) -> f64 {
        let part = (self.below(1 << 53) + 1) as f64 / (1_u64 << 53) as f64;
        -part.ln()
    }

    pub(super) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
