//! What an import saw: an object a capture for programs, a table for people.

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use serde::Serialize;

use super::console::Console;
use super::installation::Installation;
use super::table::Table;
use super::{log, when};
use crate::exchange::import::{Ending, Imported};
use crate::judgment::Materiality;
use crate::render::json::{self, ChangeObject, ReadingObject};
use crate::render::one_line;
use crate::time::rfc3339;
use crate::watch::WatchId;

/// The "imported record" of the contract.
#[derive(Debug, Serialize)]
struct Record<'a> {
    watch: &'a str,
    record_id: &'a str,
    captured_at: String,
    outcome: &'static str,
    why: Option<&'static str>,
    version: Option<u32>,
    change: Option<ChangeObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<ReadingObject>,
}

fn record<'a>(watch: &'a str, imported: &'a Imported, full: bool) -> Record<'a> {
    let (outcome, why, change) = match &imported.ending {
        Ending::Listed => ("listed", None, None),
        Ending::First => ("first", None, None),
        Ending::Unchanged => ("unchanged", None, None),
        Ending::Changed(judged) => ("changed", None, Some(json::change(Some((&judged.0, &judged.1))))),
        Ending::Unreadable(unreadable) => ("unreadable", Some(unreadable.why.as_str()), None),
    };
    let id = &imported.record_id;
    let reading = match (&imported.reading, &imported.ending) {
        (Some(reading), _) if full => Some(json::reading(id, Ok(reading))),
        (None, Ending::Unreadable(unreadable)) if full => Some(json::reading(id, Err(unreadable))),
        _ => None,
    };
    let captured_at = rfc3339(imported.captured_at);
    Record { watch, record_id: id, captured_at, outcome, why, version: imported.version, change, reading }
}

/// What an import saw, for people, and what it shows on the way.
pub(super) struct Seen<'a> {
    console: &'a Console,
    full: bool,
    dry: bool,
    bar: Option<ProgressBar>,
    watches: BTreeMap<WatchId, Counts>,
    /// Files that could not be read.
    pub(super) refused: usize,
}

/// What was seen of one watch.
#[derive(Debug, Default)]
struct Counts {
    listed: usize,
    held: usize,
    versions: usize,
    unchanged: usize,
    unreadable: BTreeMap<&'static str, usize>,
    material: usize,
}

impl Counts {
    fn total(&self) -> usize {
        self.listed + self.versions + self.unchanged + self.unreadable.values().sum::<usize>()
    }
}

impl<'a> Seen<'a> {
    /// Nothing yet. `full` is for readings in the objects, `dry` where nothing is recorded.
    pub(super) fn new(full: bool, dry: bool, console: &'a Console) -> Self {
        Self { console, full, dry, bar: None, watches: BTreeMap::new(), refused: 0 }
    }

    /// Counts a capture, and shows it.
    pub(super) fn take(&mut self, total: usize, imported: &Imported) -> std::io::Result<()> {
        let bar = self.bar.get_or_insert_with(|| self.console.progress(total as u64, "import"));
        bar.set_message(when::day(imported.captured_at));
        bar.inc(1);
        self.watches.entry(imported.watch.clone()).or_default().count(imported);
        if self.console.json {
            self.console.object(&record(imported.watch.as_str(), imported, self.full))?;
        }
        Ok(())
    }

    /// Takes the bar away.
    pub(super) fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// How many captures there were.
    pub(super) fn total(&self) -> usize {
        self.watches.values().map(Counts::total).sum()
    }

    /// Prints it for people: the history of one watch, and a table.
    pub(super) async fn print(
        &self,
        installation: &Installation,
        id: Option<&WatchId>,
        console: &Console,
    ) -> anyhow::Result<()> {
        if self.total() == 0 {
            return Ok(());
        }
        if let (Some(id), false) = (id, self.dry)
            && self.watches.get(id).is_some_and(|counts| counts.versions > 0)
        {
            log::timeline(installation, id, console).await?;
            console.line("")?;
        }
        console.table(&self.table(id.is_none()))?;
        let held: usize = self.watches.values().map(|counts| counts.held).sum();
        if held > 0 && !self.dry {
            console.say(format!("{held} of the captures were recorded by an earlier import"));
        }
        Ok(())
    }
}

impl Seen<'_> {
    /// What was seen; of several watches, a row each.
    fn table(&self, several: bool) -> Table {
        let rows = self.watches.iter().map(|(watch, counts)| (one_line(watch.as_str()), counts));
        if self.dry {
            let mut table = Table::new(["watch", "captures", "held", "new"]).right(&[1, 2, 3]);
            for (watch, counts) in rows {
                let (total, held) = (counts.total(), counts.held);
                table.row([watch, total.to_string(), held.to_string(), (total - held).to_string()]);
            }
            return table;
        }
        let [captures, versions, material, unchanged, refused] =
            ["captures", "versions", "material", "unchanged", "not the policy"];
        if several {
            let mut table =
                Table::new(["watch", captures, versions, material, unchanged, refused]).right(&[1, 2, 3, 4]);
            for (watch, counts) in rows {
                let [a, b, c, d, e] = counts.row();
                table.row([watch, a, b, c, d, e]);
            }
            return table;
        }
        let mut table = Table::new([captures, versions, material, unchanged, refused]).right(&[0, 1, 2, 3]);
        rows.for_each(|(_, counts)| table.row(counts.row()));
        table
    }
}

impl Counts {
    fn count(&mut self, imported: &Imported) {
        self.held += usize::from(imported.held);
        match &imported.ending {
            Ending::First => self.versions += 1,
            Ending::Changed(judged) => {
                self.versions += 1;
                self.material += usize::from(judged.1.materiality == Materiality::Material);
            }
            Ending::Unchanged => self.unchanged += 1,
            Ending::Unreadable(unreadable) => *self.unreadable.entry(unreadable.why.as_str()).or_default() += 1,
            Ending::Listed => self.listed += 1,
        }
    }

    fn row(&self) -> [String; 5] {
        let refused = self.unreadable.iter().map(|(why, count)| format!("{count} {why}")).collect::<Vec<_>>();
        [
            self.total().to_string(),
            self.versions.to_string(),
            self.material.to_string(),
            self.unchanged.to_string(),
            if refused.is_empty() { "0".to_owned() } else { one_line(&refused.join(", ")) },
        ]
    }
}
