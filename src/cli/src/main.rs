//! The `paddock` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    paddock_cli::main()
}
