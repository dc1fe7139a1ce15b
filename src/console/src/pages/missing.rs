//! What there is no page of.

use crate::api::Refusal;
use crate::layout;
use crate::visitor::Visitor;
use axum::response::Response;

/// Any other path of the console.
pub async fn show(visitor: Visitor) -> Response {
    layout::refused(
        &visitor,
        &Refusal::missing("There is no such page. Choose one in the menu."),
    )
}
