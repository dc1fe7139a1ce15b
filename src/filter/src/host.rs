//! Every host call the filter makes. Byte getters only: the string getters of the SDK panic on a
//! header that is not UTF-8.

use core::time::Duration;
use paddock_core::refusal::Reply;
use paddock_core::store::{Conflict, SharedStore, Version};
use paddock_core::timestamp::Timestamp;
use paddock_core::worker::UsageQueue;
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType, MetricType, Status};

/// A response header of the upstream, or of Envoy's own answer.
pub(crate) fn response_header(name: &str) -> Vec<u8> {
    header(MapType::HttpResponseHeaders, name).unwrap_or_default()
}

/// The status of the answer to a callout; `None` where it was reset before one came.
pub(crate) fn callout_status() -> Option<u16> {
    let status = header(MapType::HttpCallResponseHeaders, ":status")?;
    core::str::from_utf8(&status).ok()?.parse().ok()
}

/// The body of the answer to a callout.
pub(crate) fn callout_body(size: usize) -> Vec<u8> {
    buffer(BufferType::HttpCallResponseBody, size)
}

fn header(map: MapType, name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(map, name).ok().flatten()
}

/// All request headers, names in lower case.
pub(crate) fn request_headers() -> Vec<(String, Vec<u8>)> {
    hostcalls::get_map_bytes(MapType::HttpRequestHeaders).unwrap_or_default()
}

/// Sets a request header, replacing all of its name; `None` removes it.
pub(crate) fn set_request_header(name: &str, value: Option<&str>) {
    let value = value.map(str::as_bytes);
    accept(hostcalls::set_map_value_bytes(
        MapType::HttpRequestHeaders,
        name,
        value,
    ));
}

/// Sets a response header, replacing all of its name; `None` removes it.
pub(crate) fn set_response_header(name: &str, value: Option<&str>) {
    let value = value.map(str::as_bytes);
    accept(hostcalls::set_map_value_bytes(
        MapType::HttpResponseHeaders,
        name,
        value,
    ));
}

/// The request body received so far.
pub(crate) fn request_body(size: usize) -> Vec<u8> {
    buffer(BufferType::HttpRequestBody, size)
}

/// The chunk of the response body at hand.
pub(crate) fn response_chunk(size: usize) -> Vec<u8> {
    buffer(BufferType::HttpResponseBody, size)
}

fn buffer(kind: BufferType, size: usize) -> Vec<u8> {
    match size {
        0 => Vec::new(),
        _ => hostcalls::get_buffer(kind, 0, size)
            .ok()
            .flatten()
            .unwrap_or_default(),
    }
}

/// Replaces the whole request body that is held.
pub(crate) fn replace_request_body(body: &[u8]) {
    accept(hostcalls::set_buffer(
        BufferType::HttpRequestBody,
        0,
        u32::MAX as usize,
        body,
    ));
}

/// Replaces the chunk of the response body at hand.
pub(crate) fn replace_response_chunk(chunk: &[u8]) {
    accept(hostcalls::set_buffer(
        BufferType::HttpResponseBody,
        0,
        u32::MAX as usize,
        chunk,
    ));
}

/// Lets a held request go on.
pub(crate) fn resume_request() {
    accept(hostcalls::resume_http_request());
}

/// Answers the request here and now.
pub(crate) fn reply(reply: &Reply) {
    let headers = reply
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    accept(hostcalls::send_http_response(
        u32::from(reply.status),
        headers,
        Some(&reply.body),
    ));
}

/// Acts for another context of this worker from here on. False where that has gone.
pub(crate) fn act_for(context: u32) -> bool {
    hostcalls::set_effective_context(context).is_ok()
}

/// Whether the response at hand was made by Envoy rather than by an upstream.
pub(crate) fn response_is_local() -> bool {
    let details = hostcalls::get_property(vec!["response", "code_details"])
        .ok()
        .flatten();
    details.is_some_and(|details| details != b"via_upstream")
}

/// One of Envoy's attributes of the request at hand; `None` where it has no such.
pub(crate) fn attribute(path: Vec<&str>) -> Option<Vec<u8>> {
    hostcalls::get_property(path).ok().flatten()
}

/// Makes a value available to the access log as `%FILTER_STATE(wasm.NAME:PLAIN)%`.
pub(crate) fn annotate(name: &str, value: &[u8]) {
    accept(hostcalls::set_property(vec![name], Some(value)));
}

/// Wall-clock time.
pub(crate) fn now() -> Timestamp {
    let since = hostcalls::get_current_time()
        .ok()
        .and_then(|now| now.duration_since(std::time::UNIX_EPOCH).ok())
        .unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Has `on_tick` called this often.
pub(crate) fn set_tick_period(period: Duration) {
    accept(hostcalls::set_tick_period(period));
}

/// Posts JSON to the accounting service. The token that the answer comes with, or `Err` where the
/// call cannot even be made (no such cluster, no endpoint, circuit broken).
pub(crate) fn post(
    cluster: &str,
    path: &str,
    authorization: &str,
    body: &[u8],
    timeout: Duration,
) -> Result<u32, Status> {
    let headers = vec![
        (":method", "POST"),
        (":path", path),
        (":authority", cluster),
        ("content-type", "application/json"),
        ("authorization", authorization),
    ];
    hostcalls::dispatch_http_call(cluster, headers, Some(body), Vec::new(), timeout)
}

/// A counter's id.
pub(crate) fn define_counter(name: &str) -> Option<u32> {
    hostcalls::define_metric(MetricType::Counter, name).ok()
}

/// Adds to a counter.
pub(crate) fn count(id: u32, amount: u64) {
    accept(hostcalls::increment_metric(
        id,
        i64::try_from(amount).unwrap_or(i64::MAX),
    ));
}

/// Shared data of this Envoy's workers.
#[derive(Debug)]
pub(crate) struct SharedData;

impl SharedStore for SharedData {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        let (value, version) = hostcalls::get_shared_data(key).ok()?;
        Some((value.filter(|value| !value.is_empty())?, Version(version?)))
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        // A key that is absent has no version, and a write without one is unconditional: with one
        // that no key ever has, it only succeeds where the key is still absent.
        let version = version.map_or(u32::MAX, |version| version.0);
        hostcalls::set_shared_data(key, Some(value), Some(version)).map_err(|_| Conflict)
    }
}

/// The queue of usage events that all workers share.
#[derive(Debug)]
pub(crate) struct SharedQueue {
    id: u32,
}

impl SharedQueue {
    /// Opens the queue, making it where there is none.
    pub(crate) fn open(name: &str) -> Option<SharedQueue> {
        hostcalls::register_shared_queue(name)
            .ok()
            .map(|id| SharedQueue { id })
    }
}

impl UsageQueue for SharedQueue {
    fn push(&mut self, event: &[u8]) {
        accept(hostcalls::enqueue_shared_queue(self.id, Some(event)));
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        hostcalls::dequeue_shared_queue(self.id).ok().flatten()
    }
}

/// Host calls fail where the stream they are for has gone: then there is nothing left to do.
fn accept<T>(result: Result<T, Status>) {
    if let Err(status) = result {
        log::debug!("a host call was refused: {status:?}");
    }
}
