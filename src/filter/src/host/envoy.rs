//! Envoy as the host: the only file that names host calls. Byte getters only: the string getters of
//! the SDK panic on a header that is not UTF-8.

use super::{CallFailed, HeaderMap, Host, wasi};
use core::time::Duration;
use paddock_core::refusal::Reply;
use paddock_core::store::{Conflict, SharedStore, Version};
use paddock_core::timestamp::Timestamp;
use paddock_core::worker::UsageQueue;
use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType, MetricType, Status};

/// This worker's Envoy. It has no state, so that a call costs what the host call costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envoy;

impl Host for Envoy {
    type Store = SharedData;
    type Queue = SharedQueue;

    fn store(&self) -> SharedData {
        SharedData
    }

    fn open_queue(&self, name: &str, older: &str) -> Option<SharedQueue> {
        let open = |name| hostcalls::register_shared_queue(name).ok();
        let (id, older) = (open(name)?, open(older)?);
        Some(SharedQueue { id, older })
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        wasi::random()
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        wasi::environment_variable(name)
    }

    fn call_status(&self) -> Option<u16> {
        let map = MapType::HttpCallResponseHeaders;
        let status = hostcalls::get_map_value_bytes(map, ":status")
            .ok()
            .flatten()?;
        core::str::from_utf8(&status).ok()?.parse().ok()
    }

    fn call_body(&self, size: usize) -> Vec<u8> {
        buffer(BufferType::HttpCallResponseBody, size)
    }

    fn request_headers(&self) -> HeaderMap {
        header_map(MapType::HttpRequestHeaders)
    }

    fn response_headers(&self) -> HeaderMap {
        header_map(MapType::HttpResponseHeaders)
    }

    fn set_request_header(&self, name: &str, value: Option<&str>) {
        let value = value.map(str::as_bytes);
        accept(hostcalls::set_map_value_bytes(
            MapType::HttpRequestHeaders,
            name,
            value,
        ));
    }

    fn set_response_header(&self, name: &str, value: Option<&str>) {
        let value = value.map(str::as_bytes);
        accept(hostcalls::set_map_value_bytes(
            MapType::HttpResponseHeaders,
            name,
            value,
        ));
    }

    fn request_body(&self, size: usize) -> Vec<u8> {
        buffer(BufferType::HttpRequestBody, size)
    }

    fn response_chunk(&self, size: usize) -> Vec<u8> {
        buffer(BufferType::HttpResponseBody, size)
    }

    fn replace_request_body(&self, body: &[u8]) {
        accept(hostcalls::set_buffer(
            BufferType::HttpRequestBody,
            0,
            u32::MAX as usize,
            body,
        ));
    }

    fn replace_response_chunk(&self, chunk: &[u8]) {
        accept(hostcalls::set_buffer(
            BufferType::HttpResponseBody,
            0,
            u32::MAX as usize,
            chunk,
        ));
    }

    fn resume_request(&self) {
        accept(hostcalls::resume_http_request());
    }

    fn reply(&self, reply: &Reply) {
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

    fn act_for(&self, context: u32) -> bool {
        hostcalls::set_effective_context(context).is_ok()
    }

    fn response_details(&self) -> Vec<u8> {
        let details = hostcalls::get_property(vec!["response", "code_details"]);
        details.ok().flatten().unwrap_or_default()
    }

    fn attribute(&self, path: Vec<&str>) -> Option<Vec<u8>> {
        hostcalls::get_property(path).ok().flatten()
    }

    fn annotate(&self, name: &str, value: &[u8]) {
        accept(hostcalls::set_property(vec![name], Some(value)));
    }

    fn now(&self) -> Timestamp {
        let since = hostcalls::get_current_time()
            .ok()
            .and_then(|now| now.duration_since(std::time::UNIX_EPOCH).ok())
            .unwrap_or_default();
        Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    fn set_tick_period(&self, period: Duration) {
        accept(hostcalls::set_tick_period(period));
    }

    fn post(
        &self,
        cluster: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        timeout: Duration,
    ) -> Result<u32, CallFailed> {
        let mut all = vec![
            (":method", "POST"),
            (":path", path),
            (":authority", cluster),
            ("content-type", "application/json"),
        ];
        all.extend(headers);
        hostcalls::dispatch_http_call(cluster, all, Some(body), Vec::new(), timeout)
            .map_err(|status| CallFailed(format!("{status:?}")))
    }

    fn define_counter(&self, name: &str) -> Option<u32> {
        hostcalls::define_metric(MetricType::Counter, name).ok()
    }

    fn count(&self, id: u32, amount: u64) {
        accept(hostcalls::increment_metric(
            id,
            i64::try_from(amount).unwrap_or(i64::MAX),
        ));
    }

    fn define_gauge(&self, name: &str) -> Option<u32> {
        hostcalls::define_metric(MetricType::Gauge, name).ok()
    }

    fn set_gauge(&self, id: u32, value: u64) {
        accept(hostcalls::record_metric(id, value));
    }
}

unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> Status;
}

/// A map in one piece: the SDK makes a string of each name and of each value.
fn header_map(map: MapType) -> HeaderMap {
    let (mut data, mut size) = (core::ptr::null_mut(), 0);
    // SAFETY: the host writes one word to each of two words.
    let status = unsafe { proxy_get_header_map_pairs(map, &raw mut data, &raw mut size) };
    if status != Status::Ok || data.is_null() {
        return HeaderMap::default();
    }
    // SAFETY: the host has filled a buffer that it took from the SDK's `proxy_on_memory_allocate`, which
    // is a boxed slice of `size` bytes, and leaves it to the caller.
    HeaderMap::new(unsafe { Vec::from_raw_parts(data, size, size) })
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
    older: u32,
}

impl UsageQueue for SharedQueue {
    fn push(&mut self, block: &[u8]) {
        accept(hostcalls::enqueue_shared_queue(self.id, Some(block)));
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        let take = |id| hostcalls::dequeue_shared_queue(id).ok().flatten();
        take(self.id).or_else(|| take(self.older))
    }
}

/// Host calls fail where the stream they are for has gone: then there is nothing left to do.
fn accept<T>(result: Result<T, Status>) {
    if let Err(status) = result {
        log::debug!("a host call was refused: {status:?}");
    }
}
