//! The messages of gateways that wait to be booked: bounded, one place for a gateway and its batch.

use paddock_ledger::rules::ledger::{Booking, Message};
use paddock_ledger::store::StoreError;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Events enough for a transaction of their own while others are under way: the sums of as many are
/// several times fewer.
const WORTH_A_ROUND: usize = 4_000;
/// Messages that wait at most.
const MOST_MESSAGES: usize = 4_096;

/// Where the result of a message goes.
pub(crate) type Answer = oneshot::Sender<Result<Booking, StoreError>>;

/// Too much waits already: nothing of the message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// A message on its way into the queue.
#[derive(Debug)]
pub struct Waiting {
    /// The message.
    pub message: Message,
    /// The number that the gateway gave its events, if there are any.
    pub batch: Option<u64>,
    /// How long it was as it came.
    pub bytes: usize,
    /// All who wait for its result: the gateway may have asked again.
    pub(crate) answers: Vec<Answer>,
}

impl Waiting {
    /// Whether another is of the same gateway and says the same again. A batch has the same number after
    /// the gateway has halved it.
    fn is_repeated_by(&self, other: &Waiting) -> bool {
        let ids = |message: &Message| {
            let events = message.batch.events.iter();
            events.map(|event| event.row.id.clone()).collect::<Vec<_>>()
        };
        self.message.gateway == other.message.gateway
            && self.batch == other.batch
            && ids(&self.message) == ids(&other.message)
    }
}

/// Messages that wait to be booked.
#[derive(Debug)]
pub struct BookingQueue {
    /// Bytes of messages that wait at most; one alone may have more. A gateway keeps what is refused and sends
    /// it again.
    most_bytes: usize,
    waiting: Mutex<VecDeque<Waiting>>,
    /// Told when enough events wait.
    worth_a_round: tokio::sync::Notify,
    /// Held while messages are taken and summed up, until their events can be stored.
    pub(crate) preparing: tokio::sync::Mutex<()>,
    /// Held while events are stored, until their sums can be booked.
    pub(crate) storing: tokio::sync::Mutex<()>,
    /// Held while sums are booked.
    pub(crate) booking: tokio::sync::Mutex<()>,
}

impl BookingQueue {
    /// A queue for at most so many bytes of messages.
    pub fn new(most_bytes: usize) -> BookingQueue {
        BookingQueue {
            most_bytes,
            waiting: Mutex::default(),
            worth_a_round: tokio::sync::Notify::default(),
            preparing: tokio::sync::Mutex::default(),
            storing: tokio::sync::Mutex::default(),
            booking: tokio::sync::Mutex::default(),
        }
    }

    /// Gives a message a place, or that of the one it repeats: then what it reports of leases is the newer.
    pub(crate) fn push(&self, mut new: Waiting) -> Result<(), Full> {
        let mut waiting = self.waiting();
        if let Some(same) = waiting.iter_mut().find(|same| same.is_repeated_by(&new)) {
            same.message.reports = new.message.reports;
            same.answers.append(&mut new.answers);
            return Ok(());
        }
        let bytes = waiting.iter().map(|one| one.bytes).sum::<usize>();
        let is_over =
            waiting.len() >= MOST_MESSAGES || bytes.saturating_add(new.bytes) > self.most_bytes;
        if is_over && !waiting.is_empty() {
            return Err(Full);
        }
        waiting.push_back(new);
        if events(&waiting) >= WORTH_A_ROUND {
            self.worth_a_round.notify_one();
        }
        Ok(())
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    /// Waits until enough events wait, or no round is under way.
    pub(crate) async fn grow(&self) {
        let others_end = async {
            drop(self.storing.lock().await);
            drop(self.booking.lock().await);
        };
        let enough = async {
            while self.is_small() {
                self.worth_a_round.notified().await;
            }
        };
        tokio::select! {
            () = enough => {}
            () = others_end => {}
        }
    }

    /// Whether something waits, and is not worth a round.
    fn is_small(&self) -> bool {
        let waiting = self.waiting();
        !waiting.is_empty() && events(&waiting) < WORTH_A_ROUND
    }

    /// The oldest messages: with at most so many events, but for the first.
    pub(crate) fn take(&self, most: usize) -> (Vec<Message>, Vec<Vec<Answer>>) {
        let mut waiting = self.waiting();
        let mut events: usize = 0;
        let mut fits = |waiting: &Waiting| {
            let is_first = events == 0;
            events = events.saturating_add(waiting.message.batch.events.len());
            is_first || events <= most
        };
        let count = waiting.iter().take_while(|waiting| fits(waiting)).count();
        let taken = waiting.drain(..count);
        taken.map(|taken| (taken.message, taken.answers)).unzip()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn events(waiting: &VecDeque<Waiting>) -> usize {
    waiting
        .iter()
        .map(|waiting| waiting.message.batch.events.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use paddock_core::money::Money;
    use paddock_core::wire::LeaseReport;

    const MOST_BYTES: usize = 1_000_000;

    fn message(
        gateway: &str,
        batch: u64,
        bytes: usize,
    ) -> (Waiting, oneshot::Receiver<Result<Booking, StoreError>>) {
        let (answer, booked) = oneshot::channel();
        let waiting = Waiting {
            message: Message {
                gateway: gateway.to_owned(),
                ..Message::default()
            },
            batch: Some(batch),
            bytes,
            answers: vec![answer],
        };
        (waiting, booked)
    }

    #[test]
    fn a_gateway_that_asks_again_has_one_place_and_every_question_an_answer() {
        let queue = BookingQueue::new(MOST_BYTES);
        for repeated in 0..3 {
            let (mut again, _) = message("one", 7, 10);
            again.message.reports = vec![LeaseReport {
                scope: "namespace:team".to_owned(),
                id: repeated,
                returned: Money::ZERO,
                left: Money::ZERO,
                idle: false,
            }];
            queue.push(again).unwrap();
        }
        queue.push(message("one", 8, 10).0).unwrap();
        queue.push(message("two", 7, 10).0).unwrap();
        let (messages, answers) = queue.take(usize::MAX);
        let answers: Vec<usize> = answers.iter().map(Vec::len).collect();
        assert_eq!(answers, [3, 1, 1]);
        assert_eq!(messages[0].reports[0].id, 2, "the newest report");
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_number() {
        let queue = BookingQueue::new(MOST_BYTES);
        // One alone may be larger than all.
        queue.push(message("large", 1, MOST_BYTES + 1).0).unwrap();
        assert_eq!(queue.push(message("next", 1, 1).0), Err(Full));
        queue.take(usize::MAX);
        for number in 0..MOST_MESSAGES {
            queue.push(message(&number.to_string(), 1, 1).0).unwrap();
        }
        assert_eq!(queue.push(message("next", 1, 1).0), Err(Full));
        queue.push(message("5", 1, 1).0).unwrap();
        queue.take(usize::MAX);
        queue.push(message("next", 1, 1).0).unwrap();
    }
}
