//! Where a call may be served, if its model lists several deployments.

use super::{BodyRead, Call, path_at};
use crate::admission::Terms;
use crate::authorization::Grant;
use crate::config::Config;
use crate::estimate::Estimate;
use crate::exchange::head::Head;
use crate::failover::{
    AsSent, Attempt, Attempts, DeploymentName, Standing, cool_down, cools_until, order,
};
use crate::fair_share::room;
use crate::policy::{Deployment, Model};
use crate::price::Price;
use crate::refusal::Refusal;
use crate::request::Endpoint;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;

/// The deployments that may serve a call.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) endpoint: Endpoint,
    /// Those that may serve it, as the catalog has them.
    pub(crate) usable: Vec<Usable>,
    /// Which of them body and path are written for.
    pub(crate) written_for: usize,
    /// Which of them is tried first, which next.
    pub(crate) order: Vec<usize>,
    /// Those whose upstream's limit has refused the call.
    pub(crate) full: Vec<usize>,
    /// How many attempts Envoy has made; 0 until it has told.
    pub(crate) attempts: u64,
}

/// A deployment that may serve a call.
#[derive(Debug)]
pub(crate) struct Usable {
    /// Its place among the model's.
    pub(crate) index: usize,
    /// The path and query it is to be asked at.
    pub(crate) path: String,
}

impl Deployed {
    /// The deployments of the granted model that may serve a request. `None` if it lists none. `routed`:
    /// the upstream that the route leads to, where it is fixed.
    ///
    /// # Errors
    /// The refusal, if none may.
    pub(crate) fn of(
        grant: &Grant,
        head: &Head,
        read: BodyRead<'_>,
        routed: Option<&str>,
    ) -> Result<Option<Box<Deployed>>, Refusal> {
        let Some(model) = grant.model() else {
            return Ok(None);
        };
        let namespace = grant.caller().namespace();
        let settings = &namespace.policy.settings;
        let in_region = |one: &Deployment| settings.allows_region(one.region.as_deref());
        let scope = &namespace.scope.name;
        if model.deployments.is_empty() {
            return Ok(None);
        }
        let asked = &read.request.model;
        let mut refusal = None;
        let mut usable = Vec::new();
        for (index, one) in model.deployments.iter().enumerate() {
            if !in_region(one) {
                continue;
            }
            if let Some(routed) = routed.filter(|routed| *routed != one.upstream) {
                refusal = Some(Refusal::model_not_on_route(
                    scope,
                    asked,
                    &one.upstream,
                    routed,
                ));
                continue;
            }
            match path_at(
                model,
                one.upstream_name(&model.name),
                &one.paths,
                head,
                read,
            ) {
                Ok(Some(path)) if head.headers_gone => {
                    refusal = Some(Refusal::path_is_fixed(scope, asked, &path));
                }
                Ok(path) => usable.push(Usable {
                    index,
                    path: path.unwrap_or_else(|| head.path_and_query.clone()),
                }),
                Err(other) => refusal = refusal.or(Some(other)),
            }
        }
        let priority = |one: &Usable| {
            let deployment = model.deployments.get(one.index);
            deployment.map_or(u64::MAX, |deployment| deployment.priority)
        };
        let first = usable.iter().map(priority).min();
        let Some(written_for) = usable.iter().position(|one| Some(priority(one)) == first) else {
            let allowed = settings
                .allowed_regions
                .iter()
                .flatten()
                .map(String::as_str);
            let elsewhere = || Refusal::region_not_allowed(scope, &model.name, allowed);
            return Err(refusal.unwrap_or_else(elsewhere));
        };
        // Each deployment has names of its own for the other models, and the body can have one only.
        let names_others = !read.request.other_models.is_empty();
        let (usable, written_for) = match names_others || head.headers_gone {
            true => (usable.drain(written_for..).take(1).collect(), 0),
            false => (usable, written_for),
        };
        Ok(Some(Box::new(Deployed {
            endpoint: read.endpoint.clone(),
            order: (0..usable.len()).collect(),
            usable,
            written_for,
            full: Vec::new(),
            attempts: 0,
        })))
    }

