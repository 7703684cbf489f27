//! Adds `[[watch]]` tables at the end of a configuration, or gives a watch of it another
//! address, and touches nothing else: what stands there stays as it is, byte by byte,
//! comments and all.
//!
//! The new file is written beside the old one, read as a configuration, and put in its
//! place in one step; so a crash, a full disk or a mistake of ours leaves the old one.

use std::fs::{self, File, Metadata};
use std::io::Write as _;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use url::Url;

use super::environment::Environment;
use crate::watch::{Former, PolicyType, WatchId};

/// A watch to be added; everything else of it is as `[defaults]` says.
#[derive(Clone, Debug, PartialEq)]
pub struct NewWatch {
    /// Its name, which the configuration must not have yet.
    pub id: WatchId,
    /// The page.
    pub url: Url,
    /// The publisher; none: the host.
    pub service: Option<String>,
    /// The kind of text.
    pub policy_type: PolicyType,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The file cannot be read or written.
    #[error("{path} cannot be {what}: {reason}; check who may read and write it and its directory")]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
    /// What would be written is not sound.
    #[error("{path} {reason}")]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Somebody changed it meanwhile.
    #[error("{path} was changed by somebody else meanwhile; nothing was written, try again")]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// The tables as they are added.
pub fn tables(watches: &[NewWatch]) -> String {
    watches.iter().map(table).collect::<Vec<_>>().join("\n")
}

fn table(watch: &NewWatch) -> String {
    let mut lines = vec![
        "[[watch]]".to_owned(),
        format!("id = {}", quoted(watch.id.as_str())),
        format!("url = {}", quoted(watch.url.as_str())),
    ];
    // A name that a site gives itself is one line, whatever it says.
    let plain = |text: &str| {
        text.split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let service = watch.service.as_deref().map(plain).filter(|service| !service.is_empty());
    lines.extend(service.map(|service| format!("service = {}", quoted(&service))));
    if watch.policy_type != PolicyType::Other {
        lines.push(format!("type = {}", quoted(watch.policy_type.as_str())));
    }
    lines.join("\n") + "\n"
}

/// Adds watches at the end of a configuration. A link is followed: its target is replaced.
///
/// # Errors
/// Why nothing was written; then the file is as it was.
pub fn append(path: &Path, watches: &[NewWatch]) -> Result<(), AppendError> {
    append_text(path, &tables(watches))
}

/// [`append`] for tables that are written already.
///
/// # Errors
/// Why nothing was written; then the file is as it was.
pub fn append_text(path: &Path, tables: &str) -> Result<(), AppendError> {
    replace(
        path,
        |before| Ok(with(before, tables)),
        |new| {
            super::load_in(new, &Environment::of_process()).map(drop).map_err(|problems| {
                let problem = problems.into_iter().next().map_or_else(String::new, |problem| problem.message);
                format!("would not be sound with the new watches: {problem}; add them by hand")
            })
        },
    )
}

/// Gives a watch of a file another address, and puts those that it had before into `urls`,
/// each until when: the text of these two changes, and nothing else.
///
/// # Errors
/// Why nothing was written; then the file is as it was.
pub fn readdress(path: &Path, id: &WatchId, url: &Url, former: &[Former]) -> Result<(), AppendError> {
    let gone = || AppendError::Unsound {
        path: path.to_owned(),
        reason: format!("has no url of watch \"{id}\" that could be changed; change it by hand"),
    };
    let changed = |before: &[u8]| {
        let text = std::str::from_utf8(before).map_err(|_| gone())?;
        let place = Place::of(text, id).ok_or_else(gone)?;
        // A table with lines of its own takes a line, one in braces does not.
        let after = [true, false].into_iter().map(|lines| place.readdressed(text, url, former, lines));
        let sound = |after: &String| says(after, id, url, &place, former);
        after.into_iter().find(sound).map(String::into_bytes).ok_or_else(gone)
    };
    replace(path, changed, |new| {
        let text = fs::read_to_string(new).map_err(|error| error.to_string())?;
        Place::of(&text, id)
            .filter(|place| place.address == url.as_str())
            .map(drop)
            .ok_or_else(|| "could not be changed safely; change it by hand".to_owned())
    })
}

/// Gives a page that follows the first another address: the text of that changes, and nothing
/// else.
///
/// # Errors
/// Why nothing was written; then the file is as it was.
pub fn readdress_page(path: &Path, id: &WatchId, page: &Url, url: &Url) -> Result<(), AppendError> {
    let gone = || AppendError::Unsound {
        path: path.to_owned(),
        reason: format!("has no page {page} of watch \"{id}\" that could be changed; change it by hand"),
    };
    let changed = |before: &[u8]| {
        let text = std::str::from_utf8(before).map_err(|_| gone())?;
        let mut after = text.to_owned();
        after.replace_range(page_place(text, id, page).ok_or_else(gone)?, &quoted(url.as_str()));
        Ok(after.into_bytes())
    };
    replace(path, changed, |new| {
        let text = fs::read_to_string(new).map_err(|error| error.to_string())?;
        let sound = page_place(&text, id, url).is_some() && page_place(&text, id, page).is_none();
        sound.then_some(()).ok_or_else(|| "could not be changed safely; change it by hand".to_owned())
    })
}

/// Where the address of a page that follows the first stands in a file.
fn page_place(text: &str, id: &WatchId, page: &Url) -> Option<Range<usize>> {
    let tree = DeTable::parse(text).ok()?;
    let DeValue::Array(watches) = tree.get_ref().get("watch")?.get_ref() else { return None };
    watches.iter().find_map(|watch| {
        let DeValue::Table(watch) = watch.get_ref() else { return None };
        let DeValue::String(known) = watch.get("id")?.get_ref() else { return None };
        let pages = watch.get("pages").filter(|_| known.as_ref() == id.as_str())?;
        let DeValue::Array(pages) = pages.get_ref() else { return None };
        pages.iter().find_map(|one| {
            let address = match one.get_ref() {
                DeValue::Table(table) => table.get("url")?,
                _ => one,
            };
            let DeValue::String(text) = address.get_ref() else { return None };
            (Url::parse(text).ok()? == *page).then(|| address.span())
        })
    })
}

/// Where the addresses of a watch stand in a file, and what they are.
#[derive(Debug)]
struct Place {
    url: Range<usize>,
    address: String,
    /// The list of former ones, and what stands in it.
    urls: Option<(Range<usize>, Vec<String>)>,
}

impl Place {
    fn of(text: &str, id: &WatchId) -> Option<Self> {
        let tree = DeTable::parse(text).ok()?;
        let DeValue::Array(watches) = tree.get_ref().get("watch")?.get_ref() else { return None };
        watches.iter().find_map(|watch| {
            let DeValue::Table(watch) = watch.get_ref() else { return None };
            let DeValue::String(known) = watch.get("id")?.get_ref() else { return None };
            let url = watch.get("url").filter(|_| known.as_ref() == id.as_str())?;
            let DeValue::String(address) = url.get_ref() else { return None };
            let urls = match watch.get("urls") {
                None => None,
                Some(urls) => {
                    let DeValue::Array(all) = urls.get_ref() else { return None };
                    let address = |one: &toml::Spanned<DeValue<'_>>| {
                        let DeValue::Table(one) = one.get_ref() else { return None };
                        let DeValue::String(address) = one.get("url")?.get_ref() else { return None };
                        Some(address.to_string())
                    };
                    Some((urls.span(), all.iter().map(address).collect::<Option<_>>()?))
                }
            };
            Some(Self { url: url.span(), address: address.to_string(), urls })
        })
    }

    /// The text with another address, and the former ones behind those that are there.
    fn readdressed(&self, text: &str, url: &Url, former: &[Former], lines: bool) -> String {
        let one = |former: &Former| {
            let until = former.until.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            format!("{{ url = {}, until = {} }}", quoted(former.url.as_str()), quoted(&until))
        };
        let more = former.iter().map(one).collect::<Vec<_>>().join(", ");
        let mut edits = vec![(self.url.clone(), quoted(url.as_str()))];
        match &self.urls {
            _ if former.is_empty() => {}
            Some((span, known)) => {
                let inner = &text[span.start..span.end - 1];
                let ends = inner.trim_end().ends_with([',', '[']) || known.is_empty();
                let at = span.start + inner.trim_end().len();
                edits.push((at..at, format!("{}{more}", if ends { " " } else { ", " })));
            }
            None if lines => {
                let at = text[self.url.end..].find('\n').map_or(text.len(), |end| self.url.end + end);
                let at = if text[..at].ends_with('\r') { at - 1 } else { at };
                let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
                edits.push((at..at, format!("{end}urls = [{more}]")));
            }
            None => edits.push((self.url.end..self.url.end, format!(", urls = [{more}]"))),
        }
        edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let mut after = text.to_owned();
        edits.into_iter().for_each(|(span, new)| after.replace_range(span, &new));
        after
    }
}

/// Whether a changed text says what it must of the watch.
fn says(text: &str, id: &WatchId, url: &Url, before: &Place, former: &[Former]) -> bool {
    let known = before.urls.iter().flat_map(|(_, known)| known.iter().map(String::as_str));
    let expected: Vec<&str> = known.chain(former.iter().map(|former| former.url.as_str())).collect();
    Place::of(text, id).is_some_and(|place| {
        let urls = place.urls.map(|(_, urls)| urls).unwrap_or_default();
        place.address == url.as_str() && urls == expected
    })
}

/// Replaces a file by what `change` makes of it, if `check` finds the new one sound.
fn replace(
    path: &Path,
    change: impl Fn(&[u8]) -> Result<Vec<u8>, AppendError>,
    check: impl Fn(&Path) -> Result<(), String>,
) -> Result<(), AppendError> {
    let io =
        |what| move |error: std::io::Error| AppendError::Io { path: path.to_owned(), what, reason: error.to_string() };
    let real = fs::canonicalize(path).map_err(io("read"))?;
    let before = fs::read(&real).map_err(io("read"))?;
    let directory = real.parent().unwrap_or(Path::new("."));
    // Hidden, so that an included directory does not take it for one of its files.
    let mut new = tempfile::Builder::new()
        .prefix(".policywatch-")
        .suffix(".toml")
        .tempfile_in(directory)
        .map_err(io("written"))?;
    new.write_all(&change(&before)?).map_err(io("written"))?;
    like(new.as_file(), &fs::metadata(&real).map_err(io("read"))?).map_err(io("written"))?;
    new.as_file().sync_all().map_err(io("written"))?;
    check(new.path()).map_err(|reason| AppendError::Unsound { path: path.to_owned(), reason })?;
    if fs::read(&real).map_err(io("read"))? != before {
        return Err(AppendError::Changed { path: path.to_owned() });
    }
    new.persist(&real).map_err(|error| io("written")(error.error))?;
    // The new name must outlive a crash, too; where a directory cannot be synced, it may not.
    File::open(directory).and_then(|directory| directory.sync_all()).unwrap_or_default();
    Ok(())
}

/// Gives a file the owner, group and permissions of another: whoever could read that one
/// (a service with a user of its own) must go on to.
fn like(file: &File, other: &Metadata) -> std::io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (other.uid(), other.gid()) {
        fchown(file, Some(other.uid()), Some(other.gid()))?;
    }
    file.set_permissions(other.permissions())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text with tables at its end, with its own kind of line ends.
fn with(before: &[u8], tables: &str) -> Vec<u8> {
    let ends = if before.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let mut after = before.to_vec();
    if !before.is_empty() && !before.ends_with(b"\n") {
        after.extend_from_slice(ends.as_bytes());
    }
    if !before.is_empty() {
        after.extend_from_slice(ends.as_bytes());
    }
    after.extend_from_slice(tables.replace('\n', ends).as_bytes());
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn new(id: &str, service: Option<&str>) -> NewWatch {
        NewWatch {
            id: WatchId::new(id).unwrap(),
            url: Url::parse("https://acme.test/privacy?a=\"1\"").unwrap(),
            service: service.map(str::to_owned),
            policy_type: PolicyType::Privacy,
        }
    }

    #[test]
    fn everything_that_was_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policywatch.toml");
        let link = dir.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for (before, between) in [
            ("# mine\r\n[defaults]\r\nevery   =  \"6h\" # often\r\n", "\r\n"),
            ("[[watch]]\nid = \"a\"\nurl = \"https://a.test/\" # no newline", "\n\n"),
            ("", ""),
        ] {
            fs::write(&path, before).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let odd = "Acme \"Kettles\" \\ ünd\u{7}\n[[watch]]";
            append(&link, &[new("acme-privacy", Some(odd)), new("acme-2", None)]).unwrap();
            let after = fs::read_to_string(&path).unwrap();
            assert!(after.starts_with(&format!("{before}{between}[[watch]]")), "{after:?}");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
            let config = crate::config::load(&path).unwrap();
            let added = &config.watches[config.watches.len() - 2..];
            assert_eq!(added[0].service, "Acme \"Kettles\" \\ ünd [[watch]]");
            assert_eq!(added[1].service, "acme.test");
            assert_eq!(added[0].url.as_str(), new("x", None).url.as_str());
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn an_address_is_changed_where_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watches.toml");
        let before = "# url = \"https://a.test/\"\n[[watch]]\nurl = 'https://a.test/' # old\nid = \"a\"\n\
                      [[watch]]\nid = \"b\"\npages = [\"https://a.test/\"]\nurl=\"https://a.test/\"";
        let url = Url::parse("https://acme.test/new?a=\"b\"").unwrap();
        fs::write(&path, before).unwrap();
        readdress(&path, &WatchId::new("a").unwrap(), &url, &[]).unwrap();
        let after = before.replacen("'https://a.test/'", "\"https://acme.test/new?a=%22b%22\"", 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
        for none in ["c", "watch"] {
            let refused = readdress(&path, &WatchId::new(none).unwrap(), &url, &[]).unwrap_err();
            assert!(refused.to_string().ends_with("change it by hand"), "{refused}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
    }

    #[test]
    fn an_address_of_a_page_is_changed_where_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watches.toml");
        let before = "[[watch]]\nid = \"a\"\nurl = \"https://a.test/x\"\n[[watch]] # b\nid = \"b\"\nurl = \"https://a.test/\"\n\
                      pages = [ 'https://a.test/x', # annex\n  { url = \"https://a.test/y\", select = \"main\" } ]\n";
        let url = Url::parse("https://a.test/new").unwrap();
        let (b, page) =
            (WatchId::new("b").unwrap(), |path: &str| Url::parse(&format!("https://a.test{path}")).unwrap());
        for (old, was, is) in [
            ("/x", "'https://a.test/x'", "\"https://a.test/new\""),
            ("/y", "\"https://a.test/y\"", "\"https://a.test/new\""),
        ] {
            fs::write(&path, before).unwrap();
            readdress_page(&path, &b, &page(old), &url).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), before.replacen(was, is, 1));
        }
        fs::write(&path, before).unwrap();
        for (id, old) in [("b", "/"), ("a", "/x"), ("c", "/x")] {
            let refused = readdress_page(&path, &WatchId::new(id).unwrap(), &page(old), &url).unwrap_err();
            assert!(refused.to_string().ends_with("change it by hand"), "{refused}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
    }

    #[test]
    fn former_addresses_are_kept_where_they_belong() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watches.toml");
        let (id, url) = (WatchId::new("a").unwrap(), Url::parse("https://a.test/new").unwrap());
        let until = chrono::DateTime::from_timestamp(1_767_592_800, 0).unwrap();
        let former = [Former { url: Url::parse("https://a.test/old").unwrap(), until }];
        let one = r#"{ url = "https://a.test/old", until = "2026-01-05T06:00:00Z" }"#;
        let first = r#"{ url = "https://a.test/first", until = "2019-05-01" }"#;
        let head = "[[watch]]\nid = \"a\"\nurl = ";
        for (rest, expected) in [
            ("X # mine\ntype = \"terms\"\n", format!("Y # mine\nurls = [{one}]\ntype = \"terms\"\n")),
            ("X", format!("Y\nurls = [{one}]")),
            ("X\r\n# end\r\n", format!("Y\r\nurls = [{one}]\r\n# end\r\n")),
            ("X\nurls = []\n", format!("Y\nurls = [ {one}]\n")),
            (&format!("X\nurls = [{first}] # was\n"), format!("Y\nurls = [{first}, {one}] # was\n")),
            (&format!("X\nurls = [\n  {first},\n]\n"), format!("Y\nurls = [\n  {first}, {one}\n]\n")),
        ] {
            let with = |rest: &str| rest.replace('X', "\"https://a.test/old\"").replace('Y', "\"https://a.test/new\"");
            fs::write(&path, format!("{head}{}", with(rest))).unwrap();
            readdress(&path, &id, &url, &former).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{head}{}", with(&expected)));
            let config = crate::config::load(&path).unwrap();
            assert_eq!(config.watches[0].former.last(), Some(&former[0]));
        }
        let braces = "watch = [{ id = \"a\", url = \"https://a.test/old\" }]\n";
        fs::write(&path, braces).unwrap();
        readdress(&path, &id, &url, &former).unwrap();
        let expected = format!("watch = [{{ id = \"a\", url = \"https://a.test/new\", urls = [{one}] }}]\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        // A comment behind the last one hides what would be added.
        let odd = format!("{head}\"https://a.test/old\"\nurls = [\n  {first} # was\n]\n");
        fs::write(&path, &odd).unwrap();
        let refused = readdress(&path, &id, &url, &former).unwrap_err();
        assert!(refused.to_string().ends_with("change it by hand"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), odd);
    }

    #[test]
    fn what_would_not_be_sound_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policywatch.toml");
        for before in ["[[watch]]\nid = \"acme\"\nurl = \"https://a.test/\"\n", "watch = []\n", "[broken\n"] {
            fs::write(&path, before).unwrap();
            let refused = append(&path, &[new("acme", None)]).unwrap_err();
            assert!(matches!(refused, AppendError::Unsound { .. }), "{refused}");
            assert_eq!(fs::read_to_string(&path).unwrap(), before);
        }
        let refused = append(&dir.path().join("none.toml"), &[new("acme", None)]).unwrap_err();
        assert!(matches!(refused, AppendError::Io { what: "read", .. }), "{refused}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
