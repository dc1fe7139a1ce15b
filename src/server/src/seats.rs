//! How many of something one tenant may have at once, so that none takes it all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

type Taken = Arc<Mutex<HashMap<String, usize>>>;

/// So many places for each name. Names that have none taken are in no list.
#[derive(Debug)]
pub struct Seats {
    each: usize,
    taken: Taken,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    taken: Taken,
    name: String,
}

impl Seats {
    /// At most `each` at once of every name.
    pub fn new(each: usize) -> Seats {
        Seats {
            each,
            taken: Taken::default(),
        }
    }

    /// A place of this name, if it has one left.
    pub fn take(&self, name: &str) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(name.to_owned()).or_default();
        if *count >= self.each {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Seat {
            taken: self.taken.clone(),
            name: name.to_owned(),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.name) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_seats_of_its_own() {
        let seats = Seats::new(3);
        let mut taken: Vec<_> = (0..3).map(|_| seats.take("a").unwrap()).collect();
        assert!(seats.take("a").is_none());
        assert!(seats.take("b").is_some());
        taken.pop();
        assert!(seats.take("a").is_some());
        drop(taken);
        assert!(seats.taken.lock().unwrap().is_empty());
    }
}
