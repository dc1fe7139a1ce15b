//! Between the columns of a row and the values of the program, the same on both databases: amounts
//! and moments are BIGINT, words of enums are TEXT, lists and documents are JSON in TEXT.

use super::{loaded, stored};
use crate::model::alert::{AlertAction, AlertWindow};
use crate::model::credits::EntryKind;
use crate::model::credits::currency::Rate;
use crate::model::delivery::Channel;
use crate::model::scope::Scope;
use crate::model::sealed::Sealed;
use crate::model::webhook::WebhookEvent;
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::{
    CapPeriod, ContentMode, Deployment, EndpointScope, FailureMode, FormatPaths, LimitKind,
    MediaTokens, OutputLimitField, Priority, Role, RoleRights, Routing, Settings, UnknownPrice,
};
use paddock_core::price::Price;
use paddock_core::stored::StoredId;
use paddock_core::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// Where the values of a row go, column by column: to a statement, or into a message of COPY.
pub trait Sink {
    /// A BIGINT.
    fn int(&mut self, value: Option<i64>);
    /// A BOOLEAN.
    fn flag(&mut self, value: Option<bool>);
    /// A TEXT.
    fn text(&mut self, value: Option<&str>);
}

/// What can be written into one or several columns.
pub trait Bind {
    /// Writes it.
    fn bind(&self, to: &mut impl Sink);
    /// Writes NULL into its columns.
    fn null(to: &mut impl Sink);
}

/// What can be read from one or several columns.
pub trait Row: Sized {
    /// Reads it from the next columns.
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error>;
    /// The names of its columns in a table; `name` if it is one.
    fn names(name: &'static str, names: &mut Vec<&'static str>) {
        names.push(name);
    }
    /// What is read after its columns: expressions on the table.
    fn expressions() -> &'static [&'static str] {
        &[]
    }
}

/// What is stored in one column.
pub trait Column: Bind + Sized {
    /// As the databases have it: `i64`, `bool` or `String`.
    type Cell: Cell;
    /// Reads it; `None` if it is not what this program writes.
    fn load(cell: Option<Self::Cell>) -> Option<Self>;
}

/// One of the types both databases share.
pub trait Cell: Sized {
    /// The next column's value.
    fn next(columns: &mut Columns<'_>) -> Result<Option<Self>, sqlx::Error>;
    /// Writes NULL.
    fn null(to: &mut impl Sink);
}

/// The columns of one row, from the first one on.
#[derive(Debug)]
pub struct Columns<'r> {
    row: Source<'r>,
    next: usize,
}

enum Source<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("row")
    }
}

impl<'r> From<&'r SqliteRow> for Columns<'r> {
    fn from(row: &'r SqliteRow) -> Self {
        let row = Source::Sqlite(row);
        Columns { row, next: 0 }
    }
}

impl<'r> From<&'r PgRow> for Columns<'r> {
    fn from(row: &'r PgRow) -> Self {
        let row = Source::Postgres(row);
        Columns { row, next: 0 }
    }
}

impl Columns<'_> {
    /// What is in the next columns.
    pub fn read<T: Row>(&mut self) -> Result<T, sqlx::Error> {
        T::read(self)
    }
}

macro_rules! cells {
    ($($cell:ty: $sink:ident;)*) => {$(
        impl Cell for $cell {
            fn next(columns: &mut Columns<'_>) -> Result<Option<Self>, sqlx::Error> {
                let at = columns.next;
                columns.next = at.saturating_add(1);
                match columns.row {
                    Source::Sqlite(row) => row.try_get(at),
                    Source::Postgres(row) => row.try_get(at),
                }
            }

            fn null(to: &mut impl Sink) {
                to.$sink(None);
            }
        }
    )*};
}

cells! {
    i64: int;
    bool: flag;
    String: text;
}

impl<T: Column> Row for T {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        let at = columns.next;
        let cell = T::Cell::next(columns)?;
        T::load(cell).ok_or_else(|| sqlx::Error::ColumnDecode {
            index: at.to_string(),
            source: format!("it is no {}", std::any::type_name::<T>()).into(),
        })
    }
}

macro_rules! tuples {
    ($(($($part:ident),*);)*) => {$(
        impl<$($part: Row),*> Row for ($($part,)*) {
            fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
                Ok(($(columns.read::<$part>()?,)*))
            }
        }
    )*};
}

tuples! {
    (A);
    (A, B);
    (A, B, C);
    (A, B, C, D);
    (A, B, C, D, E);
    (A, B, C, D, E, F);
    (A, B, C, D, E, F, G);
    (A, B, C, D, E, F, G, H);
    (A, B, C, D, E, F, G, H, I);
    (A, B, C, D, E, F, G, H, I, J);
}

impl Row for () {
    fn read(_: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        Ok(())
    }
}

/// So many numbers.
impl<const N: usize> Row for [i64; N] {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = columns.read()?;
        }
        Ok(numbers)
    }
}