    /// What body and path are written for: its name for the model, and the path.
    pub(crate) fn written_for<'a>(&'a self, model: &'a Model) -> Option<(&'a str, &'a str)> {
        let usable = self.usable.get(self.written_for)?;
        let deployment = model.deployments.get(usable.index)?;
        Some((deployment.upstream_name(&model.name), &usable.path))
    }

    /// Which of the usable ones the last attempt went to.
    fn last(&self) -> Option<usize> {
        let made = usize::try_from(self.attempts).unwrap_or(usize::MAX);
        let at = made
            .saturating_sub(1)
            .min(self.order.len().saturating_sub(1));
        self.order.get(at).copied()
    }
}

impl Call {
    fn usable(&self, at: usize) -> Option<(&Usable, &Deployment)> {
        let usable = self.deployed.as_ref()?.usable.get(at)?;
        let deployment = self.grant.model()?.deployments.get(usable.index)?;
        Some((usable, deployment))
    }

    /// Takes note of where it may be served, and holds what the dearest of them costs.
    ///
    /// # Errors
    /// The refusal, if a cost cannot be written down or what is asked for has no price.
    pub(super) fn deploy(
        &mut self,
        deployed: Option<Box<Deployed>>,
        read: BodyRead<'_>,
    ) -> Result<(), Refusal> {
        if deployed.is_none() {
            return Ok(());
        }
        self.deployed = deployed;
        let Some(model) = self.grant.model() else {
            return Ok(());
        };
        let mut dearest = self.estimate.money;
        for price in self.prices() {
            let unpriced = self.grant.unpriced();
            let its = Estimate::of(read.endpoint, read.request, model, price, unpriced);
            dearest = dearest.max(its.map_err(Refusal::cost_overflow)?.money);
            let asked = [self.asked.tier.as_str(), self.asked.speed.as_str()];
            let (region, tools) = (&self.asked.region, &read.request.tools);
            let unit = read.endpoint.unit();
            self.grant.check_price(price, asked, region, tools, unit)?;
        }
        self.estimate.money = dearest;
        self.ask.money = dearest;
        Ok(())
    }

    /// The upstream that is tried first.
    pub(crate) fn upstream(&self) -> &str {
        let first = self.deployed.as_ref().and_then(|all| all.order.first());
        match first.and_then(|at| self.usable(*at)) {
            Some((_, deployment)) => &deployment.upstream,
            None => self.grant.model().map_or("", |model| &model.upstream),
        }
    }

    /// Whether another deployment may serve it if the first fails.
    pub(crate) fn may_fail_over(&self) -> bool {
        let all = self.deployed.as_ref();
        all.is_some_and(|all| all.order.len() > 1)
    }

    /// The deployment that the last attempt went to, and the number of that attempt.
    pub(crate) fn served(&self) -> Option<(&Deployment, u64)> {
        let all = self.deployed.as_ref()?;
        let (_, deployment) = self.usable(all.last()?)?;
        Some((deployment, all.attempts.max(1)))
    }

    /// Has the deployment cool down that the last attempt went to, if there is another one.
    pub(crate) fn cool_down<S: SharedStore>(&self, store: &mut S, now: Timestamp) {
        if let (Some((one, _)), true) = (self.served(), self.may_fail_over()) {
            let name = DeploymentName {
                upstream: &one.upstream,
                model: one.upstream_name(self.model_name()),
            };
            cool_down(store, name, None, now);
        }
    }

    /// The upstream that served it, if that is another than the one tried first.
    pub(crate) fn went_on_to(&self) -> Option<&str> {
        let (one, _) = self.served().filter(|(_, attempt)| *attempt > 1)?;
        (one.upstream != self.upstream()).then_some(one.upstream.as_str())
    }

