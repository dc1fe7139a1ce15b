//! The accounting service, as a worker reaches it: by callouts to a cluster of Envoy's.

use crate::host::{CallFailed, Host};
use core::time::Duration;
use paddock_core::config::{Accounting, DurableEvents};
use paddock_core::epoch_sum::Epochs;
use paddock_core::wire::{PROTOCOL_HEADER, Protocols};
use paddock_core::worker::{EventBlock, Sync, UsageQueue, gateway_id};

const QUEUE: &str = "usage blocks";
/// The queue of an older filter in this Envoy, which took single events from it.
const OLDER_QUEUE: &str = "usage";
/// Bytes of events that are held at most.
const MOST_HELD: usize = 64 * 1_024;
const TOKEN_VARIABLE: &str = "PADDOCK_GATEWAY_TOKEN";
/// What the filter is called towards the service.
const USER_AGENT: &str = concat!("paddock-filter/", env!("CARGO_PKG_VERSION"));

/// The accounting service, as this worker reaches it.
pub(super) struct Service<H: Host> {
    accounting: Accounting,
    authorization: String,
    protocols: String,
    pub(super) gateway_id: String,
    pub(super) queue: Option<H::Queue>,
    /// What of the events does not outlive this VM.
    held: EventBlock,
    most_held: usize,
    pub(super) sync: Sync,
}

impl<H: Host> Service<H> {
    pub(super) fn new(
        host: &H,
        accounting: Accounting,
        durable: DurableEvents,
        epochs: Epochs,
    ) -> Self {
        let me = u64::from_le_bytes(host.random());
        let candidate = u64::from_le_bytes(host.random());
        let gateway_id = gateway_id(&mut host.store(), candidate);
        let token = host
            .environment_variable(TOKEN_VARIABLE)
            .unwrap_or_default();
        if token.is_empty() {
            log::error!(
                "{TOKEN_VARIABLE} is not set: the accounting service will not know this gateway; \
                 set it in Envoy's environment and list it in vm_config.environment_variables"
            );
        }
        Service {
            sync: Sync::new(me, gateway_id.clone(), epochs),
            authorization: format!("Bearer {token}"),
            protocols: Protocols::SPOKEN.to_string(),
            queue: host.open_queue(QUEUE, OLDER_QUEUE),
            held: EventBlock::default(),
            most_held: match durable {
                DurableEvents::Tick => MOST_HELD,
                DurableEvents::Each => 0,
            },
            gateway_id,
            accounting,
        }
    }

    /// Hands an event over, at the next [`Service::flush`] at the latest.
    pub(super) fn emit(&mut self, event: &[u8]) {
        self.held.add(event);
        if self.held.bytes() > self.most_held {
            self.flush();
        }
    }

    /// Has the events outlive this VM.
    pub(super) fn flush(&mut self) {
        if let (Some(block), Some(queue)) = (self.held.take(), &mut self.queue) {
            queue.push(&block);
        }
    }

    /// How long a call may take.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.accounting.timeout_ms)
    }

    pub(super) fn post(&self, host: &H, path: &str, body: &[u8]) -> Option<u32> {
        let timeout = self.timeout();
        match host.post(
            &self.accounting.cluster,
            path,
            &[
                ("authorization", &self.authorization),
                ("user-agent", USER_AGENT),
                (PROTOCOL_HEADER, &self.protocols),
            ],
            body,
            timeout,
        ) {
            Ok(token) => Some(token),
            Err(CallFailed(why)) => {
                let cluster = &self.accounting.cluster;
                log::warn!("the accounting service cannot be called ({cluster}: {why})");
                None
            }
        }
    }
}
