//! `paddock reconcile`: records usage that is in Envoy's access log but not in the ledger.

mod count;
mod event;
mod follow;
mod position;
mod rotation;

use crate::connection::Connection;
use crate::exit::Exit;
use anyhow::{Context, bail};
use count::{Count, Service};
use follow::Follower;
use indicatif::{ProgressBar, ProgressStyle};
use paddock_server::config::file::ConfigFile;
use rotation::Rotation;
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
    /// A file with the gateway's token, the same that the filter has: it is enough for this command, in place
    /// of an operator's key [default: PADDOCK_GATEWAY_TOKEN, if there is no API key].
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    gateway_token_file: Option<PathBuf>,
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
    /// With --follow: rename the log when it is longer than so many megabytes, 1 to 1000000, let Envoy open a new
    /// one, and delete the old one when it is booked.
    #[arg(long, value_name = "MEGABYTES", requires = "follow", requires = "envoy_admin",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rotate_at: Option<u64>,
    /// With --rotate-at: the URL of Envoy's admin interface.
    #[arg(long, value_name = "URL", requires = "rotate_at")]
    envoy_admin: Option<String>,
}

/// Sends every event; the service records those it does not have.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let token = options.gateway_token_file.as_deref();
    let (client, calls_as) = options.connection.open_as_gateway(file, token)?;
    let service = Service { client, calls_as };
    if options.follow {
        if options.log == Path::new("-") {
            bail!("--follow needs the access log's file");
        }
        let mut position = options.log.clone().into_os_string();
        position.push(".position");
        let position = options.position.clone().unwrap_or_else(|| position.into());
        let rotation = match (options.rotate_at, &options.envoy_admin) {
            (Some(megabytes), Some(admin)) => {
                let bytes = megabytes.saturating_mul(1_000_000);
                Some(Rotation::new(&options.log, bytes, admin)?)
            }
            _ => None,
        };
        return Follower::new(&options.log, position, options.delay, rotation)?.run(&service);
    }
    let count = read(&options.log, &service)?;
    count.tell(options.connection.output)?;
    Ok(match count.is_whole() {
        true => Exit::Done,
        false => Exit::Problems,
    })
}

fn read(log: &Path, service: &Service) -> anyhow::Result<Count> {
    let (source, size) = open(log)?;
    let bar = bar(size);
    let mut count = Count::from_the_first();
    for line in source.split(b'\n') {
        let line = line.with_context(|| format!("cannot read {}", log.display()))?;
        bar.inc(u64::try_from(line.len()).unwrap_or(0).saturating_add(1));
        count.take(&line);
        if count.is_full() {
            count.send(service)?;
        }
    }
    count.send(service)?;
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
