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
    "edits", "files", "parts", "skills", "uploads", "versions", "videos",
];

/// What a path is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPath {
    /// Nothing that is stored.
    Nothing,
    /// A whole collection.
    Collection,
    /// One object, or what is within it: the collection, a slash and the id.
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
                    Some(id) => StoredPath::Object(format!("{name}/{id}")),
                    None => StoredPath::Collection,
                };
            }
            before = name;
        }
        StoredPath::Nothing
    }
}

/// Whether the body of a request is an upload, a form or bytes, in which nobody looks for the names of
/// stored objects. Wherever else something stored is named, a body is JSON.
pub fn is_upload(path: &[u8], content_type: &[u8]) -> bool {
    const FORMS_AND_BYTES: [&[u8]; 5] = [
        b"application/octet-stream",
        b"audio/",
        b"image/",
        b"multipart/",
        b"video/",
    ];
    let path = String::from_utf8_lossy(path);
    // Google's: whatever is sent there is the content of a file.
    if names(&path).next() == Some("upload") {
        return true;
    }
    let last = names(&path).last().unwrap_or_default();
    let kind = content_type.to_ascii_lowercase();
    UPLOADED.contains(&last)
        && !names(&path).any(|name| name == "vector_stores")
        && FORMS_AND_BYTES.iter().any(|start| kind.starts_with(start))
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
            ("/v1/files/file-abc", object("files/file-abc")),
            ("/v1/files/file-abc/content", object("files/file-abc")),
            ("/v1/%66iles/file%2Dabc", object("files/file-abc")),
            ("/v1/audio%2F..%2Ffiles/file-abc", Unclear),
            ("/v1/files/../files/file-abc", Unclear),
            ("/v1/files/.%2e/x", Unclear),
            ("/v1/files/%252e%252e", Unclear),
            ("/v1/files\\file-abc", Unclear),
            ("/v1/files/%ff", Unclear),
            (
                "/openai/v1/responses/resp_1/input_items",
                object("responses/resp_1"),
            ),
            ("/v1/responses/input_tokens", Collection),
            (
                "/v1/vector_stores/vs_1/files/file-abc",
                object("vector_stores/vs_1"),
            ),
            (
                "/v1/messages/batches/msgbatch_1/results",
                object("batches/msgbatch_1"),
            ),
            (
                "/v1/chat/completions/chatcmpl-1",
                object("completions/chatcmpl-1"),
            ),
            ("/v1/completions/x", Nothing),
            ("/v1/fine_tuning/jobs/ftjob-1", object("jobs/ftjob-1")),
            ("/v1beta/cachedContents/abc", object("cachedContents/abc")),
            ("/download/v1beta/files/abc:download", object("files/abc")),
            ("/v1beta/batches/b:cancel", object("batches/b")),
            ("/v1beta/models/veo/operations/o", object("operations/o")),
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
        for (path, kind, uploads) in [
            ("/v1/files", "multipart/form-data; boundary=x", true),
            ("/v1/files", "text/plain", false),
            ("/v1/uploads/upload_1/parts", "Multipart/form-data", true),
            ("/upload/v1beta/files", "application/json", true),
            ("/v1/batches", "multipart/form-data", false),
            ("/v1/vector_stores/vs_1/files", "multipart/form-data", false),
            ("/v1/conversations", "application/json", false),
        ] {
            let found = is_upload(path.as_bytes(), kind.as_bytes());
            assert_eq!(found, uploads, "{path} {kind}");
        }
    }
}
