//! Who keeps account of what archives are asked, and how they answered: in memory here; a
//! record that processes share and that survives a restart comes from outside.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;

use crate::pace::{Class, Limits, Row, Sign, State, Turn};
use crate::time::Timestamp;

/// A request that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The archive's host, with its port where that is not the usual one.
    pub host: String,
    /// What is asked.
    pub class: Class,
    /// The ledger's own key.
    pub key: i64,
}

/// An answer that comes later; in words, why there is none.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Keeps account of what archives are asked.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Asks for a turn. With [`Turn::Now`] comes the lease that [`Ledger::ended`] gives back.
    ///
    /// # Errors
    /// In words, if the account could not be kept: then nothing may be asked.
    fn turn<'a>(
        &'a self,
        host: &'a str,
        class: Class,
        limits: Limits,
        now: Timestamp,
    ) -> Later<'a, (Turn, Option<Lease>)>;

    /// Takes note of how a request ended. Answers how long the archive is left alone now.
    ///
    /// # Errors
    /// In words, if the account could not be kept.
    fn ended(&self, lease: Lease, sign: Sign, now: Timestamp) -> Later<'_, Option<std::time::Duration>>;
}

/// An account that ends with the process, and that no other shares.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    hosts: BTreeMap<String, Row>,
    classes: BTreeMap<(String, Class), Row>,
    leases: BTreeMap<i64, (Lease, Timestamp)>,
    last_key: i64,
}

impl Book {
    fn state(&self, host: &str, class: Class) -> State {
        let of_host = || self.leases.values().filter(|(lease, _)| lease.host == host);
        State {
            host: self.hosts.get(host).cloned().unwrap_or_default(),
            class: self.classes.get(&(host.to_owned(), class)).cloned().unwrap_or_default(),
            under_way: of_host().filter(|(lease, _)| lease.class == class).count(),
            all_under_way: of_host().count(),
        }
    }

    fn keep(&mut self, host: &str, class: Class, state: State) {
        self.hosts.insert(host.to_owned(), state.host);
        self.classes.insert((host.to_owned(), class), state.class);
    }
}

impl InMemory {
    fn book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.0.lock().expect("nobody panics while holding the book"))
    }
}

impl Ledger for InMemory {
    fn turn<'a>(
        &'a self,
        host: &'a str,
        class: Class,
        limits: Limits,
        now: Timestamp,
    ) -> Later<'a, (Turn, Option<Lease>)> {
        let answer = self.book(|book| {
            book.leases.retain(|_, (_, until)| *until > now);
            let mut state = book.state(host, class);
            let turn = state.turn(&limits, now);
            book.keep(host, class, state);
            let lease = (turn == Turn::Now).then(|| {
                book.last_key += 1;
                let lease = Lease { host: host.to_owned(), class, key: book.last_key };
                book.leases.insert(lease.key, (lease.clone(), now + limits.lease));
                lease
            });
            (turn, lease)
        });
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn ended(&self, lease: Lease, sign: Sign, now: Timestamp) -> Later<'_, Option<std::time::Duration>> {
        let left = self.book(|book| {
            book.leases.remove(&lease.key);
            let mut state = book.state(&lease.host, lease.class);
            let left = state.ended(sign, now);
            book.keep(&lease.host, lease.class, state);
            left
        });
        Box::pin(std::future::ready(Ok(left)))
    }
}
