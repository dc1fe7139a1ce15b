//! From what a caller asks to a call that may be admitted, of the model they named or of another.

use super::{Asked, Call, Deployed, OtherGrant, Pending};
use crate::admission::{Ask, RateTier, WhenShort};
use crate::authorization::{Grant, authorize_model};
use crate::cache::PolicyCache;
use crate::config::{Config, EndUsers, HoldAt};
use crate::estimate::Estimate;
use crate::exchange::call::AskedFor;
use crate::exchange::head::Head;
use crate::exchange::named::NamedObject;
use crate::identity::Caller;
use crate::likely_output::LikelyOutput;
use crate::policy::{Catalog, FormatPaths, Model, ReferencePolicy, Served, user_in_events};
use crate::price::CostOverflow;
use crate::refusal::{Refusal, clip};
use crate::request::{Endpoint, ModelRequest, Rewrite, path_below, path_with_model};
use crate::timestamp::Timestamp;
use crate::wire_format::WireFormat;
use std::rc::Rc;

/// A body and what it says, while it is at hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyRead<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) request: &'a ModelRequest<'a>,
    /// The body that `request` was read from.
    pub(crate) body: &'a [u8],
    /// Whether that is another body than the one that came.
    pub(crate) is_changed: bool,
}

/// What a call is decided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Basis<'a> {
    /// The policy in memory.
    pub(crate) cache: &'a PolicyCache,
    /// The operator's configuration.
    pub(crate) config: &'a Config,
    /// How long answers are.
    pub(crate) likely_output: &'a LikelyOutput,
    pub(crate) now: Timestamp,
}

/// The model that is to serve a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice<'a> {
    /// Its name, or an alias of it.
    pub(crate) model: &'a str,
    /// What `x-paddock-reason` says, where Paddock chose it and not the caller.
    pub(crate) reason: Option<String>,
}

impl<'a> Choice<'a> {
    /// The model the caller named.
    pub(crate) fn of_the_caller(request: &'a ModelRequest<'_>) -> Choice<'a> {
        Choice {
            model: &request.model,
            reason: None,
        }
    }
}

/// A call of the chosen model: authorized, estimated, and with body and path as its upstream is to
/// see them. Whoever chose, the caller must be allowed the model.
pub(crate) fn prepare(
    caller: Caller,
    head: &Head,
    read: BodyRead<'_>,
    choice: Choice<'_>,
    basis: Basis<'_>,
) -> Result<Pending, Refusal> {
    let Basis { config, now, .. } = basis;
    let catalog = basis.cache.catalog().map(Rc::clone).unwrap_or_default();
    let grant = authorize_model(caller, &catalog, choice.model, now)?;
    let force_usage = must_force_usage(read.endpoint, read.request);
    let user = user(head, read.request, &config.end_users);
    let routed = match &config.hold {
        HoldAt::Headers => None,
        HoldAt::Body { upstream } => Some(upstream.as_str()),
    };
    let deployed = Deployed::of(&grant, head, read, routed)?;
    let mut call = call(grant, &catalog, user, read, choice.reason, force_usage, now)?;
    call.deploy(deployed, read)?;
    let namespace = &call.grant.caller().namespace().policy.name;
    if let Some(output) = basis.likely_output.of(namespace, call.model_name()) {
        let output = output.saturating_mul(read.request.choices);
        call.estimate = call.estimate.likely(output);
        call.ask.tokens = call.estimate.tokens;
    }
    let served_at = call.deployed.as_ref().zip(call.grant.model());
    let served_at = served_at.and_then(|(deployed, model)| deployed.written_for(model));
    let (model, path) = match served_at {
        Some((model, path)) => {
            let path = (path != head.path_and_query).then(|| path.to_owned());
            (Some(model), path)
        }
        None => {
            if let Some(routed) = routed {
                check_route(&call, routed)?;
            }
            let path = upstream_path(&call, head, read)?;
            (call.grant.model().map(Model::upstream_name), path)
        }
    };
    let others = call.others.iter();
    let others: Vec<Option<&str>> = others
        .map(|other| other.grant.model().map(Model::upstream_name))
        .collect();
    let to = Rewrite {
        model,
        others: &others,
        force_usage,
        output_limit_field: call
            .grant
            .model()
            .and_then(|model| model.output_limit_field),
    };
    let rewritten = read.request.rewrite(read.body, &to);
    let rewritten = rewritten.or_else(|| read.is_changed.then(|| read.body.to_vec()));
    Ok(Pending {
        call,
        rewritten,
        path,
        rounds: 0,
        asked_for: AskedFor::default(),
        fallback: None,
        output_limit: None,
        queued: None,
        recalled: None,
        was_throttled: false,
        may_be_reserved: true,
    })
}

