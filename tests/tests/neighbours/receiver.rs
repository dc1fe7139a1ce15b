//! A receiver of webhooks that answers at once.

use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub struct Receiver {
    pub url: String,
    got: Mutex<UnboundedReceiver<()>>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, got) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(take(connection, tell.clone()));
            }
        });
        Receiver {
            url,
            got: Mutex::new(got),
        }
    }

    /// Waits for the next delivery.
    pub async fn next(&self) {
        self.got.lock().await.recv().await.unwrap();
    }

    /// Forgets those that came.
    pub async fn forget(&self) {
        let mut got = self.got.lock().await;
        while got.try_recv().is_ok() {}
    }
}

/// Says thank you for everything that is posted.
async fn take(connection: TcpStream, tell: UnboundedSender<()>) {
    let mut connection = BufReader::new(connection);
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if connection.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let lower = line.trim().to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if lower.is_empty() {
            let mut body = vec![0; std::mem::take(&mut length)];
            connection.read_exact(&mut body).await.unwrap();
            let _ = connection
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await;
            // The test may be over.
            let _ = tell.send(());
        }
    }
}
