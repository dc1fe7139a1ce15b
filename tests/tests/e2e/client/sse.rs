//! Reading server-sent events.

use serde_json::Value;

/// The data of each event of a whole stream.
pub fn data(stream: &[u8]) -> Vec<String> {
    let text = String::from_utf8(stream.to_vec()).expect("a stream of UTF-8");
    assert!(
        text.is_empty() || text.ends_with("\n\n"),
        "an event without its end: {text:?}"
    );
    text.split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| {
            event
                .strip_prefix("data: ")
                .unwrap_or_else(|| panic!("{event:?}"))
                .to_owned()
        })
        .collect()
}

/// The chunks of an OpenAI stream, without the `[DONE]` it must end with.
pub fn chunks(stream: &[u8]) -> Vec<Value> {
    let mut events = data(stream);
    assert_eq!(events.pop().as_deref(), Some("[DONE]"));
    events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect()
}

/// The stream without the chunk that only carries usage: what a client must see that did not ask
/// for it.
pub fn without_usage_chunk(stream: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(stream).unwrap();
    let is_usage = |event: &&str| event.contains(r#""choices":[]"#);
    assert_eq!(
        text.split_inclusive("\n\n").filter(is_usage).count(),
        1,
        "{text}"
    );
    text.split_inclusive("\n\n")
        .filter(|event| !is_usage(event))
        .collect::<String>()
        .into_bytes()
}
