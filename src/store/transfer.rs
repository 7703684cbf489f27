//! The history of a watch, whole: what [`crate::exchange::jsonl`] carries from one store to
//! another. Checks, snapshots and readings come as they are; only their keys are new.
//!
//! What was sent or is to be sent to whom, what archives list, and what waits to be done at
//! them belongs to the installation and stays there: nobody is told twice because a history
//! moved, and no file puts words into anybody's channel.

use std::collections::BTreeMap;

use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{ErrorCode, Row, Transaction, params_from_iter};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use url::Url;

use super::encode::{self, ChangeOnDisk};
use super::fault::{At, Fault, Sha256};
use super::memory::Shelves;
use super::versions::{NewVersion, Told, facts_of, insert, insert_change, load_change};
use super::watches::{key_of, known_key};
use super::{CheckId, Store, StoreError, Which, snapshots};
use crate::judgment::Materiality;
use crate::reading::Reading;
use crate::snapshot::{Digest, Snapshot};
use crate::time::{Timestamp, is_noted, parse_rfc3339, rfc3339};
use crate::version::{Cause, SnapshotId, VersionId};
use crate::watch::WatchId;

/// A table of facts that goes with a history.
struct Facts {
    table: &'static str,
    /// Everything but its own key and that of the watch.
    columns: &'static [&'static str],
    /// Those of the columns that name checks (a snapshot bears the number of its check).
    checks: &'static [&'static str],
}

/// In an order in which what is referred to comes first.
const FACTS: [Facts; 6] = [
    Facts {
        table: "checks",
        columns: &["id", "recorded_at", "outcome", "why", "note", "page", "whole_id"],
        checks: &["whole_id"],
    },
    Facts {
        table: "attempts",
        columns: &["check_id", "position", "rung", "outcome", "why", "kind"],
        checks: &["check_id"],
    },
    Facts { table: "silences", columns: &["check_id", "since", "ended_by"], checks: &["check_id", "ended_by"] },
    Facts {
        table: "moves",
        columns: &["check_id", "found_at", "configured", "url", "way", "alike", "state"],
        checks: &["check_id"],
    },
    Facts { table: "move_ends", columns: &["ended_at", "configured", "url"], checks: &[] },
    Facts {
        table: "confirmations",
        columns: &["check_id", "snapshot_id", "base_id", "first_seen_at", "looks", "due_at", "state", "settled_by"],
        checks: &["check_id", "snapshot_id", "base_id", "settled_by"],
    },
];

/// A column that exports of the same format had not yet: nothing is known there.
const ADDED: (&str, &str) = ("attempts", "kind");

/// What a watch itself says of its history.
const STATE: [&str; 7] =
    ["created_at", "last_success_at", "consecutive_failures", "failing_since", "unplaced", "lost_by", "sought_at"];

/// A row of a table of facts; its keys are those of the store that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct PastFact {
    /// The table; `watches` for what the watch itself says.
    pub table: String,
    /// By column.
    pub row: Map<String, Value>,
}

/// A version with everything that is kept of it.
#[derive(Clone, Debug)]
pub struct PastVersion {
    /// 1, 2, 3 …
    pub number: u32,
    /// The checks whose snapshots it was read from.
    pub snapshots: Vec<i64>,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// The digest of the text.
    pub digest: Digest,
    /// Why there is a new version.
    pub cause: Cause,
    /// The revision of the reading code.
    pub revision: u32,
    /// How it was read, beside that.
    pub reader: Box<RawValue>,
    /// What it says.
    pub reading: Box<RawValue>,
    /// What led to it.
    pub change: Option<PastChange>,
}

/// What led to a version.
#[derive(Clone, Debug)]
pub struct PastChange {
    /// The word for how much it matters.
    pub materiality: String,
    /// 0 to 3.
    pub severity: u8,
    /// Change and judgment.
    pub kept: Box<RawValue>,
}

