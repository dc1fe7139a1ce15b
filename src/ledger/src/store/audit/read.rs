//! Segments and their entries, read a page at a time.

use crate::model::audit::{ChainHash, Kind, Segment};
use crate::model::period::{HOUR, start_of};
use crate::store::columns::moment;
use crate::store::events::EventRow;
use crate::store::{Args, StoreError, Tx, args, loaded};
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

const COLUMNS: &str = "organization, sequence, kind, namespace, hour, recorded_at, batch, entries, \
    first_id, last_id, digest, hash";

/// Most segments read at once.
const MOST_SEGMENTS: u64 = 512;
/// Entries of the segments read at once: one more segment is read where they are fewer.
const ENOUGH_ENTRIES: u64 = 2_000;

/// A link of a chain, as it is stored.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its number.
    pub sequence: u64,
    /// What it links.
    pub segment: Segment,
    /// The hash it is stored with.
    pub hash: ChainHash,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    organization: String,
    sequence: i64,
    kind: String,
    namespace: String,
    hour: i64,
    recorded_at: i64,
    batch: i64,
    entries: i64,
    first_id: String,
    last_id: String,
    digest: String,
    hash: String,
}

impl From<LinkRow> for Link {
    /// What is unreadable becomes something else, and so no longer has the hash it should have.
    fn from(row: LinkRow) -> Link {
        let hash = |text: &str| ChainHash::from_hex(text).unwrap_or(ChainHash::ORIGIN);
        Link {
            sequence: loaded(row.sequence),
            hash: hash(&row.hash),
            segment: Segment {
                organization: row.organization,
                kind: Kind::parse(&row.kind),
                namespace: row.namespace,
                hour: Timestamp::from_secs(loaded(row.hour)),
                recorded_at: moment(row.recorded_at),
                batch: row.batch,
                entries: loaded(row.entries),
                ids: (row.first_id, row.last_id),
                digest: hash(&row.digest).0,
            },
        }
    }
}

/// A change, as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ChangeRow {
    /// Whose chain it is in.
    pub organization: String,
    /// The number of its segment.
    pub sequence: i64,
    /// The namespace it belongs to; empty where there is none.
    pub namespace: String,
    /// Nanoseconds since 1970.
    pub changed_at: i64,
    /// The id of the actor's key, or `operator`.
    pub actor: String,
    /// The key's name.
    pub actor_name: String,
    /// What was done.
    pub action: String,
    /// The kind of thing.
    pub resource_type: String,
    /// Which one.
    pub resource_id: String,
    /// What it was, in JSON.
    pub before: Option<String>,
    /// What it is now, in JSON.
    pub after: Option<String>,
    /// The client's address.
    pub client_address: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// The request's id.
    pub request_id: String,
    /// The e-mail address of the member the actor's key belongs to.
    pub actor_email: Option<String>,
}

/// The beginning and the end of a chain, and the newest segment that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Number and hash of the newest segment.
    pub head: (u64, ChainHash),
    /// Number and hash of the newest segment dropped by retention; zeros where there is none.
    pub anchor: (u64, ChainHash),
}

/// The chain of an organization.
///
/// # Errors
/// Where the database refuses.
pub async fn chain(tx: &mut Tx, organization: &str) -> Result<Option<Chain>, StoreError> {
    let sql = "SELECT sequence, hash, anchor_sequence, anchor_hash FROM audit_chains
        WHERE organization = $1";
    let row: Option<(i64, String, i64, String)> = tx.optional(sql, args![organization]).await?;
    let hash = |text: &str| ChainHash::from_hex(text).unwrap_or(ChainHash::ORIGIN);
    Ok(row.map(|(sequence, head, anchor, dropped)| Chain {
        head: (loaded(sequence), hash(&head)),
        anchor: (loaded(anchor), hash(&dropped)),
    }))
}

/// Every organization that has a chain, or what should be in one.
///
/// # Errors
/// Where the database refuses.
pub async fn organizations(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT organization FROM audit_chains UNION SELECT organization FROM audit_segments
        UNION SELECT organization FROM audit_changes ORDER BY 1";
    let rows: Vec<(String,)> = tx.all(sql, args![]).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// The next links of a chain after number `after`: some, or none where there are none.
///
/// # Errors
/// Where the database refuses.
pub async fn links(tx: &mut Tx, organization: &str, after: u64) -> Result<Vec<Link>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_segments WHERE organization = $1 AND sequence > $2
        ORDER BY sequence LIMIT $3"
    );
    let rows = tx.all(sql, args![organization, after, MOST_SEGMENTS]);
    Ok(enough(rows.await?))
}

/// A place in the order of hours, organizations and numbers.
pub type NamespaceContext = (u64, String, u64);

/// Where a list goes on.
#[derive(Clone, Copy, Debug)]
pub enum At<'a> {
    /// With the segment at this place.
    From(&'a NamespaceContext),
    /// With the segment behind this place.
    After(&'a NamespaceContext),
}

/// Which segments are listed.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// From this hour on.
    pub from: Timestamp,
    /// Before this hour.
    pub until: Timestamp,
    /// Newest first.
    pub descending: bool,
}

