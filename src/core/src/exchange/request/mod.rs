//! A request on its way in: its headers, its body, its caller, and a resumption once the service has
//! answered.

mod body;
mod headers;
mod hold_body;
mod identify;
mod models;
mod pass_through;
mod resume;
