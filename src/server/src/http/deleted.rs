//! The answer to a deletion.

use serde::Serialize;
use utoipa::ToSchema;

/// That something was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// What was deleted.
    id: String,
    /// Its kind.
    object: &'static str,
    /// Always true.
    deleted: bool,
}

impl Deleted {
    /// Something of that kind.
    pub fn new(object: &'static str, id: impl Into<String>) -> Deleted {
        Deleted {
            id: id.into(),
            object,
            deleted: true,
        }
    }
}
