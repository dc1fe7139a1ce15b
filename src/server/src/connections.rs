//! Connections: how many there may be, in all and of one address, and how long one may be silent.

use axum_server::accept::Accept;
use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long until the first request's head is whole.
const FIRST_HEAD: Duration = Duration::from_secs(10);
/// How long a connection may be silent while no request is answered on it, and how long a client may
/// leave bytes of an answer unread. Longer than Envoy keeps an idle connection to the service, so that
/// the service never closes one on which Envoy just sends.
pub const IDLE: Duration = Duration::from_secs(90);

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In all.
    pub total: usize,
    /// Of one address; of IPv6 a /64, which one host may have to itself.
    pub per_address: usize,
}

/// Counts connections, and lets in as many as may be.
#[derive(Clone, Debug)]
pub struct Gate {
    bounds: Bounds,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection that was let in, until it is dropped.
#[derive(Debug)]
struct Entered {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
}

impl Gate {
    /// With no connection yet.
    pub fn new(bounds: Bounds) -> Gate {
        Gate {
            bounds,
            open: Arc::default(),
        }
    }

    fn enter(&self, address: IpAddr) -> Option<Entered> {
        let address = network_of(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.by_address.get(&address).copied().unwrap_or_default();
        if open.total >= self.bounds.total || own >= self.bounds.per_address {
            return None;
        }
        open.total = open.total.saturating_add(1);
        open.by_address.insert(address, own.saturating_add(1));
        Some(Entered {
            open: self.open.clone(),
            address,
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(own) = open.by_address.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// What counts as one address.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 => v4,
    }
}

/// What the connection and its requests tell each other.
#[derive(Debug, Default)]
struct Life {
    has_asked: AtomicBool,
    in_flight: AtomicUsize,
}

impl<S> Accept<TcpStream, S> for Gate {
    type Stream = Watched;
    type Service = Counted<S>;
    type Future = Ready<io::Result<(Watched, Counted<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let entered = stream.peer_addr().map(|peer| self.enter(peer.ip()));
        let entered = match entered {
            Ok(Some(entered)) => entered,
            Ok(None) => return ready(Err(ErrorKind::ResourceBusy.into())),
            Err(error) => return ready(Err(error)),
        };
        let _ = stream.set_nodelay(true);
        let life = Arc::new(Life::default());
        let watched = Watched {
            stream,
            life: life.clone(),
            silence: Box::pin(sleep_until(later(FIRST_HEAD))),
            _entered: entered,
        };
        ready(Ok((watched, Counted { service, life })))
    }
}

fn later(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}

/// A connection that ends when it is silent for too long.
#[derive(Debug)]
pub struct Watched {
    stream: TcpStream,
    life: Arc<Life>,
    silence: Pin<Box<Sleep>>,
    _entered: Entered,
}

impl Watched {
    fn heard(&mut self) {
        // Until the first request is there, bytes that trickle in give no more time.
        if self.life.has_asked.load(Ordering::Relaxed) {
            self.silence.as_mut().reset(later(IDLE));
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_ready() {
            this.heard();
            return read;
        }
        while this.silence.as_mut().poll(context).is_ready() {
            if this.life.in_flight.load(Ordering::Relaxed) == 0 {
                // As if the client had closed it.
                return Poll::Ready(Ok(()));
            }
            this.silence.as_mut().reset(later(IDLE));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        if written.is_ready() {
            this.heard();
        } else if this.silence.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A service that tells its connection which requests are under way.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    service: S,
    life: Arc<Life>,
}

struct Asking(Arc<Life>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S, R> tower::Service<R> for Counted<S>
where
    S: tower::Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.life.has_asked.store(true, Ordering::Relaxed);
        self.life.in_flight.fetch_add(1, Ordering::Relaxed);
        let asking = Asking(self.life.clone());
        let answer = self.service.call(request);
        Box::pin(async move {
            let _asking = asking;
            answer.await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_all_connections() {
        let gate = Gate::new(Bounds {
            total: 3,
            per_address: 2,
        });
        let enter = |text: &str| gate.enter(text.parse().unwrap());
        let one = (
            enter("::ffff:10.0.0.1").unwrap(),
            enter("10.0.0.1").unwrap(),
        );
        assert!(enter("10.0.0.1").is_none());
        let other = enter("2001:db8::1").unwrap();
        assert_eq!(other.address, network_of("2001:db8::ffff".parse().unwrap()));
        assert!(enter("10.0.0.3").is_none(), "three in all");
        drop(one);
        assert!(enter("10.0.0.1").is_some());
        drop(other);
        assert!(gate.open.lock().unwrap().by_address.is_empty());
    }
}
