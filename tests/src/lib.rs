//! What the end-to-end tests and the soak run against.

pub mod faulty_filter;
pub mod installation;
pub mod upstream;
