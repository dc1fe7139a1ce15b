//! What a gateway sends: batches as large as the filter makes them, of events as it writes them.

use crate::population::{Dice, Key, MODELS, Population};
use paddock_core::ids::EventIds;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::units::Units;
use paddock_core::usage::{TokenUsage, ToolCalls};
use paddock_core::wire::{Outcome, UsageEvent};
use std::collections::HashMap;

/// The most events and bytes of a batch, as the filter has them.
pub const MOST_EVENTS: usize = 1_000;
const MOST_BYTES: usize = 512 * 1_024;

/// As long as every moment until 2286.
const SOME_MOMENT: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);
const DIGITS: usize = 19;
const ID: &[u8] = b"{\"id\":\"";
const ID_LENGTH: usize = 36;
const STARTED_AT: &[u8] = b"\"started_at\":";

/// A message whose events are made new by giving them other ids and times, which costs nearly
/// nothing: what is measured is the service.
#[derive(Clone, Debug)]
pub struct Message {
    body: Vec<u8>,
    ids: Vec<usize>,
    moments: Vec<usize>,
}

impl Message {
    /// A batch of one gateway, of `most` events at most. `leases` are those it holds, by namespace.
    pub fn new(
        (gateway, revision): (&str, u64),
        most: usize,
        population: &Population,
        keys: &[Key],
        leases: &HashMap<u64, (i64, String)>,
        dice: &mut Dice,
    ) -> anyhow::Result<Message> {
        let mut ids = EventIds::new([0; 6]);
        let mut events: Vec<String> = Vec::new();
        let mut bytes: usize = 0;
        while events.len() < most && bytes < MOST_BYTES {
            let event = event(population, keys, leases, dice, &mut ids);
            let text = serde_json::to_string(&event)?;
            bytes += text.len();
            events.push(text);
        }
        let reports: Vec<&str> = leases.values().map(|(_, text)| text.as_str()).collect();
        let body = format!(
            r#"{{"gateway":"{gateway}","revision":{revision},"batch":{{"number":1,"events":[{}]}},"leases":[{}]}}"#,
            events.join(","),
            reports.join(",")
        )
        .into_bytes();
        Ok(Message {
            ids: find(&body, ID),
            moments: find(&body, STARTED_AT),
            body,
        })
    }

    /// How many events it has.
    pub fn events(&self) -> usize {
        self.ids.len()
    }

    /// Its bytes, of events that start at `now`.
    pub fn renew(&mut self, ids: &mut EventIds, now: Timestamp) -> Vec<u8> {
        let moment = now.nanos().to_string();
        for (id, at) in self.ids.iter().zip(&self.moments) {
            let new = ids.next(now.millis()).to_string();
            put(&mut self.body, *id, ID_LENGTH, new.as_bytes());
            put(&mut self.body, *at, DIGITS, moment.as_bytes());
        }
        self.body.clone()
    }
}

fn put(body: &mut [u8], at: usize, length: usize, text: &[u8]) {
    if let Some(place) = body.get_mut(at..at + length)
        && place.len() == text.len()
    {
        place.copy_from_slice(text);
    }
}

/// Where what follows each of `pattern` begins.
fn find(body: &[u8], pattern: &[u8]) -> Vec<usize> {
    let windows = body.windows(pattern.len()).enumerate();
    windows
        .filter(|(_, window)| *window == pattern)
        .map(|(at, _)| at + pattern.len())
        .collect()
}

fn event<'a>(
    population: &Population,
    keys: &'a [Key],
    leases: &HashMap<u64, (i64, String)>,
    dice: &mut Dice,
    ids: &mut EventIds,
) -> UsageEvent<'a> {
    let number = dice.skewed(u64::try_from(keys.len()).unwrap_or(1));
    let key = usize::try_from(number).ok().and_then(|n| keys.get(n));
    let (id, namespace) = key.map_or(("", 0), |key| (key.id.as_str(), key.namespace));
    let model = (number + dice.skewed(2)) % 8;
    let model = usize::try_from(model).ok().and_then(|n| MODELS.get(n));
    let model = model.copied().unwrap_or_default();
    let (input, output) = (200 + dice.skewed(8_000), 20 + dice.skewed(2_000));
    let user = format!("user-{}@example.com", dice.skewed(population.users));
    UsageEvent {
        installation: None,
        id: ids.next(SOME_MOMENT.millis()),
        key_id: id.into(),
        namespace: Population::namespace(namespace).into(),
        organization: population.organization(namespace).into(),
        user: (dice.below(2) == 0).then(|| user.into()),
        budgets: Vec::new(),
        user_shared: false,
        model: model.into(),
        requested_model: model.into(),
        endpoint: "/v1/chat/completions".into(),
        stream: dice.below(2) == 0,
        status: 200,
        outcome: Outcome::Complete,
        category: None,
        code: None,
        refused_by: None,
        refusals: 0,
        estimated: false,
        batch: false,
        tier: None,
        upstream: None,
        attempt: 0,
        tools: ToolCalls::NONE,
        units: Units::NONE,
        variant: None,
        stored: Vec::new(),
        price_from: Timestamp::EPOCH,
        started_at: SOME_MOMENT,
        duration_ms: 150 + dice.skewed(20_000),
        tokens: TokenUsage {
            input,
            cached_input: dice.below(2) * 100,
            output,
            ..TokenUsage::default()
        },
        cost: Money::from_nanos(i64::try_from(input * 400 + output * 1_600).unwrap_or(0)),
        leases: leases
            .get(&namespace)
            .map(|lease| lease.0)
            .into_iter()
            .collect(),
        request_id: format!(
            "{:08x}-0000-4000-8000-{:012x}",
            dice.next() >> 32,
            dice.next() >> 16
        )
        .into(),
        client_address: format!("10.{}.{}.7", dice.below(250), dice.below(250)).into(),
        user_agent: "OpenAI/Python 1.54.0".into(),
    }
}
