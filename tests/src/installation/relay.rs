//! What lies between a gateway and a replica, where a test cuts them off from each other.

use anyhow::Context;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Passes on what is sent to its port. While it is cut nothing arrives, and nobody is told; what was sent
/// meanwhile arrives late.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    is_whole: watch::Sender<bool>,
    _accepting: JoinSet<()>,
}

impl Relay {
    /// To a port of this machine.
    pub async fn to(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (is_whole, watched) = watch::channel(true);
        let own = listener.local_addr().context("a relay")?.port();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(
            listener,
            (Ipv4Addr::LOCALHOST, port).into(),
            watched,
        ));
        Ok(Self {
            port: own,
            is_whole,
            _accepting: accepting,
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Holds back what is sent from now on.
    pub fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    /// Passes on what was held back, and what follows.
    pub fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, is_whole: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connect(near, to, is_whole.clone()));
    }
}

async fn connect(near: TcpStream, to: SocketAddr, mut is_whole: watch::Receiver<bool>) {
    let _ = is_whole.wait_for(|whole| *whole).await;
    let Ok(far) = TcpStream::connect(to).await else {
        return;
    };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::join!(
        pass(near_read, far_write, is_whole.clone()),
        pass(far_read, near_write, is_whole)
    );
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut is_whole: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let passes = is_whole.wait_for(|whole| *whole).await.is_ok();
        let bytes = buffer.get(..length).unwrap_or_default();
        if !passes || to.write_all(bytes).await.is_err() {
            break;
        }
    }
    let _ = is_whole.wait_for(|whole| *whole).await;
    let _ = to.shutdown().await;
}
