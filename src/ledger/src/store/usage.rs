//! What groups used over a time, in total and step by step: always from sums, never from events.

use super::columns::{Bind, Seconds};
use super::costs::Reach;
use super::intervals::{self, RollupInterval, Whose};
use super::record::record;
use super::reports::TOKENS;
use super::{Args, StoreError, Tx, args};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

/// What usage is grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Organizations.
    Organization,
    /// Namespaces.
    Namespace,
    /// Keys, by id.
    Key,
    /// Models.
    Model,
    /// End users; empty for calls that name none.
    User,
    /// Sets of tags, by id; calls without tags are in none.
    TagSet,
}

impl Dimension {
    const fn table(self) -> &'static str {
        match self {
            Dimension::User => "user_rollups",
            Dimension::TagSet => "tag_rollups",
            _ => "rollups",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Dimension::Organization => "organization",
            Dimension::Namespace => "namespace",
            Dimension::Key => "key_id",
            Dimension::Model => "model",
            Dimension::User => "end_user",
            Dimension::TagSet => "tag_set",
        }
    }
}

/// Which usage is looked at.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Whose.
    pub reach: Reach,
    /// Only of this key, by its id.
    pub key: Option<String>,
    /// Only of this model.
    pub model: Option<String>,
}

impl Selection {
    pub(super) fn whose(&self) -> Whose<'_> {
        Whose {
            key: self.key.as_deref(),
            ..self.reach.whose()
        }
    }

    pub(super) fn of_model(&self, values: &mut Args) -> String {
        match &self.model {
            Some(model) => {
                model.bind(values);
                format!(" AND model = ${}", values.len())
            }
            None => String::new(),
        }
    }
}

/// What some calls used. Of end users and tags, the kinds of tokens are not known and 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// How many calls.
    pub requests: u64,
    /// Prompt tokens that came from no cache.
    pub input_tokens: u64,
    /// Prompt tokens read from a cache.
    pub cached_input_tokens: u64,
    /// Prompt tokens written to a cache.
    pub cache_write_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Those of them that were reasoning.
    pub reasoning_tokens: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// What they cost.
    pub cost: Money,
}

record! {
    Used {
        requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens,
        reasoning_tokens, tokens, cost,
    }
}

impl Used {
    /// The sum of both.
    pub fn plus(self, other: Used) -> Used {
        Used {
            requests: self.requests.saturating_add(other.requests),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_input_tokens: (self.cached_input_tokens)
                .saturating_add(other.cached_input_tokens),
            cache_write_tokens: self
                .cache_write_tokens
                .saturating_add(other.cache_write_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
            tokens: self.tokens.saturating_add(other.tokens),
            cost: self.cost.saturating_add(other.cost),
        }
    }
}

/// What one group used.
#[derive(Clone, Debug)]
pub struct GroupUsed {
    /// Its name, or its id if it is a key.
    pub group: String,
    /// The last namespace, by name, in which it used anything.
    pub namespace: String,
    /// The same of organizations.
    pub organization: String,
    /// What it used.
    pub used: Used,
}

record! { GroupUsed { group = "grp", namespace, organization, used } }

/// The order of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What costs most comes first.
    Cost,
    /// What has most requests.
    Requests,
    /// What has most tokens.
    Tokens,
    /// By name.
    Name,
}

/// A condition that a column has one of some values; none if there are none.
fn among(column: &str, names: &[String], values: &mut Args) -> String {
    if names.is_empty() {
        return String::new();
    }
    let places: Vec<String> = names
        .iter()
        .map(|name| {
            name.bind(values);
            format!("${}", values.len())
        })
        .collect();
    format!(" AND {column} IN ({})", places.join(", "))
}

/// Columns of a table of sums, as [`Used`] reads them.
fn columns(table: &str) -> String {
    match table {
        "user_rollups" | "tag_rollups" => "requests, 0 AS input_tokens, 0 AS cached_input_tokens, \
            0 AS cache_write_tokens, 0 AS output_tokens, 0 AS reasoning_tokens, tokens, cost"
            .to_owned(),
        _ => format!(
            "requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, \
             reasoning_tokens, {TOKENS} AS tokens, cost"
        ),
    }
}

