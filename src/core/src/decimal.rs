//! Decimal numbers without the machinery of formatting.

/// Digits of the largest number.
const MOST_DIGITS: usize = 20;

/// Appends a number.
pub(crate) fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [b'0'; MOST_DIGITS];
    let mut rest = number;
    let mut from = MOST_DIGITS;
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0'.saturating_add(u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        from = at;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// Appends a number that may be below zero.
pub(crate) fn push_signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_number(out, number.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_ever(number: u64, signed: i64) {
            for (number, signed) in [(number, signed), (0, i64::MIN), (u64::MAX, -1)] {
                let mut out = Vec::new();
                push_number(&mut out, number);
                out.push(b' ');
                push_signed(&mut out, signed);
                prop_assert_eq!(out, format!("{number} {signed}").into_bytes());
            }
        }
    }
}
