//! What images, seconds, characters and the like cost.
//!
//! A price names them by the unit alone, or of images by quality and size as well: `image`,
//! `image:hd`, `image:1024x1792`, `image:hd:1024x1792`.

use super::{Kind, Price, Unpriced};
use crate::units::Unit;
use core::fmt;
use std::collections::BTreeMap;

/// Most prices by the unit that a price may have.
pub const MAX_UNIT_PRICES: usize = 64;
/// The longest quality or size, in bytes.
pub const MAX_VARIANT: usize = 32;

/// Which images were asked for. What was left to the provider is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant<'a> {
    /// `hd`, `high`, …
    pub quality: &'a str,
    /// `1024x1792`, …
    pub size: &'a str,
}

impl fmt::Display for Variant<'_> {
    /// As [`parse_unit_name`] reads it behind the unit: `hd:1024x1792`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = match self.quality.is_empty() || self.size.is_empty() {
            true => "",
            false => ":",
        };
        write!(f, "{}{between}{}", self.quality, self.size)
    }
}

impl<'a> Variant<'a> {
    /// What was written as [`Variant`] is displayed.
    pub fn parse(text: &'a str) -> Variant<'a> {
        let (quality, size) = text.split_once(':').unwrap_or(match is_size(text) {
            true => ("", text),
            false => (text, ""),
        });
        Variant { quality, size }
    }
}

/// Nano-dollars of one unit, and whether that is assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitPrice {
    pub(super) nanos: u64,
    pub(super) assumed: bool,
}

/// Nano-dollars per unit whose price is not set: the highest of the providers' lists of November
/// 2026. OpenAI takes up to $0.25 for an image, $0.00003 for a character and $0.0001 for a second
/// (<https://platform.openai.com/docs/pricing>), ElevenLabs up to $0.0003 for a character
/// (<https://elevenlabs.io/pricing/api>), Google $0.0004 for a second
/// (<https://cloud.google.com/speech-to-text/pricing>), Cohere $0.0025 for a search
/// (<https://cohere.com/pricing>), Google up to $0.03 for a page
/// (<https://cloud.google.com/document-ai/pricing>).
pub(super) const fn assumed_unit_price(unit: Unit) -> u64 {
    match unit {
        Unit::Image => 250_000_000,
        Unit::Second => 400_000,
        Unit::Character => 300_000,
        Unit::Page => 30_000_000,
        Unit::SearchUnit => 2_500_000,
    }
}

/// The name of a price by the unit, taken apart; `None` if it is none.
pub fn parse_unit_name(name: &str) -> Option<(Unit, Variant<'_>)> {
    let mut parts = name.split(':');
    let unit = Unit::named(parts.next()?)?;
    let mut variant = Variant::default();
    for part in parts {
        let slot = match (is_size(part), is_quality(part)) {
            (true, _) => &mut variant.size,
            (_, true) if variant.size.is_empty() => &mut variant.quality,
            _ => return None,
        };
        if unit != Unit::Image || !slot.is_empty() {
            return None;
        }
        *slot = part;
    }
    Some((unit, variant))
}

