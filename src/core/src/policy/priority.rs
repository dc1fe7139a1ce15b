//! Who goes first where requests wait or share an upstream's limit.

use serde::{Deserialize, Serialize};

/// The place of a namespace where several compete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Priority {
    /// Before all others.
    High,
    /// The usual.
    #[default]
    Standard,
    /// After the usual.
    Low,
    /// Whatever is left.
    Background,
}

impl Priority {
    /// How many there are.
    pub const COUNT: usize = 4;

    /// From 0, which goes first, to 3.
    pub const fn rank(self) -> usize {
        match self {
            Priority::High => 0,
            Priority::Standard => 1,
            Priority::Low => 2,
            Priority::Background => 3,
        }
    }

    /// The priority of that name in JSON, in any case.
    pub fn named(name: &[u8]) -> Option<Priority> {
        let names: [(&[u8], Priority); Priority::COUNT] = [
            (b"high", Priority::High),
            (b"standard", Priority::Standard),
            (b"low", Priority::Low),
            (b"background", Priority::Background),
        ];
        let found = names.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, priority)| *priority)
    }
}
