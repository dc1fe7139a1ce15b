//! Whether the ledger is what the clients were answered and what the gateways say they answered.

use super::calls::{Call, Calls, Fate};
use super::poison;
use super::tenants::Tenant;
use anyhow::{anyhow, bail};
use paddock_core::wire::{Outcome, UsageEvent};
use paddock_tests::installation::{Entry, Installation};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long usage may take to arrive after the last call.
const PATIENCE: Duration = Duration::from_secs(90);
/// Nothing more is booked for so long: then all is.
const QUIET: Duration = Duration::from_secs(4);
/// Problems that are told; there may be many of one kind.
const TOLD: usize = 20;

/// What is counted of one tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// Calls that were answered to their end, and what they cost in nano-dollars.
    pub answered: (usize, i64),
    /// Events of calls whose end no client saw, and what they cost.
    pub open: (usize, i64),
    /// Events of the ledger, and what they cost.
    pub booked: (usize, i64),
    /// Calls that were refused.
    pub refused: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Judgement {
    /// By tenant.
    pub sums: Vec<Sums>,
    /// Refusals by status.
    pub refusals: BTreeMap<u16, usize>,
    /// How long before their gateway was killed calls were answered that nobody has written down.
    pub lost: Vec<Duration>,
    problems: Vec<String>,
}

/// When which gateway was killed: it may have taken its last events with it.
pub type Kills = [(usize, Instant)];

/// A line of the access log may be on its way to its file for so long.
const UNWRITTEN: Duration = Duration::from_millis(100);

impl Judgement {
    /// Compares clients, ledger and access logs. `kills` are those that could cost events.
    pub fn of(
        calls: &HashMap<String, Call>,
        ledger: &[Entry],
        logged: &HashMap<String, i64>,
        tenants: &[Tenant],
        kills: &Kills,
    ) -> Self {
        let mut found = Self {
            sums: vec![Sums::default(); tenants.len()],
            ..Self::default()
        };
        let mut by_name: HashMap<&str, &Entry> = HashMap::new();
        for entry in ledger {
            if by_name.insert(&entry.user_agent, entry).is_some() {
                found.problem(format!("a call is booked twice: {entry:?}"));
            }
            match calls.get(&entry.user_agent) {
                None => found.problem(format!("nobody made this call: {entry:?}")),
                Some(call) => {
                    let sums = found.sums.get_mut(call.tenant);
                    add(sums.map(|sums| &mut sums.booked), entry.cost);
                }
            }
            match logged.get(&entry.id) {
                Some(cost) if *cost == entry.cost => {}
                None if !kills.is_empty() => {}
                other => found.problem(format!("its gateway logged {other:?} of {entry:?}")),
            }
        }
        let ids: HashMap<&str, ()> = ledger.iter().map(|entry| (entry.id.as_str(), ())).collect();
        for id in logged.keys().filter(|id| !ids.contains_key(id.as_str())) {
            found.problem(format!("the gateway's event {id} is not in the ledger"));
        }
        for (name, call) in calls {
            let tenant = tenants.get(call.tenant).map_or("", |tenant| tenant.name);
            found.look(
                name,
                call,
                by_name.get(name.as_str()).copied(),
                tenant,
                kills,
            );
        }
        for (tenant, sums) in tenants.iter().zip(found.sums.clone()) {
            if sums.booked.1 > tenant.cap {
                found.problem(format!("{} passed its cap: {sums:?}", tenant.name));
            }
            let parts = sums.answered.1.saturating_add(sums.open.1);
            if kills.is_empty() && parts != sums.booked.1 {
                found.problem(format!("{}: the sums differ: {sums:?}", tenant.name));
            }
        }
        found
    }

    fn look(
        &mut self,
        name: &str,
        call: &Call,
        entry: Option<&Entry>,
        tenant: &str,
        kills: &Kills,
    ) {
        let sums = self.sums.get_mut(call.tenant);
        match (&call.fate, entry) {
            (
                Fate::Answered {
                    cost, request_id, ..
                },
                Some(entry),
            ) => {
                add(sums.map(|sums| &mut sums.answered), *cost);
                let is_it = entry.cost == *cost
                    && entry.request_id == *request_id
                    && entry.namespace == tenant
                    && entry.outcome == "complete";
                if !is_it {
                    self.problem(format!("{tenant}: {call:?} is booked as {entry:?}"));
                }
            }
            (Fate::Answered { at, .. }, None) => {
                let kill = kills
                    .iter()
                    .filter(|(gateway, killed)| *gateway == call.gateway && *at <= *killed)
                    .map(|(_, killed)| killed.duration_since(*at))
                    .min();
                match kill.filter(|before| *before <= UNWRITTEN) {
                    Some(before) => self.lost.push(before),
                    None => self.problem(format!("not booked, {kill:?}: {name} {call:?}")),
                }
            }
            (Fate::Refused(status), None) => {
                let count = self.refusals.entry(*status).or_default();
                *count = count.saturating_add(1);
                if let Some(sums) = sums {
                    sums.refused = sums.refused.saturating_add(1);
                }
            }
            (Fate::Refused(_), Some(entry)) => {
                self.problem(format!("refused and booked: {call:?} {entry:?}"));
            }
            (Fate::Open, Some(entry)) => add(sums.map(|sums| &mut sums.open), entry.cost),
            (Fate::Open, None) => {}
        }
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// An error, where something is not as it must be.
    pub fn pronounce(&self) -> anyhow::Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let told: Vec<&str> = self
            .problems
            .iter()
            .take(TOLD)
            .map(String::as_str)
            .collect();
        bail!("{} problems:\n{}", self.problems.len(), told.join("\n"))
    }
}

fn add(sum: Option<&mut (usize, i64)>, cost: i64) {
    if let Some((count, amount)) = sum {
        *count = count.saturating_add(1);
        *amount = amount.saturating_add(cost);
    }
}

/// Waits until nothing more is booked, and all that was answered is, where it can be.
pub async fn settled(installation: &Installation, calls: &Calls) -> anyhow::Result<Vec<Entry>> {
    let begun = Instant::now();
    let (mut ledger, mut since) = (Vec::new(), Instant::now());
    loop {
        let now = installation.ledger().await?;
        if now.len() != ledger.len() {
            since = Instant::now();
        }
        ledger = now;
        let is_quiet = since.elapsed() > QUIET;
        if is_quiet && (ledger.len() >= calls.answered() || begun.elapsed() > PATIENCE) {
            return Ok(ledger);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// The events in the gateways' access logs: id and cost.
pub fn logged(installation: &Installation) -> anyhow::Result<HashMap<String, i64>> {
    let mut events = HashMap::new();
    for gateway in &installation.gateways {
        read_log(&gateway.access_log(), &mut events)?;
    }
    Ok(events)
}

fn read_log(path: &Path, events: &mut HashMap<String, i64>) -> anyhow::Result<()> {
    let text = std::fs::read(path)?;
    for line in text.split(|byte| *byte == b'\n') {
        // A kill may have cut a line off.
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        if line.get(poison::MARK).is_some() {
            continue;
        }
        let Some(event) = line.get("event").and_then(Value::as_str) else {
            continue;
        };
        let event = UsageEvent::from_line(event).map_err(|error| anyhow!(error))?;
        // A refused one is in the audit, and in no sum.
        let Some(event) = event.filter(|event| event.outcome != Outcome::Refused) else {
            continue;
        };
        let id = event.id;
        if events.insert(id.to_string(), event.cost.nanos()).is_some() {
            bail!("the event {id} is logged twice");
        }
    }
    Ok(())
}
