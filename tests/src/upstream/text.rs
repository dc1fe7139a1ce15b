//! Short forms for long texts.

/// `@x*9@` stands for nine times x, and `@(word )*9@` for nine words.
pub fn expanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        match repeated(after) {
            Some((part, times, after)) => {
                out.push_str(&part.repeat(times));
                rest = after;
            }
            None => {
                out.push('@');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What `x*9@` says, and what follows it.
fn repeated(text: &str) -> Option<(&str, usize, &str)> {
    let (part, rest) = match text.strip_prefix('(') {
        Some(text) => text.split_once(")*")?,
        None => {
            let (at, _) = text.char_indices().nth(1)?;
            let (part, rest) = text.split_at(at);
            (part, rest.strip_prefix('*')?)
        }
    };
    let (times, rest) = rest.split_once('@')?;
    Some((part, times.parse().ok()?, rest))
}

/// `{n}` stands for the number, `{n+70}` for the sum.
pub fn numbered(text: &str, number: u64) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{n") {
        out.push_str(before);
        match sum(after, number) {
            Some((sum, after)) => {
                out.push_str(&sum.to_string());
                rest = after;
            }
            None => {
                out.push_str("{n");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn sum(text: &str, number: u64) -> Option<(u64, &str)> {
    let (more, rest) = text.split_once('}')?;
    let more = match more {
        "" => 0,
        more => more.strip_prefix('+')?.parse().ok()?,
    };
    Some((number.checked_add(more)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_are_written_out_and_all_else_stays() {
        assert_eq!(expanded("a@x*3@b@ *2@."), "axxxb  .");
        assert_eq!(expanded("[@(1,)*2@1]"), "[1,1,1]");
        for text in ["a@b.test", "@", "@x*@", "@x*-1@", ""] {
            assert_eq!(expanded(text), text);
        }
        assert_eq!(numbered("{n} of {n+70} in {n", 5), "5 of 75 in {n");
        assert_eq!(numbered("{name}", 5), "{name}");
    }
}
