//! The usage event in a line of Envoy's access log.

use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use paddock_core::wire::UsageEvent;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The part of a line that is read.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
}

/// The event of a line, as JSON. Older gateways wrote it as JSON, or as JSON in Base64 (RFC 4648,
/// without padding). Most lines of refused requests have none.
pub fn event(line: &[u8]) -> anyhow::Result<Option<String>> {
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let line: Line<'_> = serde_json::from_slice(line)?;
    let Some(raw) = line.event else {
        return Ok(None);
    };
    if raw.get().starts_with('{') {
        return Ok(Some(raw.get().to_owned()));
    }
    let mut text: String = serde_json::from_str(raw.get())?;
    if text.is_empty() || text == "-" {
        return Ok(None);
    }
    if text.contains('=') && !text.starts_with('{') && !text.ends_with('=') {
        let event = UsageEvent::from_line(&text).map_err(|error| anyhow!(error))?;
        let json = event.map(|event| String::from_utf8(event.to_json()));
        return Ok(json.transpose()?);
    }
    if !text.starts_with('{') {
        let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('='));
        let bytes = bytes.map_err(|error| anyhow!("the event is not Base64: {error}"))?;
        text = String::from_utf8(bytes)?;
    }
    // An event that is not JSON would make the whole batch invalid.
    serde_json::from_str::<&RawValue>(&text)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::event;

    #[test]
    fn an_event_is_a_line_in_envoys_log() {
        let read = |line: &str| event(line.as_bytes());
        let id = "0192f0c1-2b3c-7d4e-8f50-616263646566";
        let text = read(&format!(
            r#"{{"event":"id={id}&user_agent=a%20b&input=3&cost=7"}}"#
        ));
        let text = text.unwrap().unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["id"], id);
        assert_eq!(json["user_agent"], "a b");
        assert_eq!(
            (&json["tokens"]["input"], &json["cost"]),
            (&3.into(), &7.into())
        );
        let refused = r#"{"event":"key_id=k&namespace=n&code=rate_limit_exceeded"}"#;
        assert_eq!(read(refused).unwrap(), None);
        assert!(read(r#"{"event":"id=1&cost=7"}"#).is_err());
        assert!(read(r#"{"event":"id=1&colour=7"}"#).is_err());
    }

    #[test]
    fn an_event_of_an_older_gateway_is_read() {
        let read = |line: &str| event(line.as_bytes());
        assert_eq!(
            read(r#"{"status":200,"event":"{\"id\":\"x\"}"}"#)
                .unwrap()
                .unwrap(),
            r#"{"id":"x"}"#
        );
        assert_eq!(
            read(r#"{"event":{"id":"x"}}"#).unwrap().unwrap(),
            r#"{"id":"x"}"#
        );
        assert_eq!(
            read(r#"{"event":"eyJpZCI6IngifQ"}"#).unwrap().unwrap(),
            r#"{"id":"x"}"#
        );
        assert!(read(r#"{"event":"eyJpZCI6Ing"}"#).is_err());
        for line in [
            r#"{"event":null}"#,
            r#"{"status":404}"#,
            r#"{"event":"-"}"#,
            "",
            "  ",
        ] {
            assert_eq!(read(line).unwrap(), None, "{line}");
        }
        for line in [
            r#"{"event":"{\"id\""#,
            r#"{"event":"{]"}"#,
            "[warn] envoy",
            r#"{"event":7,"#,
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
