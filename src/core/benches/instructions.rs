//! How many instructions the core's part in one request takes, by callgrind: `make
//! bench-callgrind`. Repeatable to a few instructions, on however busy a machine.
#![allow(missing_docs, clippy::expect_used, clippy::arithmetic_side_effects)]
#![allow(clippy::print_stdout, reason = "this is a program for people")]

mod work;

use std::process::{Command, ExitCode};

/// Repetitions that warm up, and those that are counted beyond them.
const WARM: u64 = 10;
const COUNTED: u64 = 50;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, index, times] = arguments.as_slice()
        && flag == "--repeat"
    {
        let mut all = work::all();
        let at: usize = index.parse().expect("a number");
        let (_, run) = all.get_mut(at).expect("one that is there");
        (0..times.parse().expect("a number")).for_each(|_: u64| run());
        return ExitCode::SUCCESS;
    }
    println!("{:>12}  instructions of", "");
    for (index, (name, _)) in work::all().iter().enumerate() {
        let counted = [WARM, WARM + COUNTED].map(|times| count(index, times));
        let [Some(less), Some(more)] = counted else {
            println!("valgrind could not be run: install it, then try again");
            return ExitCode::FAILURE;
        };
        println!("{:>12}  {name}", more.saturating_sub(less) / COUNTED);
    }
    ExitCode::SUCCESS
}

/// Instructions of a whole run of this program.
fn count(index: usize, times: u64) -> Option<u64> {
    let me = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(me)
        .args(["--repeat", &index.to_string(), &times.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}
