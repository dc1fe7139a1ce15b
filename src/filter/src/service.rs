//! The accounting service, as a worker reaches it: by callouts to a cluster of Envoy's.

use crate::host::{self, SharedData, SharedQueue};
use crate::wasi;
use core::time::Duration;
use paddock_core::budget::Epochs;
use paddock_core::config::Accounting;
use paddock_core::worker::{Sync, gateway_id};

const QUEUE: &str = "usage";
const TOKEN_VARIABLE: &str = "PADDOCK_GATEWAY_TOKEN";

/// The accounting service, as this worker reaches it.
pub(crate) struct Service {
    accounting: Accounting,
    authorization: String,
    pub(crate) gateway_id: String,
    pub(crate) queue: Option<SharedQueue>,
    pub(crate) sync: Sync,
}

impl Service {
    pub(crate) fn new(accounting: Accounting, epochs: Epochs) -> Self {
        let me = u64::from_le_bytes(wasi::random());
        let candidate = u64::from_le_bytes(wasi::random());
        let gateway_id = gateway_id(&mut SharedData, candidate);
        let token = wasi::environment_variable(TOKEN_VARIABLE).unwrap_or_default();
        if token.is_empty() {
            log::error!(
                "{TOKEN_VARIABLE} is not set: the accounting service will not know this gateway; \
                 set it in Envoy's environment and list it in vm_config.environment_variables"
            );
        }
        Service {
            sync: Sync::new(me, gateway_id.clone(), epochs),
            authorization: format!("Bearer {token}"),
            queue: SharedQueue::open(QUEUE),
            gateway_id,
            accounting,
        }
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Option<u32> {
        let timeout = Duration::from_millis(self.accounting.timeout_ms);
        match host::post(
            &self.accounting.cluster,
            path,
            &self.authorization,
            body,
            timeout,
        ) {
            Ok(token) => Some(token),
            Err(status) => {
                let cluster = &self.accounting.cluster;
                log::warn!("the accounting service cannot be called ({cluster}: {status:?})");
                None
            }
        }
    }
}