/// One part of a history, in the order: facts of checks, snapshots, other facts, versions.
#[derive(Clone, Debug)]
pub enum Past {
    /// A row of facts.
    Fact(PastFact),
    /// What was served to a check.
    Snapshot(i64, Box<Snapshot>),
    /// A version.
    Version(Box<PastVersion>),
}

/// What became of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Captures of it.
    pub captures: usize,
    /// Versions of it.
    pub versions: usize,
    /// All of it was on record already.
    pub held: bool,
}

impl Store {
    /// The facts of a watch that are no snapshots, and the numbers that its checks have in
    /// them by their keys: the same history has the same numbers in every store.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn past_facts(&self, watch: &WatchId) -> Result<(Vec<PastFact>, BTreeMap<i64, i64>), StoreError> {
        let watch = watch.clone();
        self.read("read the facts of a watch", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok((Vec::new(), BTreeMap::new())) };
            let mut numbers = BTreeMap::new();
            let mut statement = tx.prepare("SELECT id FROM checks WHERE watch_id = ?1 ORDER BY id")?;
            for (number, id) in (1..).zip(statement.query_map([key], |row| row.get(0))?) {
                numbers.insert(id?, number);
            }
            let mut all = Vec::new();
            for Facts { table, columns, .. } in &FACTS {
                let (of_watch, order) = match *table {
                    "attempts" => ("check_id IN (SELECT id FROM checks WHERE watch_id = ?1)", "check_id, position"),
                    _ => ("watch_id = ?1", "rowid"),
                };
                let query = format!("SELECT {} FROM {table} WHERE {of_watch} ORDER BY {order}", columns.join(", "));
                all.extend(rows(tx, table, columns, &query, key)?);
            }
            let state = format!("SELECT {} FROM watches WHERE id = ?1", STATE.join(", "));
            all.extend(rows(tx, "watches", &STATE, &state, key)?);
            for PastFact { table, row } in &mut all {
                let facts = FACTS.iter().find(|facts| facts.table == table);
                let checks = facts.map_or(&["lost_by"][..], |facts| facts.checks);
                for (column, value) in row.iter_mut() {
                    if let Some(id) = value.as_i64().filter(|_| column == "id" || checks.contains(&column.as_str())) {
                        *value = numbers.get(&id).copied().into();
                    }
                }
            }
            Ok((all, numbers))
        })
        .await
    }

    /// A version with everything that is kept of it.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn past_version(&self, watch: &WatchId, number: u32) -> Result<Option<PastVersion>, StoreError> {
        let watch = watch.clone();
        self.read("read a version", move |tx| {
            let Some(key) = key_of(tx, &watch)? else { return Ok(None) };
            let Some(facts) = facts_of(tx, key, &Which::Number(number))? else { return Ok(None) };
            let raw = |json: Vec<u8>| {
                let text = String::from_utf8(json).map_err(|error| error.to_string());
                text.and_then(|text| RawValue::from_string(text).map_err(|error| error.to_string()))
                    .map_err(|reason| Fault::damaged(format!("versions {}", facts.id.0), reason))
            };
            let mut shelves = Shelves::default();
            let before = number.checked_sub(1).map(|before| facts_of(tx, key, &Which::Number(before))).transpose()?;
            let change = match before.flatten() {
                Some(before) => load_change(tx, before.id, facts.id)?,
                None => None,
            };
            let change = change.map(|ChangeOnDisk { from, change, judgment, withheld }| {
                let kept = encode::change_json(from, &change, &judgment, &withheld);
                let (materiality, severity) = (judgment.materiality.as_str().to_owned(), judgment.severity);
                raw(kept).map(|kept| PastChange { materiality, severity, kept })
            });
            Ok(Some(PastVersion {
                number,
                snapshots: facts.snapshots().into_iter().map(|id| id.0).collect(),
                recorded_at: facts.recorded_at,
                digest: facts.digest,
                cause: facts.cause,
                revision: facts.reader.revision,
                reader: raw(encode::reader_json(&facts.reader).into_bytes())?,
                reading: raw(shelves.readings.load(tx, facts.id.0)?.to_vec())?,
                change: change.transpose()?,
            }))
        })
        .await
    }

    /// Takes the history of a watch, in one transaction: all of it or nothing. A watch that
    /// is not known is made. Where a history is on record already, nothing is written: the
    /// answer is `held` if it has every capture and version of this one.
    ///
    /// `next` hands out the parts, each with the place where it stands, for messages.
    ///
    /// # Errors
    /// [`StoreError::NotAHistory`] names the place of what cannot be taken.
    pub async fn take_history(
        &self,
        watch: &WatchId,
        (url, service): (String, String),
        mut next: impl FnMut() -> Result<Option<(String, Past)>, StoreError> + Send + 'static,
        now: Timestamp,
    ) -> Result<Transferred, StoreError> {
        let watch = watch.clone();
        self.write("take a history", move |tx| {
            tx.execute(
                "INSERT INTO watches (name, url, service, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO NOTHING",
                (watch.as_str(), url, service, At(now)),
            )?;
            let key = known_key(tx, &watch)?;
            let any = "SELECT EXISTS (SELECT 1 FROM checks WHERE watch_id = ?1)";
            let held: bool = tx.query_row(any, [key], |row| row.get(0))?;
            let mut taking =
                Taking { tx, key, now, held, checks: BTreeMap::new(), shelves: Shelves::default(), last: None };
            let mut taken = Transferred { held, ..Transferred::default() };
            while let Some((place, past)) = next()? {
                match &past {
                    Past::Snapshot(..) => taken.captures += 1,
                    Past::Version(_) => taken.versions += 1,
                    Past::Fact(_) => {}
                }
                taking.take(past).map_err(|fault| at(&place, fault))?;
            }
            Ok(taken)
        })
        .await
    }
}

