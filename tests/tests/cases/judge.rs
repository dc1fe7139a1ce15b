//! What differs from what must be.

use crate::case::Expect;
use crate::client::Answer;
use crate::ledger::{Line, TOKENS};
use crate::site::Tenant;
use paddock_tests::upstream::Seen;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// What differs, a line each.
#[derive(Default)]
pub struct Differences(pub Vec<String>);

impl Differences {
    fn unless(&mut self, right: bool, says: impl FnOnce() -> String) {
        if !right {
            self.0.push(says());
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, what: &str, found: T, wanted: T) {
        self.unless(found == wanted, || {
            format!("{what}: {found:?}, not {wanted:?}")
        });
    }

    fn one_of<T: PartialEq + Debug>(&mut self, what: &str, found: &T, wanted: &[T]) {
        self.unless(wanted.contains(found), || match wanted {
            [wanted] => format!("{what}: {found:?}, not {wanted:?}"),
            _ => format!("{what}: {found:?}, none of {wanted:?}"),
        });
    }

    /// Of one answer.
    pub fn answer(&mut self, expect: &Expect, answer: &Answer) {
        let statuses = expect
            .status
            .as_ref()
            .map_or(&[200][..], |status| status.list());
        self.one_of("status", &answer.status, statuses);
        let code = answer.code().unwrap_or_default();
        if let Some(wanted) = &expect.code {
            self.one_of("code", &code, wanted.list());
        }
        let body = answer.text();
        if let Some(part) = &expect.body_has {
            self.unless(body.contains(part), || format!("the body lacks {part:?}"));
        }
        if let Some(part) = &expect.body_lacks {
            self.unless(!body.contains(part), || format!("the body has {part:?}"));
        }
        if let Some(least) = expect.body_bytes_at_least {
            let size = answer.body.len();
            self.unless(size >= least, || {
                format!("a body of {size} bytes, not {least}")
            });
        }
        if let Some((name, value)) = &expect.header_is {
            self.same(name, answer.header(name), Some(value));
        }
        if let Some(name) = &expect.header_has {
            let there = answer.header(name).is_some();
            self.unless(there, || format!("there is no header {name}"));
        }
        if let Some(name) = &expect.header_lacks {
            let value = answer.header(name);
            self.unless(value.is_none(), || format!("there is a header {name}"));
        }
    }

    /// Of what the upstream was asked.
    pub fn upstream(&mut self, expect: &Expect, seen: &[Seen], tenant: &Tenant) {
        if let Some(count) = expect.upstream_requests {
            self.same("requests to the upstream", seen.len(), count);
        }
        for seen in seen {
            if let Some(part) = &expect.upstream_target_lacks {
                let target = &seen.target;
                self.unless(!target.contains(part), || {
                    format!("the upstream was asked {target}")
                });
            }
            if let Some(target) = &expect.upstream_target_is {
                self.same("asked of the upstream", &seen.target, target);
            }
            if let Some(part) = &expect.upstream_body_has {
                let body = String::from_utf8_lossy(&seen.body);
                self.unless(body.contains(part), || {
                    format!("the upstream's body lacks {part:?}")
                });
            }
            for name in &expect.upstream_lacks_headers {
                let value = seen.header(name);
                self.unless(value.is_none(), || {
                    format!("the upstream was told {name}: {value:?}")
                });
            }
            if expect.upstream_lacks_key {
                let has_key = |(_, value): &&(String, String)| value.contains(&tenant.key);
                for (name, _) in seen.headers.iter().filter(has_key) {
                    self.0
                        .push(format!("the upstream was told the key in {name}"));
                }
                let target = &seen.target;
                self.unless(!target.contains(&tenant.key), || format!("key in {target}"));
            }
        }
    }

    /// Of the one line of a case with one call.
    pub fn line(&mut self, expect: &Expect, lines: &[&Line]) {
        let nothing = expect.upstream_requests == Some(0);
        if nothing {
            self.unless(lines.is_empty(), || {
                "there is a line in the ledger".to_owned()
            });
        }
        if !expect.is_of_a_line() {
            return;
        }
        let [line] = lines else {
            self.0
                .push(format!("{} lines in the ledger, not one", lines.len()));
            return;
        };
        if let Some(bill) = &expect.bill {
            self.same("outcome", line.outcome.as_str(), "complete");
            self.same("estimated", line.estimated, false);
            self.tokens(line, &bill.tokens);
            self.same("nanos", line.cost, bill.nanos.unwrap_or(line.cost));
        }
        if let Some(outcomes) = &expect.outcome {
            self.one_of("outcome", &line.outcome, outcomes.list());
        }
        if let Some(estimated) = expect.estimated {
            self.same("estimated", line.estimated, estimated);
        }
        if let Some(tokens) = &expect.tokens {
            self.tokens(line, tokens);
        }
        if let Some(units) = &expect.units {
            self.same("units", &line.units, units);
        }
        for (name, least) in &expect.at_least {
            let found = count(line, name);
            self.unless(found >= *least, || {
                format!("{name}: {found}, below {least}")
            });
        }
        for (name, most) in &expect.at_most {
            let found = count(line, name);
            self.unless(found <= *most, || format!("{name}: {found}, above {most}"));
        }
        if let Some(nanos) = expect.cost_nanos {
            self.same("nanos", line.cost, nanos);
        }
        if let Some(nanos) = expect.cost_above {
            self.unless(line.cost > nanos, || {
                format!("nanos: {}, not above {nanos}", line.cost)
            });
        }
        if let Some(user) = &expect.user {
            self.same("user", line.user.as_deref(), Some(user));
        }
    }

    fn tokens(&mut self, line: &Line, wanted: &BTreeMap<String, i64>) {
        for (name, _) in TOKENS {
            let wanted = wanted.get(name).copied().unwrap_or(0);
            self.same(name, count(line, name), wanted);
        }
    }

    /// Of all lines of a case.
    pub fn lines(&mut self, expect: &Expect, lines: &[&Line]) {
        if let Some(count) = expect.lines {
            self.same("lines in the ledger", lines.len(), count);
        }
        if let Some(count) = expect.users {
            let users: BTreeSet<_> = lines.iter().map(|line| &line.user).collect();
            self.unless(users.len() == count, || {
                format!("end users: {users:?}, not {count}")
            });
        }
        if let Some(usd) = expect.booked_usd_at_most {
            let booked = lines.iter().map(|line| line.cost).sum::<i64>() as f64 / 1e9;
            self.unless(booked <= usd, || {
                format!("${booked} were booked, more than ${usd}")
            });
        }
        let longest = |of: fn(&Line) -> usize| lines.iter().map(|line| of(line)).max().unwrap_or(0);
        if let Some(most) = expect.user_bytes_at_most {
            let size = longest(|line| line.user.as_ref().map_or(0, String::len));
            self.unless(size <= most, || {
                format!("a user of {size} bytes, more than {most}")
            });
        }
        if let Some(most) = expect.requested_model_bytes_at_most {
            let size = longest(|line| line.requested_model.len());
            self.unless(size <= most, || {
                format!("a model of {size} bytes, more than {most}")
            });
        }
    }

    /// Of all statuses of a case of several calls.
    pub fn statuses(&mut self, expect: &Expect, mut statuses: Vec<u16>) {
        statuses.sort_unstable();
        if let Some(wanted) = &expect.statuses {
            self.same("statuses", &statuses, wanted);
        }
        if let Some(least) = expect.served_at_least {
            let served = statuses.iter().filter(|status| **status == 200).count();
            self.unless(served >= least, || {
                format!("{served} calls were served, not {least}")
            });
        }
    }

    /// Of the access log.
    pub fn access_log(&mut self, expect: &Expect, longest: impl FnOnce() -> usize) {
        if let Some(most) = expect.access_log_line_bytes_at_most {
            let size = longest();
            let right = (1..=most).contains(&size);
            self.unless(right, || {
                format!("an access log line of {size} bytes, of {most} at most")
            });
        }
    }
}

impl Expect {
    fn is_of_a_line(&self) -> bool {
        self.bill.is_some()
            || self.outcome.is_some()
            || self.estimated.is_some()
            || self.tokens.is_some()
            || !self.at_least.is_empty()
            || !self.at_most.is_empty()
            || self.cost_nanos.is_some()
            || self.cost_above.is_some()
            || self.user.is_some()
    }
}

fn count(line: &Line, name: &str) -> i64 {
    let known = line.tokens.get(name);
    *known.unwrap_or_else(|| panic!("there are no tokens {name}"))
}
