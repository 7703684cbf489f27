//! The daemon as a value: starts and stops the loops in order, reloads, and talks to systemd.
//!
//! Tests start it with a temporary store, a held clock and a script of pages, and stop it
//! with a future; [`run`] starts it with the real world.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::backfill::ledger::SharedLedger;
use crate::cadence;
use crate::channel::{Channel, Channels};
use crate::check::Ports;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, HeartbeatOptions, Problem};
use crate::deliver::Outbox;
use crate::errands;
use crate::fetch::{Fetch, Fetcher, Manners};
use crate::http::GuardedClient;
use crate::pulse::{Pulse, pulse};
use crate::scheduler::{InForce, Scheduler};
use crate::seeker::Seeker;
use crate::store::{self, Store, StoreError, lock_daemon};
use crate::unpack::Unpacker;
use crate::vigil::{Duties, Heartbeat, Vigil};

/// How long running checks and deliveries may take after the word to stop. Two seconds
/// less than the ten in which the daemon promises to be gone.
pub const GRACE: Duration = Duration::from_secs(8);

/// Why the daemon ended in another way than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The record could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Pages or channels cannot be reached at all.
    #[error("could not prepare for the network: {0}")]
    Network(String),
    /// The system does not let us hear signals.
    #[error("could not listen for signals: {0}")]
    Signals(std::io::Error),
    /// A loop of ours panicked: a bug.
    #[error("a bug of policywatch ended the daemon: {0}")]
    Panicked(String),
}

/// What reads the configuration again.
pub type Load = Arc<dyn Fn() -> Result<Config, Vec<Problem>> + Send + Sync>;

/// What makes fetcher and channels of a configuration; archives are accounted for in the record.
pub type Equip<F, K> = Box<dyn Fn(&Config, &Store) -> Result<(F, K), String> + Send + Sync>;

/// A daemon, ready to run.
pub struct Daemon<F, K, C> {
    /// What is in force at the start.
    pub config: Config,
    /// Reads the configuration again.
    pub load: Load,
    /// Makes fetcher and channels of a configuration.
    pub equip: Equip<F, K>,
    /// The time.
    pub clock: C,
    /// What unpacks PDF and DOCX.
    pub unpacker: Unpacker,
    /// Rung when the configuration is to be read again.
    pub reload: Arc<Notify>,
    /// Where it shows what is in force; nothing before it runs.
    pub shown: watch::Sender<Option<Arc<Config>>>,
    /// The service manager.
    pub systemd: Systemd,
    /// How long what runs may take after the word to stop; [`GRACE`].
    pub grace: Duration,
}

