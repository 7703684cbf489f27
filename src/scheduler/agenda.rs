//! What is due, by host: who gets the next free place. Pure.
//!
//! A host has one place at a time, and only when it may be asked: what waits for its turn
//! there holds no place. Of the hosts that may be asked, the one whose watch is longest
//! overdue is next. Hosts that were slow last time have half of the places at most, so that
//! many of them together do not keep the quick ones waiting either.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use url::Url;

use crate::store::Due;
use crate::time::Timestamp;
use crate::watch::{Source, Watch, WatchId};

/// A check that takes longer is one of a slow host.
const SLOW: Duration = Duration::from_secs(5);

/// Whom a check asks first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Host {
    /// A publisher's server.
    Site(String),
    /// The archive, which has an account of its own.
    Archive,
}

impl Host {
    /// Whom the check of a watch asks first.
    pub(super) fn of(watch: &Watch) -> Self {
        match watch.source {
            Source::Live => Self::at(&watch.url),
            Source::Wayback => Self::Archive,
        }
    }

    /// Whom a request for an address asks.
    pub(super) fn at(url: &Url) -> Self {
        Self::Site(url.host_str().unwrap_or_default().to_owned())
    }
}

/// What waits, what runs, and which hosts are slow.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    waiting: BTreeMap<Host, BTreeSet<(Timestamp, WatchId)>>,
    running: BTreeMap<Host, WatchId>,
    slow: HashMap<Host, Duration>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Start this one; it has its host's place.
    Start(WatchId, Host),
    /// Nothing before this moment, as far as is known.
    At(Timestamp),
    /// Nothing before a check has ended, or more is known.
    Wait,
}

impl Agenda {
    /// Puts what waits anew; what runs goes on. `host` is none for what is not ours.
    pub(super) fn fill(&mut self, due: Vec<Due>, host: impl Fn(&WatchId) -> Option<Host>) {
        self.waiting.clear();
        for due in due {
            if let Some(host) = host(&due.watch) {
                self.add(host, due);
            }
        }
    }

    /// Puts one more.
    pub(super) fn add(&mut self, host: Host, due: Due) {
        if !self.watches().any(|running| *running == due.watch) {
            self.waiting.entry(host).or_default().insert((due.due_at, due.watch));
        }
    }

    /// How many run.
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// What runs.
    pub(super) fn watches(&self) -> impl Iterator<Item = &WatchId> {
        self.running.values()
    }

    /// Takes what is next, where `places` checks may run at once; `free_at` says from when
    /// on a host may be asked.
    pub(super) fn take(&mut self, now: Timestamp, places: usize, free_at: impl Fn(&Host) -> Option<Timestamp>) -> Next {
        if self.running() >= places {
            return Next::Wait;
        }
        let slow = self.running.keys().filter(|host| self.slow.contains_key(host)).count();
        let no_more_slow = slow >= (places / 2).max(1);
        let (mut best, mut wake) = (None, None::<Timestamp>);
        for (host, waiting) in &self.waiting {
            let Some((due_at, _)) = waiting.first() else { continue };
            if self.running.contains_key(host) || no_more_slow && self.slow.contains_key(host) {
                continue;
            }
            if *due_at > now || best.is_some_and(|(earlier, _)| earlier <= *due_at) {
                wake = Some(wake.map_or(*due_at, |wake| wake.min(*due_at)));
                continue;
            }
            match free_at(host).filter(|free| *free > now) {
                Some(free) => wake = Some(wake.map_or(free, |wake| wake.min(free))),
                None => best = Some((*due_at, host)),
            }
        }
        let Some(host) = best.map(|(_, host)| host.clone()) else { return wake.map_or(Next::Wait, Next::At) };
        let first = self.waiting.get_mut(&host).and_then(BTreeSet::pop_first);
        if self.waiting.get(&host).is_some_and(BTreeSet::is_empty) {
            self.waiting.remove(&host);
        }
        let Some((_, watch)) = first else { return Next::Wait };
        self.running.insert(host.clone(), watch.clone());
        Next::Start(watch, host)
    }

    /// A check has ended, after so long: its host's place is free.
    pub(super) fn ended(&mut self, host: &Host, took: Duration) {
        self.running.remove(host);
        if took > SLOW {
            self.slow.insert(host.clone(), took);
        } else {
            self.slow.remove(host);
        }
    }

    /// Gives back a place that was not used.
    pub(super) fn not_started(&mut self, host: &Host) {
        self.running.remove(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn host(name: &str) -> Host {
        Host::Site(name.to_owned())
    }

    fn due(watch: &str, seconds: i64) -> Due {
        Due { watch: WatchId::new(watch).unwrap(), due_at: at(seconds) }
    }

    /// Watches are named for their hosts: `slow-1` is one of the host `slow`.
    fn agenda(all: &[(&str, i64)]) -> Agenda {
        let mut agenda = Agenda::default();
        let all = all.iter().map(|(watch, seconds)| due(watch, *seconds)).collect();
        agenda.fill(all, |watch| watch.as_str().split('-').next().map(host));
        agenda
    }

    fn started(agenda: &mut Agenda, places: usize) -> Vec<String> {
        let mut started = Vec::new();
        while let Next::Start(watch, _) = agenda.take(at(100), places, |_| None) {
            started.push(watch.to_string());
        }
        started
    }

    #[test]
    fn a_host_has_one_place_and_the_longest_overdue_is_first() {
        let mut agenda = agenda(&[("a-1", 0), ("a-2", 1), ("a-3", 2), ("b-1", 5), ("c-1", 4), ("d-1", 101)]);
        assert_eq!(started(&mut agenda, 4), ["a-1", "c-1", "b-1"]);
        agenda.ended(&host("b"), Duration::ZERO);
        assert_eq!(agenda.take(at(100), 4, |_| None), Next::At(at(101)));
        agenda.ended(&host("a"), Duration::ZERO);
        assert_eq!(started(&mut agenda, 4), ["a-2"]);
    }

    #[test]
    fn what_waits_for_its_turn_holds_no_place() {
        let mut agenda = agenda(&[("a-1", 0), ("b-1", 5)]);
        let free = |asked: &Host| (*asked == host("a")).then(|| at(107));
        assert_eq!(agenda.take(at(100), 1, free), Next::Start(WatchId::new("b-1").unwrap(), host("b")));
        agenda.ended(&host("b"), Duration::ZERO);
        assert_eq!(agenda.take(at(100), 1, free), Next::At(at(107)));
        assert_eq!(agenda.take(at(107), 1, free), Next::Start(WatchId::new("a-1").unwrap(), host("a")));
        assert_eq!(agenda.take(at(107), 1, free), Next::Wait);
    }

    #[test]
    fn slow_hosts_have_half_of_the_places() {
        let mut agenda =
            agenda(&[("s1-1", 0), ("s2-1", 0), ("s3-1", 0), ("s1-2", 1), ("s2-2", 1), ("s3-2", 1), ("q-1", 50)]);
        assert_eq!(started(&mut agenda, 3), ["s1-1", "s2-1", "s3-1"], "nobody can know yet");
        for slow in ["s1", "s2", "s3"] {
            agenda.ended(&host(slow), SLOW * 2);
        }
        assert_eq!(started(&mut agenda, 3), ["s1-2", "q-1"]);
        // Who was quick again is no slow host any more.
        agenda.ended(&host("s1"), Duration::ZERO);
        assert_eq!(started(&mut agenda, 3), ["s2-2"]);
    }
}
