//! Which stored objects a body of JSON names, where it passes through or answers what did.

use super::key::KeyAs;
use super::references::google_file;
use super::stored_path::StoredPath;
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Fields that name a stored object, or several, wherever they stand in a request.
/// <https://platform.openai.com/docs/api-reference>, <https://docs.claude.com/en/api>,
/// <https://ai.google.dev/api>
const FIELDS: [&str; 26] = [
    "agent_id",
    "assistant_id",
    "batch_id",
    "cachedContent",
    "cached_content",
    "container_id",
    "conversation_id",
    "environment_id",
    "eval_id",
    "fileSearchStoreName",
    "fileSearchStoreNames",
    "file_id",
    "file_ids",
    "file_search_store_names",
    "input_file_id",
    "part_ids",
    "previous_response_id",
    "response_id",
    "session_id",
    "skill_id",
    "thread_id",
    "training_file",
    "validation_file",
    "vector_store_id",
    "vector_store_ids",
    "video_id",
];
/// Fields that hold an id, or an object with one.
const HOLDERS: [&str; 4] = ["agent", "container", "conversation", "video"];
/// Fields of Google's that hold the name of a file, or something else.
const GOOGLE_FILES: [&str; 4] = ["fileName", "fileUri", "file_name", "file_uri"];
/// What a client, or a model, writes here names nothing: no provider reads it.
const UNREAD: [&str; 2] = ["args", "metadata"];

/// The stored objects that a body names, or `None` where it is not JSON. Of more than `most` the
/// first, and one more.
pub fn stored_in(body: &[u8], most: usize) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let walk = Walk {
        found: &mut found,
        most,
        place: Place::Elsewhere,
    };
    walk.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(found)
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    Named,
    Holder,
    GoogleFile,
    /// A list to read, or the input of a tool.
    Input,
    Unread,
    Id,
    Type,
}

impl Place {
    fn of(key: &str, holder: Place) -> Place {
        match key {
            "id" if holder == Place::Holder => Place::Named,
            "id" => Place::Id,
            "type" => Place::Type,
            "input" => Place::Input,
            key if UNREAD.contains(&key) => Place::Unread,
            key if HOLDERS.contains(&key) => Place::Holder,
            key if GOOGLE_FILES.contains(&key) => Place::GoogleFile,
            key if FIELDS.contains(&key) => Place::Named,
            _ => Place::Elsewhere,
        }
    }
}

struct Walk<'f> {
    found: &'f mut Vec<String>,
    most: usize,
    place: Place,
}

