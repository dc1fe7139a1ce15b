//! The scopes that have budgets.

use paddock_core::policy::budget_scope;
use std::fmt;

/// An organization, a namespace, a key, an end user, a reservation or a budget of an organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// By its name.
    Organization(String),
    /// By its name.
    Namespace(String),
    /// By its id.
    Key(String),
    /// By the namespace, and the user's name as it is in a scope.
    User(String, String),
    /// By the namespace, and the rest of its name.
    Reservation(String, String),
    /// By the organization, and its name there.
    Budget(String, String),
}

impl Scope {
    /// From `key:ID`, `namespace:NAME`, `organization:NAME`, `user:NAMESPACE/USER` or
    /// `reservation:NAMESPACE/ID` or `budget:ORGANIZATION/NAME`; `None` otherwise.
    pub fn parse(text: &str) -> Option<Scope> {
        let (kind, name) = text.split_once(':')?;
        match kind {
            "key" => Some(Scope::Key(name.to_owned())),
            "namespace" => Some(Scope::Namespace(name.to_owned())),
            "organization" => Some(Scope::Organization(name.to_owned())),
            "user" => {
                let (namespace, user) = name.split_once('/')?;
                Some(Scope::User(namespace.to_owned(), user.to_owned()))
            }
            "reservation" => {
                let (namespace, id) = name.split_once('/')?;
                Some(Scope::Reservation(namespace.to_owned(), id.to_owned()))
            }
            "budget" => {
                let (organization, name) = name.split_once('/')?;
                Some(Scope::Budget(organization.to_owned(), name.to_owned()))
            }
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
            Scope::User(namespace, user) => write!(f, "user:{namespace}/{user}"),
            Scope::Budget(organization, name) => f.write_str(&budget_scope(organization, name)),
            Scope::Reservation(namespace, id) => write!(f, "reservation:{namespace}/{id}"),
        }
    }
}
