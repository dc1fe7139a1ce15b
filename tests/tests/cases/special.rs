//! Cases that a request and an answer cannot say.

use crate::site::{Site, Tenant};

/// Whether a case needs no installation of the cases, but starts its own.
pub fn alone(id: &str) -> bool {
    matches!(id, "E2" | "E10")
}

/// Runs a case on its own installation; what differs.
pub async fn run(id: &str) -> Vec<String> {
    panic!("there is no case {id}")
}

/// Runs a case on a shared installation; what differs.
pub async fn on(_site: &Site, _tenant: &Tenant, id: &str) -> Vec<String> {
    panic!("there is no case {id}")
}
