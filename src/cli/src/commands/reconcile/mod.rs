//! `paddock reconcile`: records usage that is in Envoy's access log but not in the ledger.

mod count;
mod event;
mod follow;
mod position;

use crate::client::Client;
use crate::connection::Connection;
use crate::exit::Exit;
use anyhow::{Context, bail};
use count::Count;
use follow::Follower;
use indicatif::{ProgressBar, ProgressStyle};
use paddock_server::config::file::ConfigFile;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The access log: one JSON object per line, with the usage event in its field `event`. `-` reads
    /// standard input.
    #[arg(default_value = "-")]
    log: PathBuf,
    /// Go on reading as Envoy writes, also after the log was rotated, until stopped.
    #[arg(long)]
    follow: bool,
    /// With --follow: the file that remembers how far the log is read [default: the log's name with
    /// `.position` behind].
    #[arg(long, value_name = "FILE", requires = "follow")]
    position: Option<PathBuf>,
    /// With --follow: an event is sent so many seconds after it was logged, 1 to 3600. Most have come
    /// from the gateway by then.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "follow",
        value_parser = clap::value_parser!(u16).range(1..=3_600))]
    delay: u16,
}

/// Sends every event; the service records those it does not have.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    if options.follow {
        if options.log == Path::new("-") {
            bail!("--follow needs the access log's file");
        }
        let mut position = options.log.clone().into_os_string();
        position.push(".position");
        let position = options.position.clone().unwrap_or_else(|| position.into());
        return Follower::new(&options.log, position, options.delay)?.run(&client);
    }
    let count = read(&options.log, &client)?;
    count.tell(options.connection.output)?;
    Ok(match count.is_whole() {
        true => Exit::Done,
        false => Exit::Problems,
    })
}

fn read(log: &Path, client: &Client) -> anyhow::Result<Count> {
    let (source, size) = open(log)?;
    let bar = bar(size);
    let mut count = Count::from_the_first();
    for line in source.split(b'\n') {
        let line = line.with_context(|| format!("cannot read {}", log.display()))?;
        bar.inc(u64::try_from(line.len()).unwrap_or(0).saturating_add(1));
        count.take(&line);
        if count.is_full() {
            count.send(client)?;
        }
    }
    count.send(client)?;
    bar.finish_and_clear();
    Ok(count)
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
