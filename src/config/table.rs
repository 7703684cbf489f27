//! Reads values out of a TOML tree and notes everything that is wrong, instead of stopping
//! at the first error.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::environment::Environment;
use super::keys;
use super::source::Source;
use super::{Origin, Problem};
use crate::cadence::parse_duration;

/// What is found while a configuration is read.
#[derive(Debug)]
pub(super) struct Findings<'e> {
    pub(super) environment: &'e Environment,
    /// By file and place.
    problems: RefCell<Vec<((usize, usize), Problem)>>,
    /// Where settings come from, by name (`fetch.timeout`, `watch.acme`).
    pub(super) origins: RefCell<BTreeMap<String, Origin>>,
}

impl<'e> Findings<'e> {
    pub(super) fn new(environment: &'e Environment) -> Self {
        Self { environment, problems: RefCell::default(), origins: RefCell::default() }
    }

    /// Notes a problem of a file as a whole.
    pub(super) fn note(&self, order: usize, problem: Problem) {
        self.problems.borrow_mut().push(((order, 0), problem));
    }

    /// All problems, in file order.
    pub(super) fn into_parts(self) -> (Vec<Problem>, BTreeMap<String, Origin>) {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(place, _)| *place);
        problems.dedup();
        (problems.into_iter().map(|(_, problem)| problem).collect(), self.origins.into_inner())
    }
}

/// A file that is being read.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) source: &'a Source,
    pub(super) findings: &'a Findings<'a>,
    /// Lines that are no TOML: what they may mean is not judged as well.
    broken: BTreeSet<usize>,
}

impl<'a> File<'a> {
    /// Parses a file as far as possible. None if its structure cannot be told.
    pub(super) fn parse(source: &'a Source, findings: &'a Findings<'a>) -> (Self, Option<Spanned<DeTable<'a>>>) {
        let (tree, errors) = DeTable::parse_recoverable(&source.text);
        let mut file = Self { source, findings, broken: BTreeSet::new() };
        let mut lost = false;
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = source.line(span.start);
            // After a broken header nobody knows what the keys below it belong to.
            lost |= source.text.lines().nth(line - 1).is_some_and(|line| line.trim_start().starts_with('['));
            let hint = "see https://toml.io for the syntax; text is quoted: key = \"text\"";
            file.note(span, format!("is no TOML: {}", error.message()), Some(hint.to_owned()));
            file.broken.insert(line);
        }
        (file, (!lost).then_some(tree))
    }

    /// Whether a part of it is no TOML, so that what seems to be missing may be there.
    pub(super) fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Notes what is wrong with a part of it.
    pub(super) fn note(&self, span: Range<usize>, message: String, hint: Option<String>) {
        if !self.broken.contains(&self.source.line(span.start)) {
            let place = (self.source.order, span.start + 1);
            let problem = self.source.problem(span, message, hint);
            self.findings.problems.borrow_mut().push((place, problem));
        }
    }

    pub(super) fn origin(&self, span: &Range<usize>) -> Origin {
        Origin::File { path: self.source.path.clone(), line: self.source.line(span.start) }
    }
}

/// A table of a file.
#[derive(Clone, Debug)]
pub(super) struct Table<'a> {
    pub(super) file: &'a File<'a>,
    /// Its name in [`keys::KEYS`].
    name: &'static str,
    table: &'a DeTable<'a>,
    /// Its heading.
    pub(super) span: Range<usize>,
}

