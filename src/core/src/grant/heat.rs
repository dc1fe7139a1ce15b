//! Who asks so often that a grant is worth its cost.

use crate::timestamp::Timestamp;
use core::time::Duration;

/// Uses within [`WINDOW`] that make a grant worth its cost: one write to take it, and one a tick.
const HOT: u8 = 8;
/// How long uses are counted together.
const WINDOW: Duration = Duration::from_millis(100);
/// Counters: those who share one are hot together, which costs a little and harms nobody.
const COUNTERS: usize = 1_024;

/// Counts uses by name, in a bounded room however many names there are.
#[derive(Debug)]
pub struct Heat {
    counts: Box<[u8; COUNTERS]>,
    since: Timestamp,
    hot: u8,
}

impl Default for Heat {
    fn default() -> Self {
        Heat {
            counts: Box::new([0; COUNTERS]),
            since: Timestamp::EPOCH,
            hot: HOT,
        }
    }
}

impl Heat {
    /// One to which everything is hot.
    #[cfg(test)]
    pub(crate) fn high() -> Heat {
        Heat {
            hot: 1,
            ..Heat::default()
        }
    }

    /// Counts a use. Whether there were many lately.
    pub fn count(&mut self, name: &str, now: Timestamp) -> bool {
        if now < self.since || now.since(self.since) >= WINDOW {
            self.counts.fill(0);
            self.since = now;
        }
        let Some(count) = self.counts.get_mut(place(name)) else {
            return false;
        };
        *count = count.saturating_add(1);
        *count >= self.hot
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>) of the last bytes, where names differ.
fn place(name: &str) -> usize {
    let hash = name
        .bytes()
        .rev()
        .take(16)
        .fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
    let folded = (hash >> 16) ^ hash;
    usize::try_from(folded)
        .unwrap_or(0)
        .checked_rem(COUNTERS)
        .unwrap_or(0)
}
