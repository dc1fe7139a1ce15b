//! A usage event as text: JSON for the service, and one short line for the access log.
//!
//! Both are written by hand, since every request pays for them, and from one list of fields. The line
//! is `name=value` joined by `&`, without fields that are empty, zero or false. It has none of the bytes
//! that Envoy would have to escape in a JSON log: those, `&`, `=` and `%` are percent-encoded
//! (<https://url.spec.whatwg.org/#percent-encoded-bytes>).

mod json;
mod line;

pub(crate) use line::unbooked_line;

use super::event::UsageEvent;
use crate::ids::EventId;
use crate::money::Money;
use crate::stored::StoredId;
use crate::timestamp::Timestamp;
use crate::usage::TokenUsage;

/// Is told the fields of an event, in order.
trait Fields {
    fn text(&mut self, name: &str, value: &str);
    fn number(&mut self, name: &str, value: u64);
    fn money(&mut self, name: &str, value: Money);
    fn flag(&mut self, name: &str, value: bool);
    fn leases(&mut self, name: &str, ids: &[i64]);
    fn stored(&mut self, name: &str, ids: &[StoredId]);
    /// Names without signs that either form must escape.
    fn names(&mut self, name: &str, names: &[String]);
    /// What comes until the next [`Fields::end`] are parts of this field.
    fn begin(&mut self, name: &str);
    fn end(&mut self);
}

impl UsageEvent<'_> {
    fn tell(&self, fields: &mut impl Fields) {
        fields.text("id", self.id.write(&mut [0; EventId::CHARS]));
        if let Some(installation) = self.installation {
            fields.text("installation", installation.write(&mut [0; 16]));
        }
        fields.text("key_id", &self.key_id);
        fields.text("namespace", &self.namespace);
        fields.text("organization", &self.organization);
        for (name, value) in [
            ("user", &self.user),
            ("category", &self.category),
            ("code", &self.code),
            ("refused_by", &self.refused_by),
            ("tier", &self.tier),
            ("upstream", &self.upstream),
            ("variant", &self.variant),
        ] {
            if let Some(value) = value {
                fields.text(name, value);
            }
        }
        if self.user_shared {
            fields.flag("user_shared", true);
        }
        if !self.budgets.is_empty() {
            fields.names("budgets", &self.budgets);
        }
        fields.text("model", &self.model);
        fields.text("requested_model", &self.requested_model);
        fields.text("endpoint", &self.endpoint);
        fields.flag("stream", self.stream);
        fields.number("status", u64::from(self.status));
        fields.text("outcome", self.outcome.name());
        if self.refusals > 0 {
            fields.number("refusals", self.refusals);
        }
        fields.flag("estimated", self.estimated);
        if self.batch {
            fields.flag("batch", true);
        }
        if self.attempt > 0 {
            fields.number("attempt", self.attempt);
        }
        if !self.tools.is_empty() {
            fields.begin("tools");
            for (tool, calls) in self.tools.iter() {
                fields.number(tool.name(), calls);
            }
            fields.end();
        }
        if !self.units.is_empty() {
            fields.begin("units");
            for (unit, count) in self.units.iter() {
                fields.number(unit.name(), count);
            }
            fields.end();
        }
        if self.price_from != Timestamp::EPOCH {
            fields.number("price_from", self.price_from.nanos());
        }
        fields.number("started_at", self.started_at.nanos());
        fields.number("duration_ms", self.duration_ms);
        fields.begin("tokens");
        let mut tokens = self.tokens;
        for (name, count) in counts(&mut tokens) {
            if *count > 0 {
                fields.number(name, *count);
            }
        }
        fields.end();
        fields.money("cost", self.cost);
        if !self.leases.is_empty() {
            fields.leases("leases", &self.leases);
        }
        if !self.stored.is_empty() {
            fields.stored("stored", &self.stored);
        }
        fields.text("request_id", &self.request_id);
        fields.text("client_address", &self.client_address);
        fields.text("user_agent", &self.user_agent);
    }
}

fn counts(tokens: &mut TokenUsage) -> [(&'static str, &mut u64); 10] {
    [
        ("input", &mut tokens.input),
        ("cached_input", &mut tokens.cached_input),
        ("cache_write_5m", &mut tokens.cache_write_5m),
        ("cache_write_1h", &mut tokens.cache_write_1h),
        ("output", &mut tokens.output),
        ("reasoning", &mut tokens.reasoning),
        ("audio_input", &mut tokens.audio_input),
        ("image_input", &mut tokens.image_input),
        ("audio_output", &mut tokens.audio_output),
        ("image_output", &mut tokens.image_output),
    ]
}

#[cfg(test)]
mod tests;
