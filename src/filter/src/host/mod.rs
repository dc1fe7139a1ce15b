//! What the filter asks of its host. Envoy is one; the tests have one in memory.

#[cfg(target_arch = "wasm32")]
mod envoy;
#[cfg(test)]
pub(crate) mod fake;
mod header_map;
#[cfg(target_arch = "wasm32")]
mod wasi;

#[cfg(target_arch = "wasm32")]
pub(crate) use envoy::Envoy;
pub(crate) use header_map::HeaderMap;

use core::time::Duration;
use paddock_core::refusal::Reply;
use paddock_core::store::SharedStore;
use paddock_core::timestamp::Timestamp;
use paddock_core::worker::UsageQueue;

/// A call to the accounting service that could not even be made, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallFailed(pub(crate) String);

/// The host of one worker. Everything that concerns a stream acts for the stream whose callback runs,
/// or for the one that [`Host::act_for`] named last.
///
/// A type parameter and never a trait object: a request makes dozens of these calls.
pub(crate) trait Host: Clone {
    /// State that the workers of one Envoy share.
    type Store: SharedStore;
    /// The queue of usage events that they share.
    type Queue: UsageQueue;

    fn store(&self) -> Self::Store;
    /// Opens a shared queue, creating it if there is none. What is in the `older` one is taken too, once
    /// there is nothing else.
    fn open_queue(&self, name: &str, older: &str) -> Option<Self::Queue>;

    /// Wall-clock time.
    fn now(&self) -> Timestamp;
    /// Secure random bytes.
    fn random<const N: usize>(&self) -> [u8; N];
    /// The value of an environment variable that the operator lets through in `vm_config`.
    fn environment_variable(&self, name: &str) -> Option<String>;
    /// Has the root context's tick come this often.
    fn set_tick_period(&self, period: Duration);

    /// All request headers, names in lower case.
    fn request_headers(&self) -> HeaderMap;
    /// Sets a request header, replacing all of its name; `None` removes it.
    fn set_request_header(&self, name: &str, value: Option<&str>);
    /// The first `size` bytes of the request body at hand.
    fn request_body(&self, size: usize) -> Vec<u8>;
    /// Replaces the whole request body that is held.
    fn replace_request_body(&self, body: &[u8]);
    /// Lets a held request continue.
    fn resume_request(&self);
    /// Answers the request here and now.
    fn reply(&self, reply: &Reply);
    /// One of Envoy's attributes of the request; `None` if it has no such.
    fn attribute(&self, path: Vec<&str>) -> Option<Vec<u8>>;
    /// Makes a value available to the access log as `%FILTER_STATE(wasm.NAME:PLAIN)%`.
    fn annotate(&self, name: &str, value: &[u8]);

    /// All response headers, names in lower case.
    fn response_headers(&self) -> HeaderMap;
    /// Sets a response header, replacing all of its name; `None` removes it.
    fn set_response_header(&self, name: &str, value: Option<&str>);
    /// `%RESPONSE_CODE_DETAILS%`; empty if there are none.
    fn response_details(&self) -> Vec<u8>;
    /// The first `size` bytes of the chunk of the response body at hand.
    fn response_chunk(&self, size: usize) -> Vec<u8>;
    /// Replaces the chunk of the response body at hand.
    fn replace_response_chunk(&self, chunk: &[u8]);

    /// Acts for another context of this worker from here on. False if that has gone.
    fn act_for(&self, context: u32) -> bool;

    /// Posts JSON to a cluster of Envoy's, with `headers` beside its own. The token that the answer comes with.
    ///
    /// The call belongs to the context that is acted for, and is lost with it.
    fn post(
        &self,
        cluster: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        timeout: Duration,
    ) -> Result<u32, CallFailed>;
    /// The status of the answer to a call; `None` if it was reset before one came.
    fn call_status(&self) -> Option<u16>;
    /// The first `size` bytes of the body of the answer to a call.
    fn call_body(&self, size: usize) -> Vec<u8>;

    /// A counter's id.
    fn define_counter(&self, name: &str) -> Option<u32>;
    /// Adds to a counter.
    fn count(&self, id: u32, amount: u64);
    /// A gauge's id.
    fn define_gauge(&self, name: &str) -> Option<u32>;
    /// Sets a gauge.
    fn set_gauge(&self, id: u32, value: u64);
}