/// A fault of what is taken, with its place.
fn at(place: &str, fault: Fault) -> Fault {
    let reason = match fault {
        Fault::Store(StoreError::NotAHistory { reason, .. }) => reason,
        Fault::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => error.to_string(),
        other => return other,
    };
    wrong_at(place, reason)
}

fn wrong_at(place: impl Into<String>, reason: impl Into<String>) -> Fault {
    Fault::Store(StoreError::NotAHistory { place: place.into(), reason: reason.into() })
}

fn wrong(reason: impl Into<String>) -> Fault {
    wrong_at("", reason)
}

fn rows(tx: &Transaction<'_>, table: &str, columns: &[&str], query: &str, key: i64) -> Result<Vec<PastFact>, Fault> {
    let mut statement = tx.prepare(query)?;
    let row = |row: &Row<'_>| {
        let mut found = Map::new();
        for (at, column) in columns.iter().enumerate() {
            found.insert((*column).to_owned(), json(row.get_ref(at)?));
        }
        Ok(PastFact { table: table.to_owned(), row: found })
    };
    Ok(statement.query_map([key], row)?.collect::<Result<_, _>>()?)
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
    }
}

fn cell(value: &Value) -> Result<Cell, Fault> {
    Ok(match value {
        Value::Null => Cell::Null,
        Value::String(text) => Cell::Text(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Cell::Integer(number),
            (None, Some(number)) => Cell::Real(number),
            (None, None) => return Err(wrong("a number is too large")),
        },
        _ => return Err(wrong("a field is neither text nor a number")),
    })
}

/// Beyond this nobody counted; it leaves room to count on.
const MAX_COUNT: i64 = 1_000_000_000;

