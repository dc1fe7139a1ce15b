//! Paths the operator lets pass: identified and limited, but not metered.

use crate::admission::{Ask, Denied, RateTier, WhenShort};
use crate::authorization::authorize_role;
use crate::config::ForeignIds;
use crate::exchange::admit::short_wait;
use crate::exchange::call::{AskedFor, PassThrough, Passing};
use crate::exchange::context::StepContext;
use crate::exchange::effect::Question;
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::named::NamedObject;
use crate::exchange::ownership::{Judged, judge};
use crate::exchange::state::{Claiming, Exchange, State};
use crate::fair_share::{Demand, NotAdmitted};
use crate::money::Money;
use crate::policy::EndpointScope;
use crate::refusal::Refusal;
use crate::request::{BodyEncoding, StoredPath, cost_of_unread, stored_in};
use crate::store::SharedStore;
use crate::stored::MOST_STORED;

impl Exchange {
    /// Lets a request pass whose caller may use what it names. `body`: all of it, if it has come.
    pub(crate) fn pass_through<S: SharedStore>(
        &mut self,
        passing: Passing,
        body: Option<&[u8]>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let refusal = match may_pass(&passing, cx) {
            Ok(()) => match (passing.passage.reads_body, body) {
                (true, None) => {
                    let (caller, bytes) = (&passing.caller, passing.head.announced_bytes);
                    let held = self.hold_body(caller, bytes, cx);
                    match held.and_then(|()| self.await_body(caller, cx)) {
                        Ok(()) => {
                            let passing = Box::new(passing);
                            self.state = State::AwaitPassing { passing };
                            return Step::new(Verdict::Wait);
                        }
                        Err(refusal) => refusal,
                    }
                }
                (true, Some(body)) => {
                    self.body_was_read(&passing.caller, cost_of_unread(body), cx);
                    match named(&passing, body) {
                        Ok(named) => return self.pass_owner(passing, named, Some(0), cx),
                        Err(refusal) => refusal,
                    }
                }
                (false, _) => {
                    let named = in_path(&passing);
                    return self.pass_owner(passing, named, Some(0), cx);
                }
            },
            Err(refusal) => refusal,
        };
        self.refuse_passing(&passing, &refusal, cx)
    }

    /// Lets a request pass if all it names is the caller's own. `asked`: how often the service has
    /// answered for it, or `None` if it cannot be reached.
    pub(crate) fn pass_owner<S: SharedStore>(
        &mut self,
        passing: Passing,
        named: Vec<NamedObject>,
        asked: Option<u8>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        match judge(&named, &passing.caller, asked, cx) {
            Judged::Allowed => self.let_pass(passing, cx),
            Judged::Refused(refusal) => self.refuse_passing(&passing, &refusal, cx),
            Judged::Unknown(question) => {
                let passing = Box::new(passing);
                self.state = State::AwaitOwner {
                    claim: Claiming::PassThrough { passing, named },
                    asked: asked.unwrap_or_default(),
                };
                let mut step = Step::new(Verdict::Wait);
                step.effects.push(Effect::Ask(question));
                step
            }
        }
    }

    fn refuse_passing<S>(
        &mut self,
        passing: &Passing,
        refusal: &Refusal,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let call_context = CallContext::of(&passing.head, &passing.caller);
        self.refuse_call(refusal, call_context, cx)
    }

