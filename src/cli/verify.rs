//! `verify`: whether the store still says what it said.

use std::sync::{Arc, OnceLock};

use serde::Serialize;

use super::Exit;
use super::console::Console;
use super::installation::Installation;
use super::table::count;
use crate::pages::read_again;
use crate::render::one_line;
use crate::unpack::Unpacker;

/// Takes nothing but the global options.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Every body is compared with its digest, and every version is read again from its bytes.
Exits with 3 if anything is damaged."#)]
pub struct Args {}

#[derive(Serialize)]
struct Report<'a> {
    sound: bool,
    bodies: u64,
    versions_rebuilt: u64,
    versions_of_older_readers: u64,
    damages: &'a [String],
}

/// Checks every digest and every version.
pub async fn run(_: Args, console: &Console) -> anyhow::Result<Exit> {
    let installation = Installation::open(console).await?;
    // The length is known only once the store has counted.
    let bar = console.progress(u64::MAX, "verify");
    let moving = bar.clone();
    let unpacker = Unpacker::this_program();
    // Why a document could not be opened says nothing of the store.
    let failed = Arc::new(OnceLock::new());
    let tell = Arc::clone(&failed);
    let verified = installation
        .store
        .verify(
            move |snapshots, version| {
                let again = read_again(&version.facts.reader, snapshots, &|snapshot| unpacker.unpack(snapshot));
                again.unwrap_or_else(|error| tell.set(error).err().and(None)).map(|reading| reading.digest())
            },
            move |done, total| {
                moving.set_length(total);
                moving.set_position(done);
            },
        )
        .await?;
    bar.finish_and_clear();
    if let Some(error) = failed.get().cloned() {
        return Err(anyhow::Error::from(error).context("not every version could be read again"));
    }
    let sound = verified.damages.is_empty();
    if console.json {
        console.object(&Report {
            sound,
            bodies: verified.bodies,
            versions_rebuilt: verified.versions_rebuilt,
            versions_of_older_readers: verified.versions_of_older_readers,
            damages: &verified.damages,
        })?;
    } else {
        let paint = console.paint;
        for damage in &verified.damages {
            console.line(format!("{} {}", paint.red("✗"), one_line(damage)))?;
        }
        if sound {
            console.line(format!("{} the store is sound", paint.green("✓")))?;
        }
        let (bodies, rebuilt) = (count(verified.bodies, "body"), count(verified.versions_rebuilt, "version"));
        console.line(paint.dim(format!("  {bodies}: the bytes have their digest")))?;
        console.line(paint.dim(format!("  {rebuilt}: read again from the bytes, the text is the same")))?;
        if verified.versions_of_older_readers > 0 {
            let older = count(verified.versions_of_older_readers, "version");
            console.line(paint.dim(format!("  {older}: read by older code, so not read again")))?;
        }
    }
    if sound {
        return Ok(Exit::Done);
    }
    console.say("the damage is in what is named above; restore those from a backup, the rest is sound");
    Ok(Exit::Failed)
}
