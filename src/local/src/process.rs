//! One child process: started so that it cannot outlive its parent, its output in a file.

use anyhow::{Context, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::time::Instant;

/// How long a process that was told to stop may take.
const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

type Job = Box<dyn FnOnce() + Send>;

/// Linux sends the parent-death signal when the *thread* that started the child ends, so children
/// are started by one thread that lives as long as the program.
static STARTER: LazyLock<Mutex<mpsc::Sender<Job>>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::spawn(move || jobs.into_iter().for_each(|job| job()));
    Mutex::new(sender)
});

/// A running or finished child.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
    begun: Instant,
    ready_after: Option<Duration>,
}

impl Process {
    /// Starts `command` with what it prints appended to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log);
        let output = output.with_context(|| format!("cannot write {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        // A Ctrl-C in the terminal is for the parent, which stops its children in order.
        command.process_group(0);
        let program = command.get_program().to_owned();
        let begun = Instant::now();
        let child = start(command).with_context(|| format!("cannot start {name}: {program:?}"))?;
        Ok(Self {
            name: name.into(),
            child,
            log: log.into(),
            ended: None,
            begun,
            ready_after: None,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The file with what it printed.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Notes that it does its work now.
    pub fn set_ready(&mut self) {
        self.ready_after.get_or_insert(self.begun.elapsed());
    }

    /// How long it took from its start until it did its work; `None` if it does not yet.
    pub fn ready_after(&self) -> Option<Duration> {
        self.ready_after
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// An error that says how it ended and shows the end of its log, if it did end.
    pub fn check(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.ended() else {
            return Ok(());
        };
        let Self { name, log, .. } = self;
        bail!(
            "{name} ended by itself ({status}). The end of {}:\n{}",
            log.display(),
            tail(log)
        );
    }

    /// Ends it at once, as `kill -9` does.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if self.ended().is_none() {
            self.child.kill()?;
            self.ended = Some(self.child.wait()?);
        }
        Ok(())
    }

    /// Asks it to stop, and ends it where it takes longer than ten seconds.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let asked = Instant::now();
        while self.ended().is_none() && asked.elapsed() < GRACE {
            tokio::time::sleep(POLL).await;
        }
        self.kill()
    }

    /// Lets it do nothing until it is resumed, as a machine that stalls does.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// Sends a signal, unless it has ended.
    pub fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        if self.ended().is_none() {
            // Not waited for yet, so its id cannot have been given to another process.
            let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
            kill_process(pid.context("not a process id")?, signal)?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[expect(
    unsafe_code,
    reason = "the standard library offers pre_exec only as unsafe"
)]
fn start(mut command: Command) -> anyhow::Result<Child> {
    // SAFETY: between fork and exec only one system call is made, which allocates nothing and
    // takes no lock.
    unsafe {
        command.pre_exec(|| {
            Ok(rustix::process::set_parent_process_death_signal(Some(
                Signal::KILL,
            ))?)
        });
    }
    let (sender, started) = mpsc::channel();
    let job: Job = Box::new(move || drop(sender.send(command.spawn())));
    STARTER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(job)
        .map_err(|_| anyhow!("the thread that starts processes is gone"))?;
    Ok(started.recv()??)
}

/// The last lines of a file.
fn tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(15)..)
        .unwrap_or_default();
    last.iter().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, log: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("the shell", command, log).unwrap()
    }

    #[tokio::test]
    async fn an_end_is_told_with_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = sh("echo out of hay >&2; exit 3", &folder.path().join("log"));
        while process.ended().is_none() {
            tokio::time::sleep(POLL).await;
        }
        let error = process.check().unwrap_err().to_string();
        assert!(
            error.contains("the shell ended by itself (exit status: 3)"),
            "{error}"
        );
        assert!(error.ends_with("  out of hay\n"), "{error}");
    }

    #[tokio::test]
    async fn children_outlive_the_thread_that_asked_and_stop_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = std::thread::spawn(move || sh("sleep 60", &log))
            .join()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(process.ended(), None);
        process.stop().await.unwrap();
        assert!(process.ended().is_some());
    }
}
