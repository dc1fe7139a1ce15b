//! The state of one upstream in shared data: one record of bounded size.

use super::deal::part;
use super::{Asker, PARTS};
use crate::gateway_share::Holding;
use crate::store::{Flag, read_as};
use crate::timestamp::Timestamp;
use hashbrown::HashMap;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Changes whenever the layout does. A record of another layout counts as none: its pool is full.
const LAYOUT: u64 = 3;

/// Namespaces told apart at most. The rest share the entries of their organization that their digests fall
/// on, as in stochastic fairness queueing (McKenney, 1990), and organizations those of others only if each
/// has one entry.
pub(super) const MAX_MEMBERS: usize = 64;
/// Shares of a weight of 1: so many that rounding does not matter.
const SHARES: u64 = 1 << 32;

/// Everything the workers of one Envoy share about one upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UpstreamRecord {
    /// Up to when tokens have been dealt. Zero is an upstream never used, whose pool is full.
    pub(super) at: Timestamp,
    /// Parts of requests that belong to nobody.
    pub(super) requests: i64,
    /// Parts of tokens that belong to nobody.
    pub(super) tokens: i64,
    /// Those who asked lately.
    pub(super) members: Vec<Member>,
    /// This gateway's share of the limit, and what it wants of it.
    pub(super) holding: Holding,
}

/// What of a record is always there.
#[derive(FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct Head {
    layout: u64,
    at: Timestamp,
    requests: i64,
    tokens: i64,
    holding: Holding,
    /// How many members follow.
    members: u64,
}

/// A namespace that asked lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub(super) struct Member {
    /// The digest of its name; never 0.
    pub(super) id: u64,
    /// The digest of its organization's name.
    pub(super) organization: u64,
    /// Its weight when it asked last.
    pub(super) weight: u64,
    /// Its part of its organization's part: see [`UpstreamRecord::share_out`].
    pub(super) share: u64,
    /// When it asked last.
    pub(super) seen: Timestamp,
    /// Whether it has not been served yet.
    pub(super) newcomer: Flag,
    /// Its own parts of requests; negative after an advance.
    pub(super) requests: i64,
    /// Its own parts of tokens; negative after an advance, or where it used more than was foreseen.
    pub(super) tokens: i64,
    /// Tokens its larger requests want.
    pub(super) wants: u64,
    /// When it was first refused since it was last served; zero is not at all.
    pub(super) waiting: Timestamp,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    Tokens,
}

impl Member {
    fn is(&self, asker: Asker) -> bool {
        self.id == asker.id && self.organization == asker.organization
    }

    pub(super) fn own(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Requests => self.requests,
            Kind::Tokens => self.tokens,
        }
    }

    pub(super) fn own_mut(&mut self, kind: Kind) -> &mut i64 {
        match kind {
            Kind::Requests => &mut self.requests,
            Kind::Tokens => &mut self.tokens,
        }
    }
}

