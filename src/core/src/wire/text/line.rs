//! Events as lines of the access log.

use super::{Fields, counts};
use crate::decimal::{push_number, push_signed};
use crate::ids::{EventId, EventIds, InstallationId};
use crate::money::Money;
use crate::stored::StoredId;
use crate::timestamp::Timestamp;
use crate::units::Unit;
use crate::usage::Tool;
use crate::wire::event::{Outcome, UsageEvent};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use std::borrow::Cow;
use std::str::FromStr;

/// Bytes of a line, roughly: room for it is made once.
const ROOM: usize = 640;

/// What is encoded, beside what is not ASCII.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'&')
    .add(b'=')
    .add(b'\\');

struct Line(Vec<u8>);

impl UsageEvent<'_> {
    /// As a line of the access log has it.
    pub fn to_line(&self) -> String {
        let mut line = Line(Vec::with_capacity(ROOM));
        self.tell(&mut line);
        line.finish()
    }

    /// Reads what [`UsageEvent::to_line`] wrote; `None` if the line is that of a refusal, which is no
    /// event of its own.
    ///
    /// # Errors
    /// What is wrong with it: an event that is cut off, or one with fields that are not known here.
    pub fn from_line(line: &str) -> Result<Option<UsageEvent<'static>>, String> {
        let mut event = UsageEvent::nothing(EventIds::new([0; 6]).next(0), Timestamp::EPOCH);
        let mut has_id = false;
        for pair in line.split('&') {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("`{pair}` has no value"))?;
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| format!("{name} is not UTF-8"))?;
            has_id |= name == "id";
            event.set(name, &value)?;
        }
        Ok(has_id.then_some(event))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = || Cow::Owned(value.to_owned());
        match name {
            "id" => self.id = EventId::parse(value).ok_or("id is not a UUID")?,
            "installation" => {
                let id = InstallationId::from_hex(value);
                self.installation = Some(id.ok_or("installation is not 16 hex digits")?);
            }
            "key_id" => self.key_id = text(),
            "namespace" => self.namespace = text(),
            "organization" => self.organization = text(),
            "user" => self.user = Some(text()),
            "user_shared" => self.user_shared = parsed(name, value)?,
            "budgets" => self.budgets = value.split(',').map(str::to_owned).collect(),
            "model" => self.model = text(),
            "requested_model" => self.requested_model = text(),
            "endpoint" => self.endpoint = text(),
            "stream" => self.stream = parsed(name, value)?,
            "status" => self.status = parsed(name, value)?,
            "outcome" => {
                self.outcome =
                    Outcome::named(value).ok_or_else(|| format!("no outcome is `{value}`"))?;
            }
            "category" => self.category = Some(text()),
            "code" => self.code = Some(text()),
            "refused_by" => self.refused_by = Some(text()),
            "refusals" => self.refusals = parsed(name, value)?,
            "estimated" => self.estimated = parsed(name, value)?,
            "batch" => self.batch = parsed(name, value)?,
            "tier" => self.tier = Some(text()),
            "upstream" => self.upstream = Some(text()),
            "variant" => self.variant = Some(text()),
            "attempt" => self.attempt = parsed(name, value)?,
            "price_from" => self.price_from = Timestamp::from_nanos(parsed(name, value)?),
            "started_at" => self.started_at = Timestamp::from_nanos(parsed(name, value)?),
            "duration_ms" => self.duration_ms = parsed(name, value)?,
            "cost" => self.cost = Money::from_nanos(parsed(name, value)?),
            "leases" => {
                let ids = value.split(',').map(|id| parsed(name, id));
                self.leases = ids.collect::<Result<_, _>>()?;
            }
            "stored" => {
                let ids = value.split(',').map(StoredId::from_hex);
                let ids = ids.collect::<Option<_>>();
                self.stored = ids.ok_or("stored is not a list of ids")?;
            }
            "request_id" => self.request_id = text(),
            "client_address" => self.client_address = text(),
            "user_agent" => self.user_agent = text(),
            _ => {
                let number = parsed(name, value);
                if let Some(tool) = Tool::named(name) {
                    self.tools.add(tool, number?);
                } else if let Some(unit) = Unit::named(name) {
                    self.units.raise(unit, number?);
                } else {
                    let mut counts = counts(&mut self.tokens).into_iter();
                    let (_, count) = counts
                        .find(|(known, _)| *known == name)
                        .ok_or_else(|| format!("no field is known as `{name}`"))?;
                    *count = number?;
                }
            }
        }
        Ok(())
    }
}

fn parsed<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    let parsed = value.parse();
    parsed.map_err(|_| format!("{name} cannot be `{value}`"))
}

/// The line of what is no event of its own: nothing of it can be booked. A text may be empty.
pub(crate) fn unbooked_line(key_id: &str, namespace: &str, code: &str) -> String {
    let mut line = Line(Vec::new());
    line.text("key_id", key_id);
    line.text("namespace", namespace);
    line.text("code", code);
    line.finish()
}

impl Line {
    fn name(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push(b'&');
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
        self.name(name);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            write(&mut self.0, item);
        }
    }

    fn finish(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }
}

impl Fields for Line {
    fn text(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.name(name);
        // Looks at every byte, so that the compiler can look at several at once.
        let is_plain = |plain: bool, byte: &u8| {
            let is_encoded = matches!(byte, b'"' | b'%' | b'&' | b'=' | b'\\');
            plain & (b'!'..=b'~').contains(byte) & !is_encoded
        };
        if value.as_bytes().iter().fold(true, is_plain) {
            self.0.extend_from_slice(value.as_bytes());
        } else {
            for part in percent_encode(value.as_bytes(), ENCODED) {
                self.0.extend_from_slice(part.as_bytes());
            }
        }
    }

    fn number(&mut self, name: &str, value: u64) {
        if value > 0 {
            self.name(name);
            push_number(&mut self.0, value);
        }
    }

    fn money(&mut self, name: &str, value: Money) {
        if value != Money::ZERO {
            self.name(name);
            push_signed(&mut self.0, value.nanos());
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.name(name);
            self.0.extend_from_slice(b"true");
        }
    }

    fn leases(&mut self, name: &str, ids: &[i64]) {
        self.list(name, ids, |out, id| push_signed(out, *id));
    }

    fn stored(&mut self, name: &str, ids: &[StoredId]) {
        self.list(name, ids, |out, id| {
            out.extend_from_slice(id.to_hex().as_bytes())
        });
    }

    fn names(&mut self, name: &str, names: &[String]) {
        self.list(name, names, |out, name| {
            out.extend_from_slice(name.as_bytes());
        });
    }

    /// The names of parts are those of no other field.
    fn begin(&mut self, _: &str) {}

    fn end(&mut self) {}
}
