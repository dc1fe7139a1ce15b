//! Which events are of this installation, by the names in them.

use paddock_core::ids::InstallationId;
use paddock_ledger::rules::batch::foreign;
use paddock_ledger::store::{StoreError, Tx, keys, namespaces};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Events that are of this installation, and those that are not, each with the reason.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// Those to be read. What cannot be read at all is among them.
    pub own: Vec<&'a RawValue>,
    /// What is wrong, and the text.
    pub foreign: Vec<(String, String)>,
}

/// The names in an event.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(default)]
    installation: Option<InstallationId>,
    #[serde(borrow)]
    key_id: Cow<'a, str>,
    #[serde(borrow)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    organization: Cow<'a, str>,
}

/// Sorts events, in the installation `own`. A namespace that was deleted is known still, by its name.
pub async fn sort<'a>(
    tx: &mut Tx,
    own: Option<InstallationId>,
    events: &'a [Box<RawValue>],
) -> Result<Sorted<'a>, StoreError> {
    let named = |event: &'a RawValue| serde_json::from_str::<Named<'a>>(event.get()).ok();
    let all: Vec<(&RawValue, Option<Named<'_>>)> = events
        .iter()
        .map(|event| (&**event, named(event)))
        .collect();
    let names = all.iter().filter_map(|(_, named)| named.as_ref());
    let spaces: BTreeSet<&str> = names.clone().map(|named| &*named.namespace).collect();
    let ids: BTreeSet<&str> = names.map(|named| &*named.key_id).collect();
    let owners = namespaces::owners_of_names(tx, &spaces).await?;
    let homes = keys::namespaces_of(tx, &ids).await?;
    let mut sorted = Sorted::default();
    for (event, named) in all {
        let problem = named.and_then(|named| {
            let Named {
                installation,
                key_id,
                namespace,
                organization,
            } = named;
            if let Some(foreign) = foreign(installation, own) {
                return Some(foreign);
            }
            match owners.get(&*namespace) {
                None => Some(format!("this installation has no namespace '{namespace}'")),
                Some(owner) if *owner != organization => Some(format!(
                    "the namespace '{namespace}' is not of the organization '{organization}'"
                )),
                Some(_) => homes
                    .get(&*key_id)
                    .filter(|home| **home != namespace)
                    .map(|_| format!("the key '{key_id}' is not of the namespace '{namespace}'")),
            }
        });
        match problem {
            None => sorted.own.push(event),
            Some(problem) => sorted.foreign.push((problem, event.get().to_owned())),
        }
    }
    Ok(sorted)
}
