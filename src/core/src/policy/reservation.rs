//! Reservations: money of a namespace set aside under a name that requests give.

use crate::money::Money;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest id of a reservation, in bytes.
pub const MAX_RESERVATION_ID: usize = 128;
/// What the name of every reservation's scope begins with.
const PREFIX: &str = "reservation:";

/// A reservation as requests name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReservationName {
    /// The namespace whose money it is.
    pub namespace: String,
    /// The id its maker chose, unique in the namespace.
    pub id: String,
}

/// An open reservation, as far as a gateway needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationPolicy {
    /// How requests name it.
    pub name: ReservationName,
    /// Its scope: what the lender calls it. One that is made anew under the name of one that has
    /// ended is another scope.
    pub scope: String,
    /// All of it, spent or not.
    pub amount: Money,
    /// From then on it pays for nothing more.
    pub expires_at: Timestamp,
}

/// Whether `id` may name a reservation: 1 to [`MAX_RESERVATION_ID`] printable characters of ASCII,
/// no blanks.
pub fn is_reservation_id(id: &[u8]) -> bool {
    (1..=MAX_RESERVATION_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// The scope of the `life`th reservation of one name, counted from 1: `reservation:NAMESPACE/ID`,
/// from the second on followed by a blank, which no id has, and the number.
pub fn reservation_scope(name: &ReservationName, life: u64) -> String {
    let ReservationName { namespace, id } = name;
    match life {
        0 | 1 => format!("{PREFIX}{namespace}/{id}"),
        _ => format!("{PREFIX}{namespace}/{id} {life}"),
    }
}

/// The reservation whose scope is called `scope`; `None` where it is no reservation's.
pub fn reservation_name(scope: &str) -> Option<ReservationName> {
    let (namespace, rest) = scope.strip_prefix(PREFIX)?.split_once('/')?;
    let id = rest.split_once(' ').map_or(rest, |(id, _)| id);
    Some(ReservationName {
        namespace: namespace.to_owned(),
        id: id.to_owned(),
    })
}

/// Whether a scope of that name is a reservation.
pub fn is_reservation_scope(scope: &str) -> bool {
    scope.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_printable_and_short_and_each_life_a_scope_of_its_own() {
        for id in ["batch-1", "a/b", "#", &"x".repeat(128)] {
            assert!(is_reservation_id(id.as_bytes()), "{id}");
        }
        for id in ["", "a b", "a\n", "ü", "\0", &"x".repeat(129)] {
            assert!(!is_reservation_id(id.as_bytes()), "{id}");
        }
        let name = |id: &str| ReservationName {
            namespace: "n".to_owned(),
            id: id.to_owned(),
        };
        for (id, life) in [("a/2", 1), ("a", 2), ("a", 13)] {
            let scope = reservation_scope(&name(id), life);
            assert_eq!(reservation_name(&scope), Some(name(id)), "{scope}");
        }
        assert_eq!(reservation_name("user:n/a"), None);
        assert_eq!(reservation_scope(&name("a/2"), 1), "reservation:n/a/2");
        assert_eq!(reservation_scope(&name("a"), 2), "reservation:n/a 2");
        assert!(is_reservation_scope("reservation:n/a 2"));
        assert!(!is_reservation_scope("namespace:reservation:"));
    }
}
