//! The upstream's answer on its way to the client.

use super::report::in_dollars;
use crate::config::TellCost;
use crate::exchange::call::CostTold;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::origin::Origin;
use crate::exchange::rate_headers::set_rate_headers;
use crate::exchange::state::{Exchange, State};
use crate::meter::{Framing, Meter, Passed};
use crate::store::SharedStore;
use crate::units::Unit;
use crate::wire_format::WireFormat;

/// What says what a call cost, in US dollars.
const COST: &str = "x-paddock-cost-usd";

impl Exchange {
    /// So many attempts have been made.
    pub(crate) fn on_attempts(&mut self, made: u64) -> Step {
        if let State::Upstream { in_flight, .. } = &mut self.state
            && let Some(deployed) = &mut in_flight.call.deployed
        {
            deployed.attempts = made;
        }
        Step::new(Verdict::Continue)
    }

    pub(crate) fn on_response_headers<S: SharedStore>(
        &mut self,
        status: u16,
        content_type: &[u8],
        content_encoding: &[u8],
        details: &[u8],
        end: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let mut step = Step::new(Verdict::Continue);
        if let State::PassThrough(passing) = &mut self.state {
            let is_json =
                memchr::memmem::find(&content_type.to_ascii_lowercase(), b"json").is_some();
            let is_readable = is_json && is_plain(content_encoding);
            let tells_rates = cx.worker.config.rate_headers;
            passing.on_response_headers(status, is_readable, tells_rates, &mut step.effects);
            step.effects.extend(Exchange::over_limits(&self.over));
            return step;
        }
        let State::Upstream { head, in_flight } = &mut self.state else {
            return step;
        };
        in_flight.status = status;
        in_flight.origin = Origin::of(details);
        // Attempts that were answered are told by those who saw the answer.
        if in_flight.origin != Origin::Upstream {
            in_flight.call.cool_down(cx.store, cx.now);
        }
        let readable = is_plain(content_encoding);
        if (200..300).contains(&status)
            && in_flight.origin == Origin::Upstream
            && readable
            && !in_flight.call.free
        {
            let streams = starts_with_ignoring_case(content_type, b"text/event-stream");
            let unit = in_flight.call.asked.unit;
            let framing = if streams {
                Framing::EventStream
            } else if is_opaque(unit, content_type) {
                Framing::Opaque
            } else {
                Framing::Json
            };
            // Whatever the type says, the body may be a stream from which an event is taken.
            let hide_usage = in_flight.call.hide_usage;
            in_flight.tells_cost = match cx.worker.config.tell_cost {
                TellCost::Off => None,
                // What is spoken is heard as it comes.
                _ if unit == Some(Unit::Character) => None,
                _ if !streams && !in_flight.call.stream => Some(CostTold::InHeader),
                // Google's clients fail on comments.
                TellCost::HeaderAndComment if streams && head.format != WireFormat::Gemini => {
                    Some(CostTold::InComment)
                }
                _ => None,
            };
            if hide_usage || in_flight.tells_cost == Some(CostTold::InComment) {
                step.effects
                    .push(Effect::RemoveResponseHeader("content-length"));
            }
            in_flight.meter = Some(match unit {
                Some(unit) => Meter::of_unit(unit, framing),
                None => Meter::new(head.format, framing, hide_usage),
            });
        }
        step.effects.push(Effect::SetResponseHeader(
            "x-request-id",
            head.request_id.clone(),
        ));
        if head.format == WireFormat::Anthropic {
            step.effects.push(Effect::SetResponseHeader(
                "request-id",
                head.request_id.clone(),
            ));
        }
        let rates = in_flight.hold.scopes().rates();
        set_rate_headers(&mut step.effects, rates, cx.worker.config.rate_headers);
        step.effects.extend(Exchange::over_limits(&self.over));
        if let Some(reason) = in_flight.reason() {
            let model = in_flight.call.model_name().to_owned();
            let headers = [("x-paddock-model", model), ("x-paddock-reason", reason)];
            step.effects
                .extend(headers.map(|(name, value)| Effect::SetResponseHeader(name, value)));
        }
        let holds = in_flight.tells_cost == Some(CostTold::InHeader);
        if end {
            self.end(&mut step, cx);
        } else if holds {
            step.verdict = Verdict::Wait;
        }
        step
    }

