//! The root context: configuration, ticks, and the answers to calls no stream waits for alone.

use crate::effects::with_worker;
use crate::host;
use crate::stream::Stream;
use crate::worker::{SharedWorker, TICK, Worker};
use paddock_core::config::Config;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use std::cell::RefCell;
use std::rc::Rc;

/// One root context: on each worker one, on the main thread one, and a canary for each new
/// configuration.
pub(crate) struct Root {
    id: u32,
    worker: Option<SharedWorker>,
}

impl Root {
    pub(crate) fn new(id: u32) -> Self {
        Root { id, worker: None }
    }
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, _: usize, body_size: usize, _: usize) {
        if let Some(worker) = &self.worker {
            with_worker(worker, |worker| {
                worker.answered(token, body_size, worker.root)
            });
        }
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Config::parse(&text) {
            Ok(config) => {
                self.worker = Some(Rc::new(RefCell::new(Worker::new(config, self.id))));
                host::set_tick_period(TICK);
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
        let worker = self.worker.as_ref()?;
        Some(Box::new(Stream::new(context_id, Rc::clone(worker))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}