impl UpstreamRecord {
    pub(super) fn pool(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Requests => self.requests,
            Kind::Tokens => self.tokens,
        }
    }

    pub(super) fn pool_mut(&mut self, kind: Kind) -> &mut i64 {
        match kind {
            Kind::Requests => &mut self.requests,
            Kind::Tokens => &mut self.tokens,
        }
    }

    /// Parts that members own, debts subtracted.
    pub(super) fn owned(&self, kind: Kind) -> i128 {
        let own = self
            .members
            .iter()
            .map(|member| i128::from(member.own(kind)));
        own.fold(0, i128::saturating_add)
    }

    /// What the pool has left once all debts are paid from it.
    pub(super) fn free(&self, kind: Kind) -> i128 {
        let debts = self.members.iter().map(|member| member.own(kind).min(0));
        debts.fold(i128::from(self.pool(kind)), |free, debt| {
            free.saturating_add(i128::from(debt))
        })
    }

    /// The shares of all members together, at least 1.
    pub(super) fn weight(&self) -> u64 {
        let shares = self.members.iter().map(|member| member.share);
        shares.fold(0, u64::saturating_add).max(1)
    }

    /// Shares by weight, first among organizations and then within each. An organization weighs as much
    /// as the heaviest of its namespaces.
    pub(super) fn share_out(&mut self) {
        let mut of: HashMap<u64, (u64, u64)> = HashMap::with_capacity(self.members.len());
        for member in &self.members {
            let (heaviest, sum) = of.entry(member.organization).or_default();
            *heaviest = (*heaviest).max(member.weight);
            *sum = sum.saturating_add(member.weight);
        }
        for member in &mut self.members {
            let (heaviest, sum) = of.get(&member.organization).copied().unwrap_or((1, 1));
            let whole = heaviest.saturating_mul(SHARES);
            let share = part(whole.into(), member.weight, sum);
            member.share = u64::try_from(share).unwrap_or(1).max(1);
        }
    }

    /// The entry of a member, where it has one or shares one.
    pub(super) fn find(&mut self, asker: Asker) -> Option<&mut Member> {
        let is_it = |member: &Member| member.is(asker);
        let at = match self.members.iter().position(is_it) {
            None if self.members.len() >= MAX_MEMBERS => {
                let own = |member: &&Member| member.organization == asker.organization;
                let slot = |entries: usize| {
                    let slot = asker.id.checked_rem(entries as u64).unwrap_or_default();
                    usize::try_from(slot).unwrap_or_default()
                };
                match self.members.iter().filter(own).count() {
                    0 => Some(slot(self.members.len())),
                    entries => {
                        let all = self.members.iter().enumerate();
                        let mut own = all.filter(|(_, member)| own(member));
                        own.nth(slot(entries)).map(|(at, _)| at)
                    }
                }
            }
            found => found,
        };
        self.members.get_mut(at?)
    }

    /// Has a new organization find room: two entries of the one that has the most become one.
    fn make_room(&mut self, organization: u64) {
        let entries = |organization: u64| {
            let own = |member: &&Member| member.organization == organization;
            self.members.iter().filter(own).count()
        };
        if self.members.len() < MAX_MEMBERS || entries(organization) > 0 {
            return;
        }
        let organizations = self.members.iter().map(|member| member.organization);
        let Some(largest) = organizations.max_by_key(|organization| entries(*organization)) else {
            return;
        };
        let is_own = |member: &Member| member.organization == largest;
        let (Some(first), Some(last)) = (
            self.members.iter().position(is_own),
            self.members.iter().rposition(is_own),
        ) else {
            return;
        };
        if first == last {
            return;
        }
        let merged = self.members.remove(last);
        if let Some(member) = self.members.get_mut(first) {
            member.requests = member.requests.saturating_add(merged.requests);
            member.tokens = member.tokens.saturating_add(merged.tokens);
            member.seen = member.seen.max(merged.seen);
        }
    }

    /// The entry of a member, which is there from now on. `true` where it was not before.
    pub(super) fn enter(&mut self, asker: Asker, now: Timestamp) -> bool {
        self.make_room(asker.organization);
        if let Some(member) = self.find(asker) {
            member.seen = member.seen.max(now);
            if member.is(asker) && member.weight != asker.weight {
                member.weight = asker.weight;
                self.share_out();
            }
            return false;
        }
        self.members.push(Member {
            id: asker.id,
            organization: asker.organization,
            weight: asker.weight,
            seen: now,
            newcomer: true.into(),
            ..Member::default()
        });
        self.share_out();
        true
    }

    /// Reads a record; anything that is not one (nothing above all) is an upstream never used.
    pub(super) fn decode(bytes: &[u8]) -> UpstreamRecord {
        UpstreamRecord::try_decode(bytes).unwrap_or_default()
    }

    fn try_decode(bytes: &[u8]) -> Option<UpstreamRecord> {
        let (head, rest) = Head::read_from_prefix(bytes).ok()?;
        let (members, rest) = rest.as_chunks::<{ size_of::<Member>() }>();
        let is_one = head.layout == LAYOUT && rest.is_empty() && members.len() <= MAX_MEMBERS;
        if !is_one || usize::try_from(head.members) != Ok(members.len()) {
            return None;
        }
        Some(UpstreamRecord {
            at: head.at,
            requests: head.requests,
            tokens: head.tokens,
            holding: head.holding,
            members: members.iter().filter_map(|bytes| read_as(bytes)).collect(),
        })
    }

    /// Writes the record: its head, then its members.
    pub(super) fn encode(&self) -> Vec<u8> {
        let head = Head {
            layout: LAYOUT,
            at: self.at,
            requests: self.requests,
            tokens: self.tokens,
            holding: self.holding,
            members: self.members.len() as u64,
        };
        let members = self.members.as_slice().as_bytes();
        [head.as_bytes(), members].concat()
    }
}

/// Parts, held at what 64 bits can say.
pub(super) fn clamp(parts: i128) -> i64 {
    i64::try_from(parts).unwrap_or(if parts < 0 { i64::MIN } else { i64::MAX })
}

/// Parts of whole tokens.
pub(super) fn parts_of(tokens: u64) -> i128 {
    i128::from(tokens).saturating_mul(PARTS)
}