/// What a column is to hold: the tables know the outlines of a moment only, and of a number
/// not how large we read it.
fn named(column: &str, value: &Value, now: Timestamp) -> Result<Cell, Fault> {
    let is_moment = column.ends_with("_at") || column.ends_with("since");
    let is_count = matches!(column, "consecutive_failures" | "looks" | "position");
    match (value, cell(value)?) {
        (_, Cell::Null) => Ok(Cell::Null),
        (Value::String(text), _) if is_moment => {
            let at = parse_rfc3339(text).map_err(|_| wrong(format!("{column}: \"{text}\" is no moment")))?;
            if !is_noted(at, now) {
                return Err(wrong(format!("{column}: {text} {OUT_OF_TIME}")));
            }
            Ok(Cell::Text(rfc3339(at)))
        }
        (Value::String(text), _) if matches!(column, "url" | "configured" | "page") => {
            check_address(text).map_err(|why| wrong(format!("{column}: {why}")))?;
            Ok(Cell::Text(text.clone()))
        }
        _ if is_moment => Err(wrong(format!("{column} is no moment"))),
        (_, Cell::Integer(number)) if is_count && (0..=MAX_COUNT).contains(&number) => Ok(Cell::Integer(number)),
        _ if is_count => Err(wrong(format!("{column} is no number that we count to"))),
        (_, cell) => Ok(cell),
    }
}

/// What is wrong with a moment that nobody can have recorded.
pub const OUT_OF_TIME: &str = "is before 1970 or more than a year from now; no policy was recorded then";

/// Bytes of an address: more than any server takes.
const MAX_ADDRESS: usize = 8 * 1024;

