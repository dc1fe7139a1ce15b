//! Markdown whose shell blocks are run, and whose expectations are compared.
//!
//! A block fenced as `sh tour` is run; a block fenced as `text expect` after it says which lines
//! its output must have, in any order, `…` standing for anything. All blocks run in one shell, so
//! variables last.

use std::process::{Command, Stdio};

/// What ends the output of a block: the block's number, and the status of its last command.
const END: &str = "=== end of block";

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
            match kind.trim() {
                "sh tour" => tour.blocks.push(Block {
                    line: number,
                    commands: content.join("\n"),
                    expected: Vec::new(),
                }),
                "text expect" => {
                    let wanted = content.into_iter().filter(|line| !line.trim().is_empty());
                    let block = tour.blocks.last_mut();
                    let block =
                        block.ok_or(format!("the output of line {number} follows no command"))?;
                    block
                        .expected
                        .extend(wanted.map(|line| line.trim().to_owned()));
                }
                _ => {}
            }
        }
        Ok(tour)
    }
}

/// Runs every block in order; an error shows the first that is not as it should be.
pub fn run(tour: &Tour, environment: &[(&str, &str)]) -> Result<(), String> {
    let mut script = "set -u\nexec 2>&1\n".to_owned();
    for (number, block) in tour.blocks.iter().enumerate() {
        let Block { commands, .. } = block;
        script += &format!("{commands}\nprintf '\\n{END} %s %s\\n' {number} $?\n");
    }
    let output = Command::new("bash")
        .args(["-c", &script])
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
