//! What a request asks for, and on what terms.

use super::throttle::RateTier;
use crate::epoch_sum::Epochs;
use crate::gateway_share::ShareTerm;
use crate::money::Money;

/// Who lends money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budgeting {
    /// The accounting service, in slices.
    Leased,
    /// Nobody: the gateway keeps its own books.
    Books,
}

/// What holds for every request of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The longest a request may live.
    pub epochs: Epochs,
    /// Who lends money.
    pub budgeting: Budgeting,
    /// Shares of rates and slots; absent where this gateway has all of every limit.
    pub sharing: Option<Sharing>,
}

/// How a gateway shares limits with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// How long its shares are in force.
    pub term: ShareTerm,
    /// The revision of the policy that limits are of.
    pub revision: u64,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Tokens it will likely use, prompt and completion.
    pub tokens: u64,
    /// The highest plausible cost.
    pub money: Money,
    /// What to do where the slice on loan cannot cover it.
    pub short: WhenShort,
    /// What to do where this gateway's share of a rate or of slots cannot cover it.
    pub unshared: WhenShort,
    /// The same of its share of an upstream's limit.
    pub unshared_upstream: WhenShort,
    /// The part of throttled rates it draws on.
    pub tier: RateTier,
    /// Whether it waited for money, and it is its turn.
    pub is_turn: bool,
}

/// What becomes of a request that what is on loan cannot cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenShort {
    /// The service is asked.
    Borrow,
    /// It is refused: the service has been asked.
    Refuse,
    /// It goes on: the operator chose to fail open, and the service is away.
    Overdraw,
}

/// The kinds of rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateKind {
    /// Requests a minute.
    Requests,
    /// Tokens a minute.
    Tokens,
    /// Requests in flight.
    Concurrency,
}
