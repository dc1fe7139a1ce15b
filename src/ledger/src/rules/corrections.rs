//! Corrections: the operator charges or gives back money without a call, each reference once. The entry
//! stands in the ledger and its chain when it is made, and no older row is changed.

use crate::ids;
use crate::model::audit::{Actor, Change};
use crate::model::correction::{Correction, UNNAMED};
use crate::rules::audit;
use crate::rules::batch::{MAX_COST, ReadBatch, ReadEvent};
use crate::rules::caps::LendingTerms;
use crate::rules::ledger::{self, Message};
use crate::rules::spending::scopes_of_caller;
use crate::store::{StoreError, Tx, corrections, events, keys, leases, namespaces};
use paddock_core::money::Money;
use paddock_core::policy::budget_scope;
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeSet;

/// What is corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A call, by its id in the ledger.
    Call(String),
    /// Usage of a namespace, and, if named, of one of its keys and of a model.
    Namespace {
        /// The namespace's name.
        name: String,
        /// The id of a key.
        key_id: Option<String>,
        /// A model.
        model: Option<String>,
    },
}

/// What is to be corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRequest {
    /// What is corrected.
    pub subject: Subject,
    /// What is charged, or, below zero, given back.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// What the author calls it.
    pub reference: String,
}

impl CorrectionRequest {
    /// Whether a correction is what this one wants.
    fn is_same(&self, made: &Correction) -> bool {
        let is_about = match &self.subject {
            Subject::Call(id) => made.corrects.as_ref() == Some(id),
            Subject::Namespace {
                name,
                key_id,
                model,
            } => {
                made.corrects.is_none()
                    && made.namespace == *name
                    && made.key_id == *key_id
                    && made.model == *model
            }
        };
        is_about && self.amount == made.amount && self.reason == made.reason
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Corrected {
    /// It is booked.
    Made(Correction),
    /// It was, as this one.
    Found(Correction),
    /// That reference is another correction's.
    Differs(Correction),
    /// There is no such call, namespace or key: which of them, and its name.
    Missing(&'static str, String),
    /// What is named is no call that was charged: it was refused, or is a correction itself.
    NoCall,
    /// More is given back than is left of what the call cost, which is this; or more is charged than one
    /// call can cost.
    TooMuch(Money),
}

/// Books a correction, or finds that it has been. The policy must be locked, so that one is made at a time.
/// The transaction is to be committed if one was made.
pub async fn correct(
    tx: &mut Tx,
    terms: &LendingTerms,
    request: CorrectionRequest,
    actor: &Actor,
) -> Result<Corrected, StoreError> {
    if let Some(found) = corrections::by_reference(tx, &request.reference).await? {
        return Ok(match request.is_same(&found) {
            true => Corrected::Found(found),
            false => Corrected::Differs(found),
        });
    }
    let mut correction = match find_subject(tx, &request.subject, actor.at).await? {
        Ok(correction) => correction,
        Err(refused) => return Ok(refused),
    };
    // Of a call it holds what the call cost until here.
    let mut left = correction.amount;
    if let Some(id) = &correction.corrects {
        left = left.saturating_add(corrections::sum_of_call(tx, id).await?);
        if left.saturating_add(request.amount) < Money::ZERO {
            return Ok(Corrected::TooMuch(left));
        }
    }
    if request.amount.nanos().unsigned_abs() > MAX_COST.nanos().unsigned_abs() {
        return Ok(Corrected::TooMuch(MAX_COST));
    }
    correction.amount = request.amount;
    correction.reason = request.reason;
    correction.reference = request.reference;
    correction.author.clone_from(&actor.id);
    corrections::insert(tx, &correction).await?;
    let message = Message {
        gateway: String::new(),
        batch: ReadBatch {
            events: vec![ReadEvent::of_correction(&correction)],
            ..ReadBatch::default()
        },
        ..Message::default()
    };
    ledger::book(tx, terms, message, actor.at).await?;
    if correction.amount < Money::ZERO {
        end_scarcity(tx, &correction).await?;
    }
    let change = Change::new(
        &correction.organization,
        "correction.create",
        &correction.id,
    );
    let change = change.within(&correction.namespace).after(&correction);
    audit::record(tx, actor, change).await?;
    Ok(Corrected::Made(correction))
}

/// Gateways that were refused may ask again: there is room.
async fn end_scarcity(tx: &mut Tx, correction: &Correction) -> Result<(), StoreError> {
    let (namespace, organization) = (&correction.namespace, &correction.organization);
    let key = correction.key_id.as_deref().unwrap_or(UNNAMED);
    let scopes = scopes_of_caller(key, namespace, organization);
    let budgets = correction.budgets.iter();
    let budgets = budgets.map(|name| budget_scope(organization, name));
    let scopes = scopes.map(|scope| scope.to_string()).chain(budgets);
    for scope in scopes.collect::<BTreeSet<String>>() {
        leases::mark_scarce(tx, &scope, Timestamp::EPOCH).await?;
    }
    Ok(())
}

/// A correction of the subject that still lacks what the request says; its amount is what the call cost.
async fn find_subject(
    tx: &mut Tx,
    subject: &Subject,
    now: Timestamp,
) -> Result<Result<Correction, Corrected>, StoreError> {
    let correction = |organization: String, namespace: String| Correction {
        id: ids::ledger_entry_id(now),
        reference: String::new(),
        organization,
        namespace,
        key_id: None,
        model: None,
        end_user: None,
        budgets: Vec::new(),
        corrects: None,
        applies_at: now,
        amount: Money::ZERO,
        reason: String::new(),
        author: String::new(),
        created_at: now,
    };
    match subject {
        Subject::Call(id) => {
            let Some(row) = events::find(tx, id).await? else {
                return Ok(Err(Corrected::Missing("event", id.clone())));
            };
            if row.is_refused() || row.is_correction() {
                return Ok(Err(Corrected::NoCall));
            }
            let started_at = u64::try_from(row.started_at).unwrap_or(0);
            Ok(Ok(Correction {
                budgets: row.details().budgets,
                key_id: Some(row.key_id),
                model: Some(row.model),
                end_user: row.end_user,
                corrects: Some(row.id),
                applies_at: Timestamp::from_nanos(started_at),
                amount: Money::from_nanos(row.cost),
                ..correction(row.organization, row.namespace)
            }))
        }
        Subject::Namespace {
            name,
            key_id,
            model,
        } => {
            let owners = namespaces::owners_of_names(tx, &BTreeSet::from([name.as_str()])).await?;
            let Some(organization) = owners.get(name) else {
                return Ok(Err(Corrected::Missing("namespace", name.clone())));
            };
            if let Some(id) = key_id {
                let homes = keys::namespaces_of(tx, &BTreeSet::from([id.as_str()])).await?;
                if homes.get(id) != Some(name) {
                    return Ok(Err(Corrected::Missing("key", id.clone())));
                }
            }
            Ok(Ok(Correction {
                key_id: key_id.clone(),
                model: model.clone(),
                ..correction(organization.clone(), name.clone())
            }))
        }
    }
}