/// The next segments in the order of their hours: some, or none where there are none.
///
/// # Errors
/// Where the database refuses.
pub async fn listed(
    tx: &mut Tx,
    scope: &Scope,
    at: Option<At<'_>>,
) -> Result<Vec<Link>, StoreError> {
    let mut values = args![scope.from.secs(), scope.until.secs()];
    let mut sql = format!("SELECT {COLUMNS} FROM audit_segments WHERE hour >= $1 AND hour < $2");
    let mut also = |text: &str, more: Args| {
        let mut text = text.to_owned();
        for value in more {
            values.push(value);
            text = text.replacen('?', &format!("${}", values.len()), 1);
        }
        sql.push_str(&text);
    };
    if let Some(organization) = &scope.organization {
        also(" AND organization = ?", args![organization]);
    }
    if let Some(namespace) = &scope.namespace {
        also(" AND namespace = ?", args![namespace]);
    }
    if let Some(kind) = scope.kind {
        also(" AND kind = ?", args![kind.name()]);
    }
    let order = if scope.descending { "DESC" } else { "ASC" };
    if let Some(at) = at {
        let comparison = match (at, scope.descending) {
            (At::From(_), false) => ">=",
            (At::After(_), false) => ">",
            (At::From(_), true) => "<=",
            (At::After(_), true) => "<",
        };
        let (At::From((hour, organization, sequence)) | At::After((hour, organization, sequence))) =
            at;
        let text = format!(" AND (hour, organization, sequence) {comparison} (?, ?, ?)");
        also(&text, args![*hour, organization, *sequence]);
    }
    let order = format!(" ORDER BY hour {order}, organization {order}, sequence {order} LIMIT ?");
    also(&order, args![MOST_SEGMENTS]);
    Ok(enough(tx.all(sql, values).await?))
}

/// The first of these links that have enough entries together.
fn enough(rows: Vec<LinkRow>) -> Vec<Link> {
    let mut entries: u64 = 0;
    let is_due = |link: &Link| {
        let is_due = entries < ENOUGH_ENTRIES;
        entries = entries.saturating_add(link.segment.entries);
        is_due
    };
    rows.into_iter()
        .map(Link::from)
        .take_while(is_due)
        .collect()
}

/// What is in some segments.
#[derive(Debug, Default)]
pub struct Contents {
    calls: HashMap<(i64, String, String, u64), Vec<EventRow>>,
    changes: HashMap<(String, u64), ChangeRow>,
}

impl Contents {
    /// The calls of a segment, in the order of their ids.
    pub fn calls(&mut self, link: &Link) -> Vec<EventRow> {
        let segment = &link.segment;
        let key = (
            segment.batch,
            segment.organization.clone(),
            segment.namespace.clone(),
            segment.hour.secs(),
        );
        let mut calls = self.calls.remove(&key).unwrap_or_default();
        calls.sort_by(|a, b| a.id.cmp(&b.id));
        calls
    }

    /// The change of a segment.
    pub fn change(&mut self, link: &Link) -> Option<ChangeRow> {
        let key = (link.segment.organization.clone(), link.sequence);
        self.changes.remove(&key)
    }
}

/// What is in segments, in the transaction they were read in.
///
/// # Errors
/// Where the database refuses.
pub async fn contents(tx: &mut Tx, links: &[Link]) -> Result<Contents, StoreError> {
    let mut contents = Contents::default();
    let of = |kind: Kind| links.iter().filter(move |link| link.segment.kind == kind);
    let hour = Duration::from_secs(HOUR);
    let rows = of(Kind::Calls).map(|link| {
        let segment = &link.segment;
        args![
            segment.batch,
            &segment.namespace,
            &segment.organization,
            segment.hour,
            segment.hour.plus(hour),
            &segment.ids.0,
            &segment.ids.1,
        ]
    });
    let columns: Vec<String> = super::super::events::COLUMNS
        .split(", ")
        .map(|column| format!("events.{column}"))
        .collect();
    let head = format!("SELECT {} FROM (", columns.join(", "));
    // On SQLite a cross join is done in the order it is written.
    let tail = ") AS wanted CROSS JOIN events WHERE audit_batch = wanted.column1
        AND namespace = wanted.column2 AND organization = wanted.column3
        AND started_at >= wanted.column4 AND started_at < wanted.column5
        AND events.id >= wanted.column6 AND events.id <= wanted.column7";
    for row in tx.many::<EventRow>(&head, rows.collect(), tail).await? {
        let hour = start_of(HOUR, moment(row.started_at)).secs();
        let (organization, namespace) = (row.organization.clone(), row.namespace.clone());
        let key = (row.audit_batch, organization, namespace, hour);
        contents.calls.entry(key).or_default().push(row);
    }
    let rows = of(Kind::Changes).map(|link| args![&link.segment.organization, link.sequence]);
    let head = "SELECT organization, sequence, namespace, changed_at, actor, actor_name, action, \
        resource_type, resource_id, before, after, client_address, user_agent, request_id, \
        actor_email FROM (";
    let tail = ") AS wanted CROSS JOIN audit_changes WHERE organization = wanted.column1
        AND sequence = wanted.column2";
    for row in tx.many::<ChangeRow>(head, rows.collect(), tail).await? {
        let key = (row.organization.clone(), loaded(row.sequence));
        contents.changes.insert(key, row);
    }
    Ok(contents)
}
