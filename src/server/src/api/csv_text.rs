//! Comma-separated values (RFC 4180) that no spreadsheet takes for formulas.

use serde_json::Value;

/// Rows as text. `None` if writing failed, which it cannot: it is into memory.
pub fn rows(rows: impl Iterator<Item = Vec<String>>) -> Option<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).ok()?;
    }
    writer.into_inner().ok()
}

/// A value as the text of a cell. A text that a spreadsheet would take for a formula gets an
/// apostrophe in front, as OWASP advises against CSV injection.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        // The shortest decimal that is this number, without an exponent.
        Value::Number(number) if number.is_f64() => number
            .as_f64()
            .map(|value| value.to_string())
            .unwrap_or_default(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cell_is_never_a_formula_and_never_breaks_its_row() {
        let cells = [
            json!("=HYPERLINK(\"http://evil\")"),
            json!("a,\"b\"\nc"),
            json!(0.000_000_1),
            json!(-3),
            Value::Null,
            json!({ "a": 1 }),
        ];
        let row = cells.iter().map(cell).collect();
        let text = String::from_utf8(rows([row].into_iter()).unwrap()).unwrap();
        let expected = "\"'=HYPERLINK(\"\"http://evil\"\")\",\"a,\"\"b\"\"\nc\",0.0000001,-3,,\"{\"\"a\"\":1}\"\r\n";
        assert_eq!(text, expected);
        for text in ["+1", "-1", "@x", "\tx", "\rx", "\nx"] {
            assert!(cell(&json!(text)).starts_with('\''), "{text:?}");
        }
    }
}
