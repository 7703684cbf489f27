//! The captures as a WARC file.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::{Draft, ExportError, Selection, Written, at, newest};
use crate::exchange::warc::write::{self, Notes, Packing, Writer};
use crate::snapshot::Snapshot;
use crate::store::Store;

/// Writes the captures of a selection, packed as the name says (`.gz`, `.zst`). `each` is
/// called after every capture.
///
/// # Errors
/// Nothing is left of the file then.
pub async fn export(
    path: &Path,
    selection: &Selection,
    store: &Store,
    mut each: impl FnMut(),
) -> Result<Written, ExportError> {
    let draft = Draft::begin(path)?;
    let out = BufWriter::new(draft.file.as_file());
    let mut written = Written::default();
    records(out, path, Packing::of(path), selection, store, |_, _| {
        written.captures += 1;
        each();
    })
    .await?;
    written.bytes = Some(draft.keep()?);
    Ok(written)
}

/// Writes the captures of a selection; `each` is told where each stands.
pub(super) async fn records<W: Write>(
    out: W,
    path: &Path,
    packing: Packing,
    selection: &Selection,
    store: &Store,
    mut each: impl FnMut(&Snapshot, write::Written),
) -> Result<(), ExportError> {
    let mut writer = Writer::begin(out, packing, newest(selection, store).await?).map_err(at(path))?;
    for watch in &selection.watches {
        for capture in selection.captures(watch, store).await? {
            let snapshot = store.snapshot(capture.snapshot).await?;
            let notes =
                Notes { recorded_at: capture.recorded_at, outcome: &capture.outcome, why: capture.why.as_deref() };
            let written = writer.capture(watch.as_str(), &snapshot, capture.digest, &notes).map_err(at(path))?;
            each(&snapshot, written);
        }
    }
    writer.finish().map_err(at(path))?;
    Ok(())
}
