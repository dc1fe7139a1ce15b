//! Connections.

use super::Ground;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

/// Stands for the status of an answer that did not come, since the peer closed the connection.
pub(super) const CLOSED: u16 = 0;

/// The status of the answer that comes, or [`CLOSED`].
pub(super) async fn status(reader: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<u16> {
    let mut head = Vec::new();
    let mut buffer = [0; 4_096];
    while head.len() < 12 {
        match reader.read(&mut buffer).await? {
            0 => return Ok(CLOSED),
            read => head.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    }
    let text = String::from_utf8_lossy(&head);
    Ok(text.split(' ').nth(1).unwrap_or_default().parse()?)
}

pub(super) async fn idle(ground: Arc<Ground>) -> anyhow::Result<()> {
    let mut connection = ground.connect(ground.gateway).await?;
    let call = format!(
        "GET /v1/models HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\r\n",
        ground.admin
    );
    connection.write_all(call.as_bytes()).await?;
    ground.was_answered(status(&mut connection).await?);
    let mut buffer = [0; 4_096];
    while connection.read(&mut buffer).await? > 0 {}
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

pub(super) async fn silent(ground: Arc<Ground>) -> anyhow::Result<()> {
    // Not all at once: the kernel queues only so many.
    sleep(Duration::from_millis(rand::random_range(0..300))).await;
    let mut connection = ground.connect(ground.service).await?;
    // A reset is an end as well.
    ground.was_answered(status(&mut connection).await.unwrap_or(CLOSED));
    sleep(Duration::from_secs(1)).await;
    Ok(())
}
