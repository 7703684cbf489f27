//! When a web archive may be asked again: by how often it was asked, and by what it
//! answered. Pure: who keeps the state, and who waits, is elsewhere.
//!
//! Each archive has a row for the whole host, which a 429 or a refused connection closes,
//! and one for each class of requests, since an index can be well while the captures are
//! down. A row that was closed opens for one request at a time until an answer comes that
//! proves the archive well. Every step is bounded, and a clock that was set back keeps
//! nobody waiting for longer than the pause itself.

use std::time::Duration;

use crate::time::Timestamp;

/// What is asked of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Its index, and lists of captures of any form: they share one limit.
    Index,
    /// Captures.
    Capture,
    /// That it take a capture itself (Save Page Now).
    Save,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 3] = [Class::Index, Class::Capture, Class::Save];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Index => "index",
            Class::Capture => "capture",
            Class::Save => "save",
        }
    }
}

/// Why an archive is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It answered 429.
    RateLimited,
    /// It refused the connection.
    Refused,
    /// Servers before it turned us away (403) again and again.
    TurnedAway,
    /// It failed again and again.
    Failing,
}

impl Cause {
    const ALL: [Cause; 4] = [Cause::RateLimited, Cause::Refused, Cause::TurnedAway, Cause::Failing];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::RateLimited => "rate_limited",
            Cause::Refused => "refused",
            Cause::TurnedAway => "turned_away",
            Cause::Failing => "failing",
        }
    }

    /// The cause that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }

    /// What happened, in words.
    pub fn words(self) -> &'static str {
        match self {
            Cause::RateLimited => "it asked us to slow down (429)",
            Cause::Refused => "it refused the connection, which may be a block for an hour or more",
            Cause::TurnedAway => "it turned us away (403) three times in a row",
            Cause::Failing => "it failed five times in a row",
        }
    }

    /// How long it is left alone after so many times in a row; none: not yet.
    fn pause(self, strikes: u32) -> Option<Duration> {
        let (from, first, longest) = match self {
            Cause::RateLimited => (1, MINUTE, HOUR),
            Cause::Refused => (1, HOUR, DAY),
            Cause::TurnedAway => (3, HOUR, DAY),
            Cause::Failing => (5, 5 * MINUTE, 6 * HOUR),
        };
        let doublings = strikes.checked_sub(from)?.min(16);
        Some((first * 2_u32.pow(doublings)).min(longest))
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a pause is longer by: up to a fifth, by a seed and the moment that it ends. Who
/// waits together does not ask together then, and no beat is kept that a server could take
/// for an attack. The same seed and moment give the same.
pub fn jitter(pause: Duration, seed: u64, until: Timestamp) -> Duration {
    // SplitMix64 (Steele, Lea and Flood 2014).
    let mut mixed = seed ^ until.timestamp_millis().unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let part = u32::try_from(mixed >> 44).unwrap_or(u32::MAX);
    // Twenty bits of it are more than enough.
    (pause / 5).mul_f64(f64::from(part) / f64::from(1_u32 << 20))
}

/// How long an archive that asked us to slow down is asked half as often.
const SLOW: Duration = DAY;

/// What is remembered of a host as a whole, or of one class of its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Before that no request is made.
    pub next_at: Option<Timestamp>,
    /// Before that nothing is asked at all.
    pub quiet_until: Option<Timestamp>,
    /// What went wrong last, until something goes well.
    pub cause: Option<Cause>,
    /// How often in a row.
    pub strikes: u32,
    /// Until then it is asked half as often.
    pub slow_until: Option<Timestamp>,
}

/// Everything that decides whether a request may be made now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Of the host.
    pub host: Row,
    /// Of the class of the request.
    pub class: Row,
    /// Whether requests of other classes are under way. Of its own class there is never
    /// more than one.
    pub is_asked: bool,
}

/// Whether a request may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Now; its turn is taken.
    Now,
    /// Not before.
    At(Timestamp),
    /// Another request is under way.
    Full,
    /// The archive is left alone.
    Quiet {
        /// Why.
        cause: Cause,
        /// Until when.
        until: Timestamp,
    },
}

/// What an answer says of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is well, whatever it answered.
    Well,
    /// It asks for quiet, so long if it says.
    RateLimited(Option<Duration>),
    /// It refused the connection.
    Refused,
    /// A server before it turned us away.
    TurnedAway,
    /// No answer, or one that says nothing of what was asked.
    Failing,
    /// The request could not be made at all: it says nothing of the archive.
    Unsaid,
}