impl Walk<'_> {
    fn at(&mut self, place: Place) -> Walk<'_> {
        Walk {
            found: &mut *self.found,
            most: self.most,
            place,
        }
    }

    fn name(&mut self, id: &str) {
        let is_new = |found: &[String]| !found.iter().any(|other| other == id);
        if !id.is_empty() && self.found.len() <= self.most && is_new(self.found) {
            self.found.push(id.to_owned());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.place {
            Place::Unread => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        match self.place {
            Place::Named | Place::Holder => self.name(text),
            Place::GoogleFile => match google_file(text) {
                Some(name) => self.name(name),
                None if text.starts_with("files/") => self.name(text),
                None => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let place = match self.place {
            Place::Named => Place::Named,
            _ => Place::Elsewhere,
        };
        while items.next_element_seed(self.at(place))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        if self.place == Place::Input {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let holder = self.place;
        let (mut id, mut kind) = (None, None);
        while let Some(place) = entries.next_key_seed(KeyAs(|key: &str| Place::of(key, holder)))? {
            match place {
                Place::Id => id = Some(entries.next_value::<&RawValue>()?),
                Place::Type => kind = Some(entries.next_value::<&RawValue>()?),
                place => entries.next_value_seed(self.at(place))?,
            }
        }
        let text =
            |raw: Option<&RawValue>| serde_json::from_slice::<String>(raw?.get().as_bytes()).ok();
        if text(kind).is_some_and(|kind| kind == "item_reference")
            && let Some(id) = text(id)
        {
            self.name(&id);
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The objects that an answer of JSON says were stored, if it is the answer to a request that makes one
/// (`makes`) or is about one. No field that a client fills counts.
///
/// - `id`, and Google's `name` (<https://ai.google.dev/api/caching>), which also stands in `file`;
/// - the files that an upload, a batch or a training ends as:
///   <https://platform.openai.com/docs/api-reference/uploads/object>,
///   <https://platform.openai.com/docs/api-reference/batch/object>,
///   <https://platform.openai.com/docs/api-reference/fine-tuning/object>,
///   <https://ai.google.dev/api/batch-api>.
pub fn stored_by(answer: &[u8], makes: bool) -> Vec<String> {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return Vec::new();
    };
    let mut found: Vec<&str> = Vec::new();
    if makes {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str);
        let is_googles =
            |name: &&str| matches!(StoredPath::of(name.as_bytes()), StoredPath::Object(_));
        match text("/id") {
            // Its name is whatever the client calls it.
            Some(id) => found.push(id),
            None => {
                let names = ["/name", "/file/name"].into_iter().filter_map(text);
                found.extend(names.filter(is_googles));
            }
        }
    }
    for pointer in WRITTEN {
        match answer.pointer(pointer) {
            Some(Value::String(id)) => found.push(id),
            Some(Value::Array(ids)) => found.extend(ids.iter().filter_map(Value::as_str)),
            _ => {}
        }
    }
    let found = found.into_iter().filter(|id| !id.is_empty());
    found.take(MOST_WRITTEN).map(str::to_owned).collect()
}

/// The files that a batch or a training writes, and the one that an upload ends as.
const WRITTEN: [&str; 6] = [
    "/file/id",
    "/output_file_id",
    "/error_file_id",
    "/result_files",
    "/response/responsesFile",
    "/metadata/output/responsesFile",
];
/// Objects of one answer at most.
const MOST_WRITTEN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_names_something_stored_is_found() {
        for (body, expected) in [
            (
                r#"{"input_file_id":"file-1","endpoint":"/v1/responses"}"#,
                &["file-1"][..],
            ),
            (r#"{"file_ids":["a","b","a"],"name":"c"}"#, &["a", "b"]),
            (r#"{"conversation":{"id":"conv_1"},"id":"x"}"#, &["conv_1"]),
            (
                r#"{"conversation":"conv_1","container":"c"}"#,
                &["conv_1", "c"],
            ),
            (r#"{"container":{"type":"auto","file_ids":["f"]}}"#, &["f"]),
            (
                r#"{"requests":[{"params":{"messages":[{"content":[{"source":{"file_id":"f"}}]}]}}]}"#,
                &["f"],
            ),
            (
                r#"{"items":[{"id":"msg_1","type":"item_reference"},{"id":"msg_2"}]}"#,
                &["msg_1"],
            ),
            (r#"{"file_id":"f"}"#, &["f"]),
            (
                r#"{"batch":{"inputConfig":{"fileName":"files/f"}}}"#,
                &["files/f"],
            ),
            (
                r#"{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/f"}"#,
                &["files/f"],
            ),
            (
                r#"{"fileUri":"https://example.test/files/f","file_name":"a.pdf"}"#,
                &[],
            ),
            (
                r#"{"metadata":{"file_id":"f"},"input":{"file_id":"f"},"args":{"file_id":"f"}}"#,
                &[],
            ),
            (
                r#"{"input":[{"file_id":"f"}],"n":[1,-1,0.5,null,true]}"#,
                &["f"],
            ),
            ("[]", &[]),
        ] {
            assert_eq!(stored_in(body.as_bytes(), 9).unwrap(), expected, "{body}");
        }
        assert_eq!(stored_in(b"{", 9), None);
        assert_eq!(stored_in(b"{} {}", 9), None);
        let many = format!(
            r#"{{"file_ids":{:?}}}"#,
            (0..9).map(|n| n.to_string()).collect::<Vec<_>>()
        );
        assert_eq!(
            stored_in(many.as_bytes(), 2).unwrap().len(),
            3,
            "enough to tell"
        );
    }

    #[test]
    fn an_answer_tells_what_it_stored() {
        for (answer, made, written) in [
            (
                r#"{"id":"file-1","object":"file","filename":"x"}"#,
                &["file-1"][..],
                &[][..],
            ),
            (r#"{"id":"vs_1","name":"files/of-another"}"#, &["vs_1"], &[]),
            (r#"{"name":"file-of-another"}"#, &[], &[]),
            (
                r#"{"id":"upload_1","file":{"id":"file-1"}}"#,
                &["upload_1", "file-1"],
                &["file-1"],
            ),
            (r#"{"name":"cachedContents/c"}"#, &["cachedContents/c"], &[]),
            (
                r#"{"file":{"name":"files/f","displayName":"x"}}"#,
                &["files/f"],
                &[],
            ),
            (
                r#"{"id":"batch_1","output_file_id":"file-2","error_file_id":null}"#,
                &["batch_1", "file-2"],
                &["file-2"],
            ),
            (
                r#"{"name":"batches/b","metadata":{"output":{"responsesFile":"files/r"}}}"#,
                &["batches/b", "files/r"],
                &["files/r"],
            ),
            (
                r#"{"id":7,"metadata":{"file_id":"f"},"result_files":["r"]}"#,
                &["r"],
                &["r"],
            ),
            ("nonsense", &[], &[]),
        ] {
            assert_eq!(stored_by(answer.as_bytes(), true), made, "{answer}");
            assert_eq!(stored_by(answer.as_bytes(), false), written, "{answer}");
        }
    }
}
