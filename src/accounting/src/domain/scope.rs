//! The scopes that have budgets.

use std::fmt;

/// An organization, a namespace or a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// By its name.
    Organization(String),
    /// By its name.
    Namespace(String),
    /// By its id.
    Key(String),
}

impl Scope {
    /// From `key:ID`, `namespace:NAME` or `organization:NAME`; `None` otherwise.
    pub fn parse(text: &str) -> Option<Scope> {
        let (kind, name) = text.split_once(':')?;
        match kind {
            "key" => Some(Scope::Key(name.to_owned())),
            "namespace" => Some(Scope::Namespace(name.to_owned())),
            "organization" => Some(Scope::Organization(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Organization(name) => write!(f, "organization:{name}"),
            Scope::Namespace(name) => write!(f, "namespace:{name}"),
            Scope::Key(id) => write!(f, "key:{id}"),
        }
    }
}
