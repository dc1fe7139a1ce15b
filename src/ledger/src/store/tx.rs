//! One transaction, on either database.

use super::columns::{Bind, Columns, Row};
use super::{Args, StoreError, Value};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};
use std::borrow::Cow;
use std::fmt::Write;

/// Most values bound to one statement: below the limit of both databases.
const MAX_VALUES: usize = 30_000;
/// Most rows bound to one statement as arrays.
const MAX_ROWS: usize = 10_000;

/// A transaction: undone if it is dropped without [`Tx::commit`].
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Fetches rows from whichever database the transaction is of.
macro_rules! fetch {
    ($tx:expr, $sql:expr, $args:expr, $fetch:ident, $read:expr) => {{
        let (sql, args) = (AssertSqlSafe($sql), $args);
        match $tx {
            Tx::Sqlite(tx) => $read(bind!(sqlx::query(sql), args).$fetch(&mut **tx).await?),
            Tx::Postgres(tx) => $read(bind!(sqlx::query(sql), args).$fetch(&mut **tx).await?),
        }
    }};
}

macro_rules! bind {
    ($query:expr, $args:expr) => {
        $args.into_iter().fold($query, |query, value| match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value.map(without_nul)),
            Value::Bool(value) => query.bind(value),
        })
    };
}

macro_rules! bind_columns {
    ($query:expr, $columns:expr) => {
        $columns
            .into_iter()
            .fold($query, |query, column| match column {
                Column::Int(values) => query.bind(values),
                Column::Text(values) => query.bind(values),
                Column::Bool(values) => query.bind(values),
            })
    };
}

