//! TOML to a validated [`Config`], or everything that is wrong with it at once.
//!
//! The file is walked as a tree with places (`table`); nothing stops at the first error.
//! What a key means stands beside its table: `settings`, `channels`, `watches`.

mod access;
pub mod append;
mod channels;
mod environment;
mod in_force;
mod interests;
mod keys;
mod render;
mod rules;
mod secrets;
mod settings;
mod source;
mod table;
mod vigil;
mod watches;
pub mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::channel::ChannelOptions;
use crate::guard::is_private;
use crate::interest::{Interest, Recipient};
use crate::judgment::{Materiality, Rules};
use crate::ladder::Render;
use crate::watch::Watch;
use crate::{coverage, fetch, scheduler, telemetry};
use channels::Channels;
pub use environment::Environment;
pub use in_force::{ChannelInForce, InForce, RuleInForce, Setting, WatchInForce, in_force};
pub use keys::KEYS;
pub use render::render_problems;
pub use rules::ScopedRule;
use source::Source;
use table::{File, Findings, Table};
pub use vigil::HeartbeatOptions;
use watches::{Defaults, Watches};

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
    /// When pages that no watch names are read with a browser.
    pub render: Render,
    /// A monitor that is shown that we live.
    pub heartbeat: Option<HeartbeatOptions>,
    /// When it is stated what was looked at.
    pub coverage: Option<coverage::Options>,
    /// Who can be told.
    pub channels: Vec<ChannelOptions>,
    /// The same, with what each asks for.
    pub recipients: Vec<Recipient>,
    /// What is followed.
    pub watches: Vec<Watch>,
    /// What watches are told of that do not say it themselves.
    pub interest: Interest,
    /// Own rules, and which watches each is for.
    pub rules: Vec<ScopedRule>,
    /// Rules of the table that watches do without that do not say it themselves.
    pub disable_rules: Vec<String>,
    /// Where settings come from that are not defaults, by name: `fetch.timeout`,
    /// `channel.desk`, `watch.acme`, `watch.acme.schedule`.
    pub origins: BTreeMap<String, Origin>,
}

impl Config {
    /// What is in force without any file.
    pub fn defaults() -> Self {
        Self::defaults_in(&Environment::of_process())
    }

    /// What is in force without any file in an environment.
    pub fn defaults_in(environment: &Environment) -> Self {
        let (store_path, variable) = environment.store_path();
        let origin = variable.map(|name| ("store.path".to_owned(), Origin::Environment(name.to_owned())));
        Self {
            path: None,
            store_path,
            fetch: fetch::Options::default(),
            scheduler: scheduler::Options::default(),
            log: telemetry::Options::default(),
            render: Render::default(),
            heartbeat: None,
            coverage: None,
            channels: Vec::new(),
            recipients: Vec::new(),
            watches: Vec::new(),
            interest: Interest::from_materiality(Materiality::Material),
            rules: Vec::new(),
            disable_rules: Vec::new(),
            origins: origin.into_iter().collect(),
        }
    }

    /// Puts own rules in the place of those that are there.
    pub fn judge_by(&mut self, rules: Vec<ScopedRule>) {
        for watch in &mut self.watches {
            let own = rules.iter().filter(|rule| rule.is_for(watch)).map(|rule| rule.rule.clone()).collect();
            watch.rules = Rules::new(own, watch.rules.disabled().map(str::to_owned));
        }
        self.rules = rules;
    }

    /// What changes of a watch are judged by that only imports know.
    pub fn rules_for_all(&self) -> Rules {
        let own = self.rules.iter().filter(|rule| rule.is_for_all()).map(|rule| rule.rule.clone()).collect();
        Rules::new(own, self.disable_rules.iter().cloned())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::defaults()
    }
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "${name}"),
        }
    }
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 if it is the file as a whole.
    pub line: usize,
    /// The column, from 1, in characters; 0 if it is the file as a whole.
    pub column: usize,
    /// The offending text; a secret is left out.
    pub text: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
    /// The line it stands on; a secret is left out.
    pub excerpt: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.message),
            line => write!(f, "{}:{line}:{}: {}", self.file.display(), self.column, self.message),
        }
    }
}

/// The configuration to use: the one that is named, else `$POLICYWATCH_CONFIG`, else the
/// first that exists of `./policywatch.toml`, `$XDG_CONFIG_HOME/policywatch/policywatch.toml`
/// (`~/.config` if that is not set) and `/etc/policywatch/policywatch.toml`.
///
/// One that is named is returned even if it does not exist, so that loading it says so.
pub fn find(explicit: Option<&Path>) -> Option<PathBuf> {
    find_in(explicit, &Environment::of_process())
}

/// [`find`] in an environment.
pub fn find_in(explicit: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let named = explicit.or_else(|| environment.get("POLICYWATCH_CONFIG").map(Path::new));
    named.map(Path::to_path_buf).or_else(|| environment.candidates().into_iter().find(|path| path.is_file()))
}

/// Loads a configuration and everything it includes.
///
/// # Errors
/// Every problem found, in file order.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    load_in(path, &Environment::of_process())
}

