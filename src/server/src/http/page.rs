//! One page of a list, in OpenAI's list shape.

use super::query;
use serde::Serialize;
use utoipa::ToSchema;

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
        let has_more = query::cut(&mut found, limit);
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
