//! What a client says of a request to Paddock alone, in headers.

use super::head::RequestHead;
use crate::policy::{Priority, capability};

/// The most capabilities one request can name.
const MOST_CAPABILITIES: usize = 16;

/// Headers that decide how a request is routed and treated. What cannot be read is not there: a
/// hint is no reason to refuse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// `X-Batch-Mode: true`: the request can wait.
    pub batch: bool,
    /// `X-Priority`.
    pub priority: Option<Priority>,
    /// `X-Capability: vision, code`: what it needs of a model, beside what can be seen.
    pub capabilities: Vec<String>,
}

impl Hints {
    /// Those of a request.
    pub fn of(head: &RequestHead<'_>) -> Hints {
        Hints::read(head.batch_mode, head.priority, head.capability)
    }

    /// Those of the headers `x-batch-mode`, `x-priority` and `x-capability`.
    pub fn read(
        batch_mode: Option<&[u8]>,
        priority: Option<&[u8]>,
        capabilities: Option<&[u8]>,
    ) -> Hints {
        let text =
            |value: Option<&[u8]>| str::from_utf8(value?.trim_ascii()).ok().map(str::to_owned);
        let batch =
            text(batch_mode).is_some_and(|word| word == "1" || word.eq_ignore_ascii_case("true"));
        let capabilities = text(capabilities).unwrap_or_default();
        let capabilities = capabilities.split(',').filter_map(capability);
        Hints {
            batch,
            priority: priority.and_then(|name| Priority::named(name.trim_ascii())),
            capabilities: capabilities.take(MOST_CAPABILITIES).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read_and_what_is_no_hint_is_ignored() {
        let read = |batch: &str, priority: &str, capabilities: &str| {
            let bytes = [batch, priority, capabilities].map(|text| Some(text.as_bytes()));
            Hints::read(bytes[0], bytes[1], bytes[2])
        };
        let hints = read("True", " LOW ", "Code, function-calling,,two words");
        assert!(hints.batch);
        assert_eq!(hints.priority, Some(Priority::Low));
        assert_eq!(hints.capabilities, ["code", "tools"]);
        assert_eq!(read("yes", "urgent", ""), Hints::default());
        assert_eq!(
            Hints::read(Some(b"\xff"), Some(b"\xff"), None),
            Hints::default()
        );
        assert_eq!(read("0", "", &"a,".repeat(99)).capabilities.len(), 16);
    }
}
