//! E-mail addresses in bodies.

use crate::http::body::values::{text_schema, trimmed, value};
use crate::outbound::mail;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat};

/// Longest address, in characters.
const MAX_LENGTH: usize = 256;
/// Most addresses of one list.
const MAX_LIST: usize = 20;

/// An address that mail can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

value!(
    Email,
    "an e-mail address, like alice@example.com",
    |value| {
        let address = trimmed(value, MAX_LENGTH)?;
        mail::is_address(&address).then_some(Email(address))
    },
    schema()
);

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

/// At most 20 addresses. Repeated ones count once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emails(Vec<String>);

value!(
    Emails,
    "a list of at most 20 e-mail addresses, like alice@example.com",
    |value| {
        let items = value.as_array().filter(|items| items.len() <= MAX_LIST)?;
        let mut addresses: Vec<String> = Vec::with_capacity(items.len());
        for item in items {
            let address = trimmed(item, MAX_LENGTH).filter(|text| mail::is_address(text))?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Some(Emails(addresses))
    },
    ArrayBuilder::new()
        .items(schema())
        .max_items(Some(MAX_LIST))
);

impl From<Emails> for Vec<String> {
    fn from(emails: Emails) -> Vec<String> {
        emails.0
    }
}

fn schema() -> ObjectBuilder {
    text_schema(MAX_LENGTH).format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
}
