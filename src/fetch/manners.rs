//! How often one host is asked, whatever watches it is for.
//!
//! Two things keep a request waiting: its turn, because somebody else was just served,
//! which the request waits for; and a host that asked for quiet (429), which ends the
//! request at once, because the schedule of its watch knows better what to do meanwhile.
//! In memory, and shared by the fetchers of one process. What a process before asked just
//! before it was killed nobody knows, so [`Manners::rested`] takes it that this was every host.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::clock::Clock;
use crate::outcome::{FailureKind, FetchFailure};
use crate::time::Timestamp;

/// The longest that one answer can silence a host.
const LONGEST_QUIET: Duration = Duration::from_secs(60 * 60);

/// How long a host is left alone that does not say how long.
const USUAL_QUIET: Duration = Duration::from_secs(60);

/// Less than that is no clock that was set back: requests ask the time before they come here.
const SET_BACK: chrono::Duration = chrono::Duration::seconds(30);

/// From this many hosts on, those whose time is past are forgotten.
const MANY: usize = 4096;

/// Whose turn it is at each host.
#[derive(Debug, Default)]
pub struct Manners(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    hosts: HashMap<String, Host>,
    /// Before that no publisher is asked.
    begins: Option<Timestamp>,
    /// The last moment that we were told of.
    now: Option<Timestamp>,
}

impl Table {
    /// Takes note of the time. If the clock was set back, everything is as far away as it
    /// was, and not by as much farther.
    fn tick(&mut self, now: Timestamp) {
        let back = self.now.map_or(chrono::Duration::zero(), |last| last - now);
        self.now = Some(now);
        if back <= SET_BACK {
            return;
        }
        self.begins.iter_mut().for_each(|at| *at -= back);
        for host in self.hosts.values_mut() {
            host.next.values_mut().chain(&mut host.quiet_until).for_each(|at| *at -= back);
        }
    }
}

#[derive(Debug, Default)]
struct Host {
    /// When the next request of each kind may start.
    next: HashMap<&'static str, Timestamp>,
    quiet_until: Option<Timestamp>,
}

impl Manners {
    /// As if every host had been asked at `now`: none is before `pause` has passed.
    pub fn rested(pause: Duration, now: Timestamp) -> Self {
        Self(Mutex::new(Table { begins: Some(now + pause), now: Some(now), ..Table::default() }))
    }

    /// When the next request of a kind may start; none: nothing is known against now.
    pub(super) fn free_at(&self, host: &str, kind: &'static str, now: Timestamp) -> Option<Timestamp> {
        let table = self.table(now);
        let next = table.hosts.get(host).and_then(|host| host.next.get(kind).copied());
        next.max(table.begins)
    }

    /// Waits for a turn at a host. Kinds of requests have turns of their own.
    ///
    /// # Errors
    /// [`FailureKind::RateLimited`] if the host asked for quiet.
    pub(super) async fn wait(
        &self,
        host: &str,
        kind: &'static str,
        pause: Duration,
        clock: &impl Clock,
    ) -> Result<(), FetchFailure> {
        let turn = self.turn(host, kind, pause, clock.now())?;
        clock.sleep_until(turn).await;
        // We may have woken late; the pause after us begins when we ask.
        self.asks(host, kind, pause, turn, clock.now());
        // Somebody may have been told to be quiet while we waited.
        self.is_quiet(host, clock.now())
    }

    /// Takes the next turn, and says when it is.
    fn turn(&self, host: &str, kind: &'static str, pause: Duration, now: Timestamp) -> Result<Timestamp, FetchFailure> {
        self.is_quiet(host, now)?;
        let mut table = self.table(now);
        let begins = table.begins.map_or(now, |begins| begins.max(now));
        let hosts = &mut table.hosts;
        if hosts.len() >= MANY {
            hosts.retain(|_, host| {
                host.quiet_until.is_some_and(|until| until > now) || host.next.values().any(|next| *next > now)
            });
        }
        let next = hosts.entry(host.to_owned()).or_default().next.entry(kind).or_insert(now);
        let turn = (*next).max(begins);
        *next = turn + pause;
        Ok(turn)
    }

    /// Whoever had the turn of a moment asks only `now`: the next turn is not sooner than a
    /// pause after that. Turns that others have taken already stay where they are.
    fn asks(&self, host: &str, kind: &'static str, pause: Duration, turn: Timestamp, now: Timestamp) {
        let mut table = self.table(now);
        let next = table.hosts.get_mut(host).and_then(|host| host.next.get_mut(kind));
        if let Some(next) = next.filter(|next| **next == turn + pause && now > turn) {
            *next = now + pause;
        }
    }

    /// Whether a host may be asked at all.
    ///
    /// # Errors
    /// [`FailureKind::RateLimited`] if it asked for quiet.
    pub(super) fn is_quiet(&self, host: &str, now: Timestamp) -> Result<(), FetchFailure> {
        let until = self.table(now).hosts.get(host).and_then(|host| host.quiet_until);
        match until.and_then(|until| (until - now).to_std().ok()).filter(|left| !left.is_zero()) {
            None => Ok(()),
            left => Err(FetchFailure { kind: FailureKind::RateLimited { host: host.to_owned() }, retry_after: left }),
        }
    }

