//! What is said to be wanted of one resource, by what is used of it.

use super::capacity::reserve;

/// What is used of one resource, and what was said of it.
pub(super) struct UseOf {
    /// What is used of it; 0 where nothing can be said.
    pub(super) pace: u64,
    /// Whether no more could be used.
    pub(super) is_used_up: bool,
    /// What was last said to be wanted.
    pub(super) said: u64,
    /// The share.
    pub(super) part: u64,
    /// What it is a part of.
    pub(super) limit: u64,
}

impl UseOf {
    /// What is said now: the same as before, unless that is clearly wrong.
    pub(super) fn wants(&self) -> u64 {
        let &UseOf {
            pace,
            said,
            part,
            limit,
            ..
        } = self;
        // More than 7/8 of a share are nearly all of it.
        let is_nearly_all = pace.saturating_mul(8) > part.saturating_mul(7);
        if self.is_used_up || (said == limit && is_nearly_all) {
            return limit;
        }
        if pace == 0 {
            return said;
        }
        let want = with_headroom(pace).max(reserve(limit)).min(limit);
        let half = said.checked_div(2).unwrap_or(0);
        match want < half || want > said.saturating_add(half) {
            true => want,
            false => said,
        }
    }
}

/// A quarter more than was used.
fn with_headroom(used: u64) -> u64 {
    let quarter = used.checked_div(4).unwrap_or(0);
    used.saturating_add(quarter).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 600;

    fn wants(pace: u64, said: u64, part: u64) -> u64 {
        UseOf {
            pace,
            is_used_up: false,
            said,
            part,
            limit: LIMIT,
        }
        .wants()
    }

    #[test]
    fn what_was_said_is_said_again_unless_it_is_clearly_wrong() {
        assert_eq!(wants(100, 0, 200), 126);
        for pace in 60..=150 {
            assert_eq!(wants(pace, 126, 200), 126, "{pace}");
        }
        assert_eq!(wants(200, 126, 200), 251);
        assert_eq!(wants(40, 126, 200), 51);
        assert_eq!(wants(1, 0, 200), 9, "no less than is worth telling");
        assert_eq!(wants(0, 126, 200), 126, "nothing is known yet");
    }

    #[test]
    fn who_uses_nearly_all_of_a_share_goes_on_to_want_all() {
        assert_eq!(wants(190, LIMIT, 200), LIMIT);
        assert_eq!(wants(100, LIMIT, 200), 126);
        let used_up = UseOf {
            pace: 0,
            is_used_up: true,
            said: 0,
            part: 9,
            limit: LIMIT,
        };
        assert_eq!(used_up.wants(), LIMIT);
    }
}