impl<'a> Table<'a> {
    /// A table; notes the keys that it may not have.
    pub(super) fn new(file: &'a File<'a>, name: &'static str, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        let known = keys::of(name);
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let message = format!("unknown key \"{}\" in {}", key.get_ref(), keys::heading(name));
            let candidates = known.iter().copied();
            let elsewhere = keys::KEYS.iter().find(|(_, keys)| keys.contains(&key.get_ref().as_ref()));
            let hint = match (keys::nearest(key.get_ref(), candidates.clone()), elsewhere) {
                (None, Some((table, _))) if !table.is_empty() => format!("it belongs to {}", keys::heading(table)),
                _ => keys::suggestion(key.get_ref(), candidates),
            };
            file.note(key.span(), message, Some(hint));
        }
        Self { file, name, table, span }
    }

    /// A value, if it is there.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'a>> {
        debug_assert!(keys::of(self.name).contains(&key), "{key} is not in the list of keys");
        let (name, value) = self.table.get_key_value(key)?;
        Some(Value { file: self.file, key, key_span: name.span(), span: value.span(), value: value.get_ref() })
    }

    /// A value that must be there.
    pub(super) fn demand(&self, key: &'static str, example: &str) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() && !self.file.is_broken() {
            let message = format!("this {} has no {key}", keys::heading(self.name));
            self.file.note(self.span.clone(), message, Some(format!("add {key} = {example}")));
        }
        value
    }

    /// A value, or `or` if it is not there; none if there is something wrong with it.
    pub(super) fn or<T>(&self, key: &'static str, or: T, read: impl FnOnce(&Value<'a>) -> Option<T>) -> Option<T> {
        self.get(key).map_or(Some(or), |value| read(&value))
    }

    /// Puts a value in the place of a default, if it is there and sound.
    pub(super) fn set<T>(&self, key: &'static str, into: &mut T, read: impl FnOnce(&Value<'a>) -> Option<T>) {
        if let Some(value) = self.get(key)
            && let Some(read) = read(&value)
        {
            *into = read;
            let name = format!("{}.{key}", self.name);
            self.file.findings.origins.borrow_mut().insert(name, self.file.origin(&value.key_span));
        }
    }

    /// A table in it.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'a>> {
        let value = self.get(key)?;
        match value.value {
            DeValue::Table(table) => Some(Table::new(self.file, key, table, value.span)),
            _ => value.wrong_type(&format!("a table: [{key}]")),
        }
    }

    /// An array of tables in it.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.value else {
            let _: Option<()> = value.wrong_type(&format!("a list of tables, each under [[{key}]]"));
            return Vec::new();
        };
        let item = |item: &'a Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(table) => Some(Table::new(self.file, key, table, item.span())),
            _ => Value { span: item.span(), value: item.get_ref(), ..value.clone() }.wrong_type("a table"),
        };
        items.iter().filter_map(item).collect()
    }
}