fn call(
    grant: Grant,
    catalog: &Rc<Catalog>,
    user: Option<String>,
    read: BodyRead<'_>,
    reason: Option<String>,
    force_usage: bool,
    now: Timestamp,
) -> Result<Call, Refusal> {
    let BodyRead {
        endpoint, request, ..
    } = read;
    let of = |grant: &Grant| match grant.model() {
        Some(model) => Estimate::of(endpoint, request, model, grant.price(), grant.unpriced()),
        None => Err(CostOverflow),
    };
    let tier = request.tier.as_deref().unwrap_or_default();
    let speed = request.speed.as_deref().unwrap_or_default();
    let region = request.region.as_deref().unwrap_or_default();
    let tiers = [tier, speed];
    let mut estimate = of(&grant).map_err(Refusal::cost_overflow)?;
    let field = grant.model().and_then(|model| model.output_limit_field);
    let sent = request.output_limits.as_sent_to(field);
    let mut others = Vec::new();
    for other in &request.other_models {
        let granted = authorize_model(grant.caller().clone(), catalog, &other.name, now)?;
        let its = match granted.model() {
            Some(model) => {
                // The body is written for the call's own model: another may not read its limit.
                let limit = match other.may_serve() {
                    true => sent.read_as(model.output_limit_field),
                    false => other.max_output_tokens,
                };
                let (price, unpriced) = (granted.price(), granted.unpriced());
                Estimate::limited(endpoint, request, limit, model, price, unpriced)
            }
            None => Err(CostOverflow),
        };
        let its = its.map_err(Refusal::cost_overflow)?.money;
        let may_serve = other.may_serve();
        estimate.money = match may_serve {
            true => estimate.money.max(its),
            false => estimate
                .money
                .saturating_add(its.saturating_mul(other.calls)),
        };
        others.push(OtherGrant {
            grant: granted,
            may_serve,
        });
    }
    let namespace = grant.caller().namespace();
    if namespace.policy.settings.references == ReferencePolicy::Refuse
        && !request.references.is_empty()
    {
        return Err(Refusal::references_forbidden(&namespace.scope.name));
    }
    let may_serve = others.iter().filter(|other| other.may_serve);
    for grant in core::iter::once(&grant).chain(may_serve.map(|other| &other.grant)) {
        grant.check_priced(tiers, region, &request.tools, endpoint.unit())?;
    }
    Ok(Call {
        requested_model: clip(&request.model).into_owned(),
        user,
        user_shared: false,
        budgets: Vec::new(),
        stream: request.stream || endpoint.streams(),
        hide_usage: force_usage && !request.include_usage,
        free: endpoint.is_free(),
        asked: Asked {
            tier: tier.to_owned(),
            speed: speed.to_owned(),
            region: region.to_owned(),
            unit: endpoint.unit(),
            units: request.units,
            quality: request.quality.clone().into_owned(),
            size: request.size.clone().into_owned(),
        },
        others,
        deployed: None,
        reason,
        ask: Ask {
            tokens: estimate.tokens,
            money: estimate.money,
            short: WhenShort::Borrow,
            unshared: WhenShort::Borrow,
            unshared_upstream: WhenShort::Borrow,
            tier: match endpoint.is_free() {
                true => RateTier::Free,
                false => RateTier::Regular,
            },
            is_turn: false,
        },
        stored: NamedObject::in_body(&request.references.stored),
        estimate,
        grant,
    })
}

/// The end user a request names, in few bytes.
fn user(head: &Head, request: &ModelRequest<'_>, end_users: &EndUsers) -> Option<String> {
    let in_header = head.user.as_deref();
    let in_body = request.user.as_deref();
    let in_body = in_body.filter(|user| !user.is_empty() && end_users.in_body());
    let named = match head.user_goes_first {
        true => in_header.or(in_body)?,
        false => in_body.or(in_header)?,
    };
    Some(user_in_events(&end_users.user(named)).into_owned())
}

/// Whether usage must be asked of the upstream, because it does not come by itself.
fn must_force_usage(endpoint: &Endpoint, request: &ModelRequest<'_>) -> bool {
    request.stream && matches!(endpoint, Endpoint::ChatCompletions | Endpoint::Completions)
}

/// Where the route is fixed, only what it leads to can be served.
fn check_route(call: &Call, routed: &str) -> Result<(), Refusal> {
    let model = call.grant.model();
    let upstream = model.map_or("", |model| model.upstream.as_str());
    if upstream != routed {
        let scope = &call.grant.caller().namespace().scope.name;
        return Err(Refusal::model_not_on_route(
            scope,
            &call.requested_model,
            upstream,
            routed,
        ));
    }
    Ok(())
}

/// The path and query that the model's upstream is to be asked, where they differ from the
/// caller's.
fn upstream_path(call: &Call, head: &Head, read: BodyRead<'_>) -> Result<Option<String>, Refusal> {
    let Some(model) = call.grant.model() else {
        return Ok(None);
    };
    let path = path_at(model, model.upstream_name(), &model.paths, head, read)?;
    if let (Some(path), true) = (&path, head.headers_gone) {
        let scope = &call.grant.caller().namespace().scope.name;
        return Err(Refusal::path_is_fixed(scope, &call.requested_model, path));
    }
    Ok(path)
}

/// The path and query at which an upstream is asked that calls the model `name` and serves formats at
/// `paths`, where they differ from the caller's.
///
/// # Errors
/// The refusal, if it does not serve the request's format.
pub(super) fn path_at(
    model: &Model,
    name: &str,
    paths: &FormatPaths,
    head: &Head,
    read: BodyRead<'_>,
) -> Result<Option<String>, Refusal> {
    let asked_for = head.path_and_query.as_str();
    let mut path = match read.endpoint {
        Endpoint::Gemini { .. } => path_with_model(asked_for, name),
        _ => None,
    };
    let format = read.endpoint.format();
    match paths.served(format) {
        Served::AsAsked => {}
        Served::Below(base) => {
            let from = path.as_deref().unwrap_or(asked_for);
            path = path_below(from, base, name).or(path);
        }
        Served::Nowhere => {
            let formats = paths.formats().map(WireFormat::name);
            return Err(Refusal::format_not_served(
                &model.name,
                format.name(),
                formats,
            ));
        }
    }
    Ok(path)
}
