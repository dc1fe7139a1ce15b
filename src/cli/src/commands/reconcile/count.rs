//! Events on their way to the service, and what became of those that it got.

use super::event::event;
use crate::client::{Client, field, text_of};
use crate::connection::CallsAs;
use crate::output::{self, Output};
use anyhow::Context;
use paddock_core::wire::RECONCILE_PATH;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most bytes of events sent at once: half of what the service accepts.
const MAX_BATCH: usize = 512 << 10;
/// Largest event: far above what any gateway writes.
const MAX_EVENT: usize = 256 << 10;
/// Characters kept of one that is larger.
const SHOWN: usize = 200;
/// Most events sent at once.
const MAX_EVENTS: usize = 1_000;

/// Where the events go.
pub struct Service {
    /// A client of it.
    pub client: Client,
    /// As whom that calls.
    pub calls_as: CallsAs,
}

/// What was read, and what became of it.
#[derive(Debug, Default)]
pub struct Count {
    /// Whether lines are told by their number.
    has_numbers: bool,
    batch: Vec<String>,
    bytes: usize,
    lines: u64,
    events: u64,
    new: u64,
    repeated: u64,
    rejected: Vec<Value>,
    unreadable: u64,
}

impl Count {
    /// Of a log that is read from its first line.
    pub fn from_the_first() -> Count {
        Count {
            has_numbers: true,
            ..Count::default()
        }
    }

    /// Takes the event of a line, if it has one.
    pub fn take(&mut self, line: &[u8]) {
        match event(line) {
            Ok(None) if line.trim_ascii().is_empty() => return,
            Ok(None) => {}
            Ok(Some(event)) if event.len() > MAX_EVENT => {
                let number = self.lines.saturating_add(1);
                let line = match self.has_numbers {
                    true => format!("line {number}: "),
                    false => String::new(),
                };
                let error = format!("{line}the event is larger than {MAX_EVENT} bytes");
                let event: String = event.chars().take(SHOWN).collect();
                self.rejected
                    .push(json!({ "error": error, "event": event }));
            }
            Ok(Some(event)) => {
                self.bytes = self.bytes.saturating_add(event.len());
                self.batch.push(event);
            }
            Err(_) => self.unreadable = self.unreadable.saturating_add(1),
        }
        self.lines = self.lines.saturating_add(1);
    }

    /// Whether as many events wait as are sent at once.
    pub fn is_full(&self) -> bool {
        self.bytes >= MAX_BATCH || self.batch.len() >= MAX_EVENTS
    }

    /// Whether all of the log could be read and booked.
    pub fn is_whole(&self) -> bool {
        self.rejected.is_empty() && self.unreadable == 0
    }

    /// Sends the events that wait; the service records those it does not have.
    ///
    /// # Errors
    /// They wait still if the service does not take them.
    pub fn send(&mut self, service: &Service) -> anyhow::Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let body = format!("{{\"events\":[{}]}}", self.batch.join(","));
        let path = match service.calls_as {
            CallsAs::Operator => "/v1/usage/reconcile",
            CallsAs::Gateway => RECONCILE_PATH,
        };
        let answer = service.client.post_text(path, body).with_context(|| {
            format!(
                "stopped after {} new events were recorded; run the command again to continue",
                self.new
            )
        })?;
        let number = |name: &str| field(&answer, name).as_u64().unwrap_or(0);
        self.events = self
            .events
            .saturating_add(u64::try_from(self.batch.len()).unwrap_or(0));
        self.new = self.new.saturating_add(number("new"));
        self.repeated = self.repeated.saturating_add(number("repeated"));
        let rejected = field(&answer, "rejected").as_array();
        self.rejected
            .extend(rejected.into_iter().flatten().cloned());
        self.batch.clear();
        self.bytes = 0;
        Ok(())
    }

    /// What somebody should know of who follows a log, a line each.
    pub fn news(&self) -> Vec<String> {
        let mut news = self.problems();
        if self.new > 0 {
            news.insert(
                0,
                format!("{} events that had not come were recorded", self.new),
            );
        }
        news
    }

    /// Prints it.
    pub fn tell(&self, form: Output) -> anyhow::Result<()> {
        if !form.is_table() {
            return form.print_value(&json!({
                "lines": self.lines,
                "events": self.events,
                "new": self.new,
                "repeated": self.repeated,
                "rejected": self.rejected,
                "unreadable_lines": self.unreadable,
            }));
        }
        output::print(&format!(
            "{} lines with {} usage events: {} recorded now, {} already in the ledger.",
            self.lines, self.events, self.new, self.repeated
        ))?;
        for problem in self.problems() {
            output::print(&format!("{problem}."))?;
        }
        Ok(())
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.unreadable > 0 {
            problems.push(format!(
                "{} lines are not JSON or are cut off",
                self.unreadable
            ));
        }
        let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
        for rejected in &self.rejected {
            let count = reasons.entry(text_of(rejected, "error")).or_default();
            *count = count.saturating_add(1);
        }
        let reasons = reasons.into_iter();
        problems.extend(reasons.map(|(reason, count)| format!("{count} rejected: {reason}")));
        problems
    }
}
