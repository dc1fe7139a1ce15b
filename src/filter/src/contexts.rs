//! What Envoy calls: the root context (configuration, ticks, and the answers to calls that no stream
//! waits for alone), and a context for each stream.

use crate::attempts::AttemptStream;
use crate::host::{Envoy, Host};
use crate::stream::{Flow, Stream};
use crate::worker::{Counters, SharedWorker, TICK, Worker, with_worker};
use paddock_core::config::Plugin;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::cell::RefCell;
use std::rc::Rc;

/// One root context: on each worker one, on the main thread one, and a canary for each new
/// configuration.
pub(crate) struct Root {
    id: u32,
    worker: Option<SharedWorker<Envoy>>,
    /// What it counts where it stands among the filters of a provider's cluster.
    attempts: Option<Rc<RefCell<Counters>>>,
}

impl Root {
    pub(crate) fn new(id: u32) -> Self {
        Root {
            id,
            worker: None,
            attempts: None,
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            with_worker(worker, Worker::end);
        }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, _: usize, body_size: usize, _: usize) {
        if let Some(worker) = &self.worker {
            with_worker(worker, |worker| worker.answered(token, body_size, self.id));
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Plugin::parse(&text) {
            Ok(Plugin::Attempts) => {
                self.attempts = Some(Rc::default());
                true
            }
            Ok(Plugin::Gateway(config)) => {
                log::info!("Paddock {} is configured", env!("CARGO_PKG_VERSION"));
                let worker = Worker::new(Envoy, *config, self.id);
                self.worker = Some(Rc::new(RefCell::new(worker)));
                Envoy.set_tick_period(TICK);
                true
            }
            Err(problems) => {
                for problem in problems {
                    log::error!("{problem}");
                }
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if let Some(worker) = &self.worker {
            with_worker(worker, Worker::tick);
        }
    }

    fn create_http_context(&self, context_id: u32) -> Option<Box<dyn HttpContext>> {
        if let Some(counters) = &self.attempts {
            return Some(Box::new(AttemptStream::new(Envoy, Rc::clone(counters))));
        }
        let worker = self.worker.as_ref()?;
        Some(Box::new(Stream::new(Envoy, context_id, Rc::clone(worker))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl From<Flow> for Action {
    fn from(flow: Flow) -> Action {
        match flow {
            Flow::Continue => Action::Continue,
            Flow::Pause => Action::Pause,
        }
    }
}

impl Context for AttemptStream<Envoy> {}

impl HttpContext for AttemptStream<Envoy> {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.request_headers(end_of_stream).into()
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.request_body(body_size, end_of_stream).into()
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.request_trailers().into()
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.response_headers();
        Action::Continue
    }
}

impl Context for Stream<Envoy> {
    fn on_http_call_response(&mut self, token: u32, _: usize, body_size: usize, _: usize) {
        self.call_answered(token, body_size);
    }
}

impl HttpContext for Stream<Envoy> {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.request_headers(end_of_stream).into()
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.request_body(body_size, end_of_stream).into()
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.request_trailers().into()
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.response_headers(end_of_stream).into()
    }

    fn on_http_response_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.response_body(body_size, end_of_stream).into()
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.response_trailers();
        Action::Continue
    }

    fn on_log(&mut self) {
        self.closed();
    }
}
