//! Mail, by the operator's SMTP server.

use super::outlet::{ATTEMPT, Failure};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use paddock_ledger::model::secret::Secret;
use serde::Deserialize;
use std::fmt;

/// Sends mail.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    /// Without the server's password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({})", self.from)
    }
}

/// What the outbox holds of a mail.
#[derive(Debug, Deserialize)]
struct Mail {
    subject: String,
    text: String,
}

/// Whether it is an address mail can be sent to.
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

impl Mailer {
    /// From `smtp://user:password@host:587?tls=required`, `smtps://…`, or `smtp://host:25` without
    /// encryption, and the sender. The error names no part of the URL, because it has a password.
    ///
    /// # Errors
    /// Which of the two cannot be read.
    pub fn new(url: &Secret, from: &str) -> Result<Mailer, &'static str> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .map_err(|_| "--smtp-url (PADDOCK_SMTP_URL) must be like smtp://host:587?tls=required")?
            .timeout(Some(ATTEMPT))
            .build();
        let from = from
            .parse()
            .map_err(|_| "--smtp-from (PADDOCK_SMTP_FROM) must be an address of mail")?;
        Ok(Mailer { transport, from })
    }

    /// Sends what the outbox holds to an address; the server's code.
    ///
    /// # Errors
    /// What went wrong; final where the server said so for good.
    pub async fn send(&self, to: &str, body: &str) -> Result<u16, Failure> {
        let mail: Mail = serde_json::from_str(body).map_err(Failure::new)?;
        let to: Mailbox = to.parse().map_err(Failure::new)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text)
            .map_err(Failure::new)?;
        let sent = tokio::time::timeout(ATTEMPT, self.transport.send(message)).await;
        let Ok(sent) = sent else {
            return Err(Failure::new("the SMTP server did not answer in time"));
        };
        match sent {
            Ok(response) => Ok(response.code().into()),
            Err(error) => Err(Failure {
                status: error.status().map(Into::into),
                is_final: error.is_permanent(),
                ..Failure::new(error)
            }),
        }
    }
}