    /// Concludes an answer that is whole, and says what it cost: in a header, or in the comment that is
    /// returned.
    fn end<S: SharedStore>(&mut self, step: &mut Step, cx: &mut StepContext<'_, S>) -> Vec<u8> {
        let mut tells = None;
        if let State::Upstream { in_flight, .. } = &mut self.state {
            in_flight.complete = true;
            tells = in_flight.tells_cost;
        }
        let (mut concluded, cost) = self.settle(cx);
        step.effects.append(&mut concluded.effects);
        match (tells, cost.map(in_dollars)) {
            (Some(CostTold::InHeader), Some(cost)) => {
                step.effects.push(Effect::SetResponseHeader(COST, cost));
                Vec::new()
            }
            (Some(CostTold::InComment), Some(cost)) => format!(": {COST}: {cost}\n\n").into_bytes(),
            _ => Vec::new(),
        }
    }

    /// `chunk`: the whole answer, if its headers wait for it, unless it is too long for that.
    pub(crate) fn on_response_body<S: SharedStore>(
        &mut self,
        chunk: &[u8],
        end: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let mut step = Step::new(Verdict::Continue);
        if let State::PassThrough(passing) = &mut self.state {
            passing.on_response_body(chunk, end, cx, &mut step.effects);
            return step;
        }
        let State::Upstream { in_flight, .. } = &mut self.state else {
            return step;
        };
        if !end && in_flight.tells_cost == Some(CostTold::InHeader) {
            in_flight.tells_cost = None;
        }
        let mut passed = Passed::Unchanged;
        let mut behind = Vec::new();
        if let Some(meter) = &mut in_flight.meter {
            passed = meter.feed(chunk);
            if end {
                behind = meter.finish();
            }
            in_flight.claim_stored(cx.store);
        }
        if end {
            behind.append(&mut self.end(&mut step, cx));
        }
        let replaced = match (passed, behind.is_empty()) {
            (Passed::Unchanged, true) => return step,
            (Passed::Unchanged, false) => [chunk, &behind].concat(),
            (Passed::Replaced(bytes), _) => [bytes, behind].concat(),
        };
        step.effects.push(Effect::ReplaceResponseChunk(replaced));
        step
    }

    pub(crate) fn on_response_trailers<S: SharedStore>(
        &mut self,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let mut step = Step::new(Verdict::Continue);
        if let State::PassThrough(passing) = &mut self.state {
            passing.on_response_body(&[], true, cx, &mut step.effects);
            return step;
        }
        let State::Upstream { in_flight, .. } = &mut self.state else {
            return step;
        };
        let held = in_flight.meter.as_mut().map(Meter::finish);
        let mut held = held.unwrap_or_default();
        held.append(&mut self.end(&mut step, cx));
        if !held.is_empty() {
            step.effects.push(Effect::ReplaceResponseChunk(held));
        }
        step
    }
}

/// Whether nothing can be read in an answer: sound, and what is said in it as plain text.
fn is_opaque(unit: Option<Unit>, content_type: &[u8]) -> bool {
    let is_json = || memchr::memmem::find(&content_type.to_ascii_lowercase(), b"json").is_some();
    match unit {
        Some(Unit::Character) => !is_json(),
        Some(Unit::Second) => !content_type.is_empty() && !is_json(),
        _ => false,
    }
}

fn is_plain(content_encoding: &[u8]) -> bool {
    content_encoding.is_empty() || content_encoding == b"identity"
}

fn starts_with_ignoring_case(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
