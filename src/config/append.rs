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
use crate::watch::{PolicyType, WatchId};

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

/// Gives a watch of a file another address: the text of its `url` changes, and nothing else.
///
/// # Errors
/// Why nothing was written; then the file is as it was.
pub fn readdress(path: &Path, id: &WatchId, url: &Url) -> Result<(), AppendError> {
    let gone = || AppendError::Unsound {
        path: path.to_owned(),
        reason: format!("has no url of watch \"{id}\" that could be changed; change it by hand"),
    };
    let changed = |before: &[u8]| {
        let text = std::str::from_utf8(before).map_err(|_| gone())?;
        let span = url_of(text, id).ok_or_else(gone)?.0;
        Ok([&text[..span.start], &quoted(url.as_str()), &text[span.end..]].concat().into_bytes())
    };
    replace(path, changed, |new| {
        let text = fs::read_to_string(new).map_err(|error| error.to_string())?;
        let read = url_of(&text, id).map(|(_, read)| read);
        (read.as_deref() == Some(url.as_str()))
            .then_some(())
            .ok_or_else(|| "could not be changed safely; change it by hand".to_owned())
    })
}

/// Where the address of a watch stands in a file, and what it is.
fn url_of(text: &str, id: &WatchId) -> Option<(Range<usize>, String)> {
    let tree = DeTable::parse(text).ok()?;
    let DeValue::Array(watches) = tree.get_ref().get("watch")?.get_ref() else { return None };
    watches.iter().find_map(|watch| {
        let DeValue::Table(watch) = watch.get_ref() else { return None };
        let DeValue::String(known) = watch.get("id")?.get_ref() else { return None };
        let url = watch.get("url").filter(|_| known.as_ref() == id.as_str())?;
        let DeValue::String(address) = url.get_ref() else { return None };
        Some((url.span(), address.to_string()))
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
        readdress(&path, &WatchId::new("a").unwrap(), &url).unwrap();
        let after = before.replacen("'https://a.test/'", "\"https://acme.test/new?a=%22b%22\"", 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
        for none in ["c", "watch"] {
            let refused = readdress(&path, &WatchId::new(none).unwrap(), &url).unwrap_err();
            assert!(refused.to_string().ends_with("change it by hand"), "{refused}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
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
