//! The rows of sums that lie in some intervals of time.
//!
//! The tables of sums are in the order of time, and those of an interval in that of namespaces. So
//! what an installation or an organization used is read as a range of each interval, and what a namespace
//! used by a look into each interval of it, which neither database would do by itself.

use super::columns::Bind;
use super::{Args, Tx, args};
use crate::model::period::DAY;

/// Sums of one granularity, and the time they are taken from: whole seconds, its end excluded.
pub type RollupInterval = (u64, u64, u64);

/// Whose sums: everybody's if nothing is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose<'a> {
    /// Of an organization.
    pub organization: Option<&'a str>,
    /// Of a namespace.
    pub namespace: Option<&'a str>,
    /// Of a key, of a namespace that is given.
    pub key: Option<&'a str>,
}

impl Whose<'_> {
    /// Conditions for a statement that has `values` already.
    fn conditions(&self, values: &mut Args) -> String {
        let mut text = String::new();
        let parts = [
            ("organization", self.organization),
            ("namespace", self.namespace),
            ("key_id", self.key),
        ];
        for (column, name) in parts {
            if let Some(name) = name {
                name.bind(values);
                text.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        text
    }
}

/// The statement that selects `columns` of these rows, for one that has `values` already. `further`
/// are conditions on the rows.
pub fn rows(
    (table, columns): (&str, &str),
    whose: Whose<'_>,
    intervals: &[RollupInterval],
    further: &str,
    values: &mut Args,
) -> String {
    if intervals.is_empty() {
        return format!("SELECT {columns} FROM {table} AS t WHERE 1 = 0");
    }
    let conditions = whose.conditions(values);
    if whose.namespace.is_some() {
        let starts = intervals.iter().map(|(granularity, start, end)| {
            values.extend(args![*granularity, *start, *end]);
            let last = values.len();
            let [granularity, start, end] = [2, 1, 0].map(|before| last.saturating_sub(before));
            format!(
                "(CAST(${granularity} AS BIGINT), CAST(${start} AS BIGINT), CAST(${end} AS BIGINT))"
            )
        });
        let starts: Vec<String> = starts.collect();
        // On SQLite a cross join is done in the order it is written.
        return format!(
            "WITH RECURSIVE steps (step, place, until) AS (VALUES {}
                UNION ALL SELECT step, place + step, until FROM steps WHERE place + step < until)
            SELECT {columns} FROM steps CROSS JOIN {table} AS t
            WHERE t.granularity = steps.step AND t.starts_at = steps.place{conditions}{further}",
            starts.join(", ")
        );
    }
    let ranges = intervals.iter().map(|(granularity, start, end)| {
        // The numbers and not parameters: PostgreSQL has to know how many rows there will be. That they
        // are days at least leads SQLite to the index by organization.
        let index = match whose.organization {
            Some(_) if *granularity >= DAY => " AND granularity >= 86400",
            _ => "",
        };
        format!(
            "SELECT {columns} FROM {table} AS t WHERE granularity = {granularity}{index}
                AND starts_at >= {start} AND starts_at < {end}{conditions}{further}"
        )
    });
    ranges.collect::<Vec<String>>().join(" UNION ALL ")
}

/// The statement that selects `columns` of the rollups in a interval of time, of a namespace that is given:
/// as [`rows`] does, but from the first interval of the interval that anybody has to the last.
pub fn rows_within(
    tx: &Tx,
    columns: &str,
    whose: Whose<'_>,
    (granularity, start, end): RollupInterval,
    values: &mut Args,
) -> String {
    let conditions = whose.conditions(values);
    values.extend(args![granularity, start, end]);
    let last = values.len();
    let [granularity, start, end] = [2, 1, 0].map(|before| last.saturating_sub(before));
    let all = format!(
        "rollups WHERE granularity = ${granularity} AND starts_at >= ${start} AND starts_at < ${end}"
    );
    // PostgreSQL looks an array's values up in a third of the time of a join.
    let places = match tx {
        Tx::Sqlite(_) => "IN (SELECT place FROM steps)",
        Tx::Postgres(_) => "= ANY(ARRAY(SELECT place FROM steps))",
    };
    format!(
        "WITH RECURSIVE steps (place, until) AS (
            SELECT (SELECT MIN(starts_at) FROM {all}), (SELECT MAX(starts_at) FROM {all})
            UNION ALL SELECT place + ${granularity}, until FROM steps WHERE place < until)
        SELECT {columns} FROM rollups AS t
        WHERE t.granularity = ${granularity} AND t.starts_at {places}{conditions}"
    )
}