impl<T: Bind> Bind for Option<T> {
    fn bind(&self, to: &mut impl Sink) {
        match self {
            Some(value) => value.bind(to),
            None => T::null(to),
        }
    }

    fn null(to: &mut impl Sink) {
        T::null(to);
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn bind(&self, to: &mut impl Sink) {
        T::bind(self, to);
    }

    fn null(to: &mut impl Sink) {
        T::null(to);
    }
}

impl<T: Column> Column for Option<T> {
    type Cell = T::Cell;

    fn load(cell: Option<Self::Cell>) -> Option<Self> {
        match cell {
            Some(cell) => T::load(Some(cell)).map(Some),
            None => Some(None),
        }
    }
}

impl Bind for str {
    fn bind(&self, to: &mut impl Sink) {
        to.text(Some(self));
    }

    fn null(to: &mut impl Sink) {
        to.text(None);
    }
}

macro_rules! columns {
    ($($type:ty as $cell:ty: $sink:ident, $value:ident => $write:expr, $read:expr;)*) => {$(
        impl Bind for $type {
            fn bind(&self, to: &mut impl Sink) {
                let $value = self;
                to.$sink(Some($write));
            }

            fn null(to: &mut impl Sink) {
                to.$sink(None);
            }
        }

        impl Column for $type {
            type Cell = $cell;

            fn load(cell: Option<$cell>) -> Option<Self> {
                let read: fn($cell) -> Option<$type> = $read;
                cell.and_then(read)
            }
        }
    )*};
}

columns! {
    i64 as i64: int, value => *value, Some;
    u64 as i64: int, value => stored(*value), |cell| Some(loaded(cell));
    u16 as i64: int, value => i64::from(*value), |cell| u16::try_from(cell).ok();
    bool as bool: flag, value => *value, Some;
    String as String: text, value => value.as_str(), Some;
    Money as i64: int, value => value.nanos(), |cell| Some(Money::from_nanos(cell));
    Rate as i64: int, value => value.nanos(), |cell| Some(Rate::from_nanos(cell));
    Timestamp as i64: int, value => stored(value.nanos()),
        |cell| Some(Timestamp::from_nanos(loaded(cell)));
    Seconds as i64: int, value => stored(value.0.secs()),
        |cell| Some(Seconds(Timestamp::from_secs(loaded(cell))));
    Sealed as String: text, value => value.stored(), |cell| Some(Sealed::from(cell));
    KeyDigest as String: text, value => value.to_hex().as_str(), |cell| KeyDigest::from_hex(&cell);
    StoredId as String: text, value => value.to_hex().as_str(), |cell| StoredId::from_hex(&cell);
    Scope as String: text, value => value.to_string().as_str(), |cell| Scope::parse(&cell);
}

/// A moment in whole seconds, as tables of sums have the start of an interval.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Timestamp);

/// Enums, by the name their variant has in JSON.
macro_rules! words {
    ($($type:ty),* $(,)?) => { columns! {$(
        $type as String: text, value => json(value).trim_matches('"'),
            |cell| from_json(&format!("\"{cell}\""));
    )*} };
}

words! {
    Role, OutputLimitField, Priority, UnknownPrice, FailureMode, ContentMode, EntryKind, Channel, AlertWindow,
    AlertAction,
}

/// Lists and documents, as JSON.
macro_rules! documents {
    ($($type:ty),* $(,)?) => { columns! {$(
        $type as String: text, value => json(value).as_str(), |cell| from_json(&cell);
    )*} };
}

documents! {
    Vec<EndpointScope>, Vec<WebhookEvent>, Routing, RoleRights, Price,
    serde_json::Value, BTreeMap<i64, i64>,
}

/// NULL is read as an empty list, as older versions have stored it.
impl Column for Vec<String> {
    type Cell = String;

    fn load(cell: Option<String>) -> Option<Self> {
        cell.map_or_else(|| Some(Vec::new()), |text| from_json(&text))
    }
}

impl Bind for Vec<String> {
    fn bind(&self, to: &mut impl Sink) {
        to.text(Some(&json(self)));
    }

    fn null(to: &mut impl Sink) {
        to.text(None);
    }
}

/// Documents of which the default one is stored as NULL.
macro_rules! documents_or_null {
    ($($type:ty),* $(,)?) => {$(
        impl Bind for $type {
            fn bind(&self, to: &mut impl Sink) {
                let text = (*self != <$type>::default()).then(|| json(self));
                to.text(text.as_deref());
            }

            fn null(to: &mut impl Sink) {
                to.text(None);
            }
        }

        impl Column for $type {
            type Cell = String;

            fn load(cell: Option<String>) -> Option<Self> {
                cell.map_or_else(|| Some(<$type>::default()), |text| from_json(&text))
            }
        }
    )*};
}

documents_or_null!(
    Settings,
    FormatPaths,
    MediaTokens,
    Vec<LimitKind>,
    Vec<Deployment>,
    BTreeMap<CapPeriod, Money>
);

pub(super) fn json<T: Serialize>(value: &T) -> String {
    // Lists, maps and names of strings cannot fail to serialize.
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}
