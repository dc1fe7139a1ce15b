//! What is written is read again, field by field.

use super::*;
use crate::ids::{EventIds, InstallationId};
use crate::usage::{Tool, ToolCalls};
use crate::wire::{Outcome, UsageEvent};
use proptest::collection::vec;
use proptest::prelude::*;
use std::borrow::Cow;

/// Texts that need nothing, and texts that need all there is.
fn text() -> impl Strategy<Value = Cow<'static, str>> {
    let texts = prop_oneof!["[a-z0-9:/._-]{1,20}", "\\PC{0,9}", "[\\x00-\\x7f]{0,9}"];
    texts.prop_map(Cow::Owned)
}

fn event() -> impl Strategy<Value = UsageEvent<'static>> {
    let texts = vec(text(), 9);
    let optional = vec(proptest::option::of("[ -~]{1,9}"), 6);
    let numbers = vec(prop_oneof![Just(0), 0..100u64, any::<u64>()], 16);
    let rest = (
        any::<[bool; 4]>(),
        any::<u16>(),
        0..4usize,
        any::<i64>(),
        vec(any::<i64>(), 0..3),
        vec(any::<[u8; 16]>(), 0..3),
        prop_oneof![Just([0; 8]), any::<[u8; 8]>()],
        vec("[A-Za-z0-9._-]{1,9}", 0..3),
    );
    (texts, optional, numbers, rest).prop_map(|(texts, optional, numbers, rest)| {
        let (flags, status, outcome, cost, leases, stored, installation, names) = rest;
        let mut texts = texts.into_iter();
        let mut text = || texts.next().unwrap();
        let mut optional = optional.into_iter();
        let mut optional = || optional.next().unwrap().map(Cow::Owned);
        let mut numbers = numbers.into_iter();
        let mut number = || numbers.next().unwrap();
        let mut tools = ToolCalls::NONE;
        tools.add(Tool::WebSearch, number());
        tools.add(Tool::Grounding, number());
        let started_at = Timestamp::from_nanos(number());
        let mut event = UsageEvent::nothing(EventIds::new([3; 6]).next(77), started_at);
        for (_, count) in counts(&mut event.tokens) {
            *count = number();
        }
        UsageEvent {
            installation: InstallationId::from_bytes(installation),
            key_id: text(),
            namespace: text(),
            organization: text(),
            user: optional(),
            user_shared: flags[0],
            budgets: names,
            model: text(),
            requested_model: text(),
            endpoint: text(),
            stream: flags[1],
            status,
            outcome: Outcome::ALL[outcome],
            category: optional(),
            code: optional(),
            refused_by: optional(),
            refusals: number(),
            estimated: flags[2],
            batch: flags[3],
            tier: optional(),
            upstream: optional(),
            attempt: number(),
            tools,
            price_from: Timestamp::from_nanos(number()),
            duration_ms: 5,
            cost: Money::from_nanos(cost),
            leases,
            stored: stored.into_iter().map(StoredId).collect(),
            request_id: text(),
            client_address: text(),
            user_agent: text(),
            ..event
        }
    })
}

proptest! {
    #[test]
    fn json_is_what_the_service_reads(event in event()) {
        let json = event.to_json();
        prop_assert_eq!(serde_json::from_slice::<UsageEvent<'_>>(&json).unwrap(), event);
    }

    #[test]
    fn a_line_is_read_again_and_needs_no_escapes(event in event()) {
        let line = event.to_line();
        prop_assert_eq!(serde_json::to_string(&line).unwrap(), format!("\"{line}\""));
        prop_assert!(line.bytes().all(|byte| byte.is_ascii_graphic()), "{}", line);
        prop_assert_eq!(UsageEvent::from_line(&line).unwrap(), Some(event));
    }
}

#[test]
fn a_line_is_short_and_readable() {
    let id = EventIds::new([3; 6]).next(77);
    let mut event = UsageEvent::nothing(id, Timestamp::from_nanos(9));
    event.key_id = "alice".into();
    event.user_agent = "curl 1".into();
    event.tokens.output = 7;
    event.cost = Money::from_nanos(-5);
    let line = event.to_line();
    let id = line.get(..39).unwrap();
    assert_eq!(
        line,
        format!(
            "{id}&key_id=alice&outcome=complete&started_at=9&output=7&cost=-5&user_agent=curl%201"
        )
    );
}

#[test]
fn what_cannot_be_booked_is_none_or_an_error() {
    let none = unbooked_line("k", "n", "rate_limit_exceeded");
    assert_eq!(none, "key_id=k&namespace=n&code=rate_limit_exceeded");
    assert_eq!(UsageEvent::from_line(&none), Ok(None));
    for (line, problem) in [
        ("id=7", "id is not a UUID"),
        ("status=x", "status cannot be `x`"),
        ("status", "`status` has no value"),
        ("colour=3", "no field is known as `colour`"),
        ("outcome=odd", "no outcome is `odd`"),
        ("user=%ff", "user is not UTF-8"),
        ("stored=1", "stored is not a list of ids"),
        (
            "installation=0000000000000000",
            "installation is not 16 hex digits",
        ),
    ] {
        assert_eq!(
            UsageEvent::from_line(line),
            Err(problem.to_owned()),
            "{line}"
        );
    }
}
