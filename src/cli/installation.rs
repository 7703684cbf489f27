//! One installation: the configuration in force, and the store that it names.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::complaint::Complaint;
use super::console::Console;
use super::extract::Parts;
use super::when::Span;
use crate::access::Access;
use crate::alternation::ALTERNATION;
use crate::backfill::ledger::SharedLedger;
use crate::cadence::{self, Schedule};
use crate::channel::Channels;
use crate::check::Ports;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::fetch::Fetcher;
use crate::http::GuardedClient;
use crate::ladder::Ladder;
use crate::reading::Selectors;
use crate::store::{Store, Which};
use crate::unpack::Unpacker;
use crate::version::Version;
use crate::watch::{PolicyType, RobotsRule, Source, WAYBACK, Watch, WatchId};

/// A configuration, and its store.
#[derive(Debug)]
pub struct Installation {
    /// What is in force.
    pub config: Config,
    /// The record.
    pub store: Store,
    /// Watches that an import made, which record nothing yet.
    adopted: Mutex<Vec<WatchId>>,
}

/// The configuration that the arguments name, else the one that is found, else the
/// defaults.
pub fn config(console: &Console) -> anyhow::Result<Config> {
    let Some(path) = found(console)? else {
        return Ok(Config::default());
    };
    config::load(&path).map_err(|problems| {
        eprint!("{}", config::render_problems(&problems, console.paint_err.0));
        Complaint::usage(format!("nothing was done: the configuration {} is not sound", path.display()))
            .hint("mend what is named above; `policywatch config check` then shows what is in force")
            .into()
    })
}

/// Where the configuration is: the one that the arguments or the environment name, which
/// must be there, else one that is found, if there is one.
pub fn found(console: &Console) -> Result<Option<PathBuf>, Complaint> {
    match config::find(console.config.as_deref()) {
        Some(path) if !path.exists() => Err(Complaint::usage(format!("there is no configuration {}", path.display()))
            .hint(format!("check the path, or write one with `policywatch init {}`", path.display()))),
        found => Ok(found),
    }
}

/// [`found`], where nothing can be done without one.
pub fn needed(console: &Console) -> Result<PathBuf, Complaint> {
    found(console)?.ok_or_else(|| {
        Complaint::usage("no configuration was found").hint("`policywatch init` writes one, --config FILE names one")
    })
}