    /// Lets a request pass to its upstream, debited as one request without tokens or cost.
    pub(super) fn let_pass<S: SharedStore>(
        &mut self,
        passing: Passing,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let Passing {
            head,
            passage,
            caller,
            recalled,
            unshared,
            unshared_upstream,
        } = passing;
        let ask = Ask {
            tokens: 0,
            money: Money::ZERO,
            short: WhenShort::Refuse,
            unshared,
            unshared_upstream,
            tier: RateTier::Regular,
            is_turn: false,
        };
        let policy = &caller.namespace().policy;
        let limit = cx.worker.config.upstream(&passage.upstream);
        let demand = limit.map(|limit| Demand::new(limit, policy, 0));
        let has_waited = recalled.is_some_and(|entry| cx.now >= entry.until);
        let (mut levels, demand) = (caller.scopes(), demand.as_ref());
        match self.hold_enforced(&policy.name, &mut levels, &ask, demand, has_waited, cx) {
            Ok(hold) => {
                let mut step = Step::new(Verdict::Continue);
                if !head.headers_gone {
                    let namespace = policy.name.clone();
                    let upstream = passage.upstream.clone();
                    step.effects.extend([
                        Effect::SetRequestHeader("x-paddock-upstream", upstream),
                        Effect::SetRequestHeader("x-paddock-namespace", namespace),
                    ]);
                }
                self.state = State::PassThrough(Box::new(PassThrough {
                    head,
                    passage,
                    answer: None,
                    caller,
                    hold,
                    status: 0,
                }));
                step
            }
            Err(NotAdmitted::Scope(Denied::Recalled { until, .. }))
                if recalled.is_none_or(|entry| cx.now < entry.until) =>
            {
                let first = || short_wait(policy.priority, until, cx.now);
                let entry = recalled.unwrap_or_else(first);
                let mut step = Step::new(Verdict::Wait);
                step.effects.push(Effect::Queue(policy.name.clone(), entry));
                let passing = Passing {
                    head,
                    passage,
                    caller,
                    recalled: Some(entry),
                    unshared,
                    unshared_upstream,
                };
                self.state = State::AwaitGrants {
                    passing: Box::new(passing),
                };
                step
            }
            Err(NotAdmitted::Scope(Denied::Lend(needs))) => {
                let mut step = Step::new(Verdict::Wait);
                let asked_for = AskedFor::of(&needs);
                step.effects.push(Effect::Ask(Question::Lend(needs)));
                let passing = Passing {
                    head,
                    passage,
                    caller,
                    recalled: None,
                    unshared,
                    unshared_upstream,
                };
                self.state = State::BorrowToPass {
                    passing: Box::new(passing),
                    asked_for,
                };
                step
            }
            Err(NotAdmitted::Scope(denied)) => {
                self.refuse_denied(denied, Money::ZERO, CallContext::of(&head, &caller), cx)
            }
            Err(NotAdmitted::Upstream(limit, denial)) => {
                self.refuse_share(&limit, denial, CallContext::of(&head, &caller), cx)
            }
        }
    }
}

/// Whether the caller may send such a request, whatever it names.
fn may_pass<S>(passing: &Passing, cx: &StepContext<'_, S>) -> Result<(), Refusal> {
    let Passing {
        head,
        passage,
        caller,
        ..
    } = passing;
    authorize_role(caller, EndpointScope::Chat)?;
    if passage.reads_body && head.encoding != BodyEncoding::Plain {
        return Err(Refusal::unsupported_encoding());
    }
    let allows = cx.worker.config.foreign_ids == ForeignIds::Allow;
    match passage.stored {
        StoredPath::Unclear => {
            let path = head.path.as_bytes();
            Err(Refusal::path_not_found(passage.method.as_bytes(), path))
        }
        StoredPath::Collection if passage.method != "POST" && !allows => {
            let scope = &caller.namespace().scope.name;
            Err(Refusal::list_of_all(
                scope,
                passage.method.as_bytes(),
                &head.path,
            ))
        }
        _ => Ok(()),
    }
}

fn in_path(passing: &Passing) -> Vec<NamedObject> {
    match &passing.passage.stored {
        StoredPath::Object(id) => vec![NamedObject::in_path(id)],
        _ => Vec::new(),
    }
}

/// All that path and body name. A body where something stored may be named must be readable.
fn named(passing: &Passing, body: &[u8]) -> Result<Vec<NamedObject>, Refusal> {
    let mut named = in_path(passing);
    match stored_in(body, MOST_STORED) {
        Some(ids) => named.extend(NamedObject::in_body(&ids)),
        None if body.is_empty() || passing.passage.stored == StoredPath::Nothing => {}
        None => {
            let message = "The body must be JSON: it may name what is stored, and a form or another \
                           encoding cannot be read here.";
            return Err(Refusal::invalid_request(message, None));
        }
    }
    Ok(named)
}
