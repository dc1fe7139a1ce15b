//! What the end-to-end tests and the soak run against.

pub mod attacks;
pub mod filters;
pub mod installation;
pub mod upstream;
