//! What pays for a call. If the reservation it names does, its namespace and its organization do not.

use crate::admission::{Budgeting, Scope, assign_record};
use crate::cache::Known;
use crate::exchange::call::Pending;
use crate::exchange::context::StepContext;
use crate::exchange::head::Head;
use crate::exchange::state::MAX_ROUNDS;
use crate::money::Money;
use crate::policy::{ReservationName, is_reservation_id};
use crate::store::SharedStore;
use crate::wire::ResolveRequest;
use std::rc::Rc;

/// What pays for a call.
pub(crate) enum Payer {
    /// The budgets of its namespace and its organization.
    Ordinary,
    /// The reservation it names.
    Reservation(Rc<Scope>),
    /// The service must be asked whether there is one of that name.
    Unknown(ResolveRequest),
}

/// The id a request gives, where it could be one. A gateway without a service knows of none.
pub(crate) fn reservation_id(header: Option<&[u8]>) -> Option<String> {
    let id = header.filter(|id| is_reservation_id(id))?;
    core::str::from_utf8(id).ok().map(str::to_owned)
}

/// What pays for a call that is to be admitted. Whatever keeps the reservation from paying, the
/// ordinary budgets do.
pub(crate) fn payer<S: SharedStore>(
    head: &Head,
    pending: &Pending,
    cx: &mut StepContext<'_, S>,
) -> Payer {
    let terms = cx.worker.terms();
    let Some(id) = awaited_reservation(head, pending) else {
        return Payer::Ordinary;
    };
    if terms.budgeting == Budgeting::Books {
        return Payer::Ordinary;
    }
    let caller = pending.call.grant.caller();
    let name = ReservationName {
        namespace: caller.namespace().policy.name.clone(),
        id: id.to_owned(),
    };
    let reservation = match cx.worker.cache.reservation(&name, cx.now) {
        Known::Yes(reservation) => reservation,
        Known::Unknown if pending.rounds < MAX_ROUNDS => {
            return Payer::Unknown(ResolveRequest {
                reservation: Some(name),
                catalog_revision: cx.worker.cache.catalog().map(|catalog| catalog.revision),
                ..ResolveRequest::default()
            });
        }
        Known::Unknown | Known::No => return Payer::Ordinary,
    };
    let most = cx.worker.config.max_reservations;
    match assign_record(cx.store, &reservation, most, terms.epochs, cx.now) {
        Some(scope) => Payer::Reservation(Rc::new(scope)),
        None => Payer::Ordinary,
    }
}

/// The reservation a call names that may still pay for it.
pub(crate) fn awaited_reservation<'a>(head: &'a Head, pending: &Pending) -> Option<&'a str> {
    let costs = pending.call.ask.money > Money::ZERO;
    head.reservation
        .as_deref()
        .filter(|_| costs && pending.may_be_reserved)
}

/// Has `reservation` pay in the place of the `paid` scopes. All of them rate the call as before.
pub(crate) fn pay_from(
    reservation: &Rc<Scope>,
    levels: &mut Vec<Rc<Scope>>,
    paid: [&Rc<Scope>; 2],
) {
    for level in levels.iter_mut() {
        if paid.iter().any(|paid| Rc::ptr_eq(paid, level)) {
            *level = Rc::new(level.unpaid());
        }
    }
    levels.push(Rc::clone(reservation));
}
