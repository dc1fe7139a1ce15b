//! An object whose names are the caller's, or of a list, and whose values are all of one kind.

use super::values::text_schema;
use paddock_core::price::parse_unit_name;
use paddock_core::usage::Tool;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Most entries of one table.
const MAX_ENTRIES: usize = 64;

/// What names an entry of a table.
pub trait Key: Ord + Sized {
    /// What a name must be.
    const EXPECTED: &'static str;
    /// What names are called in the name of a table's schema; empty for words.
    const KIND: &'static str;
    /// Reads a name.
    fn read(name: &str) -> Option<Self>;
    /// The name.
    fn name(&self) -> &str;
    /// What names there are.
    fn schema() -> ObjectBuilder;
}

/// A word of 1 to 64 letters, digits, `-`, `_` or `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word(String);

impl From<Word> for String {
    fn from(word: Word) -> String {
        word.0
    }
}

impl Key for Word {
    const KIND: &'static str = "";
    const EXPECTED: &'static str =
        "an object of up to 64 names, each of 1 to 64 letters, digits, '-', '_' or '.'";

    fn read(name: &str) -> Option<Word> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = (1..=64).contains(&name.len()) && name.chars().all(is_plain);
        fits.then(|| Word(name.to_owned()))
    }

    fn name(&self) -> &str {
        &self.0
    }

    fn schema() -> ObjectBuilder {
        text_schema(64).pattern(Some("^[A-Za-z0-9_.-]+$"))
    }
}

impl Key for Tool {
    const KIND: &'static str = "Tool";
    const EXPECTED: &'static str = "an object with the names 'web_search', 'file_search', \
        'code_interpreter', 'image_generation', 'grounding' or 'web_fetch'";

    fn read(name: &str) -> Option<Tool> {
        Tool::named(name)
    }

    fn name(&self) -> &str {
        Tool::name(*self)
    }

    fn schema() -> ObjectBuilder {
        let names = Tool::ALL.map(Tool::name);
        let names = ObjectBuilder::new().enum_values(Some(names));
        names.schema_type(Type::String)
    }
}

/// What has a price by the piece: a unit, of images with a quality and a size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitName(String);

impl From<UnitName> for String {
    fn from(name: UnitName) -> String {
        name.0
    }
}

impl Key for UnitName {
    const KIND: &'static str = "Unit";
    const EXPECTED: &'static str = "an object of up to 64 names, each 'image', 'image:QUALITY', \
        'image:SIZE', 'image:QUALITY:SIZE', 'second', 'character', 'page' or 'search_unit'";

    fn read(name: &str) -> Option<UnitName> {
        parse_unit_name(name).map(|_| UnitName(name.to_owned()))
    }

    fn name(&self) -> &str {
        &self.0
    }

    fn schema() -> ObjectBuilder {
        let quality = "[a-z][a-z0-9_.-]{0,31}";
        let size = "[0-9]{1,15}x[0-9]{1,15}";
        let pattern = format!("^(second|character|page|search_unit|image(:{quality})?(:{size})?)$");
        text_schema(96).pattern(Some(pattern))
    }
}

/// At most 64 entries, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<K, V>(BTreeMap<K, V>);

impl<K: Key, V> Table<K, V> {
    /// These entries. Names that none can have are left out.
    pub fn of<N: AsRef<str>>(entries: impl Iterator<Item = (N, V)>) -> Table<K, V> {
        let entries = entries.filter_map(|(name, value)| Some((K::read(name.as_ref())?, value)));
        Table(entries.collect())
    }
}

impl<K: Key, V> IntoIterator for Table<K, V> {
    type Item = (K, V);
    type IntoIter = std::collections::btree_map::IntoIter<K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Key, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key.name(), value)))
    }
}

impl<'de, K: Key, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K: Key, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
    type Value = Table<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table<K, V>, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let key = K::read(&name).filter(|_| entries.len() < MAX_ENTRIES);
            let key = key.ok_or_else(|| A::Error::invalid_value(Unexpected::Str(&name), &self))?;
            entries.insert(key, map.next_value()?);
        }
        Ok(Table(entries))
    }
}

impl<K: Key, V: ToSchema> PartialSchema for Table<K, V> {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().property_names(Some(K::schema()));
        let object = object.additional_properties(Some(V::schema()));
        RefOr::T(object.max_properties(Some(MAX_ENTRIES)).into())
    }
}

impl<K: Key, V: ToSchema> ToSchema for Table<K, V> {
    fn name() -> Cow<'static, str> {
        format!("{}TableOf{}", K::KIND, V::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        V::schemas(schemas);
    }
}