/// Whether a word can be a quality: it begins with a letter, as no size does.
fn is_quality(word: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    word.len() <= MAX_VARIANT
        && word.bytes().all(is_plain)
        && word.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Whether a word is a size, as `1024x1792` is; all else is a quality.
fn is_size(word: &str) -> bool {
    let is_side = |text: &str| {
        (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let sides = word.split_once('x');
    sides.is_some_and(|(width, height)| is_side(width) && is_side(height))
}

impl Price {
    /// Whether it has a price by this unit.
    pub fn is_by(&self, unit: Unit) -> bool {
        self.of_unit(unit).next().is_some()
    }

    /// Whether any of its tokens cost something.
    pub fn is_by_token(&self) -> bool {
        let lists = core::iter::once(&self.rates).chain(self.steps.iter().map(|step| &step.rates));
        let mut rates =
            lists.flat_map(|rates| Kind::ALL.into_iter().filter_map(|kind| rates.own(kind)));
        rates.any(|rate| rate.nanos > 0)
    }

    fn of_unit(&self, unit: Unit) -> impl Iterator<Item = (Variant<'_>, u64)> {
        self.units.iter().filter_map(move |(name, nanos)| {
            let (of, variant) = parse_unit_name(name)?;
            (of == unit).then_some((variant, *nanos))
        })
    }

    /// What one unit costs of those that were asked for so. Nothing, where a model is charged by its
    /// tokens alone.
    pub(super) fn unit_price(
        &self,
        unit: Unit,
        asked: Variant<'_>,
        unpriced: Unpriced,
    ) -> UnitPrice {
        let exact = |quality: &str, size: &str| {
            let mut all = self.of_unit(unit);
            let found = all.find(|(own, _)| own.quality == quality && own.size == size);
            found.map(|(_, nanos)| nanos)
        };
        let set = |nanos| UnitPrice {
            nanos,
            assumed: false,
        };
        let dearest = self.of_unit(unit).map(|(_, nanos)| nanos).max();
        let Some(dearest) = dearest else {
            return match (self.is_by_token(), unpriced) {
                (true, _) | (_, Unpriced::Free) => set(0),
                (false, Unpriced::Assumed) => UnitPrice {
                    nanos: assumed_unit_price(unit),
                    assumed: true,
                },
            };
        };
        let (quality, size) = (asked.quality, asked.size);
        let has_variants = self.of_unit(unit).any(|(own, _)| own != Variant::default());
        let both = || exact(quality, size);
        let one = || {
            let of_size = exact("", size).filter(|_| !size.is_empty());
            of_size.max(exact(quality, "").filter(|_| !quality.is_empty()))
        };
        let found = match has_variants {
            true => both().or_else(one),
            false => exact("", ""),
        };
        match found {
            Some(nanos) => set(nanos),
            None => UnitPrice {
                nanos: dearest,
                assumed: true,
            },
        }
    }

    /// The most that one unit costs of those that were asked for so, whatever the provider chooses of
    /// what was left to it.
    pub(super) fn highest_unit_price(
        &self,
        unit: Unit,
        asked: Variant<'_>,
        unpriced: Unpriced,
    ) -> u64 {
        let may_be = |own: &Variant<'_>| {
            let fits = |own: &str, asked: &str| own.is_empty() || asked.is_empty() || own == asked;
            fits(own.quality, asked.quality) && fits(own.size, asked.size)
        };
        let matching = self.of_unit(unit).filter(|(own, _)| may_be(own));
        let dearest = matching.map(|(_, nanos)| nanos).max().unwrap_or(0);
        dearest.max(self.unit_price(unit, asked, unpriced).nanos)
    }
}

/// Adds the higher prices of another price.
pub(crate) fn raise_units(units: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (name, nanos) in others {
        // Of all models only the units are compared: sizes and qualities are each model's own.
        if let Some((unit, _)) = parse_unit_name(name) {
            let own = units.entry(unit.name().to_owned()).or_default();
            *own = (*own).max(*nanos);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(units: &[(&str, u64)]) -> Price {
        let units = units
            .iter()
            .map(|(name, nanos)| ((*name).to_owned(), *nanos));
        Price {
            units: units.collect(),
            ..Price::of(0, 0)
        }
    }

    fn cost(price: &Price, quality: &str, size: &str) -> (u64, bool) {
        let found = price.unit_price(Unit::Image, Variant { quality, size }, Unpriced::Assumed);
        (found.nanos, found.assumed)
    }

    #[test]
    fn the_closest_price_of_an_image_holds_and_else_the_dearest() {
        let by_size = price(&[
            ("image", 40),
            ("image:1024x1024", 40),
            ("image:hd", 80),
            ("image:1792x1024", 81),
            ("image:hd:1792x1024", 120),
        ]);
        for (quality, size, expected) in [
            ("", "", (40, false)),
            ("", "1024x1024", (40, false)),
            ("standard", "1024x1024", (40, false)),
            ("standard", "1792x1024", (81, false)),
            ("hd", "", (80, false)),
            ("hd", "1024x1024", (80, false)),
            ("hd", "1792x1024", (120, false)),
            ("standard", "", (120, true)),
            ("standard", "9x9", (120, true)),
        ] {
            assert_eq!(cost(&by_size, quality, size), expected, "{quality} {size}");
        }
        let one = price(&[("image", 7)]);
        assert_eq!(cost(&one, "high", "1x1"), (7, false));
        let highest = |quality, size| {
            by_size.highest_unit_price(Unit::Image, Variant { quality, size }, Unpriced::Assumed)
        };
        assert_eq!((highest("", ""), highest("hd", "")), (120, 120));
        assert_eq!(highest("standard", "1024x1024"), 40);
    }

    #[test]
    fn what_has_no_price_is_dear_free_or_in_the_tokens() {
        let none = price(&[]);
        assert_eq!(cost(&none, "", ""), (250_000_000, true));
        let free = none.unit_price(Unit::Image, Variant::default(), Unpriced::Free);
        assert_eq!((free.nanos, free.assumed), (0, false));
        assert_eq!(cost(&Price::of(1, 0), "", ""), (0, false));
        assert_eq!(cost(&price(&[("image", 0)]), "", ""), (0, false));
        assert!(!price(&[("second", 1)]).is_by(Unit::Image));
    }

    #[test]
    fn a_variant_is_read_as_it_is_written() {
        for (text, quality, size) in [
            ("hd:1x2", "hd", "1x2"),
            ("hd", "hd", ""),
            ("1x2", "", "1x2"),
            ("", "", ""),
        ] {
            let variant = Variant { quality, size };
            assert_eq!(variant.to_string(), text);
            assert_eq!(Variant::parse(text), variant);
        }
    }

    #[test]
    fn names_are_of_a_unit_and_of_images_of_a_kind() {
        let variant = |quality, size| Variant { quality, size };
        for (name, expected) in [
            ("second", Some((Unit::Second, variant("", "")))),
            ("image:hd:1x2", Some((Unit::Image, variant("hd", "1x2")))),
            ("image:1x2", Some((Unit::Image, variant("", "1x2")))),
            ("image:high", Some((Unit::Image, variant("high", "")))),
            ("image:1x2:hd", None),
            ("image:hd:high", None),
            ("image:", None),
            ("image:HD", None),
            ("second:hd", None),
            ("minute", None),
            ("", None),
        ] {
            assert_eq!(parse_unit_name(name), expected, "{name}");
        }
    }
}
