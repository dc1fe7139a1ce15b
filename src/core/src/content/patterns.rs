//! Regular expressions that take linear time.

use regex::{RegexSet, RegexSetBuilder};

/// Bytes a pattern may take once compiled: a `\w{500}` is too much, an expression a person wrote is
/// far below.
const MAX_PATTERN_BYTES: usize = 256 * 1_024;
/// Bytes all patterns may take together, in each worker.
const MAX_PATTERNS_BYTES: usize = 8 * 1_024 * 1_024;

/// The patterns of all categories, compiled into one.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns(RegexSet);

impl Patterns {
    /// Checks one pattern. An error says what is wrong with it.
    pub(super) fn check(pattern: &str) -> Result<(), String> {
        compiled(&[pattern], MAX_PATTERN_BYTES).map(|_| ())
    }

    /// Compiles all of them. An error says that they are too large together.
    pub(super) fn compile(all: &[String]) -> Result<Self, String> {
        compiled(all, MAX_PATTERNS_BYTES).map(Self)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The indexes of those that are found in a text.
    pub(super) fn found_in(&self, text: &str) -> impl Iterator<Item = usize> {
        self.0.matches(text).into_iter()
    }
}

fn compiled<T: AsRef<str>>(patterns: &[T], most: usize) -> Result<RegexSet, String> {
    let built = RegexSetBuilder::new(patterns).size_limit(most).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(most) => {
            format!("it takes more than {most} bytes compiled: repeat less, or use fewer classes")
        }
        error => {
            // The parser draws the pattern with a pointer below: the last line says what it is.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    })
}
