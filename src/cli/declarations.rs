//! The watches of other programs: printed as `[[watch]]` tables, or added to the
//! configuration.

use std::path::Path;

use serde::Serialize;

use super::complaint::Complaint;
use super::console::Console;
use super::import::Format;
use super::table::count;
use super::{Exit, installation};
use crate::config::append::append_text;
use crate::config::write::{WatchTable, watch_table};
use crate::exchange::declared::{Declarations, Declared};
use crate::exchange::{changedetection, ota_declarations, urlwatch};
use crate::render::one_line;

/// A watch, or what is none, with --json.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "object")]
enum Row<'a> {
    Watch(&'a Declared),
    LeftOut { why: &'a str },
}

/// Reads declarations.
pub fn run(format: Format, path: &Path, append: bool, dry: bool, console: &Console) -> anyhow::Result<Exit> {
    let mut found = match format {
        Format::OtaDeclarations => ota_declarations::read(path)?,
        Format::Urlwatch => urlwatch::read(path)?,
        _ => changedetection::read(path)?,
    };
    let known = known(console)?;
    let before = found.watches.len();
    found.watches.retain(|watch| {
        let taken = known.iter().find(|(id, url)| *url == watch.url || *id == watch.id);
        if let Some((id, url)) = taken {
            found.left_out.push(if *url == watch.url {
                format!("{}: the configuration follows {url} already, as \"{id}\"", watch.id)
            } else {
                format!("{}: the configuration has a watch of that name for {url}; this one is {}", watch.id, watch.url)
            });
        }
        taken.is_none()
    });
    if before == 0 {
        console.warn(format!("{} declares no watch that can be followed", path.display()));
    }
    let tables: Vec<String> = found.watches.iter().map(table).collect();
    if console.json {
        found.watches.iter().try_for_each(|watch| console.object(&Row::Watch(watch)))?;
        found.left_out.iter().try_for_each(|why| console.object(&Row::LeftOut { why }))?;
    } else if !append || dry {
        console.text(&tables.join("\n"))?;
    }
    if append && !dry && !tables.is_empty() {
        let target = installation::needed(console)?;
        append_text(&target, &tables.join("\n")).map_err(|error| {
            Complaint::failed(error.to_string()).hint("nothing was written; without --append the tables are printed")
        })?;
        console.say(format!(
            "{} {} added to {}; `policywatch config check` shows what is in force",
            console.paint_err.green("✓"),
            count(tables.len(), "watch"),
            target.display()
        ));
    }
    tell(&found, console);
    Ok(Exit::Done)
}

/// What was not carried over.
fn tell(found: &Declarations, console: &Console) {
    if console.json {
        return;
    }
    for watch in found.watches.iter().filter(|watch| !watch.notes.is_empty()) {
        for note in &watch.notes {
            console.warn(one_line(&format!("{}: not carried over: {note}", watch.id)));
        }
    }
    for why in &found.left_out {
        console.warn(one_line(&format!("left out: {why}")));
    }
}

/// The watches that the configuration has, if there is one.
fn known(console: &Console) -> anyhow::Result<Vec<(String, String)>> {
    let config = installation::config(console)?;
    Ok(config.watches.iter().map(|watch| (watch.id.to_string(), watch.url.to_string())).collect())
}

fn table(watch: &Declared) -> String {
    let pages: Vec<(&str, &[String], &[String])> =
        watch.pages.iter().map(|page| (page.url.as_str(), &page.select[..], &page.remove[..])).collect();
    let remarks: Vec<String> = watch.notes.iter().map(|note| format!("Not carried over: {note}")).collect();
    watch_table(&WatchTable {
        remarks: &remarks,
        id: &watch.id,
        url: &watch.url,
        service: watch.service.as_deref(),
        policy_type: watch.policy_type,
        select: &watch.select,
        remove: &watch.remove,
        pages: &pages,
        every: watch.every.map(|every| every.as_secs()),
        tags: &watch.tags,
    })
}
