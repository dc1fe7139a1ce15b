//! Signatures after the Standard Webhooks specification (version 1, symmetric): HMAC-SHA256 over
//! `ID.TIMESTAMP.BODY`, in Base64, after `v1,`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::secret::Secret;
use ring::hmac;
use std::time::Duration;

/// How far the timestamp of what comes in may be from now.
const TOLERANCE: Duration = Duration::from_secs(300);
/// Bytes of an HMAC-SHA256.
const TAG: usize = 32;

/// The key of a secret: the Base64 after `whsec_`, or of any other text its bytes.
fn key(secret: &Secret) -> hmac::Key {
    let text = secret.expose();
    let decoded = text
        .strip_prefix("whsec_")
        .map(|text| STANDARD.decode(text));
    let bytes = match decoded {
        Some(Ok(bytes)) => bytes,
        _ => text.as_bytes().to_vec(),
    };
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}

/// Whether a secret can be used: `whsec_` and the Base64 of 24 to 64 bytes, or another text of 8
/// characters or more.
pub fn is_usable(secret: &str) -> bool {
    match secret.strip_prefix("whsec_") {
        Some(text) => STANDARD
            .decode(text)
            .is_ok_and(|bytes| (24..=64).contains(&bytes.len())),
        None => secret.chars().count() >= 8,
    }
}

/// The value of `webhook-signature`. `timestamp` is in seconds since 1970.
pub fn sign(secret: &Secret, id: &str, timestamp: u64, body: &str) -> String {
    let tag = hmac::sign(
        &key(secret),
        content(id, timestamp, body.as_bytes()).as_slice(),
    );
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

fn content(id: &str, timestamp: u64, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{timestamp}.").into_bytes();
    content.extend_from_slice(body);
    content
}

/// The headers of something signed that came in.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, with blanks between.
    pub signatures: &'a str,
}

/// The timestamp, if it is within five minutes of now.
fn timestamp(signed: Signed<'_>, now: Timestamp) -> Option<u64> {
    let timestamp: u64 = signed.timestamp.parse().ok()?;
    let at = Timestamp::from_secs(timestamp);
    (now.since(at) <= TOLERANCE && at.since(now) <= TOLERANCE).then_some(timestamp)
}

/// The tags of its signatures.
fn tags(signed: Signed<'_>) -> impl Iterator<Item = Vec<u8>> {
    let tags = signed.signatures.split(' ');
    tags.filter_map(|tag| STANDARD.decode(tag.strip_prefix("v1,")?).ok())
}

/// Whether the headers alone do not already show that the signature is wrong: a timestamp within five
/// minutes of now, and a signature of the right form.
pub fn may_be_signed(signed: Signed<'_>, now: Timestamp) -> bool {
    timestamp(signed, now).is_some() && tags(signed).any(|tag| tag.len() == TAG)
}

/// Whether one of the signatures is of this secret, and the timestamp within five minutes of now.
pub fn verify(secret: &Secret, signed: Signed<'_>, body: &[u8], now: Timestamp) -> bool {
    let Some(timestamp) = timestamp(signed, now) else {
        return false;
    };
    let (key, content) = (key(secret), content(signed.id, timestamp, body));
    tags(signed).any(|tag| hmac::verify(&key, &content, &tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_own_example_is_signed_alike() {
        // From the reference implementations of Standard Webhooks.
        let secret = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let body = r#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = sign(&secret, id, 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = format!("v1,bm9uc2Vuc2U= {signature}");
        let signed = Signed {
            id,
            timestamp: "1614265330",
            signatures: &both,
        };
        let verify = |signed, body: &str, at| {
            verify(&secret, signed, body.as_bytes(), Timestamp::from_secs(at))
        };
        assert!(verify(signed, body, 1_614_265_630));
        assert!(!verify(signed, body, 1_614_265_631), "too old");
        assert!(!verify(signed, body, 1_614_265_029), "from the future");
        assert!(!verify(signed, "{}", 1_614_265_330));
        assert!(!verify(
            Signed {
                id: "msg_2",
                ..signed
            },
            body,
            1_614_265_330
        ));
        assert!(!is_usable("short") && !is_usable("whsec_c2hvcnQ="));
        assert!(is_usable("a longer secret") && is_usable(secret.expose()));
    }
}
