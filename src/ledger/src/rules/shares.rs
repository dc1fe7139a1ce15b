//! Sharing rates and slots between gateways. What is shared how is decided in [`paddock_core::gateway_share`];
//! here is where it is kept, so that all replicas of the service agree.

use crate::store::{StoreError, Tx, shares};
use paddock_core::gateway_share::{Division, Peers, Report};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::Shares;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// Changes told to a gateway at once, at most.
const MOST_CHANGES: u64 = 2_000;
/// Divisions looked at in one step of housekeeping.
const STEP: u64 = 500;
/// A division that nobody has touched for so long is looked at: perhaps nobody has anything of it.
const UNTOUCHED: Duration = Duration::from_secs(600);
/// Terms are kept for so long after their end: an epoch must not come back while a gateway may remember it.
const FORGOTTEN: Duration = Duration::from_secs(86_400);

/// How long shares are in force after their gateway was last heard of. It says something every second: so
/// nobody notices that the service is away for less. But what a gateway had that was killed is nobody's for
/// as long.
const TTL: Duration = Duration::from_secs(20);
/// A term that lasts longer than this is not renewed yet: then most syncs write nothing.
const FRESH: Duration = Duration::from_secs(15);
/// How much later they are lent again: more than the clocks of replicas may differ.
const GRACE: Duration = Duration::from_secs(2);

/// A gateway that was heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its name.
    pub gateway: String,
    /// When, to within five seconds.
    pub at: Timestamp,
    /// What it said that it is.
    pub build: Build,
}

/// What a gateway says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// Its filter's version, if it says one.
    pub version: Option<String>,
    /// The version of the protocol that it and the service speak.
    pub protocol: Option<u16>,
}

/// The gateways that were heard of in the last day.
pub async fn heard_of(tx: &mut Tx, now: Timestamp) -> Result<Vec<Heard>, StoreError> {
    let terms = shares::heard(tx, now.minus(FORGOTTEN)).await?.into_iter();
    let heard = terms.map(|term| Heard {
        gateway: term.gateway,
        at: term.until.minus(TTL),
        build: Build {
            version: term.version,
            protocol: term.protocol.and_then(|protocol| protocol.try_into().ok()),
        },
    });
    Ok(heard.collect())
}

/// Keeps what a gateway says that it is, beside its term.
pub async fn keep_build(tx: &mut Tx, gateway: &str, build: &Build) -> Result<(), StoreError> {
    match build.protocol {
        Some(protocol) => {
            shares::set_build(tx, gateway, build.version.as_deref(), protocol.into()).await
        }
        None => Ok(()),
    }
}

/// The gateways that live.
struct Alive {
    terms: HashMap<String, u64>,
}

impl Peers for Alive {
    fn has(&self, gateway: &str, epoch: u64) -> bool {
        self.terms.get(gateway) == Some(&epoch)
    }

    fn count(&self) -> u64 {
        u64::try_from(self.terms.len()).unwrap_or(u64::MAX)
    }
}

async fn alive(tx: &mut Tx, now: Timestamp) -> Result<Alive, StoreError> {
    let living = shares::terms(tx, now.minus(GRACE)).await?;
    let terms = living
        .into_iter()
        .map(|(gateway, epoch, _)| (gateway, epoch));
    Ok(Alive {
        terms: terms.collect(),
    })
}

/// What has changed of a gateway's shares, if its term need not be renewed yet. Nothing is written.
pub async fn look(
    tx: &mut Tx,
    gateway: &str,
    now: Timestamp,
) -> Result<Option<Shares>, StoreError> {
    let Some((epoch, until)) = fresh_term(tx, gateway, now).await? else {
        return Ok(None);
    };
    let mut answer = in_term(epoch, until, now);
    answer.gateways = alive(tx, now).await?.count();
    tell_changes(tx, gateway, &BTreeSet::new(), &mut answer).await?;
    Ok(Some(answer))
}

/// Takes in what a gateway says of its shares, renews its term where that is due, and answers with what has
/// changed.
pub async fn exchange(
    tx: &mut Tx,
    gateway: &str,
    reports: &[Report],
    now: Timestamp,
) -> Result<Shares, StoreError> {
    let (epoch, until) = match fresh_term(tx, gateway, now).await? {
        Some(term) => term,
        None => {
            let until = now.plus(TTL);
            (shares::renew_term(tx, gateway, now, until).await?, until)
        }
    };
    let mut answer = in_term(epoch, until, now);
    receive(tx, gateway, reports, now, &mut answer).await?;
    let answered: BTreeSet<&str> = reports.iter().map(|report| report.scope.as_str()).collect();
    tell_changes(tx, gateway, &answered, &mut answer).await?;
    Ok(answer)
}