/// A value of a file.
#[derive(Clone, Debug)]
pub(super) struct Value<'a> {
    pub(super) file: &'a File<'a>,
    pub(super) key: &'static str,
    pub(super) key_span: Range<usize>,
    pub(super) span: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Value<'a> {
    /// Notes what is wrong with it.
    pub(super) fn refuse<T>(&self, message: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.file.note(self.span.clone(), message.into(), Some(hint.into()));
        None
    }

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        let kind = match self.value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let found = format!("{} must be {expected}, and this is {kind}", self.key);
        let hint = match self.value {
            DeValue::Integer(number) if expected.contains("time") => {
                Some(format!("write the unit: \"{number}s\", \"{number}m\", \"{number}h\" …"))
            }
            DeValue::Integer(number) if expected.contains("size") => Some(format!("write the unit: \"{number} B\"")),
            DeValue::Integer(number) if expected.starts_with("text") => Some(format!("write \"{number}\"")),
            DeValue::String(text) if text.parse::<u64>().is_ok() || ["true", "false"].contains(&text.as_ref()) => {
                Some(format!("leave the quotes out: {text}"))
            }
            DeValue::Table(_) if expected.contains("[[") => {
                Some(format!("write [[{}]], with double brackets", self.key))
            }
            _ => None,
        };
        self.file.note(self.span.clone(), found, hint);
        None
    }

    /// Text.
    pub(super) fn text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type("text in quotes"),
        }
    }

    /// Text that is not empty.
    pub(super) fn words(&self) -> Option<String> {
        let text = self.text()?;
        match text.trim() {
            "" => self.refuse(format!("{} is empty", self.key), "write something, or leave the key out"),
            text => Some(text.to_owned()),
        }
    }

    /// True or false.
    pub(super) fn truth(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.wrong_type("true or false"))
    }

    /// A whole number.
    pub(super) fn count(&self, range: RangeInclusive<usize>) -> Option<usize> {
        let DeValue::Integer(number) = self.value else {
            return self.wrong_type("a whole number");
        };
        match usize::from_str_radix(number.as_str(), number.radix()) {
            Ok(count) if range.contains(&count) => Some(count),
            _ => {
                let hint = format!("write a number from {} to {}", range.start(), range.end());
                self.refuse(format!("{} is out of range", self.key), hint)
            }
        }
    }

    /// A length of time.
    pub(super) fn duration(&self) -> Option<Duration> {
        let DeValue::String(text) = self.value else {
            return self.wrong_type("a length of time with its unit, as in \"30s\"");
        };
        parse_duration(text).map_or_else(|why| self.refuse(why, "units are w, d, h, m, s and ms"), Some)
    }

    /// A length of time that is not shorter than `least`.
    pub(super) fn duration_from(&self, least: Duration) -> Option<Duration> {
        let duration = self.duration()?;
        if duration >= least {
            return Some(duration);
        }
        let least = crate::cadence::format_duration(least);
        self.refuse(format!("{} is too short", self.key), format!("the shortest is \"{least}\""))
    }

    /// A number of bytes.
    pub(super) fn size(&self) -> Option<u64> {
        let DeValue::String(text) = self.value else {
            return self.wrong_type("a size with its unit, as in \"20 MiB\"");
        };
        parse_size(text).map_or_else(|why| self.refuse(why, "units are B, KiB, MiB, GiB, kB, MB and GB"), Some)
    }

    /// A path.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let text = self.words()?;
        Some(self.file.findings.environment.resolve(&text, &self.file.source.path))
    }

    /// A web address without credentials.
    pub(super) fn url(&self) -> Option<Url> {
        const EXAMPLE: &str = "write it in full, as in \"https://acme.test/privacy\"";
        let text = self.text()?;
        let url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(why) => return self.refuse(format!("{} is no web address: {why}", self.key), EXAMPLE),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return self
                .refuse(format!("{} has the scheme {}, which is not of the web", self.key, url.scheme()), EXAMPLE);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return self.refuse(
                format!("{} carries credentials, which would be stored and shown with it", self.key),
                "leave out the part up to the @",
            );
        }
        Some(url)
    }

    /// One of a few words.
    pub(super) fn word<T>(&self, known: &[&str], parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text()?;
        parse(text).or_else(|| {
            self.refuse(format!("\"{text}\" is no {}", self.key), keys::suggestion(text, known.iter().copied()))
        })
    }

    /// The table that it is, written between braces; none if it is something else.
    pub(super) fn inline(&self, name: &'static str) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(table) => Some(Table::new(self.file, name, table, self.span.clone())),
            _ => None,
        }
    }

    /// The entries of the table that it is, whatever they are called.
    pub(super) fn entries(&self, example: &str) -> Option<Vec<(String, Value<'a>)>> {
        let DeValue::Table(table) = self.value else {
            return self.refuse(format!("{} must be a table of texts", self.key), example);
        };
        let entry = |(name, item): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let name: &std::borrow::Cow<'a, str> = name.get_ref();
            (name.to_string(), Value { span: item.span(), value: item.get_ref(), ..self.clone() })
        };
        Some(table.iter().map(entry).collect())
    }

    /// The values of a list.
    pub(super) fn list(&self) -> Option<Vec<Value<'a>>> {
        match self.value {
            DeValue::Array(items) => {
                let item =
                    |item: &'a Spanned<DeValue<'a>>| Value { span: item.span(), value: item.get_ref(), ..self.clone() };
                Some(items.iter().map(item).collect())
            }
            DeValue::String(_) => {
                self.refuse(format!("{} must be a list, and this is text", self.key), "put it in brackets: [\"…\"]")
            }
            _ => self.wrong_type("a list of texts"),
        }
    }

    /// The values of a list, or the one value that stands for it.
    pub(super) fn one_or_more(&self) -> Option<Vec<Value<'a>>> {
        match self.value {
            DeValue::String(_) => Some(vec![self.clone()]),
            _ => self.list(),
        }
    }
}

/// Reads `20 MiB`, `512KiB`, `1 GB`.
fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] = [
        ("b", 1),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
    ];
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = unit.trim().to_lowercase();
    if !number.is_empty() && unit.is_empty() {
        return Err(format!("\"{text}\" has no unit; write for example \"{number} MiB\""));
    }
    let unit = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, bytes)| *bytes);
    match (number.parse::<u64>(), unit) {
        (Ok(number), Some(unit)) if number > 0 => {
            number.checked_mul(unit).ok_or_else(|| format!("\"{text}\" is more than can be counted"))
        }
        _ => Err(format!("\"{text}\" is no size; write a whole number and a unit, as in \"20 MiB\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("20 MiB"), Ok(20 << 20));
        assert_eq!(parse_size("512kib"), Ok(512 << 10));
        assert_eq!(parse_size("1 GB"), Ok(1_000_000_000));
        for text in ["", "20", "0 B", "1.5 MiB", "-1 B", "20 MiBs", "99999999999 GiB"] {
            parse_size(text).expect_err(text);
        }
    }
}
