//! The upstream's answer on its way to the client.

use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::origin::Origin;
use crate::exchange::rate_headers::set_rate_headers;
use crate::exchange::state::{Exchange, State};
use crate::meter::{Framing, Meter, Passed};
use crate::store::SharedStore;
use crate::wire_format::WireFormat;

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
            let framing = if streams {
                Framing::EventStream
            } else {
                Framing::Json
            };
            // Whatever the type says, the body may be a stream from which an event is taken.
            let hide_usage = in_flight.call.hide_usage;
            if hide_usage {
                step.effects
                    .push(Effect::RemoveResponseHeader("content-length"));
            }
            in_flight.meter = Some(Meter::new(head.format, framing, hide_usage));
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
        if end {
            in_flight.complete = true;
            step.effects.append(&mut self.conclude(cx).effects);
        }
        step
    }

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
        if let Some(meter) = &mut in_flight.meter {
            let mut passed = meter.feed(chunk);
            if end {
                let held = meter.finish();
                if !held.is_empty() {
                    passed = match passed {
                        Passed::Unchanged => Passed::Replaced([chunk, &held].concat()),
                        Passed::Replaced(bytes) => Passed::Replaced([bytes, held].concat()),
                    };
                }
            }
            if let Passed::Replaced(bytes) = passed {
                step.effects.push(Effect::ReplaceResponseChunk(bytes));
            }
            in_flight.claim_stored(cx.store);
        }
        if end {
            in_flight.complete = true;
            step.effects.append(&mut self.conclude(cx).effects);
        }
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
        in_flight.complete = true;
        let held = in_flight
            .meter
            .as_mut()
            .map(Meter::finish)
            .unwrap_or_default();
        if !held.is_empty() {
            step.effects.push(Effect::ReplaceResponseChunk(held));
        }
        step.effects.append(&mut self.conclude(cx).effects);
        step
    }
}

fn is_plain(content_encoding: &[u8]) -> bool {
    content_encoding.is_empty() || content_encoding == b"identity"
}

fn starts_with_ignoring_case(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
