//! Paying in: entries, each once, and the accounts they open.

use crate::ids;
use crate::model::audit::{Actor, Change};
use crate::model::credits::account::Account;
use crate::model::credits::currency::Rate;
use crate::model::credits::{CreditEntry, EntryKind};
use crate::model::period::{DAY, start_of};
use crate::model::scope::Scope;
use crate::rules::audit;
use crate::store::{StoreError, Tx, credits, leases, namespaces, organizations};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What may be paid into one account in all, and taken out of it beyond what was: nine billion
/// dollars, so that no sum passes what can be counted.
pub const MAX_TOTAL: Money = Money::from_nanos(9_000_000_000_000_000_000);

/// What is to be paid in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditRequest {
    /// Whose account: a namespace or an organization, which is there.
    pub scope: Scope,
    /// The organization of it.
    pub organization: String,
    /// What the author calls it.
    pub reference: String,
    /// Why.
    pub kind: EntryKind,
    /// How much, in dollars.
    pub amount: Money,
    /// How much, in billionths of the currency.
    pub original_amount: i64,
    /// The currency it was said in.
    pub currency: String,
    /// What a unit of it is worth.
    pub rate: Rate,
}

impl CreditRequest {
    /// Whether an entry is what this one wants: a rate that has changed meanwhile does not make it
    /// another one.
    fn is_same(&self, entry: &CreditEntry) -> bool {
        self.scope == entry.scope
            && self.kind == entry.kind
            && self.original_amount == entry.original_amount
            && self.currency == entry.currency
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Credited {
    /// It is paid in.
    Made(CreditEntry),
    /// It was, as this entry.
    Found(CreditEntry),
    /// That reference is another entry's.
    Differs(CreditEntry),
    /// The sum of the account's entries, which is this one, would pass [`MAX_TOTAL`].
    TooMuch(Money),
}

/// Pays in, or finds that it has been. The first entry opens the account and makes its namespace or
/// organization prepaid. `revision` is the policy's new one, whose lock lets one entry be made at a
/// time. The transaction is to be committed if an entry was made.
pub async fn credit(
    tx: &mut Tx,
    request: &CreditRequest,
    revision: u64,
    actor: &Actor,
) -> Result<Credited, StoreError> {
    let found = credits::by_reference(tx, &request.organization, &request.reference).await?;
    if let Some(found) = found {
        return Ok(match request.is_same(&found) {
            true => Credited::Found(found),
            false => Credited::Differs(found),
        });
    }
    let scope = request.scope.to_string();
    lock_account(tx, &scope).await?;
    let open = credits::open_account(tx, &scope).await?;
    let is_new = open.is_none();
    let account = match open {
        Some(account) => account,
        None => make_account(tx, &request.scope, &request.organization, actor.at).await?,
    };
    let total = account.credited.checked_add(request.amount);
    let fits = |total: &Money| total.nanos().unsigned_abs() <= MAX_TOTAL.nanos().unsigned_abs();
    if total.filter(fits).is_none() {
        return Ok(Credited::TooMuch(account.credited));
    }
    let entry = add_entry(tx, &account, request, actor).await?;
    if is_new {
        make_prepaid(tx, &request.scope, revision, actor).await?;
    }
    audit::record(tx, actor, entry_change(&entry)).await?;
    Ok(Credited::Made(entry))
}

/// Adds an entry to an account whose scope is locked, and lets gateways that were refused ask again.
pub(super) async fn add_entry(
    tx: &mut Tx,
    account: &Account,
    request: &CreditRequest,
    actor: &Actor,
) -> Result<CreditEntry, StoreError> {
    let entry = CreditEntry {
        id: ids::credit_id(actor.at),
        account: account.id.clone(),
        number: account.entries.saturating_add(1),
        scope: request.scope.clone(),
        organization: request.organization.clone(),
        reference: request.reference.clone(),
        kind: request.kind,
        amount: request.amount,
        original_amount: request.original_amount,
        currency: request.currency.clone(),
        rate: request.rate,
        author: actor.id.clone(),
        created_at: actor.at,
    };
    credits::insert(tx, &entry).await?;
    if entry.amount.is_positive() {
        leases::mark_scarce(tx, &account.scope, Timestamp::EPOCH).await?;
    }
    Ok(entry)
}

/// What the audit is told of a new entry.
pub(super) fn entry_change(entry: &CreditEntry) -> Change {
    let change = Change::new(&entry.organization, "credits.create", &entry.id).after(entry);
    match &entry.scope {
        Scope::Namespace(name) => change.within(name),
        _ => change,
    }
}

/// Opens the account of a namespace or an organization, if it has none. The policy must be locked.
pub async fn open(
    tx: &mut Tx,
    scope: &Scope,
    organization: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = scope.to_string();
    lock_account(tx, &name).await?;
    if credits::open_account(tx, &name).await?.is_none() {
        make_account(tx, scope, organization, now).await?;
    }
    Ok(())
}

/// Locks a scope. Where it has no account yet, bookings wait until it has: none of them is between its
/// events and the question whose they are. The policy is locked, so nobody else opens it meanwhile.
async fn lock_account(tx: &mut Tx, scope: &str) -> Result<(), StoreError> {
    if credits::open_account(tx, scope).await?.is_none() {
        credits::wait_for_bookings(tx).await?;
    }
    leases::lock(tx, &BTreeSet::from([scope.to_owned()])).await?;
    Ok(())
}

/// Makes an account. Gateways' clocks may be ahead: what started from now on and is booked already is
/// the account's as well.
async fn make_account(
    tx: &mut Tx,
    scope: &Scope,
    organization: &str,
    now: Timestamp,
) -> Result<Account, StoreError> {
    let mut account = Account {
        id: ids::account_id(now),
        scope: scope.to_string(),
        organization: organization.to_owned(),
        opened_at: now,
        closed_at: None,
        entries: 0,
        credited: Money::ZERO,
        booked: Money::ZERO,
    };
    credits::insert_account(tx, &account).await?;
    let mut days: BTreeMap<(String, u64), Money> = BTreeMap::new();
    for (started_at, cost) in credits::booked_since(tx, scope, now).await? {
        let day = start_of(DAY, started_at).secs();
        let sum = days.entry((account.id.clone(), day)).or_default();
        *sum = sum.saturating_add(cost);
        account.booked = account.booked.saturating_add(cost);
    }
    credits::add_booked(tx, days).await?;
    Ok(account)
}

/// Closes the account of what is deleted. What is left of it is nobody's: the account is answered, so
/// that the audit can tell. The policy must be locked.
pub async fn close(
    tx: &mut Tx,
    scope: &Scope,
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    let name = scope.to_string();
    leases::lock(tx, &BTreeSet::from([name.clone()])).await?;
    let account = credits::open_account(tx, &name).await?;
    if let Some(account) = &account {
        credits::close_account(tx, &account.id, now).await?;
    }
    Ok(account)
}

/// Has gateways borrow of the balance of a namespace or an organization.
async fn make_prepaid(
    tx: &mut Tx,
    scope: &Scope,
    revision: u64,
    actor: &Actor,
) -> Result<(), StoreError> {
    match scope {
        Scope::Namespace(name) => {
            let Some(before) = namespaces::find(tx, name).await? else {
                return Ok(());
            };
            let mut after = before.clone();
            (after.prepaid, after.revision, after.updated_at) = (true, revision, actor.at);
            namespaces::update(tx, &after).await?;
            let change = Change::new(&after.organization, "namespace.update", name);
            let change = change.within(name).before(&before).after(&after);
            audit::record(tx, actor, change).await
        }
        Scope::Organization(name) => {
            let Some(before) = organizations::find(tx, name).await? else {
                return Ok(());
            };
            let mut after = before.clone();
            (after.prepaid, after.revision, after.updated_at) = (true, revision, actor.at);
            organizations::update(tx, &after).await?;
            let change = Change::new(name, "organization.update", name);
            let change = change.before(&before).after(&after);
            audit::record(tx, actor, change).await
        }
        _ => Ok(()),
    }
}