    /// The price of what served it.
    pub(crate) fn price(&self) -> &Price {
        let own = self.served().and_then(|(one, _)| one.price.as_ref());
        own.unwrap_or_else(|| self.grant.price())
    }

    /// Whether what served it has a price of its own.
    pub(crate) fn has_own_price(&self) -> bool {
        self.served().is_some_and(|(one, _)| one.price.is_some())
    }

    /// The prices of all that may serve it.
    pub(crate) fn prices(&self) -> impl Iterator<Item = &Price> {
        let own = |at: usize| self.usable(at)?.1.price.as_ref();
        let usable = self.deployed.as_ref().map_or(0, |all| all.usable.len());
        let is_needed = usable == 0 || (0..usable).any(|at| own(at).is_none());
        let of_model = is_needed.then(|| self.grant.price());
        of_model.into_iter().chain((0..usable).filter_map(own))
    }

    /// Chooses which deployment is tried first, and which next. `random`: any number, with equal chance.
    pub(crate) fn choose<S: SharedStore>(
        &mut self,
        config: &Config,
        terms: Terms,
        random: u64,
        store: &S,
        now: Timestamp,
    ) {
        let Some(all) = &self.deployed else {
            return;
        };
        if all.usable.len() == 1 {
            return;
        }
        let settings = &self.grant.caller().namespace().policy.settings;
        let name = self.model_name();
        let standing = |at: usize| {
            let (_, one) = self.usable(at)?;
            let region = one.region.as_deref();
            let deployment = DeploymentName {
                upstream: &one.upstream,
                model: one.upstream_name(name),
            };
            let limit = config.upstream(&one.upstream);
            Some(Standing {
                priority: one.priority,
                weight: one.weight,
                is_preferred: settings.prefers_region(region),
                room: match all.full.contains(&at) {
                    true => 0,
                    false => limit.map_or(1_000, |limit| room(store, limit, terms, now)),
                },
                cools_until: cools_until(store, deployment, now),
            })
        };
        let standings = (0..all.usable.len()).filter_map(standing);
        let chosen = order(&standings.collect::<Vec<_>>(), random);
        if let Some(all) = &mut self.deployed {
            all.order = chosen;
        }
    }

    /// The limit of the upstream that was to be tried first refuses the call. Whether another may be
    /// tried first.
    pub(crate) fn first_is_full(&mut self) -> bool {
        let Some(all) = &mut self.deployed else {
            return false;
        };
        let Some(first) = all.order.first().copied() else {
            return false;
        };
        if all.full.contains(&first) {
            return false;
        }
        all.full.push(first);
        all.full.len() < all.usable.len()
    }

    /// What each attempt is to look like. `length`: how long the body is, if the request says so.
    pub(crate) fn attempts(
        &self,
        head: &Head,
        path: Option<&str>,
        length: Option<usize>,
    ) -> Option<Attempts> {
        let all = self.deployed.as_ref()?;
        let name = self.model_name();
        let (_, written_for) = self.usable(all.written_for)?;
        let attempt = |at: &usize| {
            let (usable, deployment) = self.usable(*at)?;
            Some(Attempt {
                upstream: deployment.upstream.clone(),
                model: deployment.upstream_name(name).to_owned(),
                path: usable.path.clone(),
            })
        };
        let attempts: Vec<Attempt> = all.order.iter().filter_map(attempt).collect();
        let sent = AsSent {
            model: written_for.upstream_name(name).to_owned(),
            path: path.unwrap_or(&head.path_and_query).to_owned(),
            length,
        };
        Some(Attempts::new(&all.endpoint, attempts, sent))
    }

    /// The upstreams in the order that they are tried in.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = &str> {
        let order = self.deployed.iter().flat_map(|all| &all.order);
        order.filter_map(|at| Some(self.usable(*at)?.1.upstream.as_str()))
    }
}
