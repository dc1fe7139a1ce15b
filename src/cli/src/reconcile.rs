//! `paddock reconcile`: what Envoy logged and the ledger lacks.

use super::client::Client;
use super::connection::Connection;
use super::output::{self, Output};
use crate::exit::Exit;
use crate::progress;
use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use paddock_server::config::file::ConfigFile;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Most bytes of events sent at once: half of what the service takes.
const MAX_BATCH: usize = 512 << 10;
/// Most events sent at once.
const MAX_EVENTS: usize = 1_000;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The access log: one JSON object a line, with the usage event in its field `event`. `-` is
    /// standard input.
    #[arg(default_value = "-")]
    log: PathBuf,
}

/// What is read of a line.
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

/// Sends every event; the service books those it does not have. Sending one again changes nothing.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let (source, size) = open(&options.log)?;
    let bar = progress::bar(size, "bytes read");
    let mut count = Count::default();
    let mut batch: Vec<String> = Vec::new();
    let mut bytes: usize = 0;
    for line in source.split(b'\n') {
        let line = line.with_context(|| format!("cannot read {}", options.log.display()))?;
        bar.inc(u64::try_from(line.len()).unwrap_or(0).saturating_add(1));
        match event(&line) {
            Ok(None) if line.trim_ascii().is_empty() => continue,
            Ok(None) => {}
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
    Ok(if is_whole { Exit::Done } else { Exit::NotRight })
}

fn open(path: &Path) -> anyhow::Result<(Box<dyn BufRead>, u64)> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(std::io::stdin())), 0));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let size = file.metadata().map(|data| data.len()).unwrap_or(0);
    Ok((Box::new(BufReader::new(file)), size))
}

/// The event of a line: a text in base64 (RFC 4648, without padding), or JSON. Lines of most
/// requests that were refused have none.
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
    if !text.starts_with('{') {
        let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('='));
        let bytes = bytes.map_err(|error| anyhow!("the event is no base64: {error}"))?;
        text = String::from_utf8(bytes)?;
    }
    // What is no JSON would break the whole batch.
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
                    "stopped after {} new events were booked; run it again to go on",
                    self.new
                )
            })?;
        let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.events = self
            .events
            .saturating_add(u64::try_from(batch.len()).unwrap_or(0));
        self.new = self.new.saturating_add(number("new"));
        self.repeated = self.repeated.saturating_add(number("repeated"));
        let rejected = answer.get("rejected").and_then(Value::as_array);
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
            "{} lines, {} usage events: {} were new and are booked now, {} were in the ledger.",
            self.lines, self.events, self.new, self.repeated
        ))?;
        if self.unreadable > 0 {
            let note = "could not be read: not JSON, or cut off";
            output::print(&format!("{} lines {note}.", self.unreadable))?;
        }
        for rejected in &self.rejected {
            let reason = rejected
                .get("error")
                .and_then(Value::as_str)
                .unwrap_or_default();
            output::print(&format!("An event was set aside: {reason}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::event;

    #[test]
    fn an_event_is_base64_in_envoys_log() {
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
