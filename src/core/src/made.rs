//! What was stored by answers that passed this Envoy: who may use an id is known to all its workers at
//! once, before the service has booked the event.
//!
//! Shared data forgets nothing, so there is a fixed number of slots, and an id that comes to a slot
//! takes the place of the one before. What is no longer here is asked of the service. A gateway
//! without a service knows nothing else.

use crate::policy::NamespacePolicy;
use crate::store::{SharedStore, update};
use crate::stored::StoredId;

/// How many ids are remembered at most: about 4 MB of shared data.
const SLOTS: u32 = 16_384;

/// Who has made something, as it is stored: when the namespace was created, which tells it from one that
/// had its name before, and its name. Empty if several have made it.
type Maker = Vec<u8>;

fn maker(namespace: &NamespacePolicy) -> Maker {
    let created_at = namespace.created_at.nanos().to_le_bytes();
    [created_at.as_slice(), namespace.name.as_bytes()].concat()
}

/// Takes note that `namespace` has made something. If another namespace has been given the same id,
/// neither may use it any more: no provider gives one out twice, unless a client chose it.
pub fn note<S: SharedStore>(store: &mut S, id: StoredId, namespace: &NamespacePolicy) {
    let new = maker(namespace);
    // Where others were faster ten thousand times, the id is asked of the service.
    let _ = update(store, &slot(id), |present| {
        let maker = match read(present, id) {
            Some(known) if known != new => &[][..],
            _ => &new,
        };
        let value = [id.0.as_slice(), maker].concat();
        ((value != present).then_some(value), ())
    });
}

/// Whether `namespace` has made something, and nobody else has; `None` if it was not made here lately.
pub fn is_made_by<S: SharedStore>(
    store: &S,
    id: StoredId,
    namespace: &NamespacePolicy,
) -> Option<bool> {
    let (value, _) = store.get(&slot(id))?;
    let known = read(&value, id)?;
    Some(known == maker(namespace))
}

fn slot(id: StoredId) -> String {
    let [a, b, c, d, ..] = id.0;
    let number = u32::from_le_bytes([a, b, c, d]);
    format!("made/{}", number.checked_rem(SLOTS).unwrap_or(0))
}

/// The maker of that id, if it is the one in the slot.
fn read(value: &[u8], id: StoredId) -> Option<&[u8]> {
    value.strip_prefix(id.0.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;
    use proptest::prelude::*;

    fn namespace(name: &str, created_at: u64) -> NamespacePolicy {
        let text = format!(r#"{{"name":"{name}","created_at":{created_at}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_maker_is_known_until_its_slot_is_taken() {
        let mut store = FakeStore::default();
        let (a, b) = (namespace("a", 1), namespace("b", 1));
        let id = StoredId::of("resp_1");
        assert_eq!(is_made_by(&store, id, &a), None);
        note(&mut store, id, &a);
        note(&mut store, id, &a);
        assert_eq!(is_made_by(&store, id, &a), Some(true));
        assert_eq!(is_made_by(&store, id, &b), Some(false));
        let heir = namespace("a", 2);
        assert_eq!(is_made_by(&store, id, &heir), Some(false));
        let mut other = id;
        other.0[15] ^= 1;
        assert_eq!(is_made_by(&store, other, &a), None, "of the same slot");
        note(&mut store, other, &b);
        assert_eq!(is_made_by(&store, id, &a), None);
        assert_eq!(is_made_by(&store, other, &b), Some(true));
    }

    #[test]
    fn an_id_of_two_is_nobodys() {
        let mut store = FakeStore::default();
        let (a, b) = (namespace("a", 1), namespace("b", 1));
        let id = StoredId::of("1");
        for namespace in [&a, &b, &a] {
            note(&mut store, id, namespace);
        }
        for namespace in [&a, &b] {
            assert_eq!(is_made_by(&store, id, namespace), Some(false));
        }
    }

    proptest! {
        /// Whatever is made, in however few slots: nobody is called the maker of what another made.
        #[test]
        fn nobody_gets_what_another_made(
            steps in prop::collection::vec((0u64..2, 0u64..2, 0u8..6), 0..60),
        ) {
            let mut store = FakeStore::default();
            let mut made = Vec::new();
            // All in two slots.
            let id = |n: u8| StoredId([n % 2, 0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            let names = ["a", "b"];
            for (name, life, n) in steps {
                note(&mut store, id(n), &namespace(names[usize::try_from(name).unwrap()], life));
                made.push((n, name, life));
                for (name, life, n) in (0..24).map(|x| (x % 2, x / 2 % 2, u8::try_from(x / 4).unwrap())) {
                    let asks = namespace(names[usize::try_from(name).unwrap()], life);
                    let is_made = is_made_by(&store, id(n), &asks);
                    prop_assert!(is_made != Some(true) || made.contains(&(n, name, life)));
                }
            }
            prop_assert!(store.values.len() <= 2);
        }
    }
}
