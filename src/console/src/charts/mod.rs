//! Charts as SVG, each with its table. Colours are classes of the style sheet, so that they follow light and
//! dark.

mod bars;

pub use bars::{Shape, stacked_bars};

/// A round number at or above one, for the top of an axis.
fn ceiling(most: f64) -> f64 {
    if most <= 0.0 || !most.is_finite() {
        return 1.0;
    }
    let magnitude = 10f64.powf(most.log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let step = steps
        .into_iter()
        .find(|step| step * magnitude >= most * 0.999_999);
    step.unwrap_or(10.0) * magnitude
}

/// A coordinate.
fn at(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_above_all() {
        for (most, top) in [
            (0.0, 1.0),
            (1.0, 1.0),
            (7.2, 8.0),
            (11.0, 15.0),
            (99.0, 100.0),
            (0.000_3, 0.000_3),
            (f64::NAN, 1.0),
        ] {
            let found = ceiling(most);
            assert!((found - top).abs() < 1e-12, "{most}: {found}");
        }
    }
}