impl Installation {
    /// Opens the store of the configuration in force.
    pub async fn open(console: &Console) -> anyhow::Result<Self> {
        let config = config(console)?;
        if let Some(parent) = config.store_path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|error| {
                Complaint::failed(format!("could not make {} for the store: {error}", parent.display()))
                    .hint("set [store] path in the configuration to a place that you may write to")
            })?;
        }
        let store = Store::open(&config.store_path).await?;
        Ok(Self::of(config, store))
    }

    /// A configuration in force, and its store.
    pub fn of(config: Config, store: Store) -> Self {
        Self { config, store, adopted: Mutex::default() }
    }

    /// Opens the store, and puts the configured watches in force.
    pub async fn open_in_force(console: &Console) -> anyhow::Result<Self> {
        let installation = Self::open(console).await?;
        installation.put_in_force().await?;
        Ok(installation)
    }

    /// Puts the configured watches in force, as the daemon does.
    pub async fn put_in_force(&self) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let due = cadence::in_force(self.config.watches.len(), self.config.scheduler.spread, now);
        self.store.sync_watches(self.config.watches.clone(), due, now).await?;
        Ok(())
    }

    /// What fetches pages.
    pub fn fetcher(&self) -> anyhow::Result<Fetcher<SystemClock>> {
        let client = GuardedClient::new(&self.config.fetch)?;
        let ledger = Arc::new(SharedLedger(self.store.clone()));
        Ok(Fetcher::with_ledger(client, self.config.fetch.clone(), ledger, SystemClock))
    }

    /// What a check needs of the world.
    pub fn ports(&self) -> anyhow::Result<Ports<Fetcher<SystemClock>, SystemClock>> {
        Ok(Ports {
            store: self.store.clone(),
            fetcher: self.fetcher()?,
            clock: SystemClock,
            unpacker: Unpacker::this_program(),
            spread: self.config.scheduler.spread,
        })
    }

    /// What sends deliveries.
    pub fn channels(&self) -> anyhow::Result<Channels<SystemClock>> {
        let client = GuardedClient::new(&self.config.fetch)?;
        Ok(Channels::new(self.config.channels.clone(), client, SystemClock))
    }

    /// A watch of the configuration.
    pub fn watch(&self, id: &str) -> Option<&Watch> {
        self.config.watches.iter().find(|watch| watch.id.as_str() == id)
    }

    /// A watch of the configuration, or a complaint that names the nearest one.
    pub fn configured(&self, id: &str) -> Result<&Watch, Complaint> {
        self.watch(id).ok_or_else(|| {
            let known = self.config.watches.iter().map(|watch| watch.id.as_str());
            let hint = if id.contains("://") {
                "pages on the web begin with http:// or https://".to_owned()
            } else {
                nearest(id, known)
            };
            Complaint::usage(format!("the configuration has no watch \"{id}\"")).hint(hint)
        })
    }

    /// The watches that these names mean; none named: all, of which there must be one.
    pub fn chosen(&self, names: &[String]) -> Result<Vec<Watch>, Complaint> {
        if self.config.watches.is_empty() {
            let hint = match self.config.path {
                None => "`policywatch init` writes a configuration to begin with, `policywatch demo` needs none",
                Some(_) => "`policywatch add URL` finds a company's policies and adds them to the configuration",
            };
            return Err(Complaint::usage("there are no watches").hint(hint));
        }
        if names.is_empty() {
            return Ok(self.config.watches.clone());
        }
        names.iter().map(|name| self.configured(name).cloned()).collect()
    }

    /// A watch of the store, or a complaint that names the nearest one.
    pub async fn recorded(&self, id: &str) -> anyhow::Result<WatchId> {
        let states = self.store.watch_states().await?;
        match states.iter().find(|state| state.id.as_str() == id) {
            Some(state) => Ok(state.id.clone()),
            None => Err(Complaint::usage(format!("no watch \"{id}\" is recorded"))
                .hint(nearest(id, states.iter().map(|state| state.id.as_str())))
                .into()),
        }
    }

    /// The configured watch, or one that is made for an import and never checked.
    pub async fn watch_or_adopted(&self, id: &WatchId, parts: Parts) -> anyhow::Result<Watch> {
        if let Some(watch) = self.watch(id.as_str()) {
            let mut watch = watch.clone();
            if !parts.is_empty() && !watch.pages.is_empty() {
                return Err(Complaint::usage(format!("watch \"{id}\" has several pages, each with its own selectors"))
                    .hint(
                        "leave --select and --remove out, and set select and remove of each page in the configuration",
                    )
                    .into());
            }
            if !parts.is_empty() {
                watch.selectors = Selectors::from(parts);
            }
            self.put_in_force().await?;
            return Ok(watch);
        }
        let watch = self.adopted(id, parts)?;
        self.adopt(&watch).await?;
        Ok(watch)
    }

    /// Makes a watch for an import in the store; [`Installation::release`] afterwards.
    pub async fn adopt(&self, watch: &Watch) -> anyhow::Result<()> {
        if self.store.adopt_watch(&watch.id, watch.url.as_str(), SystemClock.now()).await? {
            self.adopted.lock().unwrap_or_else(PoisonError::into_inner).push(watch.id.clone());
        }
        Ok(())
    }

    /// Takes those watches that an import made out of the store again of which it recorded
    /// nothing.
    pub async fn release(&self) -> anyhow::Result<()> {
        let adopted = std::mem::take(&mut *self.adopted.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(self.store.release_watches(adopted).await?)
    }

    /// A watch that the configuration lacks, with the settings that those take which say
    /// nothing themselves.
    pub fn adopted(&self, id: &WatchId, parts: Parts) -> anyhow::Result<Watch> {
        Ok(Watch {
            id: id.clone(),
            url: format!("urn:policywatch:{id}").parse()?,
            pages: Vec::new(),
            former: Vec::new(),
            elsewhere: Vec::new(),
            service: id.to_string(),
            policy_type: PolicyType::Other,
            schedule: Schedule::every(Duration::from_secs(24 * 3600)),
            source: Source::Live,
            archives: vec![WAYBACK.to_owned()],
            ladder: Ladder::default(),
            selectors: Selectors::from(parts),
            language: None,
            alternation: ALTERNATION,
            confirm: None,
            stale_after: None,
            robots: RobotsRule::default(),
            access: Access::default(),
            notify: self.config.recipients.clone(),
            interest: self.config.interest.clone(),
            rules: self.config.rules_for_all(),
            tags: Vec::new(),
        })
    }

    /// The version that `WATCH`, `WATCH@VERSION` or `WATCH@DATE` names.
    pub async fn version(&self, id: &WatchId, which: &Which) -> anyhow::Result<Version> {
        if let Some(version) = self.store.version(id, which.clone()).await? {
            return Ok(version);
        }
        let versions = self.store.versions(id).await?;
        let (Some(first), Some(last)) = (versions.first(), versions.last()) else {
            return Err(Complaint::failed(format!("watch \"{id}\" has no version yet"))
                .hint(format!("`policywatch fetch {id}` reads the page now"))
                .into());
        };
        let what = match which {
            Which::Latest => "no latest version".to_owned(),
            Which::Number(number) => format!("no version {number}"),
            Which::At(at) => format!("no version as old as {}", super::when::minute(*at)),
        };
        let hint = format!(
            "it has versions {} to {}, the first of {}",
            first.number,
            last.number,
            super::when::day(first.captured_at)
        );
        Err(Complaint::usage(format!("watch \"{id}\" has {what}")).hint(hint).into())
    }
}

