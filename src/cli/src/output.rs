//! What is printed: tables for people, JSON for machines.

use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// In which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table.
    #[default]
    Table,
    /// One JSON value.
    Json,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    head: &'static str,
    is_number: bool,
}

/// A column of texts.
pub const fn text(head: &'static str) -> Column {
    Column {
        head,
        is_number: false,
    }
}

/// A column of numbers, which stand at its right.
pub const fn number(head: &'static str) -> Column {
    Column {
        head,
        is_number: true,
    }
}

/// A table without lines, as wide as its contents.
pub fn table(columns: &[Column], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|column| column.head))
        .add_rows(rows);
    for (at, column) in columns.iter().enumerate() {
        if let (true, Some(column)) = (column.is_number, table.column_mut(at)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<String>>().join("\n")
}

/// A value in a cell: what is absent is a hyphen.
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

/// Prints one text and the end of its line.
///
/// # Errors
/// Where nobody reads it.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", text.trim_end_matches('\n'))?;
    Ok(stdout.flush()?)
}

/// Prints a value as JSON.
///
/// # Errors
/// Where nobody reads it.
pub fn print_json(value: &Value) -> anyhow::Result<()> {
    print(&format!("{value:#}"))
}

/// Whether it failed because the reader of a pipe has seen enough.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    })
}
