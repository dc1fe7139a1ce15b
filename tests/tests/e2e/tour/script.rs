//! Markdown whose blocks are run, and whose expectations are compared.
//!
//! | fence | what the test does with it |
//! |---|---|
//! | `sh` | runs it in the page's shell; variables last to the end of the page |
//! | `python`, `js` | runs it with the official SDKs installed |
//! | `LANGUAGE file=NAME` | writes it to the file NAME |
//! | `text expect` | compares: each line must be in the output of the block before, in any order; `…` stands for anything |
//! | `console` | nothing: for what cannot run in a test |
//!
//! CONTRIBUTING.md tells writers of pages the same.

use std::path::Path;
use std::process::{Command, Stdio};

/// What ends the output of a block: the block's number, and the status of its last command.
const END: &str = "=== end of block";

/// What a refusal begins with. A block that prints one must expect its code.
const REFUSED: &str = "\"error\":{";
const CODE: &str = "\"code\":";

#[derive(Debug, Default)]
pub struct Tour {
    pub blocks: Vec<Block>,
}

#[derive(Debug)]
pub struct Block {
    /// Where its fence is, from 1.
    line: usize,
    commands: String,
    expected: Vec<String>,
}

impl Tour {
    /// Reads the blocks of a Markdown text.
    pub fn read(markdown: &str) -> Result<Tour, String> {
        let mut tour = Tour::default();
        let mut lines = (1..).zip(markdown.lines());
        while let Some((number, line)) = lines.next() {
            let Some(kind) = line.strip_prefix("```") else {
                continue;
            };
            let mut content = Vec::new();
            loop {
                match lines.next() {
                    Some((_, "```")) => break,
                    Some((_, line)) => content.push(line.to_owned()),
                    None => return Err(format!("the block of line {number} is never closed")),
                }
            }
            if kind.trim() == "text expect" {
                let wanted = content.into_iter().filter(|line| !line.trim().is_empty());
                let block = tour.blocks.last_mut();
                let block =
                    block.ok_or(format!("the output of line {number} follows no command"))?;
                block
                    .expected
                    .extend(wanted.map(|line| line.trim().to_owned()));
            } else if let Some(commands) = commands(kind.trim(), &content.join("\n"))
                .map_err(|error| format!("line {number}: {error}"))?
            {
                tour.blocks.push(Block {
                    line: number,
                    commands,
                    expected: Vec::new(),
                });
            }
        }
        Ok(tour)
    }
}

/// The shell commands that do what a block says; none for a block that is only read.
fn commands(kind: &str, content: &str) -> Result<Option<String>, String> {
    let fed_to = |program: &str| {
        Some(format!(
            "{program} <<'END_OF_BLOCK'\n{content}\nEND_OF_BLOCK"
        ))
    };
    if let Some((_, name)) = kind.split_once(" file=") {
        return Ok(fed_to(&format!("cat >'{name}'")));
    }
    match kind.split_whitespace().next() {
        Some("sh") if kind == "sh" => Ok(Some(content.to_owned())),
        Some("sh" | "bash" | "shell") => Err(format!(
            "'{kind}' is not a fence: 'sh' is run, 'console' is not"
        )),
        Some("python") => Ok(fed_to("python3 -")),
        // Modules are looked for from the working folder upwards.
        Some("js") => Ok(fed_to("env -C \"$SDKS/js\" node --input-type=module -")),
        _ => Ok(None),
    }
}

/// Runs every block in order in `folder`; an error shows the first that is not as it should be.
pub fn run(tour: &Tour, folder: &Path, environment: &[(&str, &str)]) -> Result<(), String> {
    let mut script = "set -u\nexec 2>&1\n".to_owned();
    for (number, block) in tour.blocks.iter().enumerate() {
        let Block { commands, .. } = block;
        script += &format!("{commands}\nprintf '\\n{END} %s %s\\n' {number} $?\n");
    }
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        // Nothing of this machine's: no keys, no proxies, no other base URLs.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("bash cannot be run: {error}"))?;
    let output_text = String::from_utf8_lossy(&output.stdout);
    let mut rest = output_text.as_ref();
    for (number, block) in tour.blocks.iter().enumerate() {
        let mark = format!("\n{END} {number} ");
        let Some((printed, after)) = rest.split_once(&mark) else {
            // The shell itself ended here.
            let status = output.status.code().unwrap_or(-1);
            return Err(block.failed(&format!("ended the shell with status {status}"), rest));
        };
        let (status, after) = after.split_once('\n').unwrap_or((after, ""));
        if status != "0" {
            return Err(block.failed(&format!("ended with status {status}"), printed));
        }
        if printed.contains(REFUSED) && !block.expects_a_refusal() {
            return Err(block.failed("was refused", printed));
        }
        if let Some(line) = block.missing(printed) {
            return Err(block.failed(&format!("did not print '{line}'"), printed));
        }
        rest = after;
    }
    Ok(())
}

impl Block {
    /// The first line that is expected and was not printed.
    fn missing(&self, printed: &str) -> Option<&str> {
        let is_there = |wanted: &str| printed.lines().any(|line| matches(line, wanted));
        self.expected
            .iter()
            .map(String::as_str)
            .find(|wanted| !is_there(wanted))
    }

    fn expects_a_refusal(&self) -> bool {
        self.expected.iter().any(|line| line.contains(CODE))
    }

    fn failed(&self, how: &str, printed: &str) -> String {
        let Block { line, commands, .. } = self;
        format!(
            "the block of line {line} {how}.\n--- commands\n{commands}\n--- output\n{printed}\n---"
        )
    }
}

/// Whether the pieces between the wildcards are in the line, in this order.
fn matches(line: &str, wanted: &str) -> bool {
    let mut rest = line;
    wanted.split('…').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