/// Reads `3`, `v3` or a date. A bare number from 1990 on is a year.
pub fn which(text: &str) -> Result<Which, Complaint> {
    let number = text.strip_prefix('v').unwrap_or(text);
    match number.parse::<u32>() {
        Ok(number) if text.starts_with('v') || number < 1990 => Ok(Which::Number(number)),
        _ => Span::parse(text).map(|span| Which::At(span.end)).map_err(|_| {
            Complaint::usage(format!("\"{text}\" is no version and no date"))
                .hint("use 3, v3, 2024, 2024-05 or 2024-05-01")
        }),
    }
}

/// Parts `WATCH@WHICH`.
pub fn watch_and_which(text: &str) -> Result<(&str, Which), Complaint> {
    match text.split_once('@') {
        Some((watch, version)) => Ok((watch, which(version)?)),
        None => Ok((text, Which::Latest)),
    }
}

fn nearest<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = known.map(|known| (strsim::jaro_winkler(id, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((likeness, known)) if likeness > 0.8 => format!("did you mean \"{known}\"?"),
        Some(_) => "`policywatch list` shows the watches".to_owned(),
        None => "there are no watches yet; `policywatch add URL` finds a company's policies and adds them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_dates_are_told_apart() {
        assert_eq!(which("3").unwrap(), Which::Number(3));
        assert_eq!(which("v2024").unwrap(), Which::Number(2024));
        assert_eq!(which("2024").unwrap(), Which::At(Span::parse("2024").unwrap().end));
        assert_eq!(which("2024-05").unwrap(), Which::At(Span::parse("2024-05").unwrap().end));
        assert_eq!(which("latest").unwrap_err().to_string(), "\"latest\" is no version and no date");
        assert_eq!(watch_and_which("acme").unwrap(), ("acme", Which::Latest));
        assert_eq!(watch_and_which("acme@2").unwrap(), ("acme", Which::Number(2)));
    }
}
