//! What was stored by answers that passed this Envoy: who may use an id is known to all its workers at
//! once, before the service has booked the event.
//!
//! Shared data forgets nothing, so there is a fixed number of slots, and an id that comes to a slot
//! takes the place of the one before. What is no longer here is asked of the service. A gateway
//! without a service knows nothing else.

use crate::store::{SharedStore, update};
use crate::stored::StoredId;

/// How many ids are remembered at most: about 4 MB of shared data.
const SLOTS: u32 = 16_384;
const DIGEST: usize = 16;
/// What a slot holds that is free again: an empty value could not be replaced.
const FREE: &[u8] = b"-";

/// Whose something stored is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// This namespace's.
    Namespace(String),
    /// Two namespaces have been given the same id, so it is nobody's.
    Disputed,
}

/// Takes note that `namespace` has made something. If another namespace has been given the same id,
/// neither may use it any more: no provider gives one out twice, unless a client chose it.
pub fn note<S: SharedStore>(store: &mut S, id: StoredId, namespace: &str) {
    // Where others were faster ten thousand times, the id is asked of the service.
    let _ = update(store, &slot(id), |present| {
        let maker = match read(present) {
            Some((there, maker)) if there == id && maker != namespace => "",
            _ => namespace,
        };
        let value = [id.0.as_slice(), maker.as_bytes()].concat();
        ((value != present).then_some(value), ())
    });
}

/// Who has made something, if it was made here lately.
pub fn maker<S: SharedStore>(store: &S, id: StoredId) -> Option<Maker> {
    let (value, _) = store.get(&slot(id))?;
    match read(&value).filter(|(there, _)| *there == id)? {
        (_, "") => Some(Maker::Disputed),
        (_, namespace) => Some(Maker::Namespace(namespace.to_owned())),
    }
}

/// Forgets what namespaces have made that are gone: another may be given the name of one.
pub fn forget<S: SharedStore>(store: &mut S, gone: impl Fn(&str) -> bool) {
    for number in 0..SLOTS {
        let key = key(number);
        if store.get(&key).is_some() {
            let _ = update(store, &key, |present| {
                let is_gone = read(present).is_some_and(|(_, maker)| gone(maker));
                (is_gone.then(|| FREE.to_vec()), ())
            });
        }
    }
}

fn slot(id: StoredId) -> String {
    let [a, b, c, d, ..] = id.0;
    let number = u32::from_le_bytes([a, b, c, d]);
    key(number.checked_rem(SLOTS).unwrap_or(0))
}

fn key(number: u32) -> String {
    format!("made/{number}")
}

fn read(value: &[u8]) -> Option<(StoredId, &str)> {
    let (id, maker) = value.split_first_chunk::<DIGEST>()?;
    Some((StoredId(*id), core::str::from_utf8(maker).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;
    use proptest::prelude::*;

    fn of(namespace: &str) -> Option<Maker> {
        Some(Maker::Namespace(namespace.to_owned()))
    }

    #[test]
    fn the_maker_is_known_until_its_slot_is_taken_or_it_is_gone() {
        let mut store = FakeStore::default();
        let id = StoredId::of("resp_1");
        assert_eq!(maker(&store, id), None);
        note(&mut store, id, "a");
        note(&mut store, id, "a");
        assert_eq!(maker(&store, id), of("a"));
        let mut other = id;
        other.0[15] ^= 1;
        assert_eq!(maker(&store, other), None, "of the same slot");
        note(&mut store, other, "b");
        assert_eq!(maker(&store, id), None);
        assert_eq!(maker(&store, other), of("b"));
        forget(&mut store, |namespace| namespace == "a");
        assert_eq!(maker(&store, other), of("b"));
        forget(&mut store, |namespace| namespace == "b");
        assert_eq!(maker(&store, other), None);
        note(&mut store, other, "c");
        assert_eq!(maker(&store, other), of("c"));
    }

    #[test]
    fn an_id_of_two_is_nobodys() {
        let mut store = FakeStore::default();
        let id = StoredId::of("1");
        for namespace in ["a", "b", "a"] {
            note(&mut store, id, namespace);
        }
        assert_eq!(maker(&store, id), Some(Maker::Disputed));
    }

    proptest! {
        /// Whatever is made and forgotten, in however few slots: nobody is called the maker of what
        /// another made alone.
        #[test]
        fn nobody_gets_what_another_made(
            steps in prop::collection::vec((0u8..2, 0u8..6, any::<bool>()), 0..60),
        ) {
            let mut store = FakeStore::default();
            let mut made: Vec<(StoredId, u8)> = Vec::new();
            // All in two slots.
            let id = |n: u8| StoredId([n % 2, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for (namespace, n, forgets) in steps {
                if forgets && n == 0 {
                    forget(&mut store, |maker| maker == namespace.to_string());
                } else {
                    note(&mut store, id(n), &namespace.to_string());
                    made.push((id(n), namespace));
                }
                for n in 0..6 {
                    if let Some(Maker::Namespace(maker)) = maker(&store, id(n)) {
                        let maker = maker.parse().unwrap();
                        prop_assert!(made.contains(&(id(n), maker)));
                    }
                }
            }
            prop_assert!(store.values.len() <= 2);
        }
    }
}