/// A term that need not be renewed.
async fn fresh_term(
    tx: &mut Tx,
    gateway: &str,
    now: Timestamp,
) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let term = shares::term_of(tx, gateway).await?;
    Ok(term.filter(|(_, until)| *until > now.plus(FRESH)))
}

fn in_term(epoch: u64, until: Timestamp, now: Timestamp) -> Shares {
    Shares {
        epoch,
        lasts_ms: u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX),
        ..Shares::default()
    }
}

/// Adds the changes that a gateway has yet to confirm, but for those of scopes that were answered.
async fn tell_changes(
    tx: &mut Tx,
    gateway: &str,
    answered: &BTreeSet<&str>,
    answer: &mut Shares,
) -> Result<(), StoreError> {
    let mut pending = shares::changes_of(tx, gateway, MOST_CHANGES).await?;
    pending.retain(|scope| !answered.contains(scope.as_str()));
    for (scope, division) in shares::read(tx, &pending).await? {
        let share = parse(&scope, &division).share_of(&scope, gateway);
        let share = share.filter(|share| share.epoch == answer.epoch);
        answer.shares.extend(share);
    }
    Ok(())
}

async fn receive(
    tx: &mut Tx,
    gateway: &str,
    reports: &[Report],
    now: Timestamp,
    answer: &mut Shares,
) -> Result<(), StoreError> {
    let scopes: BTreeSet<&str> = reports.iter().map(|report| report.scope.as_str()).collect();
    let locked = shares::lock(tx, &scopes, now).await?;
    // Read after the lock: whoever has a share in these divisions has a term that is committed.
    let alive = alive(tx, now).await?;
    answer.gateways = alive.count();
    if reports.is_empty() {
        return Ok(());
    }
    let mut divisions: BTreeMap<String, Division> = locked
        .iter()
        .map(|(scope, division)| (scope.clone(), parse(scope, division)))
        .collect();
    let (mut changes, mut confirmed) = (BTreeSet::new(), Vec::new());
    for report in reports {
        let Some(division) = divisions.get_mut(&report.scope) else {
            continue;
        };
        let outcome = division.receive(gateway, answer.epoch, report, &alive, now);
        answer.shares.extend(outcome.share);
        let others = outcome.changed.into_iter();
        changes.extend(others.map(|other| (other, report.scope.clone())));
        match outcome.confirmed {
            true => confirmed.push(report.scope.clone()),
            false => {
                changes.insert((gateway.to_owned(), report.scope.clone()));
            }
        }
    }
    let (over, left): (BTreeMap<_, _>, BTreeMap<_, _>) = divisions
        .into_iter()
        .partition(|(_, division)| division.is_over());
    let texts = left
        .into_iter()
        .map(|(scope, division)| (scope, write(&division)));
    let mut texts: BTreeMap<String, String> = texts.collect();
    texts.retain(|scope, text| locked.get(scope) != Some(text));
    shares::write(tx, &texts).await?;
    let over: Vec<String> = over.into_keys().collect();
    shares::remove(tx, &over).await?;
    shares::confirm(tx, gateway, &confirmed).await?;
    shares::add_changes(tx, &changes).await
}

/// Removes divisions of which nobody has anything. How many were looked at.
pub(super) async fn tidy(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    shares::forget_terms(tx, now.minus(FORGOTTEN)).await?;
    let untouched = shares::untouched(tx, now.minus(UNTOUCHED), STEP).await?;
    let scopes: BTreeSet<&str> = untouched.iter().map(|(scope,)| scope.as_str()).collect();
    if scopes.is_empty() {
        return Ok(0);
    }
    let locked = shares::lock(tx, &scopes, now).await?;
    let alive = alive(tx, now).await?;
    let is_over = |(scope, text): &(&String, &String)| {
        let mut division = parse(scope, text);
        division.bring_up(&alive, now);
        division.is_over()
    };
    let over = locked
        .iter()
        .filter(is_over)
        .map(|(scope, _)| scope.clone());
    let over: Vec<String> = over.collect();
    shares::remove(tx, &over).await?;
    Ok(u64::try_from(scopes.len()).unwrap_or(u64::MAX))
}

/// A division that cannot be read is none: shares that are in force are not known then, and a limit may be
/// passed until they expire.
fn parse(scope: &str, text: &str) -> Division {
    if text.is_empty() {
        return Division::default();
    }
    serde_json::from_str(text).unwrap_or_else(|error| {
        tracing::error!(scope, %error, "the shares of a scope cannot be read; they are dealt anew");
        Division::default()
    })
}

fn write(division: &Division) -> String {
    serde_json::to_string(division).unwrap_or_default()
}