impl Tx {
    /// Makes all of it last.
    ///
    /// # Errors
    /// If it fails, nothing of it happened, or it is not known whether it did.
    pub async fn commit(self) -> Result<(), StoreError> {
        let ended = match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        };
        ended.map_err(StoreError::Commit)
    }

    /// Runs a statement; the number of rows it touched.
    pub async fn execute(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<u64, StoreError> {
        let (sql, args) = (AssertSqlSafe(sql.into()), args);
        Ok(match self {
            Tx::Sqlite(tx) => bind!(sqlx::query(sql), args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Tx::Postgres(tx) => bind!(sqlx::query(sql), args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// The rows a statement answers.
    pub async fn all<T: Row>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<Vec<T>, StoreError> {
        Ok(fetch!(self, sql.into(), args, fetch_all, |rows: Vec<
            _,
        >| {
            rows.iter().map(read).collect::<Result<Vec<T>, _>>()
        })?)
    }

    /// The row a statement answers, if it answers one.
    pub async fn optional<T: Row>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<Option<T>, StoreError> {
        Ok(fetch!(
            self,
            sql.into(),
            args,
            fetch_optional,
            |row: Option<_>| { row.as_ref().map(read).transpose() }
        )?)
    }

    /// The one row a statement answers.
    ///
    /// # Errors
    /// If there is none or the row is not of the type.
    pub async fn one<T: Row>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<T, StoreError> {
        Ok(fetch!(self, sql.into(), args, fetch_one, |row| read(&row))?)
    }

    /// Runs `head ROWS tail` for many rows of one width, in as few statements as the databases
    /// allow; the rows they answer. `ROWS` is a list of values on SQLite, and the rows of arrays on
    /// PostgreSQL, whose text and plan are the same for any number of rows. Their columns are called
    /// `column1`, `column2`, ….
    pub async fn many<T: Row>(
        &mut self,
        head: &str,
        rows: Vec<Args>,
        tail: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut answers = Vec::new();
        match self {
            Tx::Sqlite(tx) => {
                for (sql, args) in listed(head, rows, tail) {
                    let query = bind!(sqlx::query(AssertSqlSafe(sql)), args);
                    read_all(&query.fetch_all(&mut **tx).await?, &mut answers)?;
                }
            }
            Tx::Postgres(tx) => {
                for (sql, columns) in unnested(head, rows, tail) {
                    let query = bind_columns!(sqlx::query(AssertSqlSafe(sql)), columns);
                    read_all(&query.fetch_all(&mut **tx).await?, &mut answers)?;
                }
            }
        }
        Ok(answers)
    }

    /// The same of statements that answer nothing: how many rows they touched.
    pub async fn execute_many(
        &mut self,
        head: &str,
        rows: Vec<Args>,
        tail: &str,
    ) -> Result<u64, StoreError> {
        let mut touched: u64 = 0;
        match self {
            Tx::Sqlite(tx) => {
                for (sql, args) in listed(head, rows, tail) {
                    let query = bind!(sqlx::query(AssertSqlSafe(sql)), args);
                    let done = query.execute(&mut **tx).await?;
                    touched = touched.saturating_add(done.rows_affected());
                }
            }
            Tx::Postgres(tx) => {
                for (sql, columns) in unnested(head, rows, tail) {
                    let query = bind_columns!(sqlx::query(AssertSqlSafe(sql)), columns);
                    let done = query.execute(&mut **tx).await?;
                    touched = touched.saturating_add(done.rows_affected());
                }
            }
        }
        Ok(touched)
    }

    /// Runs `head IN (…) tail` for many values, after the statement's `fixed` first values. On PostgreSQL
    /// they are one array: a list of parameters is put together anew for every row that is looked at.
    pub async fn among<T: Row>(
        &mut self,
        head: &str,
        fixed: Args,
        names: impl IntoIterator<Item: Bind>,
        tail: &str,
    ) -> Result<Vec<T>, StoreError> {
        let names: Vec<Value> = names.into_iter().map(|name| Value::of(&name)).collect();
        let mut answers = Vec::new();
        let first = fixed.len();
        match self {
            Tx::Sqlite(tx) => {
                for chunk in names.chunks(512) {
                    // The last name again fills the list up to a power of two: few statements to prepare.
                    let size = chunk.len().next_power_of_two();
                    let last = chunk.last().into_iter().cycle();
                    let mut args = fixed.clone();
                    args.extend(chunk.iter().chain(last).take(size).cloned());
                    let sql = format!("{head} IN {} {tail}", tuple(first, size));
                    let query = bind!(sqlx::query(AssertSqlSafe(sql)), args);
                    read_all(&query.fetch_all(&mut **tx).await?, &mut answers)?;
                }
            }
            Tx::Postgres(tx) => {
                let number = first.saturating_add(1);
                for chunk in names.chunks(MAX_ROWS) {
                    let Some(of) = chunk.first() else { continue };
                    let mut column = Column::of(of, chunk.len());
                    for name in chunk {
                        column.push(name.clone());
                    }
                    let sql = format!("{head} = ANY(${number}::{}[]) {tail}", sql_type(of));
                    let query = bind!(sqlx::query(AssertSqlSafe(sql)), fixed.clone());
                    let query = bind_columns!(query, [column]);
                    read_all(&query.fetch_all(&mut **tx).await?, &mut answers)?;
                }
            }
        }
        Ok(answers)
    }
}

fn read<'r, R, T: Row>(row: &'r R) -> Result<T, sqlx::Error>
where
    Columns<'r>: From<&'r R>,
{
    Columns::from(row).read()
}

fn read_all<R, T: Row>(rows: &[R], answers: &mut Vec<T>) -> Result<(), sqlx::Error>
where
    for<'r> Columns<'r>: From<&'r R>,
{
    for row in rows {
        answers.push(read(row)?);
    }
    Ok(())
}

/// One value of each of some rows.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bool(Vec<Option<bool>>),
}

impl Column {
    /// For values of the kind of the first one.
    fn of(first: &Value, rows: usize) -> Column {
        match first {
            Value::Int(_) => Column::Int(Vec::with_capacity(rows)),
            Value::Text(_) => Column::Text(Vec::with_capacity(rows)),
            Value::Bool(_) => Column::Bool(Vec::with_capacity(rows)),
        }
    }

    /// A value of another kind than the first becomes NULL, which no column takes by mistake.
    fn push(&mut self, value: Value) {
        match (self, value) {
            (Column::Int(values), Value::Int(value)) => values.push(value),
            (Column::Text(values), Value::Text(value)) => values.push(value.map(without_nul)),
            (Column::Bool(values), Value::Bool(value)) => values.push(value),
            (Column::Int(values), _) => values.push(None),
            (Column::Text(values), _) => values.push(None),
            (Column::Bool(values), _) => values.push(None),
        }
    }
}

const fn sql_type(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "BIGINT",
        Value::Text(_) => "TEXT",
        Value::Bool(_) => "BOOLEAN",
    }
}

/// Statements with at most [`MAX_ROWS`] rows as arrays.
fn unnested(head: &str, rows: Vec<Args>, tail: &str) -> Vec<(String, Vec<Column>)> {
    let mut statements = Vec::new();
    let Some(width) = rows.first().map(Vec::len) else {
        return statements;
    };
    let arrays = rows.first().into_iter().flatten().zip(1..);
    let arrays = arrays.map(|(value, number)| format!("${number}::{}[]", sql_type(value)));
    let names = (1..=width).map(|number| format!("column{number}"));
    let sql = format!(
        "{head} SELECT * FROM UNNEST({}) AS rows ({}) {tail}",
        arrays.collect::<Vec<String>>().join(", "),
        names.collect::<Vec<String>>().join(", ")
    );
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let size = rows.len().min(MAX_ROWS);
        let first = rows.peek().into_iter().flatten();
        let mut columns: Vec<Column> = first.map(|value| Column::of(value, size)).collect();
        for row in rows.by_ref().take(size) {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        statements.push((sql.clone(), columns));
    }
    statements
}

/// Statements with lists of values. The placeholders have no numbers: SQLite looks a numbered one up
/// by its name, which for thousands of them takes longer than the statement.
fn listed(head: &str, rows: Vec<Args>, tail: &str) -> Vec<(String, Args)> {
    let mut statements: Vec<(String, Args)> = Vec::new();
    let Some(width) = rows.first().map(Vec::len) else {
        return statements;
    };
    let most = MAX_VALUES.checked_div(width).unwrap_or(1).clamp(1, 256);
    let tuple = format!("({})", vec!["?"; width].join(", "));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        // Few different lengths, so that the statements are prepared once and kept.
        let size = match rows.len() {
            left if left >= most => most,
            left => 1_usize << left.ilog2(),
        };
        let args: Args = rows.by_ref().take(size).flatten().collect();
        let tuples = vec![tuple.as_str(); size].join(", ");
        statements.push((format!("{head} VALUES {tuples} {tail}"), args));
    }
    statements
}

/// PostgreSQL cannot hold U+0000 in a text: it becomes U+FFFD.
pub(super) fn without_nul(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// `($1, $2)` after `first` values.
fn tuple(first: usize, width: usize) -> String {
    let mut text = String::from("(");
    for at in 0..width {
        let separator = if at > 0 { ", " } else { "" };
        let number = first.saturating_add(at).saturating_add(1);
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}${number}");
    }
    text.push(')');
    text
}
