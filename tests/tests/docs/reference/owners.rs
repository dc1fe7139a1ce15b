//! Who sets what, as the service's table has it.

use super::{code, table};
use paddock_ledger::model::owners::TABLE;

/// The whole table.
pub fn all() -> String {
    let rows = TABLE.iter().map(|row| {
        let fields: Vec<String> = row.fields.iter().map(|field| code(field)).collect();
        let mut others = TABLE.iter().filter(|other| other.of == row.of);
        let fields = match (
            fields.is_empty(),
            others.any(|other| !other.fields.is_empty()),
        ) {
            (true, true) => "all others".to_owned(),
            (true, false) => "all".to_owned(),
            (false, _) => fields.join(", "),
        };
        let owner = row.owner.name().to_owned();
        [row.of.to_owned(), fields, owner, row.within.to_owned()]
    });
    table(["of", "setting", "set by", "how far"], rows)
}
