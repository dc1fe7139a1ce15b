//! Which version of the protocol a gateway and the service speak with each other.
//!
//! A gateway says in every message which versions it speaks, the service answers in the highest that both do,
//! and says which that is. One that says nothing speaks the first.

use core::fmt;
use core::str::FromStr;

/// The header of both. The gateway's has a version or a range of versions, as `1` or `1-2`; the answer's has one.
pub const PROTOCOL_HEADER: &str = "x-paddock-protocol";

/// Versions of the protocol, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols {
    lowest: u16,
    highest: u16,
}

impl Protocols {
    /// What this build speaks.
    pub const SPOKEN: Protocols = Protocols {
        lowest: 1,
        highest: 1,
    };

    /// What is spoken by gateways that do not say it.
    pub const FIRST: Protocols = Protocols {
        lowest: 1,
        highest: 1,
    };

    /// The highest version that both speak, if there is one.
    pub fn agreed(self, other: Protocols) -> Option<u16> {
        let highest = self.highest.min(other.highest);
        (highest >= self.lowest.max(other.lowest)).then_some(highest)
    }

    /// Whether all of these versions are higher than all of the other's.
    pub fn is_newer(self, than: Protocols) -> bool {
        self.lowest > than.highest
    }
}

impl fmt::Display for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lowest == self.highest {
            true => write!(f, "{}", self.lowest),
            false => write!(f, "{}-{}", self.lowest, self.highest),
        }
    }
}

/// What is no version and no range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotProtocols;

impl FromStr for Protocols {
    type Err = NotProtocols;

    fn from_str(text: &str) -> Result<Protocols, NotProtocols> {
        let version = |text: &str| text.trim().parse().map_err(|_| NotProtocols);
        let (lowest, highest) = match text.split_once('-') {
            Some((lowest, highest)) => (version(lowest)?, version(highest)?),
            None => (version(text)?, version(text)?),
        };
        match lowest <= highest {
            true => Ok(Protocols { lowest, highest }),
            false => Err(NotProtocols),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocols(text: &str) -> Protocols {
        text.parse().unwrap()
    }

    #[test]
    fn the_highest_that_both_speak_is_agreed() {
        assert_eq!(protocols("1-3").agreed(protocols("2-5")), Some(3));
        assert_eq!(protocols("2-5").agreed(protocols("1-3")), Some(3));
        assert_eq!(protocols("1").agreed(protocols("1-2")), Some(1));
        assert_eq!(protocols("1").agreed(protocols("2-3")), None);
        assert!(protocols("2-3").is_newer(protocols("1")));
        assert!(!protocols("1-3").is_newer(protocols("1")));
    }

    #[test]
    fn they_are_read_as_they_are_written() {
        for text in ["1", "1-2", "7-65535"] {
            assert_eq!(protocols(text).to_string(), text);
        }
        for text in ["", "x", "2-1", "1-", "-1", "65536", "1-2-3"] {
            assert_eq!(Protocols::from_str(text), Err(NotProtocols), "{text}");
        }
    }

    #[test]
    fn this_build_speaks_with_those_of_before() {
        assert_eq!(Protocols::SPOKEN.agreed(Protocols::FIRST), Some(1));
    }
}
