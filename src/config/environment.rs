//! The variables that a configuration depends on, as a value: tests bring their own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Environment variables.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// A variable; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<&Path> {
        self.get(name).map(Path::new)
    }

    /// A path as configured: `~/` is the home directory, a relative path is relative to
    /// the directory of the file that names it.
    pub(super) fn resolve(&self, path: &str, named_in: &Path) -> PathBuf {
        if let (Some(rest), Some(home)) = (path.strip_prefix("~/"), self.path("HOME")) {
            return home.join(rest);
        }
        named_in.parent().unwrap_or(Path::new("")).join(path)
    }

    /// Where the store is if nothing else is said, and the variable that says so:
    /// `$STATE_DIRECTORY` (systemd), `$XDG_DATA_HOME`, `$HOME`, the working directory.
    pub(super) fn store_path(&self) -> (PathBuf, Option<&'static str>) {
        if let Some(directories) = self.path("STATE_DIRECTORY") {
            // systemd joins several with colons; ours is the first.
            let directories = directories.to_string_lossy();
            let first = directories.split(':').next().unwrap_or_default();
            return (Path::new(first).join("policywatch.db"), Some("STATE_DIRECTORY"));
        }
        if let Some(data) = self.path("XDG_DATA_HOME") {
            return (data.join("policywatch/policywatch.db"), Some("XDG_DATA_HOME"));
        }
        match self.path("HOME") {
            Some(home) => (home.join(".local/share/policywatch/policywatch.db"), Some("HOME")),
            None => (PathBuf::from("policywatch.db"), None),
        }
    }

    /// Where a configuration is looked for if none is named, in this order.
    pub(super) fn candidates(&self) -> Vec<PathBuf> {
        let mut candidates = vec![PathBuf::from("policywatch.toml")];
        let own = self.path("XDG_CONFIG_HOME").map(Path::to_path_buf);
        let own = own.or_else(|| self.path("HOME").map(|home| home.join(".config")));
        candidates.extend(own.map(|directory| directory.join("policywatch/policywatch.toml")));
        candidates.push(PathBuf::from("/etc/policywatch/policywatch.toml"));
        candidates
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_where_the_service_or_the_user_keeps_state() {
        let path = |variables: &[(&str, &str)]| {
            variables.iter().copied().collect::<Environment>().store_path().0.display().to_string()
        };
        let home = ("HOME", "/home/ada");
        let data = ("XDG_DATA_HOME", "/data");
        assert_eq!(path(&[home]), "/home/ada/.local/share/policywatch/policywatch.db");
        assert_eq!(path(&[home, data]), "/data/policywatch/policywatch.db");
        assert_eq!(
            path(&[home, data, ("STATE_DIRECTORY", "/var/lib/policywatch:/x")]),
            "/var/lib/policywatch/policywatch.db"
        );
        assert_eq!(path(&[home, ("XDG_DATA_HOME", "")]), "/home/ada/.local/share/policywatch/policywatch.db");
        assert_eq!(path(&[]), "policywatch.db");
    }

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        let environment: Environment = [("HOME", "/home/ada")].into_iter().collect();
        let resolve = |path| environment.resolve(path, Path::new("/etc/policywatch/policywatch.toml"));
        assert_eq!(resolve("a.db"), Path::new("/etc/policywatch/a.db"));
        assert_eq!(resolve("/var/a.db"), Path::new("/var/a.db"));
        assert_eq!(resolve("~/a.db"), Path::new("/home/ada/a.db"));
    }
}
