//! Which stored object the path of a request is about, where the operator lets it pass.

use super::query::percent_decode;

/// Collections of what providers store for an account. What follows one in a path is an id, and what
/// follows that is within the object.
/// <https://platform.openai.com/docs/api-reference>, <https://docs.claude.com/en/api>,
/// <https://ai.google.dev/api>
const COLLECTIONS: [&str; 24] = [
    "agents",
    "assistants",
    "batches",
    "cachedContents",
    "containers",
    "conversations",
    "corpora",
    "environments",
    "evals",
    "fileSearchStores",
    "files",
    "jobs",
    "operations",
    "prompts",
    "responses",
    "sessions",
    "skills",
    "threads",
    "tunedModels",
    "uploads",
    "user_profiles",
    "vaults",
    "vector_stores",
    "videos",
];
/// Verbs that stand where an id would: no provider gives such an id out.
const VERBS: [&str; 6] = [
    "compact",
    "edits",
    "extensions",
    "input_tokens",
    "remix",
    "runs",
];
/// What may be uploaded as a form or as bytes: the last names of such paths.
const UPLOADED: [&str; 7] = [
    "files", "parts", "skills", "uploads", "versions", "videos", "edits",
];

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPath {
    /// Nothing that is stored.
    Nothing,
    /// A whole collection.
    Collection,
    /// One object, or what is within it.
    Object(String),
    /// Different readers could read it differently.
    Unclear,
}

impl StoredPath {
    /// Of a path without its query.
    pub fn of(path: &[u8]) -> StoredPath {
        let decoded = percent_decode(path);
        let Ok(path) = core::str::from_utf8(&decoded) else {
            return StoredPath::Unclear;
        };
        let is_dots = |name: &str| matches!(name, "." | "..");
        if path.contains(['%', '\\']) || names(path).any(is_dots) {
            return StoredPath::Unclear;
        }
        let mut before = "";
        let mut rest = names(path);
        while let Some(name) = rest.next() {
            // Stored chat completions, and not the old endpoint of texts.
            let is_collection =
                COLLECTIONS.contains(&name) || (name == "completions" && before == "chat");
            if is_collection {
                return match rest.next().map(without_verb) {
                    Some(id) if VERBS.contains(&id) => StoredPath::Collection,
                    Some(id) => StoredPath::Object(id.to_owned()),
                    None => StoredPath::Collection,
                };
            }
            before = name;
        }
        StoredPath::Nothing
    }
}

/// Whether a form or bytes may be sent to a path, which nobody reads: files are uploaded so, and
/// all that names a stored object is JSON.
pub fn takes_uploads(path: &[u8]) -> bool {
    let path = String::from_utf8_lossy(path);
    let last = names(&path).last().unwrap_or_default();
    UPLOADED.contains(&last) || names(&path).next() == Some("upload")
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// Google's verbs stand behind a colon: `files/abc:download`.
fn without_verb(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_about_the_first_object_it_names() {
        use StoredPath::{Collection, Nothing, Unclear};
        let object = |id: &str| StoredPath::Object(id.to_owned());
        for (path, about) in [
            ("/v1/files", Collection),
            ("/v1//files/", Collection),
            ("/v1/files/file-abc", object("file-abc")),
            ("/v1/files/file-abc/content", object("file-abc")),
            ("/v1/%66iles/file%2Dabc", object("file-abc")),
            ("/v1/audio%2F..%2Ffiles/file-abc", Unclear),
            ("/v1/files/../files/file-abc", Unclear),
            ("/v1/files/.%2e/x", Unclear),
            ("/v1/files/%252e%252e", Unclear),
            ("/v1/files\\file-abc", Unclear),
            ("/v1/files/%ff", Unclear),
            ("/openai/v1/responses/resp_1/input_items", object("resp_1")),
            ("/v1/responses/input_tokens", Collection),
            ("/v1/vector_stores/vs_1/files/file-abc", object("vs_1")),
            (
                "/v1/messages/batches/msgbatch_1/results",
                object("msgbatch_1"),
            ),
            ("/v1/chat/completions/chatcmpl-1", object("chatcmpl-1")),
            ("/v1/completions/x", Nothing),
            ("/v1/fine_tuning/jobs/ftjob-1", object("ftjob-1")),
            ("/v1beta/cachedContents/abc", object("abc")),
            ("/download/v1beta/files/abc:download", object("abc")),
            ("/v1beta/batches/b:cancel", object("b")),
            ("/v1beta/models/veo/operations/o", object("o")),
            ("/v1/audio/transcriptions", Nothing),
            ("/v1/models/org%2Fmodel", Nothing),
            ("/v1/filesystem", Nothing),
            ("", Nothing),
        ] {
            assert_eq!(StoredPath::of(path.as_bytes()), about, "{path}");
        }
    }

    #[test]
    fn files_are_uploaded_and_all_else_is_json() {
        for (path, takes) in [
            ("/v1/files", true),
            ("/v1/uploads/upload_1/parts", true),
            ("/upload/v1beta/files", true),
            ("/v1/batches", false),
            ("/v1/vector_stores/vs_1/file_batches", false),
            ("/v1/conversations", false),
        ] {
            assert_eq!(takes_uploads(path.as_bytes()), takes, "{path}");
        }
    }
}
