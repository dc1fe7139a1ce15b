//! Proves that a chain is whole: nothing altered, removed or put in. In bounded memory, a page in
//! a transaction, so that it can run beside everything else.
//!
//! Anyone who can write to the database can also write a whole new chain: compare the head with one
//! noted elsewhere to see that.

use super::CallsHash;
use crate::model::audit::{ChainHash, SegmentKind};
use crate::store::audit::{self, Contents, Link};
use crate::store::{Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// Most problems told of one chain; more are counted.
const MOST_PROBLEMS: usize = 100;

/// What is wrong with one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditProblem)]
pub struct Problem {
    /// The segment it was seen at.
    pub sequence: u64,
    /// In words.
    pub message: String,
}

/// What was found of one chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditChain)]
pub struct ChainReport {
    /// Whose chain; `*` is the installation's own.
    pub organization: String,
    /// Whether nothing is wrong.
    pub valid: bool,
    /// How many segments were looked at.
    pub segments: u64,
    /// How many entries they have.
    pub entries: u64,
    /// The number of the newest segment.
    pub head_sequence: u64,
    /// Its hash: to be noted elsewhere.
    pub head_hash: String,
    /// The number of the newest segment dropped by retention; 0 if there is none.
    pub anchor_sequence: u64,
    /// The first problems.
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
}

impl ChainReport {
    fn new(organization: &str) -> ChainReport {
        ChainReport {
            organization: organization.to_owned(),
            valid: true,
            segments: 0,
            entries: 0,
            head_sequence: 0,
            head_hash: ChainHash::ORIGIN.to_hex(),
            anchor_sequence: 0,
            problems: Vec::new(),
            problem_count: 0,
        }
    }

    fn problem(&mut self, sequence: u64, message: impl Into<String>) {
        self.valid = false;
        self.problem_count = self.problem_count.saturating_add(1);
        if self.problems.len() < MOST_PROBLEMS {
            let message = message.into();
            self.problems.push(Problem { sequence, message });
        }
    }
}

/// Verifies the chains of every organization, or of one.
pub async fn verify(
    store: &Store,
    organization: Option<&str>,
) -> Result<Vec<ChainReport>, StoreError> {
    let mut reports = Vec::new();
    let organizations = match organization {
        Some(organization) => vec![organization.to_owned()],
        None => audit::organizations(&mut store.read().await?).await?,
    };
    for organization in &organizations {
        reports.push(chain(store, organization).await?);
    }
    let mut after = String::new();
    loop {
        let orphans = audit::orphan_calls(&mut store.read().await?, organization, &after).await?;
        for (organization, count, id) in orphans.found {
            let known = reports
                .iter_mut()
                .find(|report| report.organization == organization);
            let message = format!("{count} calls are in no segment, among them {id}");
            match known {
                Some(report) => report.problem(0, message),
                None => {
                    let mut report = ChainReport::new(&organization);
                    report.problem(0, message);
                    reports.push(report);
                }
            }
        }
        match orphans.until {
            Some(until) => after = until,
            None => return Ok(reports),
        }
    }
}

/// Verifies one chain from its anchor to the head it has at the beginning.
async fn chain(store: &Store, organization: &str) -> Result<ChainReport, StoreError> {
    let mut report = ChainReport::new(organization);
    let mut tx = store.read().await?;
    let Some(start) = audit::chain(&mut tx, organization).await? else {
        if !audit::links(&mut tx, organization, 0).await?.is_empty() {
            report.problem(0, "the record of the chain's head is gone");
        }
        return Ok(report);
    };
    for sequence in audit::orphan_changes(&mut tx, organization).await? {
        report.problem(sequence, "a change is in no segment");
    }
    drop(tx);
    report.anchor_sequence = start.anchor.0;
    (report.head_sequence, report.head_hash) = (start.head.0, start.head.1.to_hex());
    let (mut sequence, mut hash) = start.anchor;
    let mut is_over = false;
    while !is_over {
        let mut tx = store.read().await?;
        let links = audit::links(&mut tx, organization, sequence).await?;
        let mut contents = audit::contents(&mut tx, &links).await?;
        // Retention may drop what was about to be looked at.
        let anchor = audit::chain(&mut tx, organization)
            .await?
            .map(|chain| chain.anchor);
        drop(tx);
        if let Some(anchor) = anchor.filter(|anchor| anchor.0 > sequence) {
            (sequence, hash) = anchor;
        }
        let due: Vec<&Link> = links
            .iter()
            .filter(|link| link.sequence > sequence && link.sequence <= start.head.0)
            .collect();
        is_over = due.is_empty();
        for link in due {
            if link.sequence != sequence.saturating_add(1) {
                let first = sequence.saturating_add(1);
                let last = link.sequence.saturating_sub(1);
                report.problem(first, format!("the segments {first} to {last} are gone"));
            } else if link.segment.hash(hash, link.sequence) != link.hash {
                report.problem(link.sequence, "the segment has not the hash it must have");
            }
            check_contents(&mut report, link, &mut contents);
            (sequence, hash) = (link.sequence, link.hash);
        }
    }
    let head = start.head;
    if sequence < head.0 {
        let first = sequence.saturating_add(1);
        report.problem(
            first,
            format!("the segments {first} to {} are gone", head.0),
        );
    } else if hash != head.1 {
        report.problem(head.0, "the head has not the hash of the last segment");
    }
    Ok(report)
}

fn check_contents(report: &mut ChainReport, link: &Link, contents: &mut Contents) {
    let (entries, digest) = match link.segment.kind {
        SegmentKind::Calls => {
            let mut hash = CallsHash::default();
            for row in contents.calls(link) {
                hash.add(&row);
            }
            hash.finish()
        }
        SegmentKind::Changes => match contents.change(link) {
            Some(row) => (1, row.digest()),
            None => (0, [0; 32]),
        },
        SegmentKind::Unknown => (0, [0; 32]),
    };
    report.segments = report.segments.saturating_add(1);
    report.entries = report.entries.saturating_add(entries);
    let (kind, expected) = (link.segment.kind.name(), link.segment.entries);
    if entries != expected {
        let message = format!("the segment has {entries} {kind} and must have {expected}");
        report.problem(link.sequence, message);
    } else if digest != link.segment.digest {
        report.problem(link.sequence, format!("{kind} of the segment were altered"));
    }
}
