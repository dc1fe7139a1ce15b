//! Whether a request may use the stored objects that it names.

use super::context::{StepContext, WorkerState};
use super::effect::{Effect, Question};
use super::named::{NamedObject, claim};
use crate::cache::Ownership;
use crate::config::{Check, Config, ForeignIds};
use crate::identity::Caller;
use crate::made;
use crate::policy::{FailureMode, NamespacePolicy};
use crate::refusal::Refusal;
use crate::store::SharedStore;
use crate::stored::{MOST_STORED, StoredId};
use crate::wire::{Made, ResolveRequest, StoredQuestion};
use std::borrow::Cow;

/// The longest the service waits for an event on its way: longer than the second between two syncs.
const LONGEST_WAIT_MS: u64 = 1_500;
/// How often the service is asked for one request: again where an answer was overtaken by a change.
const MAX_ASKED: u8 = 3;

/// Whether a request may use all that it names.
#[derive(Debug)]
pub(crate) enum Judged {
    Allowed,
    Refused(Refusal),
    /// The service must be asked.
    Unknown(Question),
}

/// Judges what a request of `caller` names. `asked`: how often the service has answered for it, or
/// `None` if it cannot be reached.
pub(crate) fn judge<S: SharedStore>(
    named: &[NamedObject],
    caller: &Caller,
    asked: Option<u8>,
    cx: &mut StepContext<'_, S>,
) -> Judged {
    let namespace = caller.namespace();
    let (name, scope) = (namespace.policy.name.as_str(), &namespace.scope.name);
    if named.len() > MOST_STORED {
        return Judged::Refused(Refusal::too_many_stored(MOST_STORED));
    }
    let allows = cx.worker.config.foreign_ids == ForeignIds::Allow;
    let mut ids = Vec::new();
    for object in named {
        match ownership(&namespace.policy, object.id, cx) {
            Some(Ownership::Own) => {}
            Some(Ownership::Unknown) if allows => {}
            Some(Ownership::Unknown | Ownership::Others) => {
                let refusal = Refusal::stored_not_found(scope, &object.shown, object.param);
                return Judged::Refused(refusal);
            }
            None if ids.contains(&object.id) => {}
            None => ids.push(object.id),
        }
    }
    if ids.is_empty() {
        return Judged::Allowed;
    }
    match asked {
        Some(asked) if asked < MAX_ASKED => Judged::Unknown(Question::Resolve(ResolveRequest {
            stored: Some(StoredQuestion {
                namespace: name.to_owned(),
                ids,
                wait_ms: wait(&cx.worker.config),
            }),
            catalog_revision: cx.worker.cache.catalog().map(|catalog| catalog.revision),
            ..ResolveRequest::default()
        })),
        _ if allows => Judged::Allowed,
        _ => {
            let (check, mode) = (Check::StoredObjects, FailureMode::Closed);
            cx.worker.counts.failed(name, check, mode);
            Judged::Refused(Refusal::ownership_unknown(scope))
        }
    }
}

fn ownership<S: SharedStore>(
    namespace: &NamespacePolicy,
    id: StoredId,
    cx: &mut StepContext<'_, S>,
) -> Option<Ownership> {
    let told = cx.worker.cache.ownership(namespace, &id, cx.now);
    if told == Some(Ownership::Own) {
        return told;
    }
    match made::is_made_by(cx.store, id, namespace) {
        Some(true) => Some(Ownership::Own),
        Some(false) => Some(Ownership::Others),
        None => told,
    }
}

/// Leaves the service time to answer. Where an id may pass all the same, nobody waits.
fn wait(config: &Config) -> u64 {
    let timeout = config.accounting.as_ref().map_or(0, |one| one.timeout_ms);
    match config.foreign_ids {
        ForeignIds::Allow => 0,
        ForeignIds::Refuse => timeout
            .saturating_mul(3)
            .checked_div(4)
            .unwrap_or(0)
            .min(LONGEST_WAIT_MS),
    }
}

/// What the answer to a request stored that passed through is the caller's from now on. No usage event
/// says so.
pub(crate) fn claim_and_tell<S: SharedStore>(
    ids: Vec<StoredId>,
    caller: &Caller,
    cx: &mut StepContext<'_, S>,
    effects: &mut Vec<Effect>,
) {
    claim(&ids, caller, cx.store);
    let WorkerState { config, .. } = &*cx.worker;
    if ids.is_empty() || config.accounting.is_none() {
        return;
    }
    let made = Made {
        installation: caller.namespace().installation,
        made_by: Cow::Borrowed(&caller.namespace().policy.name),
        made_at: cx.now,
        stored: ids,
    };
    effects.extend(serde_json::to_vec(&made).ok().map(Effect::Emit));
}