/// The sums of those columns.
const SUMS: &str = "CAST(COALESCE(SUM(requests), 0) AS BIGINT), \
    CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(cached_input_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(cache_write_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(reasoning_tokens), 0) AS BIGINT), \
    CAST(COALESCE(SUM(tokens), 0) AS BIGINT), CAST(COALESCE(SUM(cost), 0) AS BIGINT)";

/// What was used in some intervals of time, all groups together.
pub async fn total(
    tx: &mut Tx,
    selection: &Selection,
    intervals: &[RollupInterval],
) -> Result<Used, StoreError> {
    if intervals.is_empty() {
        return Ok(Used::default());
    }
    let mut values = args![];
    let further = selection.of_model(&mut values);
    let columns = columns("rollups");
    let table = ("rollups", columns.as_str());
    let rows = intervals::rows(table, selection.whose(), intervals, &further, &mut values);
    let sql = format!("SELECT {SUMS} FROM ({rows}) AS intervals");
    tx.one(sql, values).await
}

/// What each group used, or each of those that are named: at most `limit` of them after the first `offset`,
/// and how many there are.
pub async fn by_group(
    tx: &mut Tx,
    (dimension, names): (Dimension, &[String]),
    selection: &Selection,
    intervals: &[RollupInterval],
    (order, limit, offset): (Order, u64, u64),
) -> Result<(Vec<GroupUsed>, u64), StoreError> {
    if intervals.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let (table, column) = (dimension.table(), dimension.column());
    let mut values = args![limit, offset];
    let mut further = selection.of_model(&mut values);
    further.push_str(&among(column, names, &mut values));
    let columns = format!(
        "{column} AS grp, namespace, organization, {}",
        columns(table)
    );
    let rows = intervals::rows(
        (table, columns.as_str()),
        selection.whose(),
        intervals,
        &further,
        &mut values,
    );
    let order = match order {
        Order::Cost => "SUM(cost) DESC, grp",
        Order::Requests => "SUM(requests) DESC, grp",
        Order::Tokens => "SUM(tokens) DESC, grp",
        Order::Name => "grp",
    };
    let sql = format!(
        "SELECT CAST(COUNT(*) OVER () AS BIGINT), grp, MAX(namespace), MAX(organization), {SUMS}
        FROM ({rows}) AS intervals GROUP BY grp ORDER BY {order} LIMIT $1 OFFSET $2"
    );
    let found: Vec<(u64, GroupUsed)> = tx.all(sql, values).await?;
    let all = found.first().map_or(0, |(all, _)| *all);
    Ok((found.into_iter().map(|(_, group)| group).collect(), all))
}

/// What groups used in each interval of sums of one length: the interval's first moment, the group. Without
/// a dimension, all together, and the group is empty; without names, every group.
pub async fn by_step(
    tx: &mut Tx,
    groups: Option<(Dimension, &[String])>,
    selection: &Selection,
    interval: RollupInterval,
) -> Result<Vec<(Timestamp, String, Used)>, StoreError> {
    let mut values = args![];
    let mut further = selection.of_model(&mut values);
    let table = groups.map_or("rollups", |(dimension, _)| dimension.table());
    let mut group = "''";
    if let Some((dimension, names)) = groups {
        group = dimension.column();
        further.push_str(&among(group, names, &mut values));
    }
    let columns = format!("starts_at, {group} AS grp, {}", columns(table));
    let rows = intervals::rows(
        (table, columns.as_str()),
        selection.whose(),
        &[interval],
        &further,
        &mut values,
    );
    let sql = format!(
        "SELECT starts_at, grp, {SUMS} FROM ({rows}) AS steps
        GROUP BY starts_at, grp ORDER BY starts_at, grp"
    );
    let rows: Vec<(Seconds, String, Used)> = tx.all(sql, values).await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(start, group, used)| (start.0, group, used))
        .collect())
}

/// The first moment of the first day of which there are sums.
pub async fn first_day(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MIN(starts_at) FROM rollups WHERE granularity = 86400 AND starts_at >= 0";
    let (first,): (Option<Seconds>,) = tx.one(sql, args![]).await?;
    Ok(first.map(|first| first.0))
}
