//! What the attempts of requests are to look like, by the requests' ids: in the memory of the VM, which both
//! filters of a worker share. In a header it would reach the provider.

use crate::host::{HeaderMap, Host};
use hashbrown::HashMap;
use paddock_core::failover::Attempts;
use std::cell::RefCell;
use std::rc::Rc;

/// A request that several deployments may serve.
pub(crate) struct KeptRequest {
    /// What its attempts are to look like.
    pub(crate) attempts: Attempts,
    /// The headers that the first attempt came with. What one attempt adds, such as a credential, the next
    /// one finds.
    pub(crate) first_headers: Option<HeaderMap>,
}

pub(crate) type Kept = Rc<RefCell<KeptRequest>>;

thread_local! {
    static KEPT: RefCell<HashMap<String, Kept>> = RefCell::new(HashMap::new());
}

/// Keeps what the attempts of a request are to look like.
///
/// # Errors
/// The same, if the id is empty or a request that has it is on its way already.
pub(crate) fn keep(id: &str, attempts: Box<Attempts>) -> Result<(), Box<Attempts>> {
    KEPT.with_borrow_mut(|kept| {
        if id.is_empty() || kept.contains_key(id) {
            return Err(attempts);
        }
        let request = KeptRequest {
            attempts: *attempts,
            first_headers: None,
        };
        kept.insert(id.to_owned(), Rc::new(RefCell::new(request)));
        Ok(())
    })
}

/// What the attempts of the request of this id are to look like, if it is kept.
pub(crate) fn kept(id: &str) -> Option<Kept> {
    KEPT.with_borrow(|kept| kept.get(id).cloned())
}

/// A request is over.
pub(crate) fn forget(id: &str) {
    KEPT.with_borrow_mut(|kept| kept.remove(id));
}

/// How many attempts Envoy has made of the request of this callback; 0 if it does not say.
pub(crate) fn attempts_made<H: Host>(host: &H) -> u64 {
    let bytes = host.attribute(vec!["upstream", "request_attempt_count"]);
    let bytes = bytes.and_then(|bytes| bytes.first_chunk().copied());
    bytes.map_or(0, u64::from_le_bytes)
}
