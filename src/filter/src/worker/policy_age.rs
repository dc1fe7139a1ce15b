//! How old the policy is: told to the metrics, to the log and to what decides requests.

use super::Worker;
use crate::host::Host;
use core::time::Duration;
use paddock_core::timestamp::Timestamp;
use paddock_core::worker::policy_heard_at;

/// How many seconds ago this Envoy last heard of the policy.
const AGE: &str = "paddock_policy_age_seconds";
/// How often that is looked at.
const PERIOD: Duration = Duration::from_secs(1);

/// What one worker has told of the policy's age.
#[derive(Debug, Default)]
pub(super) struct PolicyAge {
    looked_at: Timestamp,
    gauge: Option<u32>,
    is_too_old: bool,
}

impl<H: Host> Worker<H> {
    /// Takes over what the worker that syncs has heard. A clock that steps back is looked at anew.
    pub(super) fn look_at_policy_age(&mut self) {
        if self.service.is_none() {
            return;
        }
        let now = self.host.now();
        let looked_at = self.policy_age.looked_at;
        if looked_at <= now && now.since(looked_at) < PERIOD {
            return;
        }
        self.policy_age.looked_at = now;
        if let Some(heard_at) = policy_heard_at(&self.host.store()) {
            self.state.policy_heard_at = heard_at;
        }
        let age = self.state.policy_age(now).unwrap_or_default().as_secs();
        let define = || self.host.define_gauge(AGE);
        self.policy_age.gauge = self.policy_age.gauge.or_else(define);
        if let Some(gauge) = self.policy_age.gauge {
            self.host.set_gauge(gauge, age);
        }
        let is_too_old = self.state.is_policy_too_old(now);
        match (self.policy_age.is_too_old, is_too_old) {
            (false, true) => log::error!(
                "the accounting service was last heard {age} s ago, longer than policy_max_age_seconds: \
                 requests are refused, or served where the failure mode is `open`, until it is heard again"
            ),
            (true, false) => log::warn!("the accounting service is heard again"),
            _ => {}
        }
        self.policy_age.is_too_old = is_too_old;
    }
}
