//! Which events are of this installation, and of whom its gateways may report, by the names in them.

use crate::rules::batch::foreign;
use crate::store::{StoreError, Tx, keys, namespace_moves, namespaces};
use paddock_core::ids::InstallationId;
use paddock_core::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::{Borrow, Cow};
use std::collections::BTreeSet;
use std::time::Duration;

/// Until every gateway has heard that a namespace was moved, and as far as clocks may differ.
const NEWS: Duration = Duration::from_secs(60);

/// Events that are of this installation, and those that are not, each with the reason.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// Those to be read. What cannot be read at all is among them.
    pub own: Vec<&'a RawValue>,
    /// What is wrong, and the text.
    pub foreign: Vec<(String, String)>,
}

/// Whose events are taken.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// The installation.
    pub installation: Option<InstallationId>,
    /// The organizations, if not all.
    pub organizations: Option<&'a BTreeSet<String>>,
}

/// The names in an event, or in what says who made stored objects.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(default)]
    installation: Option<InstallationId>,
    #[serde(borrow, default)]
    key_id: Cow<'a, str>,
    #[serde(borrow, alias = "made_by")]
    namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    organization: Option<Cow<'a, str>>,
    #[serde(default)]
    started_at: Timestamp,
}

/// Sorts events. A namespace that was deleted is known still, by its name. One
/// that was moved was the former organization's until then.
pub async fn sort<'a, T: Borrow<RawValue>>(
    tx: &mut Tx,
    accepted: Accepted<'_>,
    events: &'a [T],
) -> Result<Sorted<'a>, StoreError> {
    let named = |event: &'a RawValue| serde_json::from_str::<Named<'a>>(event.get()).ok();
    let all: Vec<(&RawValue, Option<Named<'_>>)> = events
        .iter()
        .map(|event| (event.borrow(), named(event.borrow())))
        .collect();
    let names = all.iter().filter_map(|(_, named)| named.as_ref());
    let spaces: BTreeSet<&str> = names.clone().map(|named| &*named.namespace).collect();
    let ids: BTreeSet<&str> = names.map(|named| &*named.key_id).collect();
    let owners = namespaces::owners_of_names(tx, &spaces).await?;
    let moves = namespace_moves::of(tx, &spaces).await?;
    let homes = keys::namespaces_of(tx, &ids).await?;
    let mut sorted = Sorted::default();
    for (event, named) in all {
        let problem = named.and_then(|named| {
            let Named {
                installation,
                key_id,
                namespace,
                organization,
                started_at,
            } = named;
            if let Some(foreign) = foreign(installation, accepted.installation) {
                return Some(foreign);
            }
            let Some(owner) = owners.get(&*namespace) else {
                return Some(format!("this installation has no namespace '{namespace}'"));
            };
            let organization = organization.unwrap_or(Cow::Borrowed(owner));
            let was_then = || {
                let place = (
                    namespace.clone().into_owned(),
                    organization.clone().into_owned(),
                );
                let moved_at = moves.get(&place);
                moved_at.is_some_and(|moved_at| started_at <= moved_at.plus(NEWS))
            };
            if organization != owner.as_str() && !was_then() {
                return Some(format!(
                    "the namespace '{namespace}' is not of the organization '{organization}'"
                ));
            }
            if accepted
                .organizations
                .is_some_and(|all| !all.contains(&*organization))
            {
                return Some(format!(
                    "the gateway's token is not for the organization '{organization}'"
                ));
            }
            homes
                .get(&*key_id)
                .filter(|home| **home != namespace)
                .map(|_| format!("the key '{key_id}' is not of the namespace '{namespace}'"))
        });
        match problem {
            None => sorted.own.push(event),
            Some(problem) => sorted.foreign.push((problem, event.get().to_owned())),
        }
    }
    Ok(sorted)
}
