//! One transaction, on either database.

use super::{Args, StoreError, Value};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Postgres, Sqlite, Transaction};
use std::borrow::Cow;
use std::fmt::Write;

/// Most values bound to one statement: below the limit of both databases.
const MAX_VALUES: usize = 30_000;

/// What a row is read into: a tuple, or a struct that derives [`FromRow`].
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// A transaction: undone where it is dropped without [`Tx::commit`].
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one query on whichever database the transaction is of.
macro_rules! run {
    ($tx:expr, $make:expr, $sql:expr, $args:expr, $fetch:ident) => {{
        let (sql, args) = (AssertSqlSafe($sql), $args);
        match $tx {
            Tx::Sqlite(tx) => bind!($make(sql), args).$fetch(&mut **tx).await?,
            Tx::Postgres(tx) => bind!($make(sql), args).$fetch(&mut **tx).await?,
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

impl Tx {
    /// Makes all of it last.
    ///
    /// # Errors
    /// Where the database cannot: then nothing of it happened, or it is not known whether it did.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Runs a statement; the number of rows it touched.
    ///
    /// # Errors
    /// Where the database refuses it.
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
    ///
    /// # Errors
    /// Where the database refuses it or a row is not of the type.
    pub async fn all<T: Row>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<Vec<T>, StoreError> {
        Ok(run!(self, sqlx::query_as, sql.into(), args, fetch_all))
    }

    /// The row a statement answers, where it answers one.
    ///
    /// # Errors
    /// Where the database refuses it or the row is not of the type.
    pub async fn optional<T: Row>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<Option<T>, StoreError> {
        Ok(run!(self, sqlx::query_as, sql.into(), args, fetch_optional))
    }

    /// The one row a statement answers.
    ///
    /// # Errors
    /// Where there is none, the database refuses it or the row is not of the type.
    pub async fn one<T: Row>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Args,
    ) -> Result<T, StoreError> {
        Ok(run!(self, sqlx::query_as, sql.into(), args, fetch_one))
    }

    /// Runs `head VALUES (…), (…) tail` for many rows of one width, in as few statements as the
    /// databases allow; the rows they answer.
    ///
    /// # Errors
    /// Where the database refuses one.
    pub async fn many<T: Row>(
        &mut self,
        head: &str,
        rows: Vec<Args>,
        tail: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut answers = Vec::new();
        let Some(width) = rows.first().map(Vec::len) else {
            return Ok(answers);
        };
        let most = MAX_VALUES.checked_div(width).unwrap_or(1).clamp(1, 256);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            // Few different lengths, so that the statements are prepared once and kept.
            let size = match rows.len() {
                left if left >= most => most,
                left => 1_usize << left.ilog2(),
            };
            let args: Args = rows.by_ref().take(size).flatten().collect();
            let sql = format!("{head} VALUES {} {tail}", self.tuples(size, width));
            answers.extend(self.all::<T>(sql, args).await?);
        }
        Ok(answers)
    }

    /// `($1, $2), ($3, $4)`; on SQLite `(?, ?), (?, ?)`, because there a numbered placeholder is
    /// looked up by its name, which for thousands of them takes longer than the statement.
    fn tuples(&self, rows: usize, width: usize) -> String {
        let is_sqlite = matches!(self, Tx::Sqlite(_));
        let row = |row: usize| match is_sqlite {
            true => format!("({})", vec!["?"; width].join(", ")),
            false => tuple(row.saturating_mul(width), width),
        };
        (0..rows).map(row).collect::<Vec<String>>().join(", ")
    }

    /// Runs `head IN (…) tail` for many values, after the statement's `fixed` first values.
    ///
    /// # Errors
    /// Where the database refuses it or a row is not of the type.
    pub async fn among<T: Row>(
        &mut self,
        head: &str,
        fixed: Args,
        names: &[Value],
        tail: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut answers = Vec::new();
        for chunk in names.chunks(512) {
            // The last name again fills the list up to a power of two: few statements to prepare.
            let size = chunk.len().next_power_of_two();
            let last = chunk.last().into_iter().cycle();
            let mut args = fixed.clone();
            let first = args.len();
            args.extend(chunk.iter().chain(last).take(size).cloned());
            let sql = format!("{head} IN {} {tail}", tuple(first, size));
            answers.extend(self.all::<T>(sql, args).await?);
        }
        Ok(answers)
    }
}

/// PostgreSQL cannot hold U+0000 in a text: it becomes U+FFFD.
fn without_nul(text: String) -> String {
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