impl Row {
    /// Until when nothing is asked, if that lies ahead.
    fn quiet(&self, now: Timestamp) -> Option<(Cause, Timestamp)> {
        // Longer than the longest pause: the clock was set back.
        let until = self.quiet_until?.min(now + DAY);
        (until > now).then_some((self.cause.unwrap_or(Cause::Failing), until))
    }

    fn strike(&mut self, cause: Cause, asked: Option<Duration>, now: Timestamp) {
        let asked = asked.map(|asked| asked.min(DAY));
        if self.quiet(now).is_some_and(|(known, _)| known == cause) {
            // One of the requests that were under way already: it doubles nothing.
            self.quiet_until = self.quiet_until.max(asked.map(|asked| now + asked));
            return;
        }
        self.strikes = if self.cause == Some(cause) { self.strikes.saturating_add(1) } else { 1 };
        self.cause = Some(cause);
        if let Some(pause) = cause.pause(self.strikes) {
            self.quiet_until = self.quiet_until.max(Some(now + pause.max(asked.unwrap_or_default())));
        }
        if cause == Cause::RateLimited {
            self.slow_until = Some(now + SLOW);
        }
    }

    fn well(&mut self, now: Timestamp) {
        if self.quiet(now).is_none() {
            (self.quiet_until, self.cause, self.strikes) = (None, None, 0);
        }
    }

    /// Whether it was closed, and nothing has proved it well since.
    pub fn is_on_probation(&self) -> bool {
        self.quiet_until.is_some()
    }
}

impl State {
    /// Takes a turn, if there is one; `pause` is the time from the start of one request to
    /// the start of the next.
    pub fn turn(&mut self, pause: Duration, now: Timestamp) -> Turn {
        if let Some((cause, until)) = self.host.quiet(now).or_else(|| self.class.quiet(now)) {
            return Turn::Quiet { cause, until };
        }
        let slow = self.host.slow_until.is_some_and(|until| until > now && until <= now + SLOW);
        // Farther away than any pause: the clock was set back.
        let next_at = self.class.next_at.filter(|next| *next <= now + pause * 2);
        if let Some(next_at) = next_at.filter(|next| *next > now) {
            return Turn::At(next_at);
        }
        // After a breach the first request is alone.
        if self.host.is_on_probation() && self.is_asked {
            return Turn::Full;
        }
        self.class.next_at = Some(now + if slow { pause * 2 } else { pause });
        Turn::Now
    }

