//! Records: what a row of a table is read into, and written from. Each names its columns once; the
//! texts of statements are made of that list.

use super::columns::{Bind, Row};
use super::{Args, StoreError, Tx};

/// A record that has a table of its own.
pub trait Record: Row + Bind {
    /// The table.
    const TABLE: &'static str;
}

/// The columns of a record, or of a group of columns, in their order.
///
/// ```text
/// record! {
///     Webhook in "webhooks" {
///         id, url, user = "user_id", limits,      // a field, a column of another name, a group
///     }
///     reads { last = "(SELECT …)" }               // only read
///     defaults { secrets }                        // neither
/// }
/// ```
macro_rules! record {
    (
        $type:ident $(in $table:literal)? { $($field:ident $(= $column:literal)?),* $(,)? }
        $(reads { $($read:ident = $expression:expr),* $(,)? })?
        $(defaults { $($default:ident),* $(,)? })?
    ) => {
        impl $crate::store::columns::Bind for $type {
            fn bind(&self, to: &mut impl $crate::store::columns::Sink) {
                $($crate::store::columns::Bind::bind(&self.$field, to);)*
            }

            fn null(to: &mut impl $crate::store::columns::Sink) {
                $($crate::store::record::null(|record: &$type| &record.$field, to);)*
            }
        }

        impl $crate::store::columns::Row for $type {
            fn read(
                columns: &mut $crate::store::columns::Columns<'_>,
            ) -> Result<Self, sqlx::Error> {
                Ok(Self {
                    $($field: columns.read()?,)*
                    $($($read: columns.read()?,)*)?
                    $($($default: Default::default(),)*)?
                })
            }

            fn names(_: &'static str, names: &mut Vec<&'static str>) {
                $($crate::store::record::names(
                    |record: &$type| &record.$field,
                    $crate::store::record::record!(@name $field $($column)?),
                    names,
                );)*
            }

            fn expressions() -> &'static [&'static str] {
                &[$($($expression),*)?]
            }
        }

        $(impl $crate::store::record::Record for $type {
            const TABLE: &'static str = $table;
        })?
    };
    (@name $field:ident $column:literal) => { $column };
    (@name $field:ident) => { stringify!($field) };
}
pub(crate) use record;

/// Writes NULL into the columns of a field, whose type its getter tells.
pub(super) fn null<R, T: Bind>(_: fn(&R) -> &T, to: &mut impl super::columns::Sink) {
    T::null(to);
}

/// The columns of a field, whose type its getter tells.
pub(super) fn names<R, T: Row>(_: fn(&R) -> &T, name: &'static str, all: &mut Vec<&'static str>) {
    T::names(name, all);
}

/// The names of a record's columns.
pub(super) fn columns<T: Row>() -> Vec<&'static str> {
    let mut names = Vec::new();
    T::names("", &mut names);
    names
}

/// `SELECT … FROM table`, followed by `rest`.
pub(super) fn select<T: Record>(rest: &str) -> String {
    select_with::<T>(&[], rest)
}

/// The same, with more expressions after the record's.
pub(super) fn select_with<T: Record>(more: &[&str], rest: &str) -> String {
    let mut names = columns::<T>();
    names.extend(T::expressions());
    names.extend(more);
    format!("SELECT {} FROM {} {rest}", names.join(", "), T::TABLE)
}

/// `INSERT INTO table (…) VALUES (…)` of these columns.
pub(super) fn insert_into(table: &str, columns: &[&str]) -> String {
    let places: Vec<String> = (1..=columns.len()).map(|at| format!("${at}")).collect();
    let (columns, places) = (columns.join(", "), places.join(", "));
    format!("INSERT INTO {table} ({columns}) VALUES ({places})")
}

/// `ON CONFLICT (key) DO UPDATE SET` of the other columns, but for when the row was made.
pub(super) fn or_replace(key: &[&str], columns: &[&str]) -> String {
    let others = columns
        .iter()
        .filter(|column| !key.contains(column) && **column != "created_at");
    let sets: Vec<String> = others
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    format!(
        " ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        sets.join(", ")
    )
}

impl Tx {
    /// Stores a new row.
    pub(super) async fn insert<T: Record>(&mut self, record: &T) -> Result<(), StoreError> {
        self.insert_or(record, "").await?;
        Ok(())
    }

    /// Stores a new row; `tail` says what becomes of one that is there already. How many rows it
    /// touched.
    pub(super) async fn insert_or<T: Record>(
        &mut self,
        record: &T,
        tail: &str,
    ) -> Result<u64, StoreError> {
        let sql = insert_into(T::TABLE, &columns::<T>());
        self.execute(format!("{sql} {tail}"), values(record)).await
    }

    /// Stores a changed row: its first column tells which it is.
    pub(super) async fn update<T: Record>(&mut self, record: &T) -> Result<(), StoreError> {
        let names = columns::<T>();
        let sets: Vec<String> = names
            .iter()
            .zip(1..)
            .skip(1)
            .map(|(name, at)| format!("{name} = ${at}"))
            .collect();
        let key = names.first().copied().unwrap_or_default();
        let sql = format!(
            "UPDATE {} SET {} WHERE {key} = $1",
            T::TABLE,
            sets.join(", ")
        );
        self.execute(sql, values(record)).await?;
        Ok(())
    }
}

fn values(record: &impl Bind) -> Args {
    let mut values = Args::new();
    record.bind(&mut values);
    values
}
