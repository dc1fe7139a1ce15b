//! Values as people read them.

use maud::{Markup, html};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// An object of an answer; `null` if it is absent.
pub fn part<'a>(of: &'a Value, name: &str) -> &'a Value {
    of.get(name).unwrap_or(&Value::Null)
}

/// A text of an answer; empty if it is absent.
pub fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number of an answer; 0 if it is absent.
pub fn number(of: &Value, name: &str) -> f64 {
    of.get(name).and_then(Value::as_f64).unwrap_or_default()
}

/// A number of an answer that may be absent.
pub fn maybe(of: &Value, name: &str) -> Option<f64> {
    of.get(name).and_then(Value::as_f64)
}

/// Whether something is so.
pub fn is(of: &Value, name: &str) -> bool {
    of.get(name).and_then(Value::as_bool) == Some(true)
}

/// The rows of a list, by the name of its field.
pub fn rows<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    let rows = of.get(name).and_then(Value::as_array);
    rows.map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list.
pub fn texts<'a>(of: &'a Value, name: &str) -> Vec<&'a str> {
    rows(of, name).iter().filter_map(Value::as_str).collect()
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    let count = digits.chars().count();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && count.saturating_sub(place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A whole number with separators.
pub fn whole(number: f64) -> String {
    let sign = if number < -0.5 { "-" } else { "" };
    format!("{sign}{}", grouped(&format!("{:.0}", number.abs())))
}

/// US dollars: whole cents, and of less than a cent as many digits as it needs.
pub fn dollars(amount: f64) -> String {
    let sign = if amount < 0.0 { "-" } else { "" };
    let size = amount.abs();
    let text = match size {
        0.0 => "0.00".to_owned(),
        size if size < 0.000_001 => format!("{size:.9}"),
        size if size < 0.01 => format!("{size:.6}"),
        size if size < 1.0 => format!("{size:.4}"),
        size => format!("{size:.2}"),
    };
    let (units, parts) = text.split_once('.').unwrap_or((&text, "0"));
    let mut parts = parts.trim_end_matches('0').to_owned();
    while parts.len() < 2 {
        parts.push('0');
    }
    format!("{sign}${}.{parts}", grouped(units))
}

/// US dollars to the last digit, and at least in cents.
pub fn exact_dollars(amount: f64) -> String {
    let sign = if amount < 0.0 { "-" } else { "" };
    let text = format!("{:.9}", amount.abs());
    let (units, parts) = text.split_once('.').unwrap_or((&text, ""));
    let parts = parts.trim_end_matches('0');
    format!("{sign}${}.{parts:0<2}", grouped(units))
}

/// A number in few characters, such as 1.2M.
pub fn short(number: f64) -> String {
    let size = number.abs();
    let (divided, unit) = match size {
        size if size >= 1e9 => (number / 1e9, "B"),
        size if size >= 1e6 => (number / 1e6, "M"),
        size if size >= 1e4 => (number / 1e3, "k"),
        _ => return whole(number),
    };
    match divided.abs() {
        divided if divided >= 100.0 => format!("{:.0}{unit}", number.signum() * divided),
        _ => format!("{divided:.1}{unit}"),
    }
}

/// US dollars in few characters.
pub fn short_dollars(amount: f64) -> String {
    match amount.abs() {
        size if size >= 1e4 => format!("${}", short(amount)),
        size if size >= 100.0 => format!("${}", whole(amount)),
        _ => dollars(amount),
    }
}

/// A percentage.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent.abs() < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

/// A time a call took.
pub fn millis(millis: f64) -> String {
    match millis {
        millis if millis >= 60_000.0 => format!("{:.1} min", millis / 60_000.0),
        millis if millis >= 1_000.0 => format!("{:.2} s", millis / 1_000.0),
        millis => format!("{millis:.0} ms"),
    }
}

fn parsed(moment: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(moment, &Rfc3339).ok()
}

/// A moment of an answer, in UTC.
pub fn moment(moment: &str) -> Markup {
    let shape = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let shown = parsed(moment).and_then(|at| at.format(shape).ok());
    html! {
        @match shown {
            Some(shown) => time datetime=(moment) { (shown) },
            None => span.quiet { "–" },
        }
    }
}

/// The day of a moment.
pub fn day(moment: &str) -> String {
    moment.chars().take(10).collect()
}

/// The first moment of a step of a series, as short as it can be.
pub fn step(moment: &str, is_hourly: bool) -> String {
    let shape = match is_hourly {
        true => format_description!("[hour]:[minute]"),
        false => format_description!("[month repr:short] [day padding:none]"),
    };
    let shown = parsed(moment).and_then(|at| at.format(shape).ok());
    shown.unwrap_or_else(|| moment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_enough_and_short() {
        for (amount, shown) in [
            (0.0, "$0.00"),
            (1234.5, "$1,234.50"),
            (-3.0, "-$3.00"),
            (0.25, "$0.25"),
            (0.0042, "$0.0042"),
            (0.000_000_05, "$0.00000005"),
            (1e9, "$1,000,000,000.00"),
        ] {
            assert_eq!(dollars(amount), shown);
        }
        assert_eq!(exact_dollars(0.022_11), "$0.02211");
        assert_eq!(exact_dollars(1_500.0), "$1,500.00");
        assert_eq!(short(999.0), "999");
        assert_eq!(short(12_345.0), "12.3k");
        assert_eq!(short(1_234_567.0), "1.2M");
        assert_eq!(short(250e9), "250B");
        assert_eq!(whole(1_234_567.0), "1,234,567");
        assert_eq!(percent(0.987), "99 %");
        assert_eq!(millis(1_234.0), "1.23 s");
        assert_eq!(step("2026-03-01T00:00:00Z", false), "Mar 1");
    }
}
