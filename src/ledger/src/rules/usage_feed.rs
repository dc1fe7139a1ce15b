//! The feed of usage: what was booked in each interval, read from the ledger once for all who
//! listen, whichever replica booked it.
//!
//! Listeners of one interval share a channel. Who is slower than the channel is long is let go, and
//! resumes where it was; nothing is kept for anybody.

use crate::model::period::start_of;
use crate::store::usage_feed::{self, BookedUsage};
use crate::store::{Store, StoreError};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// The lengths an interval can have, in seconds.
pub const INTERVALS: [u64; 9] = [1, 5, 10, 15, 30, 60, 300, 900, 3_600];

/// How long after its end an interval is read at the earliest: whoever books in it has announced that by then,
/// as far as clocks of replicas differ.
pub const SETTLING: Duration = Duration::from_secs(2);

/// Intervals a listener may be behind before it is let go.
const CHANNEL: usize = 16;

/// Most intervals read for one channel in one round: where the service slept, the rest comes in the
/// next rounds.
const MOST_AT_ONCE: usize = 60;

/// What was booked in one interval.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// By namespace, key and model, in that order.
    pub booked: Vec<BookedUsage>,
}

#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<Arc<Interval>>,
    next: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    channels: BTreeMap<u64, Channel>,
    is_closed: bool,
}

/// All channels of this process.
#[derive(Debug, Default)]
pub struct UsageFeed(Mutex<State>);

/// One who listens: what comes, beginning with the interval that starts at `from`.
#[derive(Debug)]
pub struct Listener {
    /// The start of the first interval that will come.
    pub from: Timestamp,
    /// What comes.
    pub intervals: broadcast::Receiver<Arc<Interval>>,
}

impl UsageFeed {
    /// Listens to intervals of so many seconds; `None` if the service is stopping.
    pub fn listen(&self, seconds: u64, now: Timestamp) -> Option<Listener> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        let channel = state.channels.entry(seconds).or_insert_with(|| Channel {
            sender: broadcast::channel(CHANNEL).0,
            next: start_of(seconds, now.minus(SETTLING)),
        });
        Some(Listener {
            from: channel.next,
            intervals: channel.sender.subscribe(),
        })
    }

    /// Reads the intervals that are over and tells those who listen. To be called once a second.
    pub async fn publish(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        for (seconds, mut start) in self.due() {
            for _ in 0..MOST_AT_ONCE {
                let end = start.plus(Duration::from_secs(seconds));
                if !is_over(store, start, end, now).await? {
                    break;
                }
                let interval = Arc::new(read(store, None, start, end).await?);
                let mut state = self.lock();
                if let Some(channel) = state.channels.get_mut(&seconds) {
                    // Nobody left to hear it: the next call forgets the channel.
                    let _ = channel.sender.send(interval);
                    channel.next = end;
                }
                start = end;
            }
        }
        Ok(())
    }

    /// The channels somebody listens to, and where each is; the others are forgotten.
    fn due(&self) -> Vec<(u64, Timestamp)> {
        let mut state = self.lock();
        state
            .channels
            .retain(|_, channel| channel.sender.receiver_count() > 0);
        let channels = state.channels.iter();
        channels
            .map(|(seconds, channel)| (*seconds, channel.next))
            .collect()
    }

    /// Ends every stream, and lets nobody listen any more.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.channels.clear();
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        let state = self.lock();
        let counts = state.channels.values();
        counts.map(|channel| channel.sender.receiver_count()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is one statement, so a panic leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an interval can be read: all is committed that was booked in it. It is read later where a
/// transaction is held up, and nothing of it is missed.
pub async fn is_over(
    store: &Store,
    start: Timestamp,
    end: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(end.plus(SETTLING) <= now && usage_feed::is_settled(store, start, end).await?)
}

/// What was booked from `start` to `end`, of one organization if one is given.
pub async fn read(
    store: &Store,
    organization: Option<&str>,
    start: Timestamp,
    end: Timestamp,
) -> Result<Interval, StoreError> {
    let mut tx = store.read().await?;
    let booked = usage_feed::booked(&mut tx, organization, start, end).await?;
    Ok(Interval { start, end, booked })
}