/// Whether an address may be that of a page: of the web, or the name that a watch without
/// an address has.
///
/// # Errors
/// What is wrong with it.
pub fn check_address(text: &str) -> Result<(), String> {
    if text.len() > MAX_ADDRESS {
        return Err(format!("an address of {} bytes is longer than any", text.len()));
    }
    let url = Url::parse(text).map_err(|why| format!("\"{text}\" is no web address: {why}"))?;
    if !matches!(url.scheme(), "http" | "https" | "urn") {
        return Err(format!("\"{text}\" is not of the web"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address carries credentials".to_owned());
    }
    Ok(())
}

/// A history that is being taken.
struct Taking<'a> {
    tx: &'a Transaction<'a>,
    key: i64,
    now: Timestamp,
    /// A history is on record: it is compared with, and nothing is written.
    held: bool,
    /// The keys of its checks there and here.
    checks: BTreeMap<i64, i64>,
    shelves: Shelves,
    /// The version before: its number and its key.
    last: Option<(u32, VersionId)>,
}

impl Taking<'_> {
    fn take(&mut self, past: Past) -> Result<(), Fault> {
        match past {
            Past::Fact(_) if self.held => Ok(()),
            Past::Fact(fact) if fact.table == "watches" => self.state(&fact.row),
            Past::Fact(fact) => self.fact(&fact),
            Past::Snapshot(_, snapshot) if self.held => self.is_held(
                "SELECT EXISTS (SELECT 1 FROM snapshots s JOIN bodies b ON b.id = s.body_id
                 WHERE s.watch_id = ?1 AND s.captured_at = ?2 AND b.digest = ?3)",
                (self.key, At(snapshot.captured_at), Sha256(snapshot.digest())),
            ),
            Past::Version(version) if self.held => self.is_held(
                "SELECT EXISTS (SELECT 1 FROM versions WHERE watch_id = ?1 AND number = ?2 AND digest = ?3)",
                (self.key, version.number, Sha256(version.digest)),
            ),
            Past::Snapshot(check, snapshot) => {
                let check = CheckId(self.check(check)?);
                snapshots::keep(self.tx, &mut self.shelves.bodies, self.key, check, &snapshot)?;
                Ok(())
            }
            Past::Version(version) => self.version(&version),
        }
    }

    fn is_held(&self, query: &str, named: impl rusqlite::Params) -> Result<(), Fault> {
        let found: bool = self.tx.prepare_cached(query)?.query_row(named, |row| row.get(0))?;
        let reason = "the watch has another history here, which lacks this; import into a store without it, or take its \
                      captures in with export warc and import warc";
        if found { Ok(()) } else { Err(wrong(reason)) }
    }

    fn check(&self, there: i64) -> Result<i64, Fault> {
        self.checks.get(&there).copied().ok_or_else(|| wrong(format!("check {there} does not come before it")))
    }

    fn state(&mut self, row: &Map<String, Value>) -> Result<(), Fault> {
        for column in STATE {
            let Some(value) = row.get(column).filter(|value| !value.is_null()) else { continue };
            let value = match value.as_i64() {
                Some(check) if column == "lost_by" => Cell::Integer(self.check(check)?),
                _ => named(column, value, self.now)?,
            };
            self.tx.execute(&format!("UPDATE watches SET {column} = ?2 WHERE id = ?1"), (self.key, value))?;
        }
        Ok(())
    }

    fn fact(&mut self, fact: &PastFact) -> Result<(), Fault> {
        let known = FACTS.iter().find(|facts| facts.table == fact.table);
        let Facts { table, columns, checks } =
            known.ok_or_else(|| wrong(format!("there is no table \"{}\"", fact.table)))?;
        let mut cells = Vec::with_capacity(columns.len() + 1);
        let mut there = None;
        for column in *columns {
            let none = (ADDED == (*table, *column)).then_some(&Value::Null);
            let value = fact.row.get(*column).or(none).ok_or_else(|| wrong(format!("{column} is missing")))?;
            cells.push(match value.as_i64() {
                _ if *column == "id" => {
                    there = Some(value.as_i64().ok_or_else(|| wrong("id is no number"))?);
                    Cell::Null
                }
                Some(check) if checks.contains(column) => Cell::Integer(self.check(check)?),
                None if checks.contains(column) && !value.is_null() => {
                    return Err(wrong(format!("{column} is no number")));
                }
                _ => named(column, value, self.now)?,
            });
        }
        let mut names = columns.to_vec();
        if *table == "confirmations" {
            // Who hears of it is for the installation that saw it: here, it only settles.
            names.push("alerts");
            cells.push(Cell::Text("[]".to_owned()));
        }
        if *table != "attempts" {
            names.push("watch_id");
            cells.push(Cell::Integer(self.key));
        }
        let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
        let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        self.tx.prepare_cached(&insert)?.execute(params_from_iter(cells))?;
        if let Some(there) = there
            && self.checks.insert(there, self.tx.last_insert_rowid()).is_some()
        {
            return Err(wrong(format!("check {there} is there twice")));
        }
        Ok(())
    }

    fn version(&mut self, past: &PastVersion) -> Result<(), Fault> {
        if self.last.map_or(1, |(last, _)| last + 1) != past.number {
            return Err(wrong(format!("version {} does not follow the one before", past.number)));
        }
        let reader = encode::reader(past.revision, past.reader.get()).ok_or_else(|| wrong("its reader is none"))?;
        let reading = self.reading(past)?;
        let cites = past.snapshots.iter().map(|check| self.check(*check).map(SnapshotId));
        let new = NewVersion {
            watch: self.key,
            number: past.number,
            cites: &cites.collect::<Result<Vec<_>, _>>()?,
            recorded_at: past.recorded_at,
            reading: &reading,
            reader: &reader,
            cause: past.cause,
        };
        if new.cites.is_empty() {
            return Err(wrong("it was read from no snapshot"));
        }
        let id = insert(self.tx, &mut self.shelves.readings, &new)?;
        if let Some(PastChange { materiality, severity, kept }) = &past.change {
            let materiality = Materiality::parse(materiality)
                .filter(|_| *severity <= 3)
                .ok_or_else(|| wrong("its materiality is no word that we know"))?;
            let kept = encode::change(kept.get().as_bytes(), materiality, *severity);
            let ChangeOnDisk { from, change, judgment, withheld } = kept.map_err(wrong)?;
            let (before, key) = self.last.ok_or_else(|| wrong("a change leads to the first version"))?;
            let from = from.unwrap_or(before);
            let told = Told { from, change: &change, judgment: &judgment, withheld: &withheld };
            insert_change(self.tx, &mut self.shelves.readings, key, id, &told)?;
        }
        self.last = Some((past.number, id));
        Ok(())
    }

    fn reading(&self, past: &PastVersion) -> Result<Reading, Fault> {
        let reading = encode::reading(past.reading.get().as_bytes()).map_err(wrong)?;
        let found = reading.digest();
        if found != past.digest {
            return Err(wrong(format!("its text has the digest {found}, not {}", past.digest)));
        }
        Ok(reading)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Tables that have objects of their own in an export, with their columns, so that a new
    /// one is seen here; or that stay behind, with the reason in the module's documentation.
    const OTHERS: [(&str, &[&str]); 15] = [
        ("bodies", &["id", "digest", "size", "base_id", "depth", "data"]),
        ("snapshots", &["id", "watch_id", "captured_at", "origin", "body_id", "head_base_id", "head"]),
        (
            "versions",
            &[
                "id",
                "watch_id",
                "number",
                "snapshot_id",
                "recorded_at",
                "digest",
                "revision",
                "selectors",
                "cause",
                "size",
                "base_id",
                "depth",
                "reading",
            ],
        ),
        ("version_pages", &["version_id", "position", "snapshot_id"]),
        ("changes", &["version_id", "materiality", "severity", "size", "data", "return_kind"]),
        // Made again from the heads of snapshots.
        ("mementos", &["snapshot_id", "watch_id", "url", "digest", "text"]),
        // Of the installation: they stay.
        ("deliveries", &[]),
        ("errands", &[]),
        ("listings", &[]),
        ("captures", &[]),
        ("traces", &[]),
        ("archive_pace", &[]),
        ("statements", &[]),
        ("migrations", &[]),
        ("sqlite_sequence", &[]),
    ];

    /// Columns of the tables of facts that do not go along: keys, and what belongs to the
    /// installation.
    const STAYING: [(&str, &[&str]); 6] = [
        (
            "watches",
            &[
                "id",
                "name",
                "url",
                "service",
                "schedule",
                "configured_at",
                "retired_at",
                "next_check_at",
                "asked_as",
                "asked_so_since",
                "notify",
                "stale_after",
            ],
        ),
        ("checks", &["watch_id"]),
        ("silences", &["watch_id"]),
        ("moves", &["id", "watch_id"]),
        ("move_ends", &["id", "watch_id"]),
        ("confirmations", &["watch_id", "alerts"]),
    ];

    #[tokio::test]
    async fn every_column_goes_along_or_is_said_to_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("a.db")).await.expect("a store");
        let schema = store.read("read the schema", |tx| {
            let names = "SELECT name FROM sqlite_schema WHERE type = 'table'";
            let names = tx.prepare(names)?.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            let mut tables = BTreeMap::new();
            for name in names {
                let mut columns = tx.prepare(&format!("SELECT name FROM pragma_table_info('{name}')"))?;
                let columns = columns.query_map([], |row| row.get(0))?.collect::<Result<BTreeSet<String>, _>>()?;
                tables.insert(name, columns);
            }
            Ok(tables)
        });
        let mut schema = schema.await.expect("a schema");
        let staying =
            |table: &str| STAYING.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, columns)| columns);
        let facts = FACTS.iter().map(|facts| (facts.table, facts.columns)).chain([("watches", &STATE[..])]);
        let facts = facts.map(|(table, columns)| (table, [columns, staying(table)].concat()));
        for (table, columns) in facts.chain(OTHERS.iter().map(|(table, columns)| (*table, columns.to_vec()))) {
            let known = schema.remove(table).unwrap_or_else(|| panic!("there is no table {table}"));
            if !columns.is_empty() {
                let said: BTreeSet<String> = columns.iter().map(|column| (*column).to_owned()).collect();
                assert_eq!(known, said, "{table}: a column must go along in an export, or be said to stay");
            }
        }
        assert!(schema.is_empty(), "tables that no export knows: {schema:?}");
    }
}
