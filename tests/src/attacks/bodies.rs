//! Bodies of requests.

use super::Ground;
use super::connections::status;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

/// `max_request_bytes` of `envoy/envoy.yaml`.
const LARGEST: usize = 10_485_760;
/// Between two large bodies of one hand.
const PACE: Duration = Duration::from_millis(250);

fn head(key: &str, length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

pub(super) async fn held(ground: Arc<Ground>) -> anyhow::Result<()> {
    let mut connection = ground.connect(ground.gateway).await?;
    connection
        .write_all(head(&ground.admin, LARGEST).as_bytes())
        .await?;
    let (mut reader, mut writer) = connection.split();
    let upload = async {
        let piece = vec![b' '; 128 << 10];
        let mut left = LARGEST;
        while left > piece.len() {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
            left = left.saturating_sub(piece.len());
            sleep(Duration::from_millis(2)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        status = status(&mut reader) => ground.was_answered(status?),
        () = upload => {}
    }
    sleep(PACE).await;
    Ok(())
}

pub(super) async fn slow(ground: Arc<Ground>) -> anyhow::Result<()> {
    let mut connection = ground.connect(ground.gateway).await?;
    connection
        .write_all(head(&ground.admin, 100_000).as_bytes())
        .await?;
    let (mut reader, mut writer) = connection.split();
    let upload = async {
        while writer.write_all(b" ").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        status = status(&mut reader) => ground.was_answered(status?),
        () = upload => {}
    }
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

/// A body as large as may be, of one piece again and again.
async fn repeated(
    ground: &Ground,
    begin: &str,
    piece: impl Fn(usize) -> String,
) -> anyhow::Result<()> {
    let mut body = begin.to_owned();
    let mut number: usize = 0;
    while body.len() < LARGEST.saturating_sub(64) {
        body.push_str(&piece(number));
        number = number.saturating_add(1);
    }
    let call = ground.request("POST", "/v1/chat/completions", &ground.admin);
    ground
        .ask(call.header("content-type", "application/json").body(body))
        .await?;
    sleep(PACE).await;
    Ok(())
}

pub(super) async fn many_members(ground: Arc<Ground>) -> anyhow::Result<()> {
    repeated(&ground, r#"{"model":"gpt-4.1""#, |number| {
        format!(r#","k{number}":1"#)
    })
    .await
}

pub(super) async fn deep(ground: Arc<Ground>) -> anyhow::Result<()> {
    repeated(&ground, r#"{"model":"gpt-4.1","messages":"#, |_| {
        "[".repeat(64)
    })
    .await
}

pub(super) async fn blank(ground: Arc<Ground>) -> anyhow::Result<()> {
    repeated(&ground, "{", |_| " ".repeat(64)).await
}
