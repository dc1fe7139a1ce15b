//! What of requests' bodies may be held at once, as it is written.

use crate::bodies::BodyLimits;
use crate::policy::BYTES_RATE;
use core::ops::RangeInclusive;
use serde::Deserialize;

const KEY_BYTES: u64 = 128 * 1_024 * 1_024;
const NAMESPACE_BYTES: u64 = 256 * 1_024 * 1_024;
const ARRIVING: usize = 500;
/// 2 GiB: to read so much takes one worker a quarter of a minute.
const BYTES_PER_MINUTE: u64 = 2 * 1_024 * 1_024 * 1_024;
/// A tenth of what the slowest mobile networks still have in use carry.
const LEAST_BYTES_PER_SECOND: u64 = 1_024;
const LEAST_BYTES_RANGE: RangeInclusive<u64> = 1..=1_024 * 1_024;
/// The most that either may be: 1 TiB, and a million.
const MOST_BYTES: u64 = 1 << 40;
const MOST_ARRIVING: usize = 1_000_000;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBodyLimits {
    key_bytes: Option<u64>,
    namespace_bytes: Option<u64>,
    arriving: Option<usize>,
    bytes_per_minute: Option<u64>,
    least_bytes_per_second: Option<u64>,
}

impl RawBodyLimits {
    /// `largest`: the bytes of the largest body there may be, which must have room.
    pub(super) fn validate(self, largest: u64, problems: &mut Vec<String>) -> BodyLimits {
        let key = self.key_bytes.unwrap_or(KEY_BYTES.max(largest));
        let namespace = self.namespace_bytes.unwrap_or(NAMESPACE_BYTES.max(key));
        let arriving = self.arriving.unwrap_or(ARRIVING);
        if !(largest..=MOST_BYTES).contains(&key) {
            problems.push(format!(
                "held_bodies.key_bytes must be from max_request_bytes ({largest}) to {MOST_BYTES}, it \
                 is {key}"
            ));
        }
        if !(key..=MOST_BYTES).contains(&namespace) {
            problems.push(format!(
                "held_bodies.namespace_bytes must be from held_bodies.key_bytes ({key}) to \
                 {MOST_BYTES}, it is {namespace}"
            ));
        }
        if !(1..=MOST_ARRIVING).contains(&arriving) {
            problems.push(format!(
                "held_bodies.arriving must be from 1 to {MOST_ARRIVING}, it is {arriving}"
            ));
        }
        let bytes_per_minute = self.bytes_per_minute.unwrap_or(BYTES_PER_MINUTE);
        if !BYTES_RATE.contains(&bytes_per_minute) {
            let (least, most) = (BYTES_RATE.start(), BYTES_RATE.end());
            problems.push(format!(
                "held_bodies.bytes_per_minute must be from {least} to {most}, it is {bytes_per_minute}"
            ));
        }
        let least_bytes_per_second = self
            .least_bytes_per_second
            .unwrap_or(LEAST_BYTES_PER_SECOND);
        if !LEAST_BYTES_RANGE.contains(&least_bytes_per_second) {
            let (least, most) = (LEAST_BYTES_RANGE.start(), LEAST_BYTES_RANGE.end());
            problems.push(format!(
                "held_bodies.least_bytes_per_second must be from {least} to {most}, it is \
                 {least_bytes_per_second}"
            ));
        }
        BodyLimits {
            key,
            namespace,
            arriving,
            bytes_per_minute,
            least_bytes_per_second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (BodyLimits, Vec<String>) {
        let raw: RawBodyLimits = serde_json::from_str(text).unwrap();
        let mut problems = Vec::new();
        (raw.validate(1_000, &mut problems), problems)
    }

    #[test]
    fn the_largest_body_has_room() {
        let (limits, problems) = read("{}");
        assert_eq!((limits.key, problems.len()), (KEY_BYTES, 0));
        assert_eq!(limits.namespace, NAMESPACE_BYTES);
        let (limits, problems) = read(r#"{"key_bytes":1000,"namespace_bytes":1000,"arriving":1}"#);
        assert_eq!((limits.key, limits.arriving, problems.len()), (1_000, 1, 0));
        for text in [
            r#"{"key_bytes":999}"#,
            r#"{"key_bytes":1001,"namespace_bytes":1000}"#,
            r#"{"namespace_bytes":2000000000000}"#,
            r#"{"arriving":0}"#,
            r#"{"bytes_per_minute":1048575}"#,
            r#"{"least_bytes_per_second":0}"#,
            r#"{"least_bytes_per_second":1048577}"#,
        ] {
            assert_eq!(read(text).1.len(), 1, "{text}");
        }
    }
}
