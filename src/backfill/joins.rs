//! Where a policy moved in its history, and whether its text did.
//!
//! That an address follows another is somebody's word (`urls`, a redirect that was followed,
//! an operator), or an archived redirect. How alike the texts on both sides are is a fact.

use crate::discovery::alike::alike;
use crate::panics::contained;
use crate::reading::{Expected, Reading, read};
use crate::snapshot::Snapshot;
use crate::store::{Store, StoreError, Which};
use crate::time::Timestamp;
use crate::unpack::Unpacker;
use crate::version::Version;
use crate::watch::Watch;

/// A place in a history where the address changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// The address before.
    pub from: String,
    /// The address after.
    pub to: String,
    /// Until when it was the one before.
    pub at: Timestamp,
    /// The last version before, and the one after: the same where nothing changed.
    pub versions: [u32; 2],
    /// How alike their texts are, 0 to 1.
    pub alike: f64,
}

/// From so much on, texts of two addresses are taken to be the same policy's.
pub const SAME_TEXT: f64 = 0.6;

/// How alike two texts are, in words; 1.00 is said only of the same words.
pub fn in_words(alike: f64) -> String {
    let hundredths = (alike * 100.0).floor() / 100.0;
    if alike >= SAME_TEXT {
        format!("the text is the same to {hundredths:.2}")
    } else {
        format!("another text: {hundredths:.2}")
    }
}

/// The places where a watch's address changed, oldest first: those with a text on both sides.
/// `watch` is [`crate::moving::in_its_place`].
///
/// # Errors
/// Those of reading.
pub async fn joins(watch: &Watch, store: &Store) -> Result<Vec<Join>, StoreError> {
    let mut joins = Vec::new();
    if watch.former.is_empty() || !watch.pages.is_empty() {
        return Ok(joins);
    }
    let seen: Vec<Timestamp> = store
        .captures(&watch.id, None, None)
        .await?
        .into_iter()
        .filter(|capture| matches!(capture.outcome.as_str(), "first" | "unchanged" | "changed"))
        .map(|capture| capture.captured_at)
        .collect();
    let after = watch.former.iter().skip(1).map(|former| &former.url).chain([&watch.url]);
    for (former, to) in watch.former.iter().zip(after) {
        let split = seen.partition_point(|at| *at <= former.until);
        let sides = split.checked_sub(1).and_then(|last| seen.get(last)).zip(seen.get(split));
        let Some((last, first)) = sides else { continue };
        let (before, after) =
            (store.version(&watch.id, Which::At(*last)).await?, store.version(&watch.id, Which::At(*first)).await?);
        let Some((before, after)) = before.zip(after) else { continue };
        let versions = [before.facts.number, after.facts.number];
        let Some(alike) = compared(before, after.reading).await else { continue };
        joins.push(Join { from: former.url.to_string(), to: to.to_string(), at: former.until, versions, alike });
    }
    Ok(joins)
}

/// How alike what stood elsewhere is to the text in force at a moment; none if one of them
/// cannot be read.
pub(super) async fn likeness(
    watch: &Watch,
    at: Timestamp,
    shown: Snapshot,
    store: &Store,
    unpacker: &Unpacker,
) -> Result<Option<f64>, StoreError> {
    if !watch.pages.is_empty() {
        return Ok(None);
    }
    let Some(before) = store.version(&watch.id, Which::At(at)).await? else { return Ok(None) };
    let (selectors, unpacker) = (watch.selectors.clone(), unpacker.clone());
    let reading = contained(move || {
        let unpacked = unpacker.unpack(&shown).ok()?;
        read(&shown, &selectors, &Expected { unpacked: unpacked.as_ref(), ..Expected::default() }).ok()
    });
    Ok(match reading.await {
        Ok(Some(reading)) => compared(before, reading).await,
        _ => None,
    })
}

/// Away from the event loop: the work of a moment, but of the processor.
async fn compared(before: Version, after: Reading) -> Option<f64> {
    contained(move || alike(&before.reading, &after)).await.ok()
}