/// [`load`] in an environment.
///
/// # Errors
/// Every problem found, in file order.
pub fn load_in(path: &Path, environment: &Environment) -> Result<Config, Vec<Problem>> {
    let findings = Findings::new(environment);
    let mut config = Config { path: Some(path.to_owned()), ..Config::defaults_in(environment) };
    match Source::read(path, 0) {
        Ok(source) => read_main(&source, &findings, &mut config),
        Err(problem) => findings.note(0, *problem),
    }
    let (problems, origins) = findings.into_parts();
    config.origins.extend(origins);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn read_main(source: &Source, findings: &Findings<'_>, config: &mut Config) {
    let (file, tree) = File::parse(source, findings);
    let Some(tree) = tree else { return };
    let root = Table::new(&file, "", tree.get_ref(), tree.span());
    let archives = settings::read(&root, config);
    let channels = channels::read(&root);
    config.heartbeat = vigil::heartbeat(&root);
    config.coverage = vigil::coverage(&root, &channels);
    let defaults = Defaults::read(&root, &channels, archives);
    let mut watches = Watches::default();
    watches.read(&root, &defaults, &channels);
    for (order, path) in included(&root).into_iter().enumerate() {
        match Source::read(&path, order + 1) {
            Ok(source) => read_included(&source, findings, &mut watches, &defaults, &channels),
            Err(problem) => findings.note(order + 1, *problem),
        }
    }
    let known = rules::Known::of(&watches, file.is_broken());
    let own = rules::read(&root, &known);
    config.channels = channels.options;
    config.recipients = channels.recipients;
    config.watches = watches.watches;
    config.fetch.proxy = defaults.access.proxy();
    config.render = defaults.ladder.render;
    config.interest = defaults.interest;
    config.disable_rules = defaults.disable_rules;
    config.judge_by(own);
    keep_private(config);
}

/// A public archive holds no page of a private place, and is not told of one either.
fn keep_private(config: &mut Config) {
    let (fetch, allow) = (&config.fetch, &config.fetch.allow);
    let is_public = |name: &String| fetch.archive(name).is_none_or(|archive| !is_private(&archive.base_url, allow));
    // Of thousands of watches, many are of one host; what is allowed may be hundreds.
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for watch in &mut config.watches {
        let host = watch.url.host_str().unwrap_or_default();
        let private = match known.get(host) {
            Some(private) => *private,
            None => *known.entry(host.to_owned()).or_insert(is_private(&watch.url, allow)),
        };
        if private {
            watch.ladder.archive &= !watch.archives.iter().any(is_public);
        }
    }
}

/// Loads a file of rules, which holds `[[rule]]` tables and nothing else, for a
/// configuration: to try them before they stand in it.
///
/// # Errors
/// Every problem found, in file order.
pub fn load_rules(path: &Path, config: &Config) -> Result<Vec<ScopedRule>, Vec<Problem>> {
    let environment = Environment::of_process();
    let findings = Findings::new(&environment);
    let mut own = Vec::new();
    match Source::read(path, 0) {
        Ok(source) => {
            let (file, tree) = File::parse(&source, &findings);
            if let Some(tree) = tree {
                let root = Table::new(&file, "", tree.get_ref(), tree.span());
                let hint = "a file of rules holds [[rule]] tables only";
                refuse_others(&root, "rule", "cannot stand in a file of rules", hint);
                own = rules::read(&root, &rules::Known::of_all(&config.watches));
            }
        }
        Err(problem) => findings.note(0, *problem),
    }
    let (problems, _) = findings.into_parts();
    if problems.is_empty() { Ok(own) } else { Err(problems) }
}

/// Notes the keys of a file that may hold tables of one kind only.
fn refuse_others(root: &Table<'_>, allowed: &str, message: &str, hint: &str) {
    for key in keys::of("").iter().filter(|key| **key != allowed) {
        if let Some(value) = root.get(key) {
            root.file.note(value.key_span, format!("{key} {message}"), Some(hint.to_owned()));
        }
    }
}

/// Reads a file of an included directory, which holds watches and nothing else.
fn read_included(
    source: &Source,
    findings: &Findings<'_>,
    watches: &mut Watches,
    defaults: &Defaults,
    channels: &Channels,
) {
    let (file, tree) = File::parse(source, findings);
    let Some(tree) = tree else { return };
    let root = Table::new(&file, "", tree.get_ref(), tree.span());
    let hint = "included files hold [[watch]] tables only; move it to the main file";
    refuse_others(&root, "watch", "cannot stand in an included file", hint);
    watches.read(&root, defaults, channels);
}

/// The files of the included directory, sorted by name.
fn included(root: &Table<'_>) -> Vec<PathBuf> {
    let Some(value) = root.get("include") else { return Vec::new() };
    let Some(directory) = value.path() else { return Vec::new() };
    let entries = std::fs::read_dir(&directory).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    match entries {
        Ok(entries) => {
            let visible = |path: &PathBuf| {
                let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
                !hidden && path.extension().is_some_and(|extension| extension == "toml")
            };
            let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).filter(visible).collect();
            paths.sort();
            paths
        }
        Err(error) => {
            let message = format!("the directory {} cannot be read: {error}", directory.display());
            value.refuse(message, "make it, or leave include out").unwrap_or_default()
        }
    }
}