    /// A host answered 429: it is left alone. Returns for how long.
    pub(super) fn silence(&self, host: &str, asked: Option<Duration>, now: Timestamp) -> Duration {
        let quiet = asked.unwrap_or(USUAL_QUIET).min(LONGEST_QUIET);
        let mut table = self.table(now);
        let until = &mut table.hosts.entry(host.to_owned()).or_default().quiet_until;
        // Requests that were under way already bring answers of their own.
        *until = (*until).max(Some(now + quiet));
        quiet
    }

    fn table(&self, now: Timestamp) -> MutexGuard<'_, Table> {
        let mut table = self.0.lock().expect("nobody panics while holding the table");
        table.tick(now);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn requests_to_one_host_take_turns() {
        let manners = Manners::default();
        let turn = |host: &str, kind, now| manners.turn(host, kind, Duration::from_secs(5), at(now)).unwrap();
        assert_eq!(turn("acme.test", "page", 0), at(0));
        assert_eq!(turn("acme.test", "page", 0), at(5));
        assert_eq!(turn("acme.test", "page", 1), at(10));
        assert_eq!(turn("other.test", "page", 1), at(1));
        assert_eq!(turn("acme.test", "index", 1), at(1));
        assert_eq!(turn("acme.test", "page", 60), at(60));
    }

    #[test]
    fn who_asks_late_is_left_a_whole_pause() {
        let (manners, pause) = (Manners::default(), Duration::from_secs(5));
        let turn = |now| manners.turn("acme.test", "page", pause, at(now)).unwrap();
        assert_eq!(manners.free_at("acme.test", "page", at(0)), None);
        let first = turn(0);
        manners.asks("acme.test", "page", pause, first, at(3));
        assert_eq!(manners.free_at("acme.test", "page", at(3)), Some(at(8)));
        let second = turn(3);
        assert_eq!(second, at(8));
        assert_eq!(turn(3), at(13));
        manners.asks("acme.test", "page", pause, second, at(9));
        assert_eq!(turn(9), at(18), "turns that are taken stay");
    }

    #[test]
    fn after_a_start_every_host_rests() {
        let pause = Duration::from_secs(5);
        let manners = Manners::rested(pause, at(0));
        assert_eq!(manners.free_at("acme.test", "page", at(1)), Some(at(5)));
        let turn = |now| manners.turn("acme.test", "page", pause, at(now)).unwrap();
        assert_eq!((turn(1), turn(1), turn(60)), (at(5), at(10), at(60)));
        let manners = Manners::rested(pause, at(86_400));
        assert_eq!(manners.free_at("acme.test", "page", at(0)), Some(at(5)), "by the clock of today");
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let manners = Manners::default();
        let year = 365 * 86_400;
        let turn = |now| manners.turn("acme.test", "page", Duration::from_secs(5), at(now));
        assert_eq!(turn(year), Ok(at(year)));
        assert_eq!(turn(0), Ok(at(5)), "the pause is kept, but by the clock of today");
        manners.silence("acme.test", Some(Duration::from_secs(60)), at(year));
        assert_eq!(turn(0).unwrap_err().retry_after, Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_host_that_wants_quiet_gets_it_for_an_hour_at_most() {
        let cases = [(Some(7), 7), (None, 60), (Some(0), 0), (Some(86_400), 3_600)];
        for (asked, quiet) in cases {
            let manners = Manners::default();
            let told = manners.silence("acme.test", asked.map(Duration::from_secs), at(0));
            assert_eq!(told, Duration::from_secs(quiet), "{asked:?}");
            if quiet > 0 {
                let refused = manners.turn("acme.test", "page", Duration::ZERO, at(2)).unwrap_err();
                assert_eq!(refused.kind.as_str(), "rate_limited");
                assert_eq!(refused.retry_after, Some(Duration::from_secs(quiet - 2)), "{asked:?}");
            }
            let later = i64::try_from(quiet).unwrap();
            assert_eq!(manners.turn("acme.test", "page", Duration::ZERO, at(later)), Ok(at(later)));
            assert!(manners.turn("other.test", "page", Duration::ZERO, at(2)).is_ok());
        }
    }

    #[test]
    fn a_later_answer_does_not_cut_short_the_quiet_that_was_asked_for() {
        let manners = Manners::default();
        manners.silence("acme.test", Some(Duration::from_secs(1800)), at(0));
        manners.silence("acme.test", Some(Duration::ZERO), at(1));
        let refused = manners.turn("acme.test", "page", Duration::ZERO, at(2)).unwrap_err();
        assert_eq!(refused.retry_after, Some(Duration::from_secs(1798)));
    }

    #[test]
    fn the_table_forgets_hosts_whose_time_is_past() {
        let manners = Manners::default();
        for n in 0..MANY + 10 {
            manners.turn(&format!("{n}.test"), "page", Duration::from_secs(1), at(i64::try_from(n).unwrap())).unwrap();
        }
        let left = manners.table(at(0)).hosts.len();
        assert!(left < 100, "{left}");
    }
}
