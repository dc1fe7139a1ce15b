//! Forms (multipart/form-data), taken apart where they lie.
//!
//! Parsers of forms differ in what they make of odd ones. What was checked here must be what the
//! provider reads, so a form is read by the letter of <https://www.rfc-editor.org/rfc/rfc7578> and
//! <https://www.rfc-editor.org/rfc/rfc2046#section-5.1>, or refused.

use super::body::BodyError;
use memchr::memmem::Finder;

/// The most parts that a form may have.
const MOST_PARTS: usize = 256;
/// The most bytes that the headers of a part may have.
const MOST_HEAD: usize = 4 * 1024;
/// The longest boundary, in bytes.
const MOST_BOUNDARY: usize = 70;

/// One part of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The name of its field.
    pub(super) name: &'a str,
    /// Whether it is a file.
    pub(super) is_file: bool,
    /// What it holds.
    pub(super) value: &'a [u8],
    /// Where in the body that begins.
    pub(super) at: usize,
}

/// The boundary that a content type names, if it is that of a form and can be read in one way only.
pub fn form_boundary(content_type: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(content_type).ok()?;
    let mut parts = text.split(';');
    let kind = parts.next()?.trim();
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut boundary = None;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("boundary") {
            continue;
        }
        let value = value.trim();
        let quoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let value = quoted.unwrap_or(value);
        if boundary.is_some() || !is_boundary(value) {
            return None;
        }
        boundary = Some(value);
    }
    boundary
}

fn is_boundary(value: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_-./:=?".contains(&byte);
    (1..=MOST_BOUNDARY).contains(&value.len()) && value.bytes().all(is_plain)
}

/// Whether a body looks like a form: no JSON begins so.
pub(super) fn is_form(body: &[u8]) -> bool {
    body.starts_with(b"--")
}

/// The boundary that a form begins with.
pub fn boundary_of(body: &[u8]) -> Option<&str> {
    let rest = body.strip_prefix(b"--")?;
    let line = rest.get(..rest.len().min(MOST_BOUNDARY.saturating_add(2)))?;
    let end = memchr::memchr(b'\r', line)?;
    let boundary = core::str::from_utf8(line.get(..end)?).ok()?;
    is_boundary(boundary).then_some(boundary)
}

/// The parts of a form, in their order.
///
/// # Errors
/// [`BodyError::NotForm`] where it is none, or another parser could read it otherwise.
pub(super) fn parts(body: &[u8]) -> Result<Vec<Part<'_>>, BodyError> {
    let odd = |problem| Err(BodyError::NotForm { problem });
    let Some(boundary) = boundary_of(body) else {
        return odd("it does not begin with a boundary");
    };
    let delimiter = ["\r\n--", boundary].concat();
    let finder = Finder::new(delimiter.as_bytes());
    let mut parts = Vec::new();
    // The first boundary has no line before it.
    let mut at = delimiter.len().saturating_sub(2);
    loop {
        let rest = body.get(at..).unwrap_or_default();
        if let Some(end) = rest.strip_prefix(b"--") {
            return match end.iter().all(u8::is_ascii_whitespace) {
                true => Ok(parts),
                false => odd("something follows its end"),
            };
        }
        let Some(rest) = rest.strip_prefix(b"\r\n") else {
            return odd("it ends early, or its boundary is in what it holds");
        };
        at = at.saturating_add(2);
        let Some(end) = finder.find(rest) else {
            return odd("it ends early");
        };
        let part = rest.get(..end).unwrap_or_default();
        if parts.len() >= MOST_PARTS {
            return odd("it has more than 256 parts");
        }
        parts.push(part_of(part, at)?);
        at = at.saturating_add(end).saturating_add(delimiter.len());
    }
}

/// One part: what stands between two boundaries, which begins at `at`.
fn part_of(part: &[u8], at: usize) -> Result<Part<'_>, BodyError> {
    let odd = BodyError::NotForm {
        problem: "the headers of a part cannot be read",
    };
    let near = part.get(..part.len().min(MOST_HEAD)).unwrap_or_default();
    let Some(length) = memchr::memmem::find(near, b"\r\n\r\n") else {
        return Err(odd);
    };
    let head = part.get(..length).unwrap_or_default();
    let skipped = length.saturating_add(4);
    let value = part.get(skipped..).unwrap_or_default();
    let Some((name, is_file)) = core::str::from_utf8(head).ok().and_then(head_of) else {
        return Err(odd);
    };
    Ok(Part {
        name,
        is_file,
        value,
        at: at.saturating_add(skipped),
    })
}

