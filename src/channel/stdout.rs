//! One JSON line a delivery on standard output: for pipes and for a first look.

use std::io::Write as _;

use super::{failed, line};
use crate::alert::{Delivery, Sent};

/// Writes one delivery.
pub(super) async fn send(delivery: &Delivery) -> Sent {
    let line = line(delivery);
    // A reader that does not read blocks the write, so it must not stand in a runtime thread.
    let written = tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()
    })
    .await;
    match written {
        Ok(Ok(())) => Sent::Accepted,
        Ok(Err(error)) => failed(format!("could not write to standard output: {error}")),
        Err(_) => failed("writing to standard output was interrupted".to_owned()),
    }
}
