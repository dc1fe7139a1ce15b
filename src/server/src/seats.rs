//! How many questions of one namespace wait at once, so that none takes the database's time with ids it
//! has made up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Questions of one namespace that wait at once.
const OF_NAMESPACE: usize = 16;

/// The questions that wait, by namespace. Those that do not are in no list.
#[derive(Debug, Default)]
pub struct Seats(Mutex<HashMap<String, usize>>);

/// A place to wait in, until it is dropped.
#[derive(Debug)]
pub struct Seat<'a> {
    seats: &'a Seats,
    namespace: String,
}

impl Seats {
    /// A place for a question of this namespace, if it has one left.
    pub fn take(&self, namespace: &str) -> Option<Seat<'_>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(namespace.to_owned()).or_default();
        if *count >= OF_NAMESPACE {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Seat {
            seats: self,
            namespace: namespace.to_owned(),
        })
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.namespace) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_seats_of_its_own() {
        let seats = Seats::default();
        let mut taken: Vec<_> = (0..OF_NAMESPACE)
            .map(|_| seats.take("a").unwrap())
            .collect();
        assert!(seats.take("a").is_none());
        assert!(seats.take("b").is_some());
        taken.pop();
        assert!(seats.take("a").is_some());
        drop(taken);
        assert!(seats.0.lock().unwrap().is_empty());
    }
}
