//! What most handlers use.

pub(super) use crate::http::author::Author;
pub(super) use crate::http::body::values::{Dollars, Name, Tags, Text, Texts, Whole};
pub(super) use crate::http::body::{Body, Patch};
pub(super) use crate::http::caller::{Caller, Operator};
pub(super) use crate::http::deleted::Deleted;
pub(super) use crate::http::edit::Edit;
pub(super) use crate::http::error::ApiError;
pub(super) use crate::http::managed::{Managed, find};
pub(super) use crate::http::page::{Page, PageSize, QueryNumber};
pub(super) use crate::http::path::Path;
pub(super) use crate::http::query::Query;
pub(super) use crate::openapi::{parameters, refusals};
pub(super) use crate::state::{App, SharedApp};
pub(super) use axum::Json;
pub(super) use axum::extract::State;
pub(super) use axum::http::StatusCode;
pub(super) use serde::{Deserialize, Serialize};
pub(super) use utoipa::ToSchema;
