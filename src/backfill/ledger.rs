//! The account of what archives are asked, kept in the record: all processes share it, and
//! a restart forgets nothing.

use std::time::Duration;

use crate::fetch::Ledger;
use crate::fetch::ledger::{Later, Lease};
use crate::pace::{Class, Sign, Turn};
use crate::store::Store;
use crate::time::Timestamp;

/// An account in the record.
#[derive(Clone, Debug)]
pub struct SharedLedger(pub Store);

impl Ledger for SharedLedger {
    fn turn<'a>(
        &'a self,
        host: &'a str,
        class: Class,
        pause: Duration,
        now: Timestamp,
    ) -> Later<'a, (Turn, Option<Lease>)> {
        Box::pin(async move {
            let asked = self.0.archive_turn(host, class, pause, now).await;
            let (turn, place) = asked.map_err(|error| error.to_string())?;
            Ok((turn, place.map(|place| Lease { host: host.to_owned(), class, place: Box::new(place) })))
        })
    }

    fn ended(&self, lease: Lease, sign: Sign, now: Timestamp) -> Later<'_, Option<Duration>> {
        Box::pin(async move {
            let ended = self.0.archive_ended(&lease.host, lease.class, sign, now).await;
            ended.map_err(|error| error.to_string())
        })
    }
}
