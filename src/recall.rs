//! What a change means in the light of what the page said before.

use std::sync::Arc;

use crate::alternation::{Memory, reconsider};
use crate::outcome::Outcome;
use crate::pages::Together;
use crate::panics::contained;
use crate::reading::Reading;
use crate::snapshot::Digest;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::upgrade::reread;
use crate::watch::Watch;

/// Judges a change once more, given the text that it was compared with; anything else
/// stays as it is.
///
/// # Errors
/// If the record could not be read.
pub(crate) async fn recall(
    watch: &Watch,
    before: Option<Reading>,
    together: Together,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Together, StoreError> {
    let (Outcome::Changed { snapshot, reading, .. }, Some(before)) = (&together.outcome, before) else {
        return Ok(together);
    };
    let memory = memory(watch, reading.digest(), snapshot.captured_at, store, unpacker).await?;
    let (turning, evidence) = (watch.turning(), snapshot.clone());
    let judged =
        contained(move || Together { outcome: reconsider(together.outcome, &before, &memory, &turning), ..together });
    Ok(judged.await.unwrap_or_else(|message| Together::alone(Outcome::Broken { snapshot: Some(evidence), message })))
}

/// What the page said a short while before a moment, as we read it today.
async fn memory(
    watch: &Watch,
    digest: Digest,
    at: Timestamp,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Memory, StoreError> {
    let reader = watch.reader();
    let Memory { recent, same_text } = store.memory(&watch.id, digest, watch.alternation, at).await?;
    let mut memory = Memory { recent: Vec::new(), same_text };
    for mut earlier in recent {
        if earlier.version.facts.reader != reader {
            // Compared as it was read then, our own change would be told as theirs.
            let Some(reading) = reread(watch, &earlier.version, store, unpacker).await? else { continue };
            let version = Arc::make_mut(&mut earlier.version);
            version.facts.digest = reading.digest();
            version.facts.reader = reader.clone();
            version.reading = reading;
        }
        memory.recent.push(earlier);
    }
    Ok(memory)
}
