//! An SMTP server that keeps what it gets (RFC 5321, as much as a client needs).

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug, Default)]
struct Kept {
    mails: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<Option<String>>>,
}

pub struct SmtpSink {
    pub url: String,
    kept: Kept,
}

impl SmtpSink {
    /// A server on a port of its own.
    pub async fn start() -> SmtpSink {
        let kept = Kept::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let shared = kept.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(talk(client, shared.clone()));
            }
        });
        SmtpSink { url, kept }
    }

    /// Answers every recipient so from now on.
    pub fn refuse(&self, reply: &str) {
        *self.kept.refused.lock().unwrap() = Some(reply.to_owned());
    }

    /// What came since this was last asked: the recipients' line, and the mail.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.kept.mails.lock().unwrap())
    }
}

async fn talk(client: TcpStream, kept: Kept) -> Option<()> {
    let (reader, mut writer) = client.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut mail, mut is_data) = (String::new(), false);
    writer.write_all(b"220 sink\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let refused = kept.refused.lock().unwrap().clone();
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "." if is_data => {
                is_data = false;
                kept.mails.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken".to_owned()
            }
            _ if is_data => {
                mail.push_str(&line);
                mail.push('\n');
                continue;
            }
            "RCPT" if refused.is_some() => refused.unwrap(),
            "RCPT" => {
                mail.push_str(&line);
                mail.push('\n');
                "250 known".to_owned()
            }
            "DATA" => {
                is_data = true;
                "354 go on".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 sink".to_owned(),
        };
        writer
            .write_all(format!("{reply}\r\n").as_bytes())
            .await
            .ok()?;
    }
    None
}
