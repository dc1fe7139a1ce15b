//! What is printed: tables for people, or what programs read.

use anstyle::{AnsiColor, Style};
use anyhow::bail;
use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::{ErrorKind, IsTerminal, Write};

/// Output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people; on a terminal no wider than that.
    #[default]
    Table,
    /// A table with all columns, as wide as its contents.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Comma-separated values, of lists.
    Csv,
    /// Names alone, of lists.
    Name,
}

impl Output {
    /// Whether people read it.
    pub fn is_table(self) -> bool {
        matches!(self, Output::Table | Output::Wide)
    }

    /// An error if only lists are printed so.
    pub fn must_fit_one_answer(self) -> anyhow::Result<()> {
        match self {
            Output::Csv | Output::Name => {
                bail!("only `paddock get` prints CSV and names. Use table, wide, json or yaml")
            }
            _ => Ok(()),
        }
    }

    /// Prints a value for programs: as YAML, or as JSON.
    pub fn print_value(self, value: &Value) -> anyhow::Result<()> {
        match self {
            Output::Yaml => print(&serde_saphyr::to_string(value)?),
            _ => print(&format!("{value:#}")),
        }
    }
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub head: &'static str,
    pub is_number: bool,
}

/// A column of texts.
pub const fn text(head: &'static str) -> Column {
    Column {
        head,
        is_number: false,
    }
}

/// A column of numbers, aligned to the right.
pub const fn number(head: &'static str) -> Column {
    Column {
        head,
        is_number: true,
    }
}

/// A narrower terminal gets a table of so many columns.
const NARROWEST: u16 = 40;

/// A table without lines, as wide as its contents, but no wider than a terminal it is printed to.
pub fn table(columns: &[Column], rows: Vec<Vec<String>>) -> String {
    arranged(columns, rows, terminal_width())
}

/// A table without lines: as wide as its contents, or at most so wide.
pub fn arranged(columns: &[Column], rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).add_rows(rows);
    match width {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.max(NARROWEST)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    if columns.iter().any(|column| !column.head.is_empty()) {
        table.set_header(columns.iter().map(|column| column.head));
    }
    for (at, column) in columns.iter().enumerate() {
        if let (true, Some(column)) = (column.is_number, table.column_mut(at)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<String>>().join("\n")
}

/// The columns of the terminal that is printed to, if it is one.
pub fn terminal_width() -> Option<u16> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(stdout).map(|(width, _)| width.0)
}

/// A value in a cell; a hyphen for null.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<String>>().join(", "),
        other => other.to_string(),
    }
}

/// Dollars in a cell.
pub fn dollars(value: &Value) -> String {
    match value.as_f64() {
        Some(dollars) if dollars != 0.0 && dollars.abs() < 0.01 => format!("${dollars:.6}"),
        Some(dollars) => format!("${dollars:.2}"),
        None => "-".to_owned(),
    }
}

/// Prints a text and the end of its line. What colours it has are left out where they are not wanted:
/// in a file or pipe, and where `NO_COLOR` is set (<https://no-color.org>).
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    writeln!(stdout, "{}", text.trim_end_matches('\n'))?;
    Ok(stdout.flush()?)
}

/// Green: what comes.
pub fn green(text: &str) -> String {
    coloured(text, AnsiColor::Green)
}

/// Yellow: what changes.
pub fn yellow(text: &str) -> String {
    coloured(text, AnsiColor::Yellow)
}

fn coloured(text: &str, colour: AnsiColor) -> String {
    let style = Style::new().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

/// Whether printing failed because the reader of a pipe has gone.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}
