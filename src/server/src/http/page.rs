//! One page of a list, in OpenAI's list shape.

use super::body::values::value;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Most rows of one page.
const MAX: u64 = 1_000;

/// The rows of a page, from 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u64);

value!(
    PageSize,
    "a whole number from 1 to 1000",
    |value| {
        let rows = value.as_str()?.parse().ok()?;
        (1..=MAX).contains(&rows).then_some(PageSize(rows))
    },
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX))
);

impl Default for PageSize {
    fn default() -> PageSize {
        PageSize(100)
    }
}

impl PageSize {
    /// The rows of the page.
    pub fn rows(self) -> u64 {
        self.0
    }

    /// One row more than the page has: whether there is another page.
    pub fn and_one_more(self) -> u64 {
        self.0.saturating_add(1)
    }
}

/// A whole number in a query string, in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryNumber<const MIN: u64, const MAX: u64>(pub u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for QueryNumber<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse().ok();
        let number = number.filter(|number| (MIN..=MAX).contains(number));
        number.map(QueryNumber).ok_or_else(|| {
            let expected = format!("a whole number from {MIN} to {MAX}");
            D::Error::invalid_value(Unexpected::Str(&text), &expected.as_str())
        })
    }
}

impl<const MIN: u64, const MAX: u64> PartialSchema for QueryNumber<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::Integer);
        let schema = schema.minimum(Some(MIN)).maximum(Some(MAX));
        RefOr::T(schema.into())
    }
}

impl<const MIN: u64, const MAX: u64> ToSchema for QueryNumber<MIN, MAX> {}

/// Which page of a list that has no other parameters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of the page; 100 by default.
    #[param(inline)]
    pub limit: Option<PageSize>,
    /// The `last_id` of the page before.
    pub after: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// Always `list`.
    object: &'static str,
    /// The rows.
    data: Vec<T>,
    /// The id of the first row.
    first_id: Option<String>,
    /// The id of the last row: `after` of the next page.
    last_id: Option<String>,
    /// Whether there is another page.
    has_more: bool,
}

impl<T> Page<T> {
    /// A page of at most `limit` rows, if one row more than that was asked for. `id` is a row's id,
    /// `view` how it is answered.
    pub fn of<R>(
        mut found: Vec<R>,
        limit: u64,
        id: impl Fn(&R) -> &str,
        view: impl FnMut(&R) -> T,
    ) -> Page<T> {
        let rows = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = found.len() > rows;
        found.truncate(rows);
        Page {
            has_more,
            ..Page::all(&found, id, view)
        }
    }

    /// All there is, as it is answered.
    pub fn whole(data: Vec<T>, id: impl Fn(&T) -> &str) -> Page<T> {
        Page {
            object: "list",
            first_id: data.first().map(|row| id(row).to_owned()),
            last_id: data.last().map(|row| id(row).to_owned()),
            data,
            has_more: false,
        }
    }

    /// All there is, on one page.
    pub fn all<R>(found: &[R], id: impl Fn(&R) -> &str, view: impl FnMut(&R) -> T) -> Page<T> {
        Page {
            object: "list",
            first_id: found.first().map(|row| id(row).to_owned()),
            last_id: found.last().map(|row| id(row).to_owned()),
            data: found.iter().map(view).collect(),
            has_more: false,
        }
    }
}
