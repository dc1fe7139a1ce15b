//! Paddock.
