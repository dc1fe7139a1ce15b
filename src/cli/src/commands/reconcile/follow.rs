//! `paddock reconcile --follow`: stands beside an Envoy and records what did not come from its filter.
//!
//! Once a second it looks how long the log is. What was there some seconds ago is sent, since the filter has
//! had its time. How far that is, is written down after the service has answered: after a crash some events
//! are sent again, which changes nothing.

use super::count::{Count, Service};
use super::position::{self, Position};
use super::rotation::Rotation;
use crate::client;
use crate::exit::Exit;
use anyhow::Context;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at the log, and between two attempts to reach the service.
const PAUSE: Duration = Duration::from_secs(1);

/// A log that is followed.
pub struct Follower<'a> {
    log: &'a Path,
    kept: PathBuf,
    delay: usize,
    rotation: Option<Rotation>,
    /// The file that is read at present.
    source: BufReader<File>,
    position: Position,
    /// How long it was at the last looks, the oldest first.
    lengths: VecDeque<u64>,
    /// Whether the file that the log went on in was there before these looks.
    has_next: bool,
}

impl<'a> Follower<'a> {
    /// Goes on where the position says, or at the beginning of the log. `delay` is in seconds.
    ///
    /// # Errors
    /// The log or its position cannot be read.
    pub fn new(
        log: &'a Path,
        kept: PathBuf,
        delay: u16,
        rotation: Option<Rotation>,
    ) -> anyhow::Result<Follower<'a>> {
        let before = Position::read(&kept)?;
        let found = match &before {
            Some(position) => position::find(log, position)?,
            None => None,
        };
        let (file, position) = match (found, before) {
            (Some(file), Some(position)) => (file, position),
            (_, before) => {
                if before.is_some() {
                    eprintln!(
                        "paddock: the file that was read last is gone; going on with the oldest there is"
                    );
                }
                let file = first(log)?;
                let position = Position::start(&file.metadata()?);
                (file, position)
            }
        };
        Ok(Follower {
            log,
            kept,
            delay: usize::from(delay),
            rotation,
            source: at(file, position.offset)?,
            position,
            lengths: VecDeque::new(),
            has_next: false,
        })
    }

    /// Follows until stopped.
    ///
    /// # Errors
    /// The log cannot be read, or the service refuses what it is sent.
    pub fn run(mut self, service: &Service) -> anyhow::Result<Exit> {
        loop {
            self.look(service)?;
            std::thread::sleep(PAUSE);
        }
    }

    /// Sends what was in the file some looks ago, and goes on to the next file if there is nothing more to
    /// come.
    fn look(&mut self, service: &Service) -> anyhow::Result<()> {
        let length = self.source.get_ref().metadata()?.len();
        if length < self.position.offset {
            eprintln!(
                "paddock: {} was cut short; reading it from its beginning",
                self.log.display()
            );
            self.go_to(self.source.get_ref().try_clone()?, 0)?;
        }
        if let Some(rotation) = &self.rotation {
            rotation.look(length)?;
        }
        self.lengths.push_back(length);
        if self.lengths.len() <= self.delay {
            return Ok(());
        }
        let Some(ripe) = self.lengths.pop_front() else {
            return Ok(());
        };
        self.send_until(ripe, service)?;
        let is_quiet = self.lengths.iter().all(|later| *later == ripe);
        match self.next()? {
            Some(next) if is_quiet && self.has_next => self.go_on(next),
            // A log that was renamed is written to until Envoy opens the new one: it must be quiet from here
            // on, not since before the new one was there.
            Some(_) if !self.has_next => {
                self.has_next = true;
                self.lengths.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The file is over: goes on with the next.
    fn go_on(&mut self, next: File) -> anyhow::Result<()> {
        let finished = self.position;
        self.go_to(next, 0)?;
        self.position.keep(&self.kept)?;
        match &self.rotation {
            Some(rotation) => rotation.done(&finished),
            None => Ok(()),
        }
    }

    fn send_until(&mut self, ripe: u64, service: &Service) -> anyhow::Result<()> {
        let mut count = Count::default();
        let (mut line, mut offset) = (Vec::new(), self.position.offset);
        loop {
            line.clear();
            let left = ripe.saturating_sub(offset);
            let read = match left {
                0 => 0,
                _ => self.source.read_until(b'\n', &mut line)?,
            };
            let is_whole = line.ends_with(b"\n");
            if is_whole {
                count.take(&line);
                offset = offset.saturating_add(u64::try_from(read)?);
            }
            if count.is_full() || !is_whole {
                self.send(&mut count, offset, service)?;
            }
            if !is_whole {
                // What is not yet whole is read again.
                self.source.seek(SeekFrom::Start(offset))?;
                return Ok(());
            }
        }
    }

    /// Sends until the service takes it, and remembers that.
    fn send(&mut self, count: &mut Count, offset: u64, service: &Service) -> anyhow::Result<()> {
        if offset == self.position.offset {
            return Ok(());
        }
        while let Err(error) = count.send(service) {
            if !client::may_pass(&error) {
                return Err(error);
            }
            eprintln!("paddock: {error:#}; trying again");
            std::thread::sleep(PAUSE);
        }
        for told in std::mem::take(count).news() {
            eprintln!("paddock: {told}");
        }
        self.position.offset = offset;
        self.position.keep(&self.kept)
    }

    /// The file that the log went on in, if this one is over.
    fn next(&self) -> anyhow::Result<Option<File>> {
        let files = position::files(self.log)?;
        let mut files = files.iter();
        let is_here = files.any(|(_, metadata)| self.position.is_in(metadata));
        match files.next() {
            Some((path, _)) if is_here => Ok(Some(open(path)?)),
            // It was compressed or removed meanwhile.
            _ if !is_here => fs::exists(self.log)?.then(|| open(self.log)).transpose(),
            _ => Ok(None),
        }
    }

    fn go_to(&mut self, file: File, offset: u64) -> anyhow::Result<()> {
        self.position = Position::start(&file.metadata()?).at(offset);
        self.source = at(file, offset)?;
        self.lengths.clear();
        self.has_next = false;
        Ok(())
    }
}

/// The oldest file of the log; waits until there is one.
fn first(log: &Path) -> anyhow::Result<File> {
    loop {
        if let Some((path, _)) = position::files(log)?.first() {
            match File::open(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                opened => return opened.with_context(|| format!("cannot read {}", path.display())),
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot read {}", path.display()))
}

fn at(file: File, offset: u64) -> anyhow::Result<BufReader<File>> {
    let mut source = BufReader::new(file);
    source.seek(SeekFrom::Start(offset))?;
    Ok(source)
}
