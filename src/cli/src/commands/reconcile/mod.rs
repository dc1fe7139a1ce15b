//! `paddock reconcile`: records usage that is in Envoy's access log but not in the ledger.

use crate::client::{Client, field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, Output};
use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use indicatif::{ProgressBar, ProgressStyle};
use paddock_core::wire::UsageEvent;
use paddock_server::config::file::ConfigFile;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

/// Most bytes of events sent at once: half of what the service accepts.
const MAX_BATCH: usize = 512 << 10;
/// Largest event: far above what any gateway writes.
const MAX_EVENT: usize = 256 << 10;
/// Characters kept of one that is larger.
const SHOWN: usize = 200;
/// Most events sent at once.
const MAX_EVENTS: usize = 1_000;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The access log: one JSON object per line, with the usage event in its field `event`. `-` reads
    /// standard input.
    #[arg(default_value = "-")]
    log: PathBuf,
}

/// The part of a line that is read.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
}

#[derive(Debug, Default)]
struct Count {
    lines: u64,
    events: u64,
    new: u64,
    repeated: u64,
    rejected: Vec<Value>,
    unreadable: u64,
}

/// Sends every event; the service records those it does not have.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let (source, size) = open(&options.log)?;
    let bar = bar(size);
    let mut count = Count::default();
    let mut batch: Vec<String> = Vec::new();
    let mut bytes: usize = 0;
    for line in source.split(b'\n') {
        let line = line.with_context(|| format!("cannot read {}", options.log.display()))?;
        bar.inc(u64::try_from(line.len()).unwrap_or(0).saturating_add(1));
        match event(&line) {
            Ok(None) if line.trim_ascii().is_empty() => continue,
            Ok(None) => {}
            Ok(Some(event)) if event.len() > MAX_EVENT => {
                let number = count.lines.saturating_add(1);
                let error = format!("line {number}: the event is larger than {MAX_EVENT} bytes");
                let event: String = event.chars().take(SHOWN).collect();
                count
                    .rejected
                    .push(json!({ "error": error, "event": event }));
            }
            Ok(Some(event)) => {
                bytes = bytes.saturating_add(event.len());
                batch.push(event);
            }
            Err(_) => count.unreadable = count.unreadable.saturating_add(1),
        }
        count.lines = count.lines.saturating_add(1);
        if bytes >= MAX_BATCH || batch.len() >= MAX_EVENTS {
            count.send(&client, &mut batch)?;
            bytes = 0;
        }
    }
    count.send(&client, &mut batch)?;
    bar.finish_and_clear();
    count.tell(options.connection.output)?;
    let is_whole = count.rejected.is_empty() && count.unreadable == 0;
    Ok(if is_whole { Exit::Done } else { Exit::Problems })
}

/// How many bytes are read; shown only if stderr is a terminal.
fn bar(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_message("bytes read");
    match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead>, u64)> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(std::io::stdin())), 0));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let size = file.metadata().map(|data| data.len()).unwrap_or(0);
    Ok((Box::new(BufReader::new(file)), size))
}

/// The event of a line, as JSON. Older gateways wrote it as JSON, or as JSON in Base64 (RFC 4648,
/// without padding). Most lines of refused requests have none.
fn event(line: &[u8]) -> anyhow::Result<Option<String>> {
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

impl Count {
    fn send(&mut self, client: &Client, batch: &mut Vec<String>) -> anyhow::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let body = format!("{{\"events\":[{}]}}", batch.join(","));
        let answer = client
            .post_text("/v1/usage/reconcile", body)
            .with_context(|| {
                format!(
                    "stopped after {} new events were recorded; run the command again to continue",
                    self.new
                )
            })?;
        let number = |name: &str| field(&answer, name).as_u64().unwrap_or(0);
        self.events = self
            .events
            .saturating_add(u64::try_from(batch.len()).unwrap_or(0));
        self.new = self.new.saturating_add(number("new"));
        self.repeated = self.repeated.saturating_add(number("repeated"));
        let rejected = field(&answer, "rejected").as_array();
        self.rejected
            .extend(rejected.into_iter().flatten().cloned());
        batch.clear();
        Ok(())
    }

    fn tell(&self, form: Output) -> anyhow::Result<()> {
        if form == Output::Json {
            return output::print_json(&json!({
                "lines": self.lines,
                "events": self.events,
                "new": self.new,
                "repeated": self.repeated,
                "rejected": self.rejected,
                "unreadable_lines": self.unreadable,
            }));
        }
        output::print(&format!(
            "{} lines with {} usage events: {} recorded now, {} already in the ledger.",
            self.lines, self.events, self.new, self.repeated
        ))?;
        if self.unreadable > 0 {
            let note = "lines are not JSON or are cut off";
            output::print(&format!("{} {note}.", self.unreadable))?;
        }
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        for rejected in &self.rejected {
            let count = reasons
                .entry(text_of(rejected, "error").to_owned())
                .or_default();
            *count = count.saturating_add(1);
        }
        for (reason, count) in reasons {
            output::print(&format!("{count} rejected: {reason}"))?;
        }
        Ok(())
    }
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
