//! Who keeps account of what archives are asked, and how they answered: in memory here; a
//! record that processes share and that survives a restart comes from outside.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::pace::{Class, Row, Sign, State, Turn};
use crate::time::Timestamp;

/// A request that is under way; dropping it makes room for the next.
pub struct Lease {
    /// The archive's host, with its port where that is not the usual one.
    pub host: String,
    /// What is asked.
    pub class: Class,
    /// What keeps the place.
    pub place: Box<dyn Any + Send>,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("host", &self.host).field("class", &self.class).finish_non_exhaustive()
    }
}

/// An answer that comes later; in words, why there is none.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Keeps account of what archives are asked.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Asks for a turn, `pause` after the last. With [`Turn::Now`] comes the lease that
    /// [`Ledger::ended`] gives back. Of each class one request is under way at a time.
    ///
    /// # Errors
    /// In words, if the account could not be kept: then nothing may be asked.
    fn turn<'a>(
        &'a self,
        host: &'a str,
        class: Class,
        pause: Duration,
        now: Timestamp,
    ) -> Later<'a, (Turn, Option<Lease>)>;

    /// Takes note of how a request ended. Answers how long the archive is left alone now.
    ///
    /// # Errors
    /// In words, if the account could not be kept.
    fn ended(&self, lease: Lease, sign: Sign, now: Timestamp) -> Later<'_, Option<Duration>>;
}

/// An account that ends with the process, and that no other shares.
#[derive(Debug, Default)]
pub struct InMemory {
    book: Mutex<Book>,
    places: Places,
}

#[derive(Debug, Default)]
struct Book {
    hosts: BTreeMap<String, Row>,
    classes: BTreeMap<(String, Class), Row>,
}

/// What is under way.
type Places = Arc<Mutex<BTreeSet<(String, Class)>>>;

/// One of them.
struct Place(Places, (String, Class));

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl InMemory {
    fn place(&self, host: &str, class: Class) -> Option<Place> {
        let key = (host.to_owned(), class);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.insert(key.clone()).then(|| Place(Arc::clone(&self.places), key))
    }

    fn with<T>(&self, host: &str, class: Class, work: impl FnOnce(&mut State) -> T) -> T {
        let others = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let is_asked = others.iter().any(|(other, asked)| other == host && *asked != class);
        drop(others);
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (host.to_owned(), class);
        let mut state = State {
            host: book.hosts.get(host).cloned().unwrap_or_default(),
            class: book.classes.get(&key).cloned().unwrap_or_default(),
            is_asked,
        };
        let done = work(&mut state);
        book.hosts.insert(host.to_owned(), state.host);
        book.classes.insert(key, state.class);
        done
    }
}

impl Ledger for InMemory {
    fn turn<'a>(
        &'a self,
        host: &'a str,
        class: Class,
        pause: Duration,
        now: Timestamp,
    ) -> Later<'a, (Turn, Option<Lease>)> {
        let Some(place) = self.place(host, class) else {
            return Box::pin(std::future::ready(Ok((Turn::Full, None))));
        };
        let turn = self.with(host, class, |state| state.turn(pause, now));
        let lease = Lease { host: host.to_owned(), class, place: Box::new(place) };
        Box::pin(std::future::ready(Ok((turn, (turn == Turn::Now).then_some(lease)))))
    }

    fn ended(&self, lease: Lease, sign: Sign, now: Timestamp) -> Later<'_, Option<Duration>> {
        let left = self.with(&lease.host, lease.class, |state| state.ended(sign, now));
        Box::pin(std::future::ready(Ok(left)))
    }
}