/// The name of a part's field, and whether it is a file; `None` if that is not told in one way only.
fn head_of(head: &str) -> Option<(&str, bool)> {
    let mut found = None;
    for line in head.split("\r\n") {
        let is_plain = |byte: u8| byte >= b' ' || byte == b'\t';
        let (header, value) = line.split_once(':')?;
        if !line.bytes().all(is_plain) || header != header.trim() {
            return None;
        }
        let is = |name: &str| header.eq_ignore_ascii_case(name);
        if is("content-disposition") {
            let told = disposition(value.trim())?;
            if found.replace(told).is_some() {
                return None;
            }
        } else if is("content-transfer-encoding") {
            let value = value.trim();
            let as_is = ["binary", "8bit", "7bit"];
            if !as_is.iter().any(|plain| value.eq_ignore_ascii_case(plain)) {
                return None;
            }
        } else if is("content-type") {
            // Text in another character set would be read otherwise than it is here.
            let value = value.to_ascii_lowercase();
            let charset = value.split_once("charset").map(|(_, set)| set.to_owned());
            let is_utf8 = |set: String| set.contains("utf-8") || set.contains("us-ascii");
            if !charset.is_none_or(is_utf8) {
                return None;
            }
        }
    }
    found
}

/// `form-data; name="model"; filename="a.mp3"`. Names have neither quotes nor backslashes in them.
fn disposition(value: &str) -> Option<(&str, bool)> {
    let (kind, mut rest) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let (mut name, mut is_file) = (None, false);
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim();
        let (text, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                let (text, after) = after.split_at_checked(end)?;
                (text.trim(), after)
            }
        };
        if text.contains('\\') || text.contains('"') {
            return None;
        }
        if key.eq_ignore_ascii_case("name") {
            if name.replace(text).is_some() {
                return None;
            }
        } else if key.eq_ignore_ascii_case("filename") || key.eq_ignore_ascii_case("filename*") {
            is_file = true;
        } else {
            return None;
        }
        let after = after.trim_start();
        if after.is_empty() {
            return name.map(|name| (name, is_file));
        }
        rest = after.strip_prefix(';')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, bool, String)>, &'static str> {
        let found = parts(body.as_bytes()).map_err(|error| match error {
            BodyError::NotForm { problem } => problem,
            _ => "another",
        })?;
        let text = |part: &Part<'_>| {
            let value = String::from_utf8(part.value.to_vec()).unwrap();
            let there = body.get(part.at..part.at + value.len());
            assert_eq!(there, Some(value.as_str()));
            (part.name.to_owned(), part.is_file, value)
        };
        Ok(found.iter().map(text).collect())
    }

    const FORM: &str = "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\n\r\n--b\r\nRIFF\r\n--b1\r\ncontent-disposition: form-data; name=model\
         \r\n\r\nwhisper-1\r\n--b1--\r\n";

    #[test]
    fn a_form_is_taken_apart() {
        let parts = read(FORM).unwrap();
        let file = ("file".to_owned(), true, "\r\n--b\r\nRIFF".to_owned());
        let model = ("model".to_owned(), false, "whisper-1".to_owned());
        assert_eq!(parts, [file, model]);
        assert_eq!(boundary_of(FORM.as_bytes()), Some("b1"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let with = |from: &str, to: &str| {
            assert!(FORM.contains(from), "{from}");
            FORM.replacen(from, to, 1)
        };
        for form in [
            with("--b1\r\nContent", "\r\n--b1\r\nContent"),
            with("whisper-1\r\n", "whisper-1\n"),
            with("--b1--\r\n", "--b1--\r\nmore"),
            with("--b1--\r\n", "--b1\r\n"),
            with("whisper-1", "whisper-1\r\n--b1x"),
            with("name=model", "name=model; name=other"),
            with("name=model", "name*=model"),
            with("name=model", "name=\"mo\\\"del\""),
            with("name=model", "name=model; size=3"),
            with("form-data; name=model", "attachment; name=model"),
            with(
                "name=model\r\n",
                "name=model\r\ncontent-disposition: form-data; name=user\r\n",
            ),
            with(
                "name=model\r\n",
                "name=model\r\ncontent-transfer-encoding: base64\r\n",
            ),
            with(
                "name=model\r\n",
                "name=model\r\ncontent-type: text/plain; charset=utf-16\r\n",
            ),
            with("name=model\r\n", "name=model\r\n folded\r\n"),
            with("name=model\r\n", "name=model\nx: y\r\n"),
            with("name=model\r\n\r\n", "name=model\n\n"),
            with("content-disposition: form-data; name=model", "x: y"),
            "--\r\n".to_owned(),
            "{}".to_owned(),
            String::new(),
        ] {
            assert!(read(&form).is_err(), "{form}");
        }
        let many = "--b\r\ncontent-disposition: form-data; name=x\r\n\r\n\r\n".repeat(257);
        assert_eq!(read(&(many + "--b--")), Err("it has more than 256 parts"));
    }

    #[test]
    fn a_content_type_names_one_boundary() {
        for (kind, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"", None),
            ("multipart/form-data; boundary=\"a:b\"", Some("a:b")),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=a, multipart/form-data", None),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=a", None),
            ("application/json; boundary=a", None),
        ] {
            assert_eq!(form_boundary(kind.as_bytes()), expected, "{kind}");
        }
    }
}
