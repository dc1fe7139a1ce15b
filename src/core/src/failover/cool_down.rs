//! How long a deployment that failed is left alone.
//!
//! One record for each deployment that ever failed, in the data that the workers of one Envoy share: so
//! all know at once. A first failure is short, and one that comes soon after doubles it.

use crate::store::{SharedStore, bytes_of, read_as, update};
use crate::timestamp::Timestamp;
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// How long a deployment is left alone after a first failure.
pub const FIRST_COOL_DOWN: Duration = Duration::from_secs(2);
/// How long it is left alone at most, whatever it asks for.
pub const LONGEST_COOL_DOWN: Duration = Duration::from_secs(60);

/// A deployment that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct CoolDown {
    /// Until when it is left alone.
    until: Timestamp,
    /// For how long, in nanoseconds.
    length: u64,
}

/// What tells a deployment from all others: its upstream, and the upstream's name for the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentName<'a> {
    /// Its upstream.
    pub upstream: &'a str,
    /// What that calls the model.
    pub model: &'a str,
}

impl DeploymentName<'_> {
    fn record(self) -> String {
        ["cooling/", self.upstream, "/", self.model].concat()
    }
}

impl CoolDown {
    /// After another failure. `asked`: how long the deployment asks to be left alone, if it does. What it
    /// is left alone for never gets shorter by a failure.
    #[must_use]
    pub fn failed(self, asked: Option<Duration>, now: Timestamp) -> CoolDown {
        let nanos = |length: Duration| u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let (first, longest) = (nanos(FIRST_COOL_DOWN), nanos(LONGEST_COOL_DOWN));
        let is_cooling = now < self.until;
        let is_soon = now.since(self.until) <= Duration::from_nanos(self.length);
        let own = match (self.length, is_cooling, is_soon) {
            // Calls that were on their way when it failed say nothing new.
            (1.., true, _) => self.length,
            (1.., false, true) => self.length.saturating_mul(2),
            _ => first,
        };
        let length = asked.map_or(own, nanos).clamp(1, longest);
        let until = now.plus(Duration::from_nanos(length));
        match is_cooling && (asked.is_none() || until <= self.until) {
            true => self,
            false => CoolDown { until, length },
        }
    }
}

/// Until when a deployment is left alone, if it is.
pub fn cools_until<S: SharedStore>(
    store: &S,
    name: DeploymentName<'_>,
    now: Timestamp,
) -> Option<Timestamp> {
    let (bytes, _) = store.get(&name.record())?;
    let record: CoolDown = read_as(&bytes)?;
    // Never longer than the longest, should the clock have stepped back.
    let most = now.plus(LONGEST_COOL_DOWN);
    (now < record.until && record.until <= most).then_some(record.until)
}

/// Has a deployment that failed cool down. Whether it did not before.
pub fn cool_down<S: SharedStore>(
    store: &mut S,
    name: DeploymentName<'_>,
    asked: Option<Duration>,
    now: Timestamp,
) -> bool {
    let changed = update(store, &name.record(), |bytes| {
        let before: CoolDown = read_as(bytes).unwrap_or_default();
        let after = before.failed(asked, now);
        let begins = now >= before.until;
        ((after != before).then(|| bytes_of(&after)), begins)
    });
    changed.unwrap_or(false)
}

/// Whether an answer of this status goes on to the next deployment: the provider has no room, or failed.
pub const fn is_failure(status: u16) -> bool {
    status == 429 || status >= 500
}

/// How long an answer's headers ask to be left alone: `retry-after-ms`, which OpenAI's and Azure's
/// clients prefer (<https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py>), or
/// `retry-after` in seconds (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>). A date there is
/// not read: no provider of models sends one.
pub fn retry_after(seconds: Option<&[u8]>, millis: Option<&[u8]>) -> Option<Duration> {
    let number = |bytes: &[u8]| {
        let text = core::str::from_utf8(bytes).ok()?.trim();
        // Fractions do not matter at this scale.
        let whole = text.split('.').next()?;
        whole.parse::<u64>().ok()
    };
    let millis = millis.and_then(number).map(Duration::from_millis);
    millis.or_else(|| seconds.and_then(number).map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;

    const A: DeploymentName<'_> = DeploymentName {
        upstream: "openai",
        model: "gpt",
    };

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_secs(1_000).plus(Duration::from_millis(millis))
    }

    #[test]
    fn one_that_fails_again_soon_is_left_alone_twice_as_long() {
        let mut store = FakeStore::default();
        assert_eq!(cools_until(&store, A, at(0)), None);
        assert!(cool_down(&mut store, A, None, at(0)));
        assert_eq!(cools_until(&store, A, at(0)), Some(at(2_000)));
        // What was on its way changes nothing.
        assert!(!cool_down(&mut store, A, None, at(1_500)));
        assert_eq!(cools_until(&store, A, at(1_999)), Some(at(2_000)));
        assert_eq!(cools_until(&store, A, at(2_000)), None);
        assert!(cool_down(&mut store, A, None, at(3_000)));
        assert_eq!(cools_until(&store, A, at(3_000)), Some(at(7_000)));
        // Long after, it begins anew.
        assert!(cool_down(&mut store, A, None, at(20_000)));
        assert_eq!(cools_until(&store, A, at(20_000)), Some(at(22_000)));
        let other = DeploymentName {
            model: "gpt-2",
            ..A
        };
        assert_eq!(cools_until(&store, other, at(20_000)), None);
    }

    #[test]
    fn what_it_asks_for_is_believed_up_to_a_minute() {
        let mut store = FakeStore::default();
        let secs = |secs| Some(Duration::from_secs(secs));
        cool_down(&mut store, A, secs(7), at(0));
        assert_eq!(cools_until(&store, A, at(0)), Some(at(7_000)));
        cool_down(&mut store, A, secs(3), at(1_000));
        assert_eq!(cools_until(&store, A, at(1_000)), Some(at(7_000)));
        cool_down(&mut store, A, secs(9_999), at(1_000));
        assert_eq!(cools_until(&store, A, at(1_000)), Some(at(61_000)));
        let mut growing = CoolDown::default();
        let mut now = at(0);
        for _ in 0..20 {
            growing = growing.failed(None, now);
            now = growing.until;
        }
        assert_eq!(Duration::from_nanos(growing.length), LONGEST_COOL_DOWN);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_leave_one_alone_for_ever() {
        let mut store = FakeStore::default();
        cool_down(&mut store, A, None, at(900_000));
        assert_eq!(cools_until(&store, A, at(0)), None);
    }

    #[test]
    fn an_answer_says_how_long() {
        for (seconds, millis, expected) in [
            (None, None, None),
            (Some("7"), None, Some(7_000)),
            (Some(" 7.5 "), None, Some(7_000)),
            (Some("7"), Some("250.5"), Some(250)),
            (Some("Wed, 21 Oct 2026 07:28:00 GMT"), None, None),
            (Some("-1"), Some("x"), None),
        ] {
            let found = retry_after(seconds.map(str::as_bytes), millis.map(str::as_bytes));
            assert_eq!(found, expected.map(Duration::from_millis), "{seconds:?}");
        }
        for (status, fails) in [
            (200, false),
            (400, false),
            (429, true),
            (500, true),
            (503, true),
        ] {
            assert_eq!(is_failure(status), fails, "{status}");
        }
    }
}