    /// Takes note of how a request ended. Answers how long the archive is left alone now.
    pub fn ended(&mut self, sign: Sign, now: Timestamp) -> Option<Duration> {
        match sign {
            Sign::Well => {
                self.host.well(now);
                self.class.well(now);
            }
            Sign::RateLimited(asked) => self.host.strike(Cause::RateLimited, asked, now),
            Sign::Refused => self.host.strike(Cause::Refused, None, now),
            Sign::TurnedAway => self.host.strike(Cause::TurnedAway, None, now),
            Sign::Failing => self.class.strike(Cause::Failing, None, now),
            Sign::Unsaid => {}
        }
        let (_, until) = self.host.quiet(now).or_else(|| self.class.quiet(now))?;
        (until - now).to_std().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    const PAUSE: Duration = Duration::from_secs(5);

    fn secs(left: Option<Duration>) -> Option<u64> {
        left.map(|left| left.as_secs())
    }

    #[test]
    fn requests_take_turns() {
        let mut state = State::default();
        assert_eq!(state.turn(PAUSE, at(0)), Turn::Now);
        assert_eq!(state.turn(PAUSE, at(2)), Turn::At(at(5)));
        assert_eq!(state.turn(PAUSE, at(5)), Turn::Now);
        assert_eq!(state.turn(PAUSE, at(10)), Turn::Now);
        // A clock that was set back by a year.
        assert_eq!(state.turn(PAUSE, at(-31_000_000)), Turn::Now);
    }

    #[test]
    fn pauses_are_longer_by_up_to_a_fifth_and_the_same_for_a_seed() {
        let all: Vec<_> = (0..1000).map(|second| jitter(PAUSE, 7, at(second))).collect();
        assert!(all.iter().all(|jitter| *jitter < PAUSE / 5));
        assert!(all.iter().min() < Some(&(PAUSE / 50)) && all.iter().max() > Some(&(PAUSE * 9 / 50)));
        let mean = all.iter().sum::<Duration>() / 1000;
        assert!(mean > PAUSE * 9 / 100 && mean < PAUSE * 11 / 100, "{mean:?}");
        assert_eq!(jitter(PAUSE, 7, at(3)), all[3]);
        assert_ne!(jitter(PAUSE, 8, at(3)), all[3]);
        assert_eq!(jitter(Duration::ZERO, 7, at(3)), Duration::ZERO);
    }

    #[test]
    fn a_429_stops_the_host_longer_each_time_and_halves_the_rate() {
        let mut state = State::default();
        assert_eq!(secs(state.ended(Sign::RateLimited(None), at(0))), Some(60));
        assert_eq!(state.turn(PAUSE, at(59)), Turn::Quiet { cause: Cause::RateLimited, until: at(60) });
        // One that was under way brings the same answer: nothing is doubled.
        assert_eq!(secs(state.ended(Sign::RateLimited(None), at(1))), Some(59));
        // What went well meanwhile was asked before.
        assert_eq!(secs(state.ended(Sign::Well, at(2))), Some(58));
        assert_eq!(state.turn(PAUSE, at(60)), Turn::Now);
        assert_eq!(secs(state.ended(Sign::RateLimited(Some(Duration::from_secs(7))), at(60))), Some(120));
        assert_eq!(secs(state.ended(Sign::RateLimited(Some(Duration::from_secs(900))), at(180))), Some(900));
        assert_eq!(secs(state.ended(Sign::RateLimited(None), at(1080))), Some(480));
        assert_eq!(state.ended(Sign::Well, at(1560)), None);
        assert_eq!(secs(state.ended(Sign::RateLimited(None), at(1561))), Some(60), "it begins anew");
        state.ended(Sign::Well, at(1621));
        assert_eq!(state.turn(PAUSE, at(1700)), Turn::Now);
        assert_eq!(state.turn(PAUSE, at(1701)), Turn::At(at(1710)), "half as often");
        assert_eq!(state.turn(PAUSE, at(1710 + 86_400)), Turn::Now);
        assert_eq!(state.turn(PAUSE, at(1711 + 86_400)), Turn::At(at(1715 + 86_400)), "for a day");
    }

    #[test]
    fn the_wait_that_is_asked_for_is_bounded() {
        let mut state = State::default();
        assert_eq!(secs(state.ended(Sign::RateLimited(Some(Duration::MAX)), at(0))), Some(86_400));
        let mut state = State::default();
        for _ in 0..40 {
            let from = state.host.quiet_until.unwrap_or(at(0));
            assert!(state.ended(Sign::RateLimited(None), from).unwrap() <= HOUR);
            let from = state.class.quiet_until.unwrap_or(from);
            assert!(state.ended(Sign::Refused, state.host.quiet_until.unwrap().max(from)).unwrap() <= DAY);
        }
    }

    #[test]
    fn a_refused_connection_closes_for_an_hour_and_doubles() {
        let mut state = State::default();
        assert_eq!(secs(state.ended(Sign::Refused, at(0))), Some(3600));
        assert_eq!(secs(state.ended(Sign::Refused, at(3600))), Some(7200));
        let mut now = at(3600 + 7200);
        for hours in [4, 8, 16, 24, 24] {
            assert_eq!(secs(state.ended(Sign::Refused, now)), Some(hours * 3600));
            now = state.host.quiet_until.unwrap();
        }
        // The first request after it is alone.
        state.is_asked = true;
        assert_eq!(state.turn(PAUSE, now), Turn::Full);
        state.is_asked = false;
        assert_eq!(state.turn(PAUSE, now), Turn::Now);
        assert_eq!(state.ended(Sign::Well, now), None);
        assert_eq!(state.host, Row { next_at: None, ..Row::default() });
    }

    #[test]
    fn single_failures_close_nothing_and_five_close_one_class() {
        let mut state = State::default();
        for n in 0..4 {
            assert_eq!(state.ended(Sign::Failing, at(n)), None);
        }
        assert_eq!(secs(state.ended(Sign::Failing, at(4))), Some(300));
        let index = State { host: state.host.clone(), ..State::default() };
        assert_eq!(index.clone().turn(PAUSE, at(5)), Turn::Now, "the other class is open");
        assert_eq!(secs(state.ended(Sign::Failing, at(304))), Some(600));
        for n in 0..2 {
            assert_eq!(State::default().ended(Sign::TurnedAway, at(n)), None);
        }
        let mut state = State::default();
        let closed: Vec<_> = (0..3).map(|n| secs(state.ended(Sign::TurnedAway, at(n)))).collect();
        assert_eq!(closed, [None, None, Some(3600)]);
    }
}
