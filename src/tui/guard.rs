//! Tells a person's key from what only looks like one: auto-repeat, a burst of pasted text, a split escape sequence.
//!
//! A terminal sends keys as bytes, so pasted text, a held key and the pieces of an escape sequence that a slow line has
//! torn apart all arrive as keys. What gives them away is that they come faster than a person presses.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::input::{Code, Key, Kind};

/// Whatever arrives this soon behind an Esc may be the rest of an escape sequence.
const BEHIND_ESC: Duration = Duration::from_millis(50);
/// So many keys …
const BURST: usize = 8;
/// … in so little time are no person's.
const BURST_TIME: Duration = Duration::from_millis(20);
/// A key that confirms something stands alone: no other came this soon before it.
const ALONE: Duration = Duration::from_millis(60);

/// What the arrival of a key says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// It is held down, and the terminal says so.
    pub(crate) repeat: bool,
    /// It came right behind an Esc.
    pub(crate) behind_esc: bool,
    /// It is one of a burst.
    pub(crate) burst: bool,
    /// No other key came shortly before it.
    pub(crate) alone: bool,
}

impl Arrival {
    /// As that of a key that stands alone.
    pub(crate) fn clear() -> Self {
        Self { repeat: false, behind_esc: false, burst: false, alone: true }
    }

    /// Whether it may do something, rather than only move about.
    pub(crate) fn may_act(self) -> bool {
        !self.repeat && !self.behind_esc && !self.burst
    }

    /// Whether it may confirm something.
    pub(crate) fn may_confirm(self) -> bool {
        self.may_act() && self.alone
    }
}

/// What is remembered of the keys before.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    esc: Option<Instant>,
    last: VecDeque<Instant>,
}

impl Guard {
    /// Takes note of a key.
    pub(crate) fn arrived(&mut self, key: &Key) -> Arrival {
        let since = |before: Option<Instant>| before.map(|before| key.at.saturating_duration_since(before));
        let behind_esc = since(self.esc).is_some_and(|since| since < BEHIND_ESC) && key.code != Code::Esc;
        let alone = since(self.last.back().copied()).is_none_or(|since| since >= ALONE);
        let burst = self.last.len() >= BURST && since(self.last.front().copied()).is_some_and(|since| since < BURST_TIME);
        // The pieces of a torn sequence follow each other, so each carries the mark on to the next.
        if key.code == Code::Esc || behind_esc {
            self.esc = Some(key.at);
        }
        self.note(key.at);
        Arrival { repeat: key.kind != Kind::Press, behind_esc, burst, alone }
    }

    /// Takes note of pasted text: an Enter that some programs send right behind it was never pressed.
    pub(crate) fn pasted(&mut self, at: Instant) {
        self.note(at);
    }

    fn note(&mut self, at: Instant) {
        if self.last.len() >= BURST {
            self.last.pop_front();
        }
        self.last.push_back(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(keys: &[(Code, u64)]) -> Vec<Arrival> {
        let zero = Instant::now();
        let mut guard = Guard::default();
        keys.iter().map(|(code, at)| guard.arrived(&Key::press(*code, zero + Duration::from_millis(*at)))).collect()
    }

    #[test]
    fn knows_a_torn_escape_sequence() {
        let seen = arrivals(&[(Code::Esc, 0), (Code::Char('['), 30), (Code::Char('A'), 75), (Code::Char('p'), 300)]);
        assert_eq!(seen.iter().map(|a| a.behind_esc).collect::<Vec<_>>(), [false, true, true, false]);
        assert!(seen[3].may_confirm());
    }

    #[test]
    fn knows_a_burst() {
        let keys = (0..12).map(|n| (Code::Char('p'), n * 2)).collect::<Vec<_>>();
        let seen = arrivals(&keys);
        assert_eq!(seen.iter().filter(|a| a.burst).count(), 4);
        assert_eq!(seen.iter().filter(|a| a.may_confirm()).count(), 1);
    }

    #[test]
    fn a_held_key_stands_not_alone() {
        // Thirty a second, as terminals repeat.
        let keys = (0..30).map(|n| (Code::Enter, 500 + n * 33)).collect::<Vec<_>>();
        assert!(arrivals(&keys)[1..].iter().all(|a| !a.may_confirm()));
    }
}
