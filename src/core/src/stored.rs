//! What a provider has stored for its account: responses, conversations, files, batches, caches.
//!
//! With one provider account behind all namespaces, whoever knows an id could use it. So each id
//! belongs to the namespace that made it. Nothing keeps the id itself, but a digest.

use core::fmt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Stored objects that one request may name at most. A client that sends a conversation by references
/// names every item of it.
pub const MOST_STORED: usize = 512;

const BYTES: usize = 16;

/// An id of something stored, as everything but the request and the answer knows it: the first 16
/// bytes of its SHA-256. 32 hex digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredId(pub [u8; BYTES]);

impl StoredId {
    /// Of an id as a client or a provider writes it. Some write the collection before it, as Google
    /// does (`files/abc`: <https://ai.google.dev/api/files>), so what stands before the last slash does
    /// not count. An address (`gs://bucket/object`) is an id as a whole.
    pub fn of(text: &str) -> StoredId {
        let id = match text.contains("://") {
            true => text,
            false => text.rsplit('/').next().unwrap_or_default(),
        };
        let digest: [u8; 32] = Sha256::digest(id).into();
        let start = digest.first_chunk::<BYTES>();
        StoredId(start.copied().unwrap_or_default())
    }

    /// 32 lower-case hex digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// From 32 hex digits; `None` otherwise.
    pub fn from_hex(text: &str) -> Option<StoredId> {
        let mut bytes = [0; BYTES];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(StoredId(bytes))
    }
}

impl fmt::Debug for StoredId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredId({})", self.to_hex())
    }
}

impl Serialize for StoredId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for StoredId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not 32 hex digits"))
    }
}

/// What kind of thing is stored, as far as refusals tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoredKind {
    /// A response, continued by `previous_response_id`.
    Response,
    /// A conversation.
    Conversation,
    /// A file.
    File,
    /// A batch.
    Batch,
    /// A cached prompt of Google's.
    CachedContent,
    /// Anything else: a container, a vector store, an item of a response.
    Other,
}

impl StoredKind {
    /// Every kind.
    pub const ALL: [StoredKind; 6] = [
        StoredKind::Response,
        StoredKind::Conversation,
        StoredKind::File,
        StoredKind::Batch,
        StoredKind::CachedContent,
        StoredKind::Other,
    ];

    /// By how the providers' ids begin, which their references show in each example:
    /// <https://platform.openai.com/docs/api-reference>, <https://docs.claude.com/en/api/files-create>,
    /// <https://ai.google.dev/api/caching>.
    pub fn of(id: &str) -> StoredKind {
        const BEGINNINGS: [(&str, StoredKind); 10] = [
            ("resp_", StoredKind::Response),
            ("responses/", StoredKind::Response),
            ("conv_", StoredKind::Conversation),
            ("conversations/", StoredKind::Conversation),
            ("file-", StoredKind::File),
            ("file_", StoredKind::File),
            ("batch_", StoredKind::Batch),
            ("msgbatch_", StoredKind::Batch),
            ("batches/", StoredKind::Batch),
            ("cachedContents/", StoredKind::CachedContent),
        ];
        let begins = BEGINNINGS.iter().find(|(start, _)| id.starts_with(start));
        match begins {
            Some((_, kind)) => *kind,
            None if id.starts_with("files/") || id.contains("://") => StoredKind::File,
            None => StoredKind::Other,
        }
    }

    /// What it is called in a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            StoredKind::Response => "response",
            StoredKind::Conversation => "conversation",
            StoredKind::File => "file",
            StoredKind::Batch => "batch",
            StoredKind::CachedContent => "cached content",
            StoredKind::Other => "stored object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_one_id_however_it_is_written() {
        let id = StoredId::of("files/abc");
        for text in ["abc", "/v1beta/files/abc"] {
            assert_eq!(StoredId::of(text), id, "{text}");
        }
        assert_ne!(StoredId::of("files/abcd"), id);
        assert_ne!(StoredId::of("gs://bucket/abc"), id);
        assert_eq!(StoredId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(StoredId::from_hex("abc"), None);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<StoredId>(&json).unwrap(), id);
    }

    #[test]
    fn ids_tell_their_kind() {
        for (id, kind) in [
            ("resp_68af", StoredKind::Response),
            ("conv_1", StoredKind::Conversation),
            ("file-abc", StoredKind::File),
            ("file_011C", StoredKind::File),
            ("files/abc", StoredKind::File),
            ("gs://bucket/abc", StoredKind::File),
            ("batch_1", StoredKind::Batch),
            ("msgbatch_1", StoredKind::Batch),
            ("cachedContents/x", StoredKind::CachedContent),
            ("vs_1", StoredKind::Other),
            ("", StoredKind::Other),
        ] {
            assert_eq!(StoredKind::of(id), kind, "{id}");
        }
    }
}
