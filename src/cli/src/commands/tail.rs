//! `paddock tail`: usage as it is recorded.

use crate::client::{self, escape, field};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, Output, cell, dollars};
use paddock_server::config::file::ConfigFile;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::time::Duration;

/// How long to wait before a stream is resumed.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// Only this namespace [default: all that the API key may see].
    #[arg(long)]
    namespace: Option<String>,
    /// Time that each line covers: 1s, 5s, 10s, 15s, 30s, 1m, 5m, 15m or 1h.
    #[arg(long, default_value = "30s")]
    granularity: String,
    /// Stop after this many lines.
    #[arg(long)]
    lines: Option<u64>,
}

/// Follows until it is stopped, and resumes a stream that ends or breaks.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let mut path = format!(
        "/v1/usage/stream?granularity={}",
        escape(&options.granularity)
    );
    if let Some(namespace) = &options.namespace {
        path.push_str(&format!("&namespace={}", escape(namespace)));
    }
    let mut follower = Follower {
        form: options.connection.output,
        left: options.lines,
        last_id: None,
    };
    let mut stream = client.stream(&path, None)?;
    loop {
        if follower.follow(BufReader::new(stream))? {
            return Ok(Exit::Done);
        }
        // The service ends each stream after a while, and when it stops.
        stream = loop {
            std::thread::sleep(PAUSE);
            match client.stream(&path, follower.last_id.as_deref()) {
                Ok(stream) => break stream,
                Err(error) if client::may_pass(&error) => {
                    eprintln!("paddock: {error:#}; retrying");
                }
                Err(error) => return Err(error),
            }
        };
    }
}

struct Follower {
    form: Output,
    left: Option<u64>,
    last_id: Option<String>,
}

impl Follower {
    /// Prints one interval; whether that was the last one.
    fn print(&mut self, line: &Value) -> anyhow::Result<bool> {
        let text = |name: &str| cell(field(line, name));
        match self.form {
            Output::Json => output::print(&line.to_string())?,
            Output::Yaml => output::print(&format!("---\n{}", serde_saphyr::to_string(line)?))?,
            _ => output::print(&format!(
                "{}  {}  {}  {}  {} requests  {} tokens  {}",
                text("timestamp"),
                text("namespace"),
                text("key_name"),
                text("model"),
                text("requests"),
                text("total_tokens"),
                dollars(field(line, "cost_usd")),
            ))?,
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(self.left == Some(0))
    }

    /// Reads server-sent events until the stream ends; whether enough were printed. The lines
    /// `data:` of one event are one JSON value.
    /// <https://html.spec.whatwg.org/multipage/server-sent-events.html>
    fn follow(&mut self, stream: impl BufRead) -> anyhow::Result<bool> {
        let (mut data, mut id) = (String::new(), None);
        // A stream that breaks is one that ends: it is resumed.
        for line in stream.lines().map_while(Result::ok) {
            if let Some(part) = line.strip_prefix("data:") {
                data.push_str(part.strip_prefix(' ').unwrap_or(part));
            } else if let Some(part) = line.strip_prefix("id:") {
                id = Some(part.trim().to_owned());
            } else if line.is_empty() && !data.is_empty() {
                self.last_id = id.take().or(self.last_id.take());
                let event: Result<Value, _> = serde_json::from_str(&data);
                data.clear();
                if let Ok(event) = event
                    && event.is_object()
                    && self.print(&event)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_separate_events_and_comments_are_ignored() {
        let text = ": hello\n\nid: 7-1\ndata: {\"requests\":1,\ndata: \"model\":\"m\"}\n\ndata: []\n\nid: 8-1\ndata: {\"cut";
        let mut follower = Follower {
            form: Output::Json,
            left: Some(5),
            last_id: None,
        };
        assert!(!follower.follow(text.as_bytes()).unwrap());
        assert_eq!(
            (follower.left, follower.last_id.as_deref()),
            (Some(4), Some("7-1"))
        );
        follower.left = Some(1);
        assert!(follower.follow(text.as_bytes()).unwrap());
    }
}
