//! A host in memory. Like Envoy, it gives a call to the context in whose callback it is made, and
//! drops the answer together with that context.

use super::{CallFailed, HeaderMap, Host};
use core::time::Duration;
use paddock_core::refusal::Reply;
use paddock_core::store::{Conflict, SharedStore, Version};
use paddock_core::timestamp::Timestamp;
use paddock_core::worker::UsageQueue;
use std::cell::{RefCell, RefMut};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeCall {
    pub(crate) token: u32,
    /// The context in whose callback it was made.
    pub(crate) owner: u32,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// What the host knows and what it was told.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    /// The contexts there are.
    pub(crate) contexts: BTreeSet<u32>,
    /// The context whose callback runs.
    pub(crate) callback: u32,
    acts_for: u32,
    values: HashMap<String, (Vec<u8>, u32)>,
    pub(crate) queue: VecDeque<Vec<u8>>,
    pub(crate) tick_period: Option<Duration>,
    /// Whether calls can be made.
    pub(crate) is_reachable: bool,
    pub(crate) calls: Vec<MadeCall>,
    next_token: u32,
    /// The answer to the call whose answer is being told.
    pub(crate) answer: (Option<u16>, Vec<u8>),
    pub(crate) headers: HashMap<u32, Vec<(String, Vec<u8>)>>,
    pub(crate) response_headers: Vec<(&'static str, &'static str)>,
    /// How many attempts Envoy has made of the request.
    pub(crate) attempts: Option<u64>,
    /// What is at hand of a body.
    pub(crate) body: Vec<u8>,
    /// Bytes of bodies that were copied out of the host.
    pub(crate) copied: usize,
    pub(crate) resumed: Vec<u32>,
    pub(crate) replies: Vec<(u32, u16)>,
    pub(crate) counted: HashMap<String, u64>,
    counters: Vec<String>,
    /// Every call that was made, in order, as `name argument`.
    pub(crate) made: Vec<String>,
}

impl State {
    fn copy(&mut self, size: usize) -> Vec<u8> {
        self.copied += size;
        self.body[..size].to_vec()
    }
}

/// The host of one worker, as all who use it share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Rc<RefCell<State>>);

impl Fake {
    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    /// Takes note of a call of the host.
    fn note(&self, call: &str, argument: &str) {
        let call = format!("{call} {argument}").trim_end().to_owned();
        self.state().made.push(call);
    }

    /// Runs a callback of a context, for which host calls must act again at its end.
    pub(crate) fn callback<T>(&self, context: u32, run: impl FnOnce() -> T) -> T {
        {
            let mut state = self.state();
            state.callback = context;
            state.acts_for = context;
        }
        let result = run();
        assert_eq!(self.state().acts_for, context);
        result
    }

    /// A context goes, and its calls with it.
    pub(crate) fn close(&self, context: u32) {
        let mut state = self.state();
        state.contexts.remove(&context);
        state.calls.retain(|call| call.owner != context);
    }

    /// The calls of a path under way, oldest first.
    pub(crate) fn calls_to(&self, path: &str) -> Vec<MadeCall> {
        let state = self.0.borrow();
        let calls = state.calls.iter().filter(|call| call.path == path);
        calls.cloned().collect()
    }
}

impl Host for Fake {
    type Store = Fake;
    type Queue = Fake;

    fn store(&self) -> Fake {
        self.clone()
    }

    fn open_queue(&self, _: &str, _: &str) -> Option<Fake> {
        Some(self.clone())
    }

    fn now(&self) -> Timestamp {
        self.note("now", "");
        self.state().now
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        [7; N]
    }

    fn environment_variable(&self, _: &str) -> Option<String> {
        Some("token".to_owned())
    }

    fn set_tick_period(&self, period: Duration) {
        self.note("set_tick_period", "");
        self.state().tick_period = Some(period);
    }

    fn request_headers(&self) -> HeaderMap {
        self.note("request_headers", "");
        let state = self.state();
        state.headers[&state.acts_for].iter().cloned().collect()
    }

    fn set_request_header(&self, name: &str, value: Option<&str>) {
        match value {
            Some(_) => self.note("set_request_header", name),
            None => self.note("remove_request_header", name),
        }
    }

    fn request_body(&self, size: usize) -> Vec<u8> {
        self.note("request_body", "");
        self.state().copy(size)
    }

