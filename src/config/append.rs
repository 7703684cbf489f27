//! Adds `[[watch]]` tables at the end of a configuration, and touches nothing else of it:
//! what stands there stays as it is, byte by byte, comments and all.
//!
//! The new file is written beside the old one, read as a configuration, and put in its
//! place in one step; so a crash, a full disk or a mistake of ours leaves the old one.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use url::Url;

use super::Problem;
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
    /// With the new tables it would not be sound.
    #[error("{path} would not be sound with the new watches: {}; add them by hand", .problem.message)]
    Unsound {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong.
        problem: Box<Problem>,
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
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
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
    new.write_all(&with(&before, &tables(watches))).map_err(io("written"))?;
    let permissions = fs::metadata(&real).map_err(io("read"))?.permissions();
    new.as_file().set_permissions(permissions).map_err(io("written"))?;
    new.as_file().sync_all().map_err(io("written"))?;
    super::load_in(new.path(), &Environment::of_process()).map_err(|problems| {
        let problem = problems.into_iter().next().expect("there is a problem if it is not sound");
        AppendError::Unsound { path: path.to_owned(), problem: Box::new(problem) }
    })?;
    if fs::read(&real).map_err(io("read"))? != before {
        return Err(AppendError::Changed { path: path.to_owned() });
    }
    new.persist(&real).map_err(|error| io("written")(error.error))?;
    // The new name must outlive a crash, too; where a directory cannot be synced, it may not.
    File::open(directory).and_then(|directory| directory.sync_all()).unwrap_or_default();
    Ok(())
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
