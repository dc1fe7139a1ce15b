//! Whatever borrowers do, and whoever of them is lost: pool and portions never sum past what there is.

use super::{Heat, Pool, Portion, Recall};
use crate::epoch_sum::{Entry, EpochSum, Epochs};
use crate::timestamp::Timestamp;
use core::time::Duration;
use proptest::prelude::*;

const EPOCHS: Epochs = Epochs(10);
const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A sum that is spent for good. Nobody else spends what was on loan to those who are gone.
#[derive(Debug, Default)]
struct Purse {
    all: i64,
    spent: i64,
    out: EpochSum,
    lost: i64,
}

impl Purse {
    fn roll(&mut self, now: Timestamp) {
        let before = self.out.total();
        self.out.roll(EPOCHS, now);
        self.lost += before - self.out.total();
    }
}

impl Pool for Purse {
    fn available(&self) -> i64 {
        self.all - self.spent - self.out.total() - self.lost
    }

    fn lend(&mut self, units: i64) -> Entry {
        self.out.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, _: i64, spent: i64) {
        if let Some(loan) = loan {
            self.out.settle(loan);
        }
        self.spent += spent;
    }
}

#[derive(Debug, Default)]
struct Borrower {
    portion: Portion,
    uses: Vec<(Entry, Timestamp)>,
    ends_at: Timestamp,
}

#[derive(Clone, Debug)]
enum Operation {
    Balance(usize, bool),
    Use(usize, i64),
    Release(usize, i64),
    Lose(usize),
    Wait(u64),
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let who = || 0usize..3;
    let operation = prop_oneof![
        6 => (who(), any::<bool>()).prop_map(|(who, takes)| Operation::Balance(who, takes)),
        12 => (who(), 0i64..9).prop_map(|(who, units)| Operation::Use(who, units)),
        8 => (who(), 0i64..=100).prop_map(|(who, percent)| Operation::Release(who, percent)),
        1 => who().prop_map(Operation::Lose),
        3 => (0u64..9_000).prop_map(Operation::Wait),
    ];
    proptest::collection::vec(operation, 1..200)
}

proptest! {
    #[test]
    fn nobody_uses_what_another_has(all in 0i64..4_000, operations in operations()) {
        let mut purse = Purse { all, ..Purse::default() };
        let mut borrowers: [Borrower; 3] = Default::default();
        let (mut now, mut used) = (START, 0);
        purse.roll(now);
        for operation in operations {
            match operation {
                Operation::Wait(millis) => {
                    // A living borrower never misses an epoch: its next tick is at most 100 ms away.
                    now = now.plus(Duration::from_millis(millis));
                    for borrower in &mut borrowers {
                        // No use is longer than an epoch.
                        let length = Duration::from_secs(EPOCHS.0);
                        let over = |(_, since): &mut (Entry, Timestamp)| now.since(*since) >= length;
                        for (entry, _) in borrower.uses.extract_if(.., over) {
                            used += entry.amount();
                            borrower.portion.release(entry, entry.amount());
                        }
                        if now >= borrower.ends_at {
                            balance(borrower, &mut purse, false, now);
                        }
                    }
                }
                Operation::Balance(who, takes) => balance(&mut borrowers[who], &mut purse, takes, now),
                Operation::Use(who, units) => {
                    let borrower = &mut borrowers[who];
                    if now < borrower.ends_at && borrower.portion.covers(units) {
                        borrower.uses.push((borrower.portion.hold(units, EPOCHS, now), now));
                    }
                }
                Operation::Release(who, percent) => {
                    if let Some((entry, _)) = borrowers[who].uses.pop() {
                        let cost = entry.amount() * percent / 100;
                        used += cost;
                        borrowers[who].portion.release(entry, cost);
                    }
                }
                Operation::Lose(who) => borrowers[who] = Borrower::default(),
            }
            let held: i64 = borrowers.iter().flat_map(|one| &one.uses).map(|(entry, _)| entry.amount()).sum();
            prop_assert!(used + held <= all, "{used} + {held} of {all}");
            let free: i64 = borrowers.iter().map(|one| one.portion.free()).sum();
            prop_assert!(purse.available() + free + held + used <= all);
        }
        for borrower in &mut borrowers {
            while let Some((entry, _)) = borrower.uses.pop() {
                borrower.portion.release(entry, 0);
            }
            balance(borrower, &mut purse, false, now);
        }
        // What was lost drops out by itself.
        purse.roll(now.plus(Duration::from_secs(20)));
        prop_assert_eq!(purse.out.total(), 0);
        prop_assert_eq!(purse.available() + purse.lost + purse.spent, all, "nothing leaks");
    }

    #[test]
    fn a_portion_is_what_is_needed_or_a_part_of_what_is_left(all in 0i64..10_000, each in 1i64..50) {
        let purse = Purse { all, ..Purse::default() };
        let first = Portion::default().size(&purse, each);
        prop_assert_eq!(first, (all / 8 >= 4 * each).then_some((all / 8).min(16 * each)));
    }
}

