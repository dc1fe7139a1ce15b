//! What a step may look at and change outside its exchange.

use super::call::Basis;
use super::counts::Counts;
use super::event::RefusalTally;
use crate::admission::{Budgeting, Grants, Sharing, Terms};
use crate::bodies::ArrivingBodies;
use crate::cache::PolicyCache;
use crate::config::Config;
use crate::epoch_sum::Epochs;
use crate::failover::mix;
use crate::gateway_share::ShareTerm;
use crate::identity::KnownDigests;
use crate::ids::EventIds;
use crate::likely_output::LikelyOutput;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use crate::wire::UsageEvent;
use core::time::Duration;

/// What the exchanges of one worker share.
#[derive(Debug)]
pub struct WorkerState {
    /// The operator's configuration.
    pub config: Config,
    /// The policy in memory.
    pub cache: PolicyCache,
    /// The source of event ids.
    pub event_ids: EventIds,
    /// How long answers are.
    pub likely_output: LikelyOutput,
    /// Refusals not yet reported to the ledger.
    pub refusals: RefusalTally,
    /// What the metrics have not been told yet.
    pub counts: Counts,
    /// Digests of the secrets that requests came with lately.
    pub digests: KnownDigests,
    /// What it decides in its own memory.
    pub grants: Grants,
    /// How long this gateway's shares of limits are in force; absent where it shares none.
    pub share_term: Option<ShareTerm>,
    /// Requests whose bodies are on their way.
    pub arriving: ArrivingBodies,
    /// When this Envoy last heard of the policy.
    pub policy_heard_at: Timestamp,
    /// Where its sequence of numbers for choices by chance has come to.
    chance: u64,
}

impl WorkerState {
    /// Of a worker that begins. `random` are bytes of a secure source, drawn for its VM alone.
    pub fn new(config: Config, cache: PolicyCache, random: [u8; 22]) -> WorkerState {
        let (nonce, rest) = random.split_first_chunk().unwrap_or((&[0; 6], &[]));
        let key = rest.first_chunk().copied().unwrap_or_default();
        let [a, b, c, d, e, f] = *nonce;
        WorkerState {
            chance: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
            digests: KnownDigests::new(key, config.max_cached_tenants),
            config,
            cache,
            event_ids: EventIds::new(*nonce),
            likely_output: LikelyOutput::default(),
            refusals: RefusalTally::default(),
            counts: Counts::default(),
            grants: Grants::default(),
            share_term: None,
            arriving: ArrivingBodies::default(),
            policy_heard_at: Timestamp::EPOCH,
        }
    }

    /// A number for a choice by chance, each as likely as any other. It is no secret.
    pub(crate) fn random(&mut self) -> u64 {
        self.chance = mix(self.chance);
        self.chance
    }

    /// What holds for every request.
    pub fn terms(&self) -> Terms {
        Terms {
            epochs: Epochs(self.config.max_request_seconds),
            budgeting: match self.config.accounting {
                Some(_) => Budgeting::Leased,
                None => Budgeting::Books,
            },
            sharing: self.share_term.map(|term| Sharing {
                term,
                revision: self.cache.revision(),
            }),
        }
    }

    /// How old the policy is; `None` for a standalone gateway, whose policy has no age.
    pub fn policy_age(&self, now: Timestamp) -> Option<Duration> {
        let has_service = self.config.accounting.is_some();
        has_service.then(|| now.since(self.policy_heard_at))
    }

    /// Whether the policy is older than it may be.
    pub fn is_policy_too_old(&self, now: Timestamp) -> bool {
        let most = Duration::from_secs(self.config.policy_max_age_seconds);
        self.policy_age(now).is_some_and(|age| age > most)
    }

    /// Balances what it decides in its own memory with what all workers share. To be called every tick.
    pub fn balance_grants<S: SharedStore>(&mut self, store: &mut S, now: Timestamp) {
        let terms = self.terms();
        self.grants.tick(store, terms, now);
    }

    /// Decides nothing more in its own memory: for the end of a worker.
    pub fn end_grants<S: SharedStore>(&mut self, store: &mut S, now: Timestamp) {
        let terms = self.terms();
        self.grants.end(store, terms, now);
    }

    /// The events (JSON) of counted refusals that are due. To be called at least once a second.
    pub fn refusals_due(&mut self, now: Timestamp) -> Vec<Vec<u8>> {
        let due = self.refusals.due(now);
        due.iter().map(UsageEvent::to_json).collect()
    }

    /// The events (JSON) of all counted refusals, due or not: for the end of a worker.
    pub fn refusals_left(&mut self) -> Vec<Vec<u8>> {
        let rest = self.refusals.rest();
        rest.iter().map(UsageEvent::to_json).collect()
    }
}

/// All that a step may look at and change outside its exchange.
#[derive(Debug)]
pub struct StepContext<'a, S> {
    /// The worker.
    pub worker: &'a mut WorkerState,
    /// What the workers share.
    pub store: &'a mut S,
    /// Now.
    pub now: Timestamp,
}

impl<S> StepContext<'_, S> {
    /// What a call is decided by.
    pub(crate) fn basis(&self) -> Basis<'_> {
        Basis {
            cache: &self.worker.cache,
            config: &self.worker.config,
            likely_output: &self.worker.likely_output,
            now: self.now,
        }
    }
}
