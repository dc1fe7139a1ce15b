//! Every refusal: its status, code, message, scope and headers, and that nothing reaches the
//! provider.

mod access;
mod capacity;
mod dialects;
mod size;

use crate::client::Answer;
use crate::gateway::{Gateway, Tenant, same};

/// A refusal that waiting a moment does not cure.
#[track_caller]
fn lasting(answer: Answer, status: u16, code: &str) -> Answer {
    let id = answer.header("x-request-id");
    assert!(
        id.is_some_and(|id| !id.is_empty()),
        "no request id:\n{answer}"
    );
    answer
        .expect(status)
        .with("content-type", "application/json")
        .with("x-should-retry", "false")
        .without("retry-after")
        .says("/error/code", code)
}

#[track_caller]
fn nothing_arrived(gateway: &Gateway, tenant: &Tenant) {
    same(gateway.seen(tenant).len(), 0, &gateway.seen(tenant));
    assert!(gateway.lines(tenant).is_empty(), "a refusal was booked");
}