fn balance(borrower: &mut Borrower, purse: &mut Purse, takes: bool, now: Timestamp) {
    purse.roll(now);
    borrower.portion.give_back(purse, EPOCHS, now);
    borrower.ends_at = EPOCHS.end_of(now);
    if let Some(units) = borrower.portion.size(purse, 1).filter(|_| takes) {
        borrower.portion.take(purse, units);
    }
}

#[test]
fn a_portion_follows_use() {
    let mut purse = Purse {
        all: 1_000_000,
        ..Purse::default()
    };
    let mut borrower = Borrower::default();
    let mut use_up = |borrower: &mut Borrower, units: i64| {
        let mut taken = 0;
        while taken < units {
            if !borrower.portion.covers(1) {
                balance(borrower, &mut purse, true, START);
            }
            let entry = borrower.portion.hold(1, EPOCHS, START);
            borrower.portion.release(entry, 1);
            taken += 1;
        }
        balance(borrower, &mut purse, true, START);
        borrower.portion.free()
    };
    assert_eq!(
        use_up(&mut borrower, 1_000),
        1_008,
        "doubled until it lasted"
    );
    assert_eq!(
        use_up(&mut borrower, 1_000),
        2_000,
        "twice of what was used"
    );
    for half in [1_000, 500, 250, 125, 62, 31, 20, 20] {
        assert_eq!(use_up(&mut borrower, 10), half);
    }
}

#[test]
fn who_does_not_answer_a_recall_is_waited_for_once() {
    let at = |millis| START.plus(Duration::from_millis(millis));
    let mut recall = Recall::default();
    assert_eq!(recall.ask(START), None, "nobody borrows");
    let (answers, lost) = (recall.join(), recall.join());
    assert!(recall.may_lend(START));
    assert_eq!(recall.ask(START), Some(at(250)));
    assert!(!recall.may_lend(at(100)));
    recall.leave(answers);
    assert_eq!(recall.ask(at(249)), Some(at(250)), "one is still out");
    assert_eq!(recall.ask(at(250)), None);
    assert!(!recall.has_borrowers());
    assert!(recall.may_lend(at(1_000)));
    // It was only slow, and comes back after others borrowed.
    let other = recall.join();
    recall.leave(lost);
    assert!(recall.has_borrowers());
    recall.leave(other);
    assert!(!recall.has_borrowers());
    // The clock steps back an hour: that recall was never made.
    let _ = recall.join();
    assert!(recall.ask(at(4_000)).is_some());
    assert_eq!(recall.ask(START), Some(at(250)));
}

#[test]
fn what_is_used_often_within_a_tick_is_hot() {
    let mut heat = Heat::default();
    let at = |millis| START.plus(Duration::from_millis(millis));
    let hot: Vec<bool> = (0..9).map(|_| heat.count("scope/key:a", START)).collect();
    assert_eq!(
        hot,
        [false, false, false, false, false, false, false, true, true]
    );
    assert!(!heat.count("scope/key:b", at(99)));
    assert!(!heat.count("scope/key:a", at(100)), "another tick");
    // Ten thousand that are used once a second each are not.
    let warm = (0..10_000u64).filter(|n| heat.count(&format!("scope/key:{n}"), at(200 + n / 10)));
    assert!(warm.count() < 10);
}
