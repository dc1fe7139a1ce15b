//! What stands between a gateway and a replica of the service, and can be cut: then nothing arrives on the
//! other side, in either direction, and nobody is told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Wire {
    is_cut: AtomicBool,
    is_over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A relay on a port of its own. Dropping it closes its connections.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    wire: Arc<Wire>,
}

impl Relay {
    /// One to a port of this machine.
    pub fn to(target: u16) -> anyhow::Result<Relay> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let wire = Arc::new(Wire::default());
        let own = wire.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if own.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                    continue;
                };
                own.carry(&client, &server);
                own.carry(&server, &client);
            }
        });
        Ok(Relay { port, wire })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing passes.
    pub fn cut(&self) {
        self.wire.is_cut.store(true, Ordering::Relaxed);
    }

    /// What is sent from now on passes. Connections from before lack something, and are closed.
    pub fn mend(&self) {
        self.wire.close();
        self.wire.is_cut.store(false, Ordering::Relaxed);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.wire.is_over.store(true, Ordering::Relaxed);
        self.wire.close();
        // The thread that accepts sees it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Wire {
    fn close(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn carry(self: &Arc<Self>, from: &TcpStream, to: &TcpStream) {
        let (Ok(mut from), Ok(mut to), Ok(kept)) =
            (from.try_clone(), to.try_clone(), from.try_clone())
        else {
            return;
        };
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(kept);
        let wire = self.clone();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 64 << 10];
            loop {
                let read = match from.read(&mut bytes) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => read,
                };
                if wire.is_cut.load(Ordering::Relaxed) {
                    continue;
                }
                let sent = bytes.get(..read).map(|part| to.write_all(part));
                if !matches!(sent, Some(Ok(()))) {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
