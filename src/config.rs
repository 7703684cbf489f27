//! TOML to a validated [`Config`], or everything that is wrong with it at once.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::channel::ChannelOptions;
use crate::watch::Watch;
use crate::{fetch, scheduler, telemetry};

/// What is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file it came from; none: defaults only.
    pub path: Option<PathBuf>,
    /// The database.
    pub store_path: PathBuf,
    /// How pages are fetched.
    pub fetch: fetch::Options,
    /// How much at once.
    pub scheduler: scheduler::Options,
    /// How it logs.
    pub log: telemetry::Options,
    /// Who can be told.
    pub channels: Vec<ChannelOptions>,
    /// What is followed.
    pub watches: Vec<Watch>,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The offending text.
    pub text: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

/// Loads a configuration and everything it includes.
///
/// # Errors
/// Every problem found, in file order.
pub fn load(_path: &Path) -> Result<Config, Vec<Problem>> {
    todo!()
}