    fn replace_request_body(&self, _: &[u8]) {
        self.note("replace_request_body", "");
    }

    fn resume_request(&self) {
        self.note("resume_request", "");
        let mut state = self.state();
        let context = state.acts_for;
        state.resumed.push(context);
    }

    fn reply(&self, reply: &Reply) {
        self.note("reply", "");
        let mut state = self.state();
        let context = state.acts_for;
        state.replies.push((context, reply.status));
    }

    fn attribute(&self, path: Vec<&str>) -> Option<Vec<u8>> {
        let path = path.join(".");
        self.note("attribute", &path);
        let made = self.state().attempts;
        let made = made.filter(|_| path == "upstream.request_attempt_count")?;
        Some(made.to_le_bytes().to_vec())
    }

    fn annotate(&self, name: &str, _: &[u8]) {
        self.note("annotate", name);
    }

    fn response_headers(&self) -> HeaderMap {
        self.note("response_headers", "");
        self.state().response_headers.iter().cloned().collect()
    }

    fn set_response_header(&self, name: &str, value: Option<&str>) {
        match value {
            Some(_) => self.note("set_response_header", name),
            None => self.note("remove_response_header", name),
        }
    }

    fn response_details(&self) -> Vec<u8> {
        self.note("response_details", "");
        Vec::new()
    }

    fn response_chunk(&self, size: usize) -> Vec<u8> {
        if size > 0 {
            self.note("response_chunk", "");
        }
        self.state().copy(size)
    }

    fn replace_response_chunk(&self, _: &[u8]) {
        self.note("replace_response_chunk", "");
    }

    fn act_for(&self, context: u32) -> bool {
        let mut state = self.state();
        let exists = state.contexts.contains(&context);
        if exists {
            state.acts_for = context;
        }
        exists
    }

    fn post(
        &self,
        _: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        _: Duration,
    ) -> Result<u32, CallFailed> {
        let version = concat!("paddock-filter/", env!("CARGO_PKG_VERSION"));
        let expected = [
            ("authorization", "Bearer token"),
            ("user-agent", version),
            ("x-paddock-protocol", "1"),
        ];
        assert_eq!(headers, expected);
        let mut state = self.state();
        if !state.is_reachable {
            return Err(CallFailed("BadArgument".to_owned()));
        }
        state.next_token += 1;
        let call = MadeCall {
            token: state.next_token,
            owner: state.callback,
            path: path.to_owned(),
            body: body.to_vec(),
        };
        state.calls.push(call);
        Ok(state.next_token)
    }

    fn call_status(&self) -> Option<u16> {
        self.state().answer.0
    }

    fn call_body(&self, _: usize) -> Vec<u8> {
        self.state().answer.1.clone()
    }

    fn define_counter(&self, name: &str) -> Option<u32> {
        self.note("define_counter", name);
        let mut state = self.state();
        state.counters.push(name.to_owned());
        u32::try_from(state.counters.len() - 1).ok()
    }

    fn count(&self, id: u32, amount: u64) {
        let name = self.state().counters[id as usize].clone();
        self.note("count", &name);
        let mut state = self.state();
        *state.counted.entry(name).or_default() += amount;
    }

    fn define_gauge(&self, name: &str) -> Option<u32> {
        self.define_counter(name)
    }

    fn set_gauge(&self, id: u32, value: u64) {
        let name = self.state().counters[id as usize].clone();
        self.note("set_gauge", &name);
        self.state().counted.insert(name, value);
    }
}

impl SharedStore for Fake {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.note("get", key);
        let state = self.0.borrow();
        let (value, version) = state.values.get(key)?;
        Some((value.clone(), Version(*version)))
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        self.note("put", key);
        let mut state = self.state();
        let present = state.values.get(key).map(|(_, version)| Version(*version));
        if present != version {
            return Err(Conflict);
        }
        let next = version.map_or(1, |version| version.0 + 1);
        state.values.insert(key.to_owned(), (value.to_vec(), next));
        Ok(())
    }
}

impl UsageQueue for Fake {
    fn push(&mut self, event: &[u8]) {
        self.note("enqueue", "");
        self.state().queue.push_back(event.to_vec());
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        self.note("dequeue", "");
        self.state().queue.pop_front()
    }
}
