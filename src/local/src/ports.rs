//! Ports that nobody else takes between choosing and using them.

use anyhow::{Context, bail};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use tokio::net::TcpSocket;

/// Which port of the loopback interface to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Any that is free.
    Free,
    /// This one, or any that is free.
    Prefer(u16),
    /// This one or none.
    Fixed(u16),
}

/// A port held by a bound socket that does not listen. The system gives it to nobody else, while
/// a process that asks for it by number can listen on it, again after a restart too.
#[derive(Debug)]
pub struct Held {
    /// Its number.
    pub number: u16,
    /// Whether another than the preferred one had to be taken.
    pub moved_from: Option<u16>,
    _socket: TcpSocket,
}

impl Port {
    /// Takes the port; `what` names its use in messages.
    pub fn hold(self, what: &str) -> anyhow::Result<Held> {
        match self {
            Self::Free => hold(0, None),
            Self::Prefer(port) if is_free(port) => hold(port, None),
            Self::Prefer(port) => hold(0, Some(port)),
            Self::Fixed(port) if is_free(port) => hold(port, None),
            Self::Fixed(port) => bail!(
                "port {port} for {what} is taken by another program. Stop that program, or choose another port."
            ),
        }
    }
}

/// A plain listener, because Envoy shares its ports with whoever asks to share.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn hold(port: u16, moved_from: Option<u16>) -> anyhow::Result<Held> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    socket
        .bind(address)
        .with_context(|| format!("cannot take {address}"))?;
    Ok(Held {
        number: socket.local_addr()?.port(),
        moved_from,
        _socket: socket,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_held_port_can_be_listened_on_and_is_nobody_elses() {
        let held = Port::Free.hold("a test").unwrap();
        let address = (Ipv4Addr::LOCALHOST, held.number);
        for _ in 0..2 {
            drop(tokio::net::TcpListener::bind(address).await.unwrap());
        }
        let others: Vec<_> = (0..50)
            .map(|_| Port::Free.hold("a test").unwrap())
            .collect();
        assert!(others.iter().all(|other| other.number != held.number));
    }

    #[tokio::test]
    async fn a_taken_port_moves_or_fails() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let number = taken.local_addr().unwrap().port();
        let moved = Port::Prefer(number).hold("a test").unwrap();
        assert_eq!(moved.moved_from, Some(number));
        let error = Port::Fixed(number)
            .hold("the gateway")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("port {number} for the gateway is taken")),
            "{error}"
        );
    }
}
