//! What reservations keep from the caps of their namespaces and organizations.

use crate::model::Reservation;
use crate::model::scope::Scope;
use crate::rules::caps::LendingTerms;
use crate::store::leases::OpenLease;
use crate::store::{StoreError, Tx, leases, reservations};
use paddock_core::budget::set_aside;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;

/// The reservations that keep money from some scopes, with what gateways hold of them.
#[derive(Clone, Debug, Default)]
pub struct SetAside {
    reservations: Vec<(Reservation, Vec<OpenLease>)>,
    by_scope: HashMap<String, Money>,
    /// Leases of gateways that are gone.
    given_up: Vec<i64>,
}

impl SetAside {
    /// What is aside of those scopes that are namespaces or organizations.
    pub async fn read(
        tx: &mut Tx,
        terms: &LendingTerms,
        scopes: &[&str],
        now: Timestamp,
    ) -> Result<SetAside, StoreError> {
        let of = |prefix: &str| -> Vec<&str> {
            let names = scopes.iter().filter_map(|scope| scope.strip_prefix(prefix));
            names.collect()
        };
        let (namespaces, organizations) = (of("namespace:"), of("organization:"));
        if namespaces.is_empty() && organizations.is_empty() {
            return Ok(SetAside::default());
        }
        let found = reservations::unsettled(tx, &namespaces, &organizations).await?;
        let names: Vec<&str> = found.iter().map(|found| found.scope.as_str()).collect();
        let mut leases = leases::open_of(tx, &names).await?;
        let mut aside = SetAside::default();
        for reservation in found {
            let mut leases = leases.remove(&reservation.scope).unwrap_or_default();
            // Nobody asks for more of one that has ended, so that its leases are given up here.
            if reservation.has_ended(now) {
                let gone = leases.extract_if(.., |lease| terms.give_up(lease, now));
                aside.given_up.extend(gone.map(|lease| lease.id));
            }
            aside.add(reservation, leases, now);
        }
        Ok(aside)
    }

    fn add(&mut self, reservation: Reservation, leases: Vec<OpenLease>, now: Timestamp) {
        let out = leases.iter().fold(Money::ZERO, |sum, lease| {
            sum.saturating_add(lease.outstanding())
        });
        let (amount, spent) = (reservation.amount, reservation.spent);
        let aside = set_aside(amount, spent, out, reservation.has_ended(now));
        let above = [
            Scope::Namespace(reservation.name.namespace.clone()),
            Scope::Organization(reservation.organization.clone()),
        ];
        for scope in above {
            let sum = self.by_scope.entry(scope.to_string()).or_default();
            *sum = sum.saturating_add(aside);
        }
        self.reservations.push((reservation, leases));
    }

    /// What is aside of one of those scopes.
    pub fn of(&self, scope: &str) -> Money {
        self.by_scope.get(scope).copied().unwrap_or_default()
    }

    /// Takes note of those that were found to have ended, so that they have for everybody, and of
    /// those nobody holds anything of. The scopes must be locked.
    pub async fn note_ends(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        let ended = self
            .reservations
            .iter()
            .filter(|(found, _)| found.has_ended(now));
        let mut settled = Vec::new();
        for (reservation, leases) in ended {
            if reservation.ended_at.is_none() {
                reservations::end(tx, &reservation.scope, reservation.expires_at).await?;
            }
            if leases.is_empty() {
                settled.push(reservation.scope.clone());
            }
        }
        leases::close(tx, &self.given_up, now).await?;
        reservations::settle(tx, &settled, now).await
    }
}
