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

/// Places by key and by organization.
#[derive(Debug)]
pub struct Places {
    of_key: Seats,
    of_organization: Seats,
}

/// A place of a key and of its organization, until it is dropped.
#[derive(Debug)]
pub struct Place {
    _key: Seat,
    _organization: Option<Seat>,
}

/// Whose places are all taken, and how many those are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The key's.
    Key(usize),
    /// The organization's.
    Organization(usize),
}

impl Places {
    /// So many at once of each key, and of each organization.
    pub fn new(of_key: usize, of_organization: usize) -> Places {
        Places {
            of_key: Seats::new(of_key),
            of_organization: Seats::new(of_organization),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// [`Full`].
    pub fn take(&self, key: &str, organization: Option<&str>) -> Result<Place, Full> {
        let of_key = self.of_key.take(key);
        let of_key = of_key.ok_or(Full::Key(self.of_key.each))?;
        let of_organization = match organization {
            None => None,
            Some(name) => {
                let place = self.of_organization.take(name);
                Some(place.ok_or(Full::Organization(self.of_organization.each))?)
            }
        };
        Ok(Place {
            _key: of_key,
            _organization: of_organization,
        })
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
