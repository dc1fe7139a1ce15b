//! Corrections of a day, and those of its entries that are corrections: both must say the same.

use super::{Charge, Difference};
use crate::model::correction::Correction;
use crate::store::events::{EventRow, correction_row};
use crate::store::{StoreError, Tx, corrections};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;

/// The corrections that apply to a day or were created on it.
pub struct Corrections {
    day: Range<Timestamp>,
    all: Vec<Correction>,
    /// Those created on the day whose entries were not read yet, as those must be.
    unbooked: BTreeMap<String, EventRow>,
}

impl Corrections {
    /// Reads them.
    pub async fn read(tx: &mut Tx, day: Timestamp) -> Result<Corrections, StoreError> {
        let day = day..day.end_of_day();
        let all = corrections::between(tx, day.start, day.end).await?;
        let created = all.iter().filter(|one| day.contains(&one.created_at));
        let unbooked = created.map(|one| (one.id.clone(), correction_row(one)));
        Ok(Corrections {
            unbooked: unbooked.collect(),
            day,
            all,
        })
    }

    /// What the day's scopes and balances were charged or given back.
    pub fn charges(&self) -> impl Iterator<Item = Charge<'_>> {
        let applying = self.all.iter();
        let applying = applying.filter(|one| self.day.contains(&one.applies_at));
        applying.map(Charge::of_correction)
    }

    /// Takes note of an entry of the ledger.
    pub fn booked(&mut self, row: EventRow, tell: &mut (dyn FnMut(Difference) + Send)) {
        let text = |row: EventRow| format!("{} {:?}", row.cost, row.details().correction);
        let what = format!("{} {}", row.namespace, row.id);
        let found = self.unbooked.remove(&row.id).map(text);
        let expected = text(row);
        if found.as_ref() != Some(&expected) {
            tell(Difference {
                kind: "correction",
                what,
                expected,
                found: found.unwrap_or_else(|| "nothing".to_owned()),
            });
        }
    }

    /// Tells the corrections that have no entry.
    pub fn tell_missing(self, tell: &mut (dyn FnMut(Difference) + Send)) {
        for (id, row) in self.unbooked {
            tell(Difference {
                kind: "correction",
                what: format!("{} {id}", row.namespace),
                expected: "nothing".to_owned(),
                found: row.cost.to_string(),
            });
        }
    }
}
