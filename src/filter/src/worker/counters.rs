//! Counters by name, defined once and bounded in number: Envoy never forgets one.

use crate::host::Host;
use hashbrown::HashMap;

/// Counters a worker defines at most.
const MAX_COUNTERS: usize = 20_000;
/// Counts what was not counted because there are too many counters.
const OVERFLOW: &str = "paddock_counts_dropped_total";

/// The counters of one worker.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    ids: HashMap<String, u32>,
}

impl Counters {
    /// Adds `amount` to the counter called `name`.
    pub(crate) fn add<H: Host>(&mut self, host: &H, name: String, amount: u64) {
        if let Some(id) = self.ids.get(&name) {
            return host.count(*id, amount);
        }
        let full = self.ids.len() >= MAX_COUNTERS;
        if full && name != OVERFLOW {
            return self.add_one_too_many(host);
        }
        if let Some(id) = host.define_counter(&name) {
            self.ids.insert(name, id);
            host.count(id, amount);
        }
    }

    fn add_one_too_many<H: Host>(&mut self, host: &H) {
        match self.ids.get(OVERFLOW) {
            Some(id) => host.count(*id, 1),
            None => self.add(host, OVERFLOW.to_owned(), 1),
        }
    }
}
