//! What providers count beside tokens: images, seconds, characters, pages, searches.

use core::fmt;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// An image that is made.
    Image,
    /// A second of sound that is written down; one that has begun counts whole.
    Second,
    /// A character of text that is spoken.
    Character,
    /// A page of a document that is read.
    Page,
    /// A search among up to 100 documents, in Cohere's words.
    SearchUnit,
}

impl Unit {
    /// Every unit, in the order of [`Units`].
    pub const ALL: [Unit; 5] = [
        Unit::Image,
        Unit::Second,
        Unit::Character,
        Unit::Page,
        Unit::SearchUnit,
    ];

    /// Its name in prices and events.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Image => "image",
            Unit::Second => "second",
            Unit::Character => "character",
            Unit::Page => "page",
            Unit::SearchUnit => "search_unit",
        }
    }

    /// The unit of that name.
    pub fn named(name: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// How many of each unit a call used, or may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units([u64; Unit::ALL.len()]);

impl Units {
    /// None of any.
    pub const NONE: Units = Units([0; Unit::ALL.len()]);

    /// So many of one.
    pub fn of(unit: Unit, count: u64) -> Units {
        let mut units = Units::NONE;
        units.raise(unit, count);
        units
    }

    /// Whether there are none of any.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// How many of one.
    pub fn get(&self, unit: Unit) -> u64 {
        self.0.get(unit as usize).copied().unwrap_or(0)
    }

    /// Takes the larger count: for running counts.
    pub fn raise(&mut self, unit: Unit, count: u64) {
        if let Some(own) = self.0.get_mut(unit as usize) {
            *own = count.max(*own);
        }
    }

    /// The units that were used.
    pub fn iter(&self) -> impl Iterator<Item = (Unit, u64)> {
        let counts = Unit::ALL.into_iter().zip(self.0);
        counts.filter(|(_, count)| *count > 0)
    }
}

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (unit, count) in self.iter() {
            map.serialize_entry(unit.name(), &count)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Units {
    /// A unit that is not known here is left out: a newer gateway may count more.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;
        impl<'de> Visitor<'de> for Counts {
            type Value = Units;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of units and how many were used")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Units, A::Error> {
                let mut units = Units::NONE;
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    match Unit::named(&name) {
                        Some(unit) => units.raise(unit, map.next_value()?),
                        None => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(units)
            }
        }
        deserializer.deserialize_map(Counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        let units: Units = serde_json::from_str(r#"{"image":2,"token_of_tomorrow":[1]}"#).unwrap();
        assert_eq!(units, Units::of(Unit::Image, 2));
        assert_eq!(serde_json::to_string(&units).unwrap(), r#"{"image":2}"#);
        assert!(!units.is_empty() && Units::NONE.is_empty());
        for unit in Unit::ALL {
            assert_eq!(Unit::named(unit.name()), Some(unit));
            assert_eq!(Units::of(unit, 3).get(unit), 3);
        }
    }
}
