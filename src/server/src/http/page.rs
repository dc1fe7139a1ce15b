//! One page of a list, in OpenAI's list shape.

use super::body::values::value;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

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
