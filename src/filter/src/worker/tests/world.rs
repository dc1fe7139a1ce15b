//! A worker, its streams, and a service that answers when it is told to.

use crate::host::fake::{Fake, MadeCall};
use crate::stream::{Flow, Stream};
use crate::worker::{SharedWorker, Worker, with_worker};
use core::time::Duration;
use paddock_core::bucket::Bucket;
use paddock_core::config::{Config, InlinePolicy};
use paddock_core::gateway_share::Share;
use paddock_core::ids::InstallationId;
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{
    LEND_PATH, LendAnswer, LendRequest, Need, RESOLVE_PATH, ResolveAnswer, ResolveRequest, Shares,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) const ROOT: u32 = 1;
pub(crate) const CHAT: &[u8] = br#"{"model":"small","max_tokens":9,"messages":[]}"#;

pub(crate) struct World {
    /// The installation of the service.
    pub(crate) installation: Option<InstallationId>,
    pub(crate) host: Fake,
    pub(crate) worker: SharedWorker<Fake>,
    pub(crate) streams: BTreeMap<u32, Stream<Fake>>,
    /// What the service knows.
    pub(crate) policy: InlinePolicy,
}

/// A configuration with a service, and these fields beside it.
pub(crate) fn with_service(more: &str) -> String {
    format!(r#"{{"accounting":{{"cluster":"paddock"}}{more}}}"#)
}

impl World {
    /// A worker that knows nobody. The service knows the keys `a` to `c`, whose namespaces have the
    /// same names and these fields.
    pub(crate) fn new(config: &str, namespace: &str) -> World {
        World::of_keys(config, "", namespace)
    }

    /// The same, with fields of the keys.
    pub(crate) fn of_keys(config: &str, key: &str, namespace: &str) -> World {
        let names = ["a", "b", "c"];
        let keys = names.map(|name| {
            let digest = secret::digest(format!("sk-{name}").as_bytes()).to_hex();
            format!(r#"{{"id":"{name}","sha256":"{digest}","namespace":"{name}"{key}}}"#)
        });
        let namespaces = names.map(|name| format!(r#"{{"name":"{name}"{namespace}}}"#));
        let policy = format!(
            r#"{{"policy":{{"keys":[{}],"namespaces":[{}],
            "models":[{{"name":"small","upstream":"openai","input":1.0,"output":10.0}},
                {{"name":"spread","input":1.0,"output":10.0,"deployments":[{{"upstream":"a"}},
                    {{"upstream":"b","upstream_model":"other","priority":1,"paths":{{"openai":"/b"}}}}]}}]}}}}"#,
            keys.join(","),
            namespaces.join(",")
        );
        let policy = Config::parse(policy.as_bytes()).unwrap().policy.unwrap();
        let host = Fake::default();
        {
            let mut state = host.state();
            state.contexts.insert(ROOT);
            state.is_reachable = true;
            state.now = Timestamp::from_secs(1_800_000_000);
        }
        let config = Config::parse(config.as_bytes()).unwrap();
        let worker = Worker::new(host.clone(), config, ROOT);
        World {
            installation: None,
            host,
            worker: Rc::new(RefCell::new(worker)),
            streams: BTreeMap::new(),
            policy,
        }
    }

    /// A new stream of the key `sk-{key}`, at its headers.
    pub(crate) fn open(&mut self, id: u32, key: &str, path: &str) -> Flow {
        self.open_with(id, key, path, &[])
    }

    /// The same with more headers.
    pub(crate) fn open_with(
        &mut self,
        id: u32,
        key: &str,
        path: &str,
        more: &[(&str, &str)],
    ) -> Flow {
        let bearer = format!("Bearer sk-{key}");
        let headers = [
            (":method", "POST"),
            (":path", path),
            ("authorization", &bearer),
        ];
        let headers = headers.iter().chain(more);
        let headers = headers.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        {
            let mut state = self.host.state();
            state.contexts.insert(id);
            state.headers.insert(id, headers.collect());
        }
        let stream = Stream::new(self.host.clone(), id, Rc::clone(&self.worker));
        self.streams.insert(id, stream);
        self.on(id, |stream| stream.request_headers(false))
    }

    /// Runs a callback of a stream.
    pub(crate) fn on<T>(&mut self, id: u32, run: impl FnOnce(&mut Stream<Fake>) -> T) -> T {
        let stream = self.streams.get_mut(&id).unwrap();
        self.host.callback(id, || run(stream))
    }

    /// The whole body of a chat request.
    pub(crate) fn body(&mut self, id: u32) -> Flow {
        self.host.state().body = CHAT.to_vec();
        self.on(id, |stream| stream.request_body(CHAT.len(), true))
    }

    /// A whole chat request.
    pub(crate) fn chat(&mut self, id: u32, key: &str) -> Flow {
        self.open(id, key, "/v1/chat/completions");
        self.body(id)
    }

    /// The answer, its body at once and its end later.
    pub(crate) fn respond(
        &mut self,
        id: u32,
        headers: &[(&'static str, &'static str)],
        body: &[u8],
    ) {
        {
            let mut state = self.host.state();
            state.response_headers = headers.to_vec();
            state.body = body.to_vec();
        }
        self.on(id, |stream| stream.response_headers(false));
        self.on(id, |stream| stream.response_body(body.len(), false));
        self.on(id, |stream| stream.response_body(0, true));
    }

    /// A stream ends, and whatever belongs to it.
    pub(crate) fn close(&mut self, id: u32) {
        self.on(id, Stream::closed);
        self.host.close(id);
        self.streams.remove(&id);
    }

    /// So much later the root context's tick comes.
    pub(crate) fn tick(&mut self, after: Duration) {
        {
            let mut state = self.host.state();
            state.now = state.now.plus(after);
        }
        let worker = &self.worker;
        self.host
            .callback(ROOT, || with_worker(worker, Worker::tick))
            .unwrap();
    }

    /// The answer to a call comes, to the context that made it. Without a body it was reset.
    pub(crate) fn answer(&mut self, call: &MadeCall, body: Option<Vec<u8>>) {
        let status = body.as_ref().map(|_| 200);
        self.answer_with(call, status, body.unwrap_or_default());
    }

    /// The same with another status.
    pub(crate) fn answer_with(&mut self, call: &MadeCall, status: Option<u16>, body: Vec<u8>) {
        {
            let mut state = self.host.state();
            assert!(state.calls.contains(call), "it is lost: {call:?}");
            state.calls.retain(|other| other != call);
            state.answer = (status, body);
        }
        if call.owner == ROOT {
            let worker = &self.worker;
            self.host.callback(ROOT, || {
                with_worker(worker, |worker| worker.answered(call.token, 1, ROOT))
            });
        } else {
            self.on(call.owner, |stream| stream.call_answered(call.token, 1));
        }
    }

    /// The one call that asks who somebody is.
    pub(crate) fn resolving(&self) -> MadeCall {
        let calls = self.host.calls_to(RESOLVE_PATH);
        let [call] = &calls[..] else {
            panic!("{calls:?}");
        };
        call.clone()
    }

    /// The service says who it is.
    pub(crate) fn resolve(&mut self, call: &MadeCall) {
        let asked: ResolveRequest = serde_json::from_slice(&call.body).unwrap();
        assert!(asked.gateway.starts_with("gw_"));
        let keys = &self.policy.keys;
        let key = keys
            .iter()
            .find(|key| Some(key.digest) == asked.key)
            .cloned();
        let answer = ResolveAnswer {
            revision: 1,
            installation: self.installation,
            key,
            namespaces: self.policy.namespaces.clone(),
            catalog: Some(self.policy.catalog.clone()),
            ..ResolveAnswer::default()
        };
        self.answer(call, Some(serde_json::to_vec(&answer).unwrap()));
    }

    /// The service lends all of each limit to the one gateway there is. It answers no call that asks for
    /// money.
    fn lend_shares(&mut self, call: &MadeCall) {
        let asked: LendRequest = serde_json::from_slice(&call.body).unwrap();
        if asked.needs.iter().any(Need::is_of_money) {
            return;
        }
        let share = |need: &Need| {
            let limit = need.share.as_ref().unwrap().need.unwrap().limit;
            let capacity = |bucket: Bucket| i64::try_from(bucket.capacity).unwrap();
            Share {
                scope: need.scope.clone(),
                epoch: 1,
                life: 1,
                number: 1,
                part: limit,
                of: limit,
                given: limit.rates.map(capacity),
                void: [0; 2],
                short_ms: None,
            }
        };
        let shares = Shares {
            epoch: 1,
            lasts_ms: 3_600_000,
            gateways: 1,
            shares: asked.needs.iter().map(share).collect(),
        };
        let answer = LendAnswer {
            leases: Vec::new(),
            shares: Some(shares),
        };
        self.answer(call, Some(serde_json::to_vec(&answer).unwrap()));
    }

    /// Resolves the key of a first stream. It is admitted, or a second one is, once it has its shares.
    pub(crate) fn know(&mut self, key: &str) {
        self.chat(2, key);
        let call = self.resolving();
        self.resolve(&call);
        self.close(2);
        if self.resumed().is_empty() {
            self.chat(3, key);
            for call in self.host.calls_to(LEND_PATH) {
                self.lend_shares(&call);
            }
            self.close(3);
        }
        self.host.state().resumed.clear();
        self.host.state().copied = 0;
    }

    pub(crate) fn resumed(&self) -> Vec<u32> {
        self.host.state().resumed.clone()
    }

    pub(crate) fn replies(&self) -> Vec<(u32, u16)> {
        self.host.state().replies.clone()
    }
}
