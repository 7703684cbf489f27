//! The watches of other programs: printed as `[[watch]]` tables, or added to the
//! configuration.

use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use super::complaint::Complaint;
use super::console::Console;
use super::import::Format;
use super::table::count;
use super::{Exit, installation};
use crate::config;
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
        add(&target, &tables)?;
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

/// Writes the tables behind what the file holds, if it is sound then.
fn add(path: &Path, tables: &[String]) -> anyhow::Result<()> {
    // A link to the file stays one.
    let path = &path.canonicalize()?;
    let before = std::fs::read_to_string(path)?;
    let gap = if before.is_empty() || before.ends_with("\n\n") {
        ""
    } else if before.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let whole = format!("{before}{gap}{}", tables.join("\n"));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = |error: &dyn std::fmt::Display| {
        Complaint::failed(format!("could not write {}: {error}", path.display()))
            .hint("check who may write there; without --append the tables are printed")
    };
    let mut draft =
        tempfile::Builder::new().prefix(".policywatch-").suffix(".toml").tempfile_in(folder).map_err(|e| cannot(&e))?;
    draft.write_all(whole.as_bytes()).map_err(|e| cannot(&e))?;
    if let Err(problems) = config::load(draft.path()) {
        eprint!("{}", config::render_problems(&problems, false));
        return Err(Complaint::failed(format!(
            "with these watches {} would not be sound, so it was left as it is",
            path.display()
        ))
        .hint("print the tables without --append, and mend what is named above")
        .into());
    }
    // Who may read it stays as it was: it may hold secrets.
    let permissions = std::fs::metadata(path)?.permissions();
    draft.as_file().set_permissions(permissions).map_err(|e| cannot(&e))?;
    draft.as_file().sync_all().map_err(|e| cannot(&e))?;
    draft.persist(path).map_err(|failed| cannot(&failed.error))?;
    Ok(())
}