/// What hears the words for the service manager.
pub type Tell = Arc<dyn Fn(&[NotifyState<'_>]) + Send + Sync>;

/// The service manager, if there is one.
#[derive(Clone)]
pub struct Systemd {
    tell: Tell,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// A service manager that hears what `tell` is given, and that wants a sign of life
    /// within each `watchdog`, if that is given.
    pub fn new(tell: impl Fn(&[NotifyState<'_>]) + Send + Sync + 'static, watchdog: Option<Duration>) -> Self {
        Self { tell: Arc::new(tell), watchdog }
    }

    /// The one that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`), or nobody.
    pub fn from_environment() -> Self {
        let tell = |states: &[NotifyState<'_>]| {
            if let Err(error) = sd_notify::notify(states) {
                tracing::warn!(%error, "could not tell systemd how we are");
            }
        };
        Self::new(tell, sd_notify::watchdog_enabled())
    }

    fn tell(&self, states: &[NotifyState<'_>]) {
        (self.tell)(states);
    }

    fn ready(&self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    fn reloading(&self) {
        // Type=notify-reload wants the moment with the word.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(_) => self.tell(&[NotifyState::Reloading]),
        }
    }
}

/// Runs the daemon until `shutdown` ends.
///
/// # Errors
/// If the record could not be kept, or the daemon could not start.
pub async fn run(config_path: PathBuf, config: Config, shutdown: impl Future<Output = ()>) -> Result<(), DaemonError> {
    let (shown, in_force) = watch::channel(None);
    let reload = Arc::new(Notify::new());
    // Before anything else: an unheard SIGHUP ends the process.
    let mut hangups = signal(SignalKind::hangup()).map_err(DaemonError::Signals)?;
    // One for the whole life of the process: a reload changes nothing of who was asked when.
    // What was asked just before a process before us was killed is in no record.
    let manners = Arc::new(Manners::rested(config.fetch.pause_per_host, SystemClock.now()));
    let daemon = Daemon {
        config,
        load: Arc::new(move || crate::config::load(&config_path)),
        equip: Box::new(move |config, store| equip(config, store, &manners)),
        clock: SystemClock,
        unpacker: Unpacker::this_program(),
        reload: Arc::clone(&reload),
        shown,
        systemd: Systemd::from_environment(),
        grace: GRACE,
    };
    let errands = run_errands_until_stopped(in_force);
    let listen = async {
        while hangups.recv().await.is_some() {
            reload.notify_one();
        }
        std::future::pending().await
    };
    tokio::select! {
        ended = daemon.run(shutdown) => ended,
        // Never end by themselves; they are here to be polled.
        () = listen => Ok(()),
        () = errands => Ok(()),
    }
}

/// How often it is looked for something to do at archives.
const ERRANDS: Duration = Duration::from_secs(60);

/// Does what is to be done at archives, beside everything else and for nobody to wait for:
/// with a connection of its own, and by the configuration that is in force.
async fn run_errands_until_stopped(in_force: watch::Receiver<Option<Arc<Config>>>) {
    let mut turn = tokio::time::interval(ERRANDS);
    loop {
        turn.tick().await;
        let Some(config) = in_force.borrow().clone() else { continue };
        let (wayback, others) = (&config.fetch.wayback, config.fetch.archives.iter().map(|(_, others)| others));
        let save = others.chain([wayback]).any(|archive| archive.save_keys.is_some());
        let wanted = errands::Wanted { save, narrow: wayback.narrow };
        if wanted == errands::Wanted::default() {
            continue;
        }
        if let Err(error) = run_errands_once(wanted, &config).await {
            tracing::warn!(error, "nothing could be done at the archive: {error}");
        }
    }
}

async fn run_errands_once(wanted: errands::Wanted, config: &Config) -> Result<(), String> {
    let store = Store::open_with(&config.store_path, patient()).await.map_err(|error| error.to_string())?;
    let (fetcher, _) = equip(config, &store, &Arc::default())?;
    let (allow, unpacker) = (&config.fetch.allow, Unpacker::this_program());
    let done = errands::run_errands(wanted, &config.watches, allow, &fetcher, &store, &SystemClock, &unpacker).await;
    done.map(|_| ()).map_err(|error| error.to_string())
}

/// Fetcher and channels share one way out of the program, which reaches nothing private.
fn equip(
    config: &Config,
    store: &Store,
    manners: &Arc<Manners>,
) -> Result<(Fetcher<SystemClock>, Channels<SystemClock>), String> {
    let client = GuardedClient::new(&config.fetch).map_err(|error| error.to_string())?;
    let channels = Channels::new(config.channels.clone(), client.clone(), SystemClock);
    let ledger = Arc::new(SharedLedger(store.clone()));
    let fetcher = Fetcher::with_manners(client, config.fetch.clone(), ledger, Arc::clone(manners), SystemClock);
    Ok((fetcher, channels))
}

/// What the vigil is to do by a configuration.
fn duties(config: &Config) -> Result<Duties, String> {
    let heartbeat = |options: &HeartbeatOptions| {
        let client = GuardedClient::new(&config.fetch).map_err(|error| error.to_string())?;
        let client = client.through(options.proxy.as_ref());
        Ok::<_, String>(Heartbeat { url: options.url.clone(), every: options.every, client })
    };
    let heartbeat = config.heartbeat.as_ref().map(heartbeat).transpose()?;
    Ok(Duties { coverage: config.coverage.clone(), heartbeat })
}

/// Ends when the process is told to stop: SIGTERM, or SIGINT (Ctrl-C).
///
/// # Errors
/// If the system does not let us hear signals.
pub fn told_to_stop() -> Result<impl Future<Output = ()>, DaemonError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(DaemonError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DaemonError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

impl<F: Fetch + 'static, K: Channel + 'static, C: Clock> Daemon<F, K, C> {
    /// Runs until `shutdown` ends: then no new work is taken, what runs gets `grace`, and
    /// what did not end by then is due again at the next start.
    ///
    /// # Errors
    /// If the record could not be kept, or the daemon could not start.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), DaemonError> {
        // Held to the end: a second daemon on the same store would check everything twice.
        let _sole = lock_daemon(&self.config.store_path)?;
        let store = Store::open_with(&self.config.store_path, patient()).await?;
        let (fetcher, channels) = (self.equip)(&self.config, &store).map_err(DaemonError::Network)?;
        let in_force = self.put_in_force(&self.config, fetcher, &store).await?;
        let duties = duties(&self.config).map_err(DaemonError::Network)?;
        let switch = Switch {
            in_force: watch::Sender::new(in_force),
            channels: watch::Sender::new(Arc::new(channels)),
            duties: watch::Sender::new(Arc::new(duties)),
        };

        let stop = CancellationToken::new();
        let mut loops = self.start_loops(&switch, &store, &stop);
        self.announce("started", &self.config);

        let ended = self.attend(shutdown, &switch, &store, &mut loops).await;

        self.systemd.tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
        stop.cancel();
        let ended = ended.and(loops.end_within(self.grace).await);
        tracing::info!("stopped");
        ended
    }

    /// Waits for the end, and reloads until it comes.
    async fn attend(
        &self,
        shutdown: impl Future<Output = ()>,
        switch: &Switch<F, K, C>,
        store: &Store,
        loops: &mut Loops,
    ) -> Result<(), DaemonError> {
        let mut shutdown = pin!(shutdown);
        let mut alive = pin!(stay_alive(&self.systemd, loops.pulses.clone()));
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                Some(ended) = loops.tasks.join_next() => return how(ended),
                () = &mut alive => {}
                () = self.reload.notified() => tokio::select! {
                    // A configuration that cannot be read to its end must not keep us.
                    () = &mut shutdown => return Ok(()),
                    reloaded = self.reload(switch, store) => reloaded?,
                },
            }
        }
    }

    /// Reads the configuration again. A broken one changes nothing.
    async fn reload(&self, switch: &Switch<F, K, C>, store: &Store) -> Result<(), DaemonError> {
        self.systemd.reloading();
        match self.load_anew(store).await {
            Ok((config, fetcher, channels, duties)) => {
                let in_force = self.put_in_force(&config, fetcher, store).await?;
                // Channels first: what a new watch says must find its channel.
                switch.channels.send_replace(Arc::new(channels));
                switch.duties.send_replace(Arc::new(duties));
                switch.in_force.send_replace(in_force);
                self.announce("reloaded", &config);
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                let problems = count(problems.len(), "problem");
                tracing::error!("the new configuration is refused ({problems}), the old one stays in force");
                // Not the problems themselves: a line break in one would be another word to systemd.
                self.systemd.ready(&format!("new configuration refused ({problems}, see the log), the old one stays"));
            }
        }
        Ok(())
    }

    /// A configuration that could be put in force, or everything that is wrong with it.
    async fn load_anew(&self, store: &Store) -> Result<(Config, F, K, Duties), Vec<String>> {
        let load = Arc::clone(&self.load);
        let loaded = tokio::task::spawn_blocking(move || load()).await;
        let config = match loaded {
            Ok(Ok(config)) => config,
            Ok(Err(problems)) => return Err(problems.iter().map(said).collect()),
            Err(failed) => return Err(vec![failed.to_string()]),
        };
        if config.store_path != self.config.store_path {
            let (old, new) = (self.config.store_path.display(), config.store_path.display());
            return Err(vec![format!("store.path cannot move from {old} to {new} while the daemon runs; restart it")]);
        }
        let (fetcher, channels) = (self.equip)(&config, store).map_err(|reason| vec![reason])?;
        let duties = duties(&config).map_err(|reason| vec![reason])?;
        Ok((config, fetcher, channels, duties))
    }

    /// Writes the watches of a configuration to the record, and makes it what the scheduler
    /// goes by.
    async fn put_in_force(&self, config: &Config, fetcher: F, store: &Store) -> Result<Arc<InForce<F, C>>, StoreError> {
        let now = self.clock.now();
        let due = cadence::in_force(config.watches.len(), config.scheduler.spread, now);
        let synced = store.sync_watches(config.watches.clone(), due, now).await?;
        for (what, ids) in [("new", &synced.added), ("retired", &synced.retired), ("back", &synced.revived)] {
            for id in ids {
                tracing::info!(watch.id = %id, "watch {id} is {what}");
            }
        }
        Ok(Arc::new(InForce {
            watches: config.watches.iter().map(|watch| (watch.id.clone(), watch.clone())).collect(),
            options: config.scheduler.clone(),
            ports: Ports {
                store: store.clone(),
                fetcher,
                clock: self.clock.clone(),
                unpacker: self.unpacker.clone(),
                spread: config.scheduler.spread,
            },
        }))
    }

    fn start_loops(&self, switch: &Switch<F, K, C>, store: &Store, stop: &CancellationToken) -> Loops {
        let bell = Arc::new(Notify::new());
        let (checks, deliveries, vigil) = (pulse(), pulse(), pulse());
        let scheduler = Scheduler {
            in_force: switch.in_force.subscribe(),
            bell: Arc::clone(&bell),
            stop: stop.clone(),
            grace: self.grace,
            beat: checks.1,
        };
        let outbox = Outbox {
            store: store.clone(),
            channels: switch.channels.subscribe(),
            clock: self.clock.clone(),
            bell: Arc::clone(&bell),
            stop: stop.clone(),
            grace: self.grace,
            beat: deliveries.1,
        };
        let watchman = Vigil {
            duties: switch.duties.subscribe(),
            store: store.clone(),
            clock: self.clock.clone(),
            bell,
            pulses: vec![checks.0.clone(), deliveries.0.clone()],
            stop: stop.clone(),
            beat: vigil.1,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(scheduler.run());
        tasks.spawn(outbox.run());
        tasks.spawn(watchman.run());
        // It works beside the others: should it hang, nothing of theirs is late.
        tasks.spawn(Seeker { in_force: switch.in_force.subscribe(), stop: stop.clone() }.run());
        Loops { tasks, pulses: [checks.0, deliveries.0, vigil.0] }
    }

    /// Says what is in force from now on.
    fn announce(&self, what: &str, config: &Config) {
        self.shown.send_replace(Some(Arc::new(config.clone())));
        let (watches, channels) = (count(config.watches.len(), "page"), count(config.channels.len(), "channel"));
        let status = format!("following {watches}, {channels} to tell");
        tracing::info!("{what}: {status}");
        self.systemd.ready(&status);
    }
}

/// A backfill or an import beside us may write for longer than a person would wait: the
/// daemon waits half a watchdog's period before it ends, and is started anew.
fn patient() -> store::Options {
    store::Options { patience: Duration::from_secs(25), ..store::Options::default() }
}

/// What a reload turns.
struct Switch<F, K, C> {
    in_force: watch::Sender<Arc<InForce<F, C>>>,
    channels: watch::Sender<Arc<K>>,
    duties: watch::Sender<Arc<Duties>>,
}

/// The loops that do the work; three of them show that they turn.
struct Loops {
    tasks: JoinSet<Result<(), StoreError>>,
    pulses: [Pulse; 3],
}

impl Loops {
    /// Waits for all, which end by themselves within `grace`; not much longer, should one hang.
    async fn end_within(mut self, grace: Duration) -> Result<(), DaemonError> {
        let all = async {
            let mut first = Ok(());
            while let Some(ended) = self.tasks.join_next().await {
                first = first.and(how(ended));
            }
            first
        };
        match tokio::time::timeout(grace + Duration::from_secs(1), all).await {
            Ok(ended) => ended,
            Err(_) => Err(DaemonError::Panicked("a loop does not end".to_owned())),
        }
    }
}

/// So many of something: `1 page`, `2 pages`.
fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

/// A problem and its remedy, for the log.
fn said(problem: &Problem) -> String {
    problem.hint.as_ref().map_or_else(|| problem.to_string(), |hint| format!("{problem}; {hint}"))
}

/// How a loop has ended.
fn how(ended: Result<Result<(), StoreError>, JoinError>) -> Result<(), DaemonError> {
    match ended {
        Ok(ended) => ended.map_err(DaemonError::Store),
        Err(failed) => Err(DaemonError::Panicked(failed.to_string())),
    }
}

/// Shows systemd that all loops turn, twice within each of its watchdog's periods. A loop
/// that hangs is not felt, nothing is said any more, and systemd restarts us.
async fn stay_alive<const LOOPS: usize>(systemd: &Systemd, pulses: [Pulse; LOOPS]) {
    let Some(period) = systemd.watchdog.filter(|period| !period.is_zero()) else {
        return std::future::pending().await;
    };
    let mut turn = tokio::time::interval((period / 2).max(Duration::from_millis(1)));
    loop {
        turn.tick().await;
        for pulse in &pulses {
            if !pulse.felt().await {
                // Its end is seen elsewhere; until then there is nothing good to say.
                return std::future::pending().await;
            }
        }
        systemd.tell(&[NotifyState::Watchdog]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// How often systemd hears of a daemon one of whose loops hangs.
    async fn heard(hangs: bool) -> u32 {
        let heard = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&heard);
        let tell = move |_: &[NotifyState<'_>]| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let systemd = Systemd::new(tell, Some(Duration::from_millis(2)));
        let ((turning, mut turns), (other, mut may_hang)) = (pulse(), pulse());
        let loops = async {
            loop {
                tokio::select! {
                    () = turns.asked() => {}
                    () = may_hang.asked(), if !hangs => {}
                }
            }
        };
        tokio::select! {
            () = stay_alive(&systemd, [turning, other]) => {}
            () = loops => {}
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        heard.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_loop_that_hangs_is_not_vouched_for() {
        assert!(heard(false).await > 0);
        assert_eq!(heard(true).await, 0);
    }
}
