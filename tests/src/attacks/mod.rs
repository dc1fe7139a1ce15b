//! What one tenant can try against all others.
//!
//! Another attack is one function that does it once, and one line of [`ATTACKS`]. The neighbour test runs
//! each of them beside a tenant and the operator who must notice nothing; the soak runs some.

mod bodies;
mod connections;
mod ground;
mod management;
mod requests;

pub use ground::Ground;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// One go at it.
pub type Go = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// How long a hand rests whose connection was refused or broken.
const AFTER_AN_ERROR: Duration = Duration::from_millis(50);

/// One attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// What is done.
    pub name: &'static str,
    /// How many do it at once, each again and again.
    pub hands: usize,
    /// Does it once.
    pub go: fn(Arc<Ground>) -> Go,
    /// A status that it is answered with: without it the attack has not taken place.
    pub meets: u16,
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    attack(
        "more calls than its rate",
        6,
        |g| Box::pin(requests::over_its_rate(g)),
        429,
    ),
    attack(
        "more calls than it can pay",
        6,
        |g| Box::pin(requests::over_its_budget(g)),
        402,
    ),
    attack("many streams", 150, |g| Box::pin(requests::streams(g)), 200),
    attack(
        "keys that nobody has",
        8,
        |g| Box::pin(requests::unknown_keys(g)),
        401,
    ),
    attack(
        "models that nobody has",
        4,
        |g| Box::pin(requests::unknown_models(g)),
        404,
    ),
    attack(
        "another long user in every call",
        4,
        |g| Box::pin(requests::long_users(g)),
        200,
    ),
    attack(
        "large bodies that stop short of their end",
        20,
        |g| Box::pin(bodies::held(g)),
        429,
    ),
    attack(
        "bodies that come byte by byte",
        1_200,
        |g| Box::pin(bodies::slow(g)),
        429,
    ),
    attack(
        "bodies with very many members",
        2,
        |g| Box::pin(bodies::many_members(g)),
        400,
    ),
    attack(
        "bodies with very deep arrays",
        2,
        |g| Box::pin(bodies::deep(g)),
        400,
    ),
    attack(
        "bodies of white space",
        1,
        |g| Box::pin(bodies::blank(g)),
        400,
    ),
    attack(
        "connections that stay open",
        1_000,
        |g| Box::pin(connections::idle(g)),
        200,
    ),
    attack(
        "connections to the service",
        450,
        |g| Box::pin(connections::silent(g)),
        connections::CLOSED,
    ),
    attack(
        "streams of usage",
        80,
        |g| Box::pin(management::streams(g)),
        429,
    ),
    attack(
        "exports of the audit",
        40,
        |g| Box::pin(management::exports(g)),
        429,
    ),
    attack(
        "very many management calls",
        16,
        |g| Box::pin(management::flood(g)),
        429,
    ),
    attack(
        "management calls without the end of their body",
        300,
        |g| Box::pin(management::half_bodies(g)),
        429,
    ),
    attack(
        "long lists",
        6,
        |g| Box::pin(management::long_lists(g)),
        200,
    ),
    attack(
        "webhooks to a receiver that never answers",
        8,
        |g| Box::pin(management::replays(g)),
        200,
    ),
];

const fn attack(name: &'static str, hands: usize, go: fn(Arc<Ground>) -> Go, meets: u16) -> Attack {
    Attack {
        name,
        hands,
        go,
        meets,
    }
}

impl Attack {
    /// Begins it. It ends when what is returned is dropped.
    pub fn begin(&self, ground: &Arc<Ground>) -> JoinSet<()> {
        let mut hands = JoinSet::new();
        for _ in 0..self.hands {
            let (go, ground) = (self.go, Arc::clone(ground));
            hands.spawn(async move {
                loop {
                    if go(Arc::clone(&ground)).await.is_err() {
                        sleep(AFTER_AN_ERROR).await;
                    }
                }
            });
        }
        hands
    }
}
