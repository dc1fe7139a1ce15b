//! What was charged, by day, organization, namespace, model and set of tags: for a bill that is read by
//! programs.

use super::intervals;
use super::record::record;
use super::reports::TOKENS;
use super::usage::Selection;
use super::{StoreError, Tx, args};
use crate::model::period::DAY;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

/// What a namespace was charged for the calls of one model on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The first second of the UTC day.
    pub day: u64,
    /// The organization that the namespace belonged to.
    pub organization: String,
    /// The namespace.
    pub namespace: String,
    /// The model.
    pub model: String,
    /// The id of the tags of that time; empty for calls without tags.
    pub tag_set: String,
    /// How many calls.
    pub requests: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// What they cost.
    pub cost: Money,
}

record! { Charge { day, organization, namespace, model, tag_set, requests, tokens, cost } }

type Whose = (u64, String, String, String);

impl Charge {
    fn whose(&self) -> Whose {
        (
            self.day,
            self.organization.clone(),
            self.namespace.clone(),
            self.model.clone(),
        )
    }
}

/// The charges of whole UTC days, at most `most` of each kind of sums, in the order of their fields; `None` if
/// there are more.
pub async fn of_days(
    tx: &mut Tx,
    selection: &Selection,
    (start, end): (Timestamp, Timestamp),
    most: u64,
) -> Result<Option<Vec<Charge>>, StoreError> {
    let tagged = read(tx, "tag_rollups", "tag_set", selection, (start, end), most).await?;
    let all = read(tx, "rollups", "''", selection, (start, end), most).await?;
    let (Some(tagged), Some(all)) = (tagged, all) else {
        return Ok(None);
    };
    let mut rest: BTreeMap<Whose, Charge> = all
        .into_iter()
        .map(|charge| (charge.whose(), charge))
        .collect();
    for charge in &tagged {
        if let Some(rest) = rest.get_mut(&charge.whose()) {
            rest.requests = rest.requests.saturating_sub(charge.requests);
            rest.tokens = rest.tokens.saturating_sub(charge.tokens);
            rest.cost = rest.cost.saturating_sub(charge.cost);
        }
    }
    let is_left = |charge: &Charge| charge.requests > 0 || charge.cost != Money::default();
    let mut charges: Vec<Charge> = rest.into_values().filter(is_left).chain(tagged).collect();
    charges.sort_by(|a, b| (a.whose(), &a.tag_set).cmp(&(b.whose(), &b.tag_set)));
    Ok(Some(charges))
}

async fn read(
    tx: &mut Tx,
    table: &str,
    tag_set: &str,
    selection: &Selection,
    (start, end): (Timestamp, Timestamp),
    most: u64,
) -> Result<Option<Vec<Charge>>, StoreError> {
    let tokens = match table {
        "rollups" => TOKENS,
        _ => "tokens",
    };
    let mut values = args![most.saturating_add(1)];
    let further = selection.of_model(&mut values);
    let columns = format!(
        "starts_at AS day, organization, namespace, model, {tag_set} AS tag_set, requests, \
         {tokens} AS tokens, cost"
    );
    let days = [(DAY, start.secs(), end.secs())];
    let whose = selection.whose();
    let rows = intervals::rows((table, &columns), whose, &days, &further, &mut values);
    let sql = format!(
        "SELECT day, organization, namespace, model, tag_set, CAST(SUM(requests) AS BIGINT),
            CAST(SUM(tokens) AS BIGINT), CAST(SUM(cost) AS BIGINT)
        FROM ({rows}) AS days GROUP BY day, organization, namespace, model, tag_set
        ORDER BY day, organization, namespace, model, tag_set LIMIT $1"
    );
    let charges: Vec<Charge> = tx.all(sql, values).await?;
    let is_whole = charges.len() as u64 <= most;
    Ok(is_whole.then_some(charges))
}
