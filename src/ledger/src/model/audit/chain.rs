//! The links of a chain.

use super::Canonical;
use paddock_core::timestamp::Timestamp;

/// The hash of a segment, which covers all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What the first segment of every chain follows.
    pub const ORIGIN: ChainHash = ChainHash([0; 32]);

    /// 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// From 64 hex digits; `None` otherwise.
    pub fn from_hex(text: &str) -> Option<ChainHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(ChainHash(bytes))
    }
}

/// What a segment is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// Model calls: events of the ledger.
    Calls,
    /// Something somebody changed.
    Changes,
    /// What no version of this program has written: it has no entries.
    Unknown,
}

impl SegmentKind {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            SegmentKind::Calls => "calls",
            SegmentKind::Changes => "changes",
            SegmentKind::Unknown => "unknown",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> SegmentKind {
        [SegmentKind::Calls, SegmentKind::Changes]
            .into_iter()
            .find(|kind| kind.name() == name)
            .unwrap_or(SegmentKind::Unknown)
    }
}

/// A link before it has its place: entries of one organization, one namespace and one hour that
/// were recorded in one transaction.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Whose chain it belongs to.
    pub organization: String,
    /// What its entries are.
    pub kind: SegmentKind,
    /// The namespace of its entries; empty if they belong to none.
    pub namespace: String,
    /// The start of the UTC hour that all its entries lie in.
    pub hour: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The number its events have in the ledger; 0 of changes.
    pub batch: i64,
    /// How many entries it has.
    pub entries: u64,
    /// The first and the last id of its events, so that they are found in the days' partitions; empty
    /// of changes. Not hashed: an event that is not between them is in no segment.
    pub ids: (String, String),
    /// The SHA-256 of its entries, in their order.
    pub digest: [u8; 32],
}

impl Segment {
    /// Its hash as the link number `sequence` that follows the link of the hash `previous`.
    pub fn hash(&self, previous: ChainHash, sequence: u64) -> ChainHash {
        let mut canonical = Canonical::new("paddock.audit.segment.1");
        canonical.bytes(&previous.0);
        canonical.text(&self.organization);
        canonical.text(self.kind.name());
        canonical.text(&self.namespace);
        for value in [
            sequence,
            self.hour.secs(),
            self.recorded_at.nanos(),
            self.entries,
        ] {
            canonical.bytes(&value.to_be_bytes());
        }
        canonical.int(self.batch);
        canonical.bytes(&self.digest);
        ChainHash(canonical.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment() -> Segment {
        Segment {
            organization: "acme".to_owned(),
            kind: SegmentKind::Calls,
            namespace: "web".to_owned(),
            hour: Timestamp::from_secs(3_600),
            recorded_at: Timestamp::from_secs(3_700),
            batch: 5,
            entries: 2,
            ids: ("a".to_owned(), "b".to_owned()),
            digest: [7; 32],
        }
    }

    #[test]
    fn a_hash_covers_every_part_its_place_and_what_came_before() {
        let original = segment().hash(ChainHash::ORIGIN, 1);
        assert_eq!(segment().hash(ChainHash::ORIGIN, 1), original);
        assert_ne!(segment().hash(ChainHash::ORIGIN, 2), original);
        assert_ne!(segment().hash(original, 1), original);
        let changes: [fn(&mut Segment); 8] = [
            |segment| segment.organization.push('x'),
            |segment| segment.kind = SegmentKind::Changes,
            |segment| segment.namespace.clear(),
            |segment| segment.hour = Timestamp::EPOCH,
            |segment| segment.recorded_at = Timestamp::EPOCH,
            |segment| segment.batch = 6,
            |segment| segment.entries = 3,
            |segment| segment.digest = [8; 32],
        ];
        for change in changes {
            let mut changed = segment();
            change(&mut changed);
            assert_ne!(changed.hash(ChainHash::ORIGIN, 1), original);
        }
        assert_eq!(ChainHash::from_hex(&original.to_hex()), Some(original));
        assert_eq!(SegmentKind::parse("changes"), SegmentKind::Changes);
    }
}
