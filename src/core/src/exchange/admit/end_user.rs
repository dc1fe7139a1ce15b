//! The end user a request names, as a scope of limits.

use crate::admission::{Scope, ScopeRecord};
use crate::exchange::call::Call;
use crate::exchange::context::StepContext;
use crate::policy::{Limits, shared_user_scope, user_scope};
use crate::store::{SharedStore, update};
use std::rc::Rc;

/// How many records of users there are in shared data; below it, how many of each namespace. They
/// never shrink: nothing there can be deleted.
const USERS_KEY: &str = "users";

/// Where a user is limited.
pub(crate) struct EndUser {
    pub(crate) scope: Rc<Scope>,
    /// Whether with others, because this Envoy has no room for one more.
    pub(crate) shared: bool,
}

/// The scope of the user a call is made for, where that namespace limits its users.
pub(crate) fn end_user<S: SharedStore>(
    call: &Call,
    cx: &mut StepContext<'_, S>,
) -> Option<EndUser> {
    let user = call.user.as_deref()?;
    let namespace = &call.grant.caller().namespace().policy;
    let quota = namespace.user_quotas.of(user)?;
    let capped = |name: String, quota| {
        let limits = Limits {
            monthly_quota: Some(quota),
            ..Limits::default()
        };
        Rc::new(Scope::new(name, limits))
    };
    let scope = capped(user_scope(&namespace.name, user), quota);
    let most = cx.worker.config.max_limited_users;
    if has_record(cx.store, &scope, &namespace.name, most) {
        return Some(EndUser {
            scope,
            shared: false,
        });
    }
    let quota = namespace.user_quotas.shared().unwrap_or(quota);
    Some(EndUser {
        scope: capped(shared_user_scope(&namespace.name), quota),
        shared: true,
    })
}

/// Whether a user has a record, or gets one now. A namespace gets one while it has fewer than are
/// free: at most half, so that none takes those of all others.
fn has_record<S: SharedStore>(store: &mut S, scope: &Scope, namespace: &str, most: u64) -> bool {
    if store.get(&scope.record).is_some() {
        return true;
    }
    let of_namespace = format!("{USERS_KEY}/{namespace}");
    let free = most.saturating_sub(users(store, USERS_KEY));
    if users(store, &of_namespace) >= free {
        return false;
    }
    for (key, most) in [(USERS_KEY, most), (of_namespace.as_str(), u64::MAX)] {
        let taken = update(store, key, |bytes| {
            let taken = count(bytes);
            if taken >= most {
                return (None, false);
            }
            let next = taken.saturating_add(1).to_le_bytes();
            (Some(next.to_vec()), true)
        });
        if taken != Ok(true) {
            return false;
        }
    }
    // Where another worker was faster, it has written the same.
    let _ = store.put(&scope.record, &ScopeRecord::default().encode(), None);
    true
}

fn users<S: SharedStore>(store: &S, key: &str) -> u64 {
    store.get(key).map_or(0, |(bytes, _)| count(&bytes))
}

fn count(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk::<8>()
        .map_or(0, |word| u64::from_le_bytes(*word))
}
