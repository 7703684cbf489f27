//! The process that a browser lives and dies with: our own program run once more.
//!
//! A browser is many processes, some of which leave their parent. The keeper starts it,
//! becomes the parent of every one that loses its own, adds up their memory, and ends all of
//! them when the browser ends, when they use too much, when the time is up, or when whoever
//! asked for the page goes away, for whatever reason: then the pipe has no reader any more,
//! which the kernel tells even of a process that was killed. The profile is removed last.
//!
//! The browser's own pipes run past the keeper, which has the other end of none of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions};

/// The verb under which our program keeps a browser; for nobody to type.
pub const VERB: &str = "browse";

/// How a keeper ends. Its exit code, which its parent reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The browser ended, or nobody wanted it any more.
    Quiet = 0,
    /// Its processes used more memory than they may.
    Memory = 41,
    /// Its time was up, and nobody had ended it.
    Late = 42,
    /// It could not be started.
    NotStarted = 43,
}

impl Ended {
    pub(super) fn of(code: Option<i32>) -> Self {
        let all = [Self::Memory, Self::Late, Self::NotStarted];
        all.into_iter().find(|ended| code == Some(*ended as i32)).unwrap_or(Self::Quiet)
    }
}

/// What a keeper is told, by its arguments.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Where the browser keeps what it needs; ours alone, and removed in the end.
    pub profile: PathBuf,
    /// What all its processes may use together, in bytes.
    pub memory: u64,
    /// After which everything ends, whoever still waits.
    pub wall: Duration,
    /// The browser, and what it is told.
    pub command: Vec<OsString>,
}

/// How often the memory is added up. A browser cannot be given a limit that the kernel keeps:
/// it reserves far more than it uses.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// The largest file that the browser may write, in bytes: it is told to write none.
const LARGEST_FILE: u64 = 512 * 1024 * 1024;

/// The user that owns nothing, for whom root starts a browser.
const NOBODY: u32 = 65534;

/// Starts a browser, and stays until none of its processes is left.
pub fn keep(kept: &Kept) -> u8 {
    let ended = live(kept);
    end_all();
    // Whoever asked for the page may be faster, or may be dead.
    let _ = std::fs::remove_dir_all(&kept.profile);
    ended as u8
}

fn live(kept: &Kept) -> Ended {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        eprintln!("policywatch: {what}: {error}");
        Ended::NotStarted
    };
    if let Err(error) = limit() {
        return failed("the limits of the browser could not be set", &error);
    }
    let main = match start(kept) {
        Ok(main) => main,
        Err(error) => return failed("the browser could not be started", &error),
    };
    let until = Instant::now() + kept.wall;
    let reader = std::io::stdout();
    loop {
        // Nothing is waited for but the reader's end, which is always told.
        let mut gone = [PollFd::new(&reader, PollFlags::empty())];
        let told = poll(&mut gone, Some(&LOOK));
        if told.is_ok_and(|told| told > 0) && !gone[0].revents().is_empty() {
            return Ended::Quiet;
        }
        if reap().contains(&main) {
            return Ended::Quiet;
        }
        if Instant::now() >= until {
            return Ended::Late;
        }
        if memory(&descendants()) > kept.memory {
            return Ended::Memory;
        }
    }
}

/// Bounds what is inherited, and adopts what its parent leaves.
fn limit() -> Result<(), rustix::io::Errno> {
    let at_most = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    rustix::process::setrlimit(Resource::Core, at_most(0))?;
    rustix::process::setrlimit(Resource::Fsize, at_most(LARGEST_FILE))?;
    // A group of our own: what ends the terminal's group leaves the browser to us.
    rustix::process::setpgid(None, None)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // If memory runs out, the browser goes first. It is only a wish.
    let _ = std::fs::write("/proc/self/oom_score_adj", "600");
    Ok(())
}

/// Starts the browser with its pipes where it looks for them: 3 to hear, 4 to speak.
fn start(kept: &Kept) -> std::io::Result<i32> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", r#"exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null"#, "sh"])
        .args(&kept.command)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        // What a page says must not depend on where this machine stands.
        .env("TZ", "UTC")
        .env("HOME", &kept.profile)
        .env("TMPDIR", &kept.profile)
        .env("XDG_CONFIG_HOME", &kept.profile)
        .env("XDG_CACHE_HOME", &kept.profile)
        // There is a bus in no case; without a word the browser looks for one for long.
        .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        .env("DBUS_SYSTEM_BUS_ADDRESS", "disabled:")
        .current_dir(&kept.profile)
        .stdin(Stdio::inherit())
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit());
    if rustix::process::geteuid().is_root() {
        // A browser refuses to confine its pages as root, and a page that breaks out of it
        // must not find itself root either.
        chown(&kept.profile)?;
        command.uid(NOBODY).gid(NOBODY);
    }
    Ok(command.spawn()?.id().cast_signed())
}

/// Gives a folder, with what we have put into it, to the user that owns nothing.
fn chown(folder: &Path) -> std::io::Result<()> {
    std::os::unix::fs::lchown(folder, Some(NOBODY), Some(NOBODY))?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            chown(&entry.path())?;
        } else {
            std::os::unix::fs::lchown(entry.path(), Some(NOBODY), Some(NOBODY))?;
        }
    }
    Ok(())
}

/// Takes note of processes that have ended.
fn reap() -> Vec<i32> {
    let mut ended = Vec::new();
    while let Ok(Some((pid, _))) = rustix::process::wait(WaitOptions::NOHANG) {
        ended.push(pid.as_raw_nonzero().get());
    }
    ended
}

/// Kills every descendant, and those that appear meanwhile, until none is left.
fn end_all() {
    loop {
        for pid in descendants().into_iter().filter_map(Pid::from_raw) {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        // Blocks until one of them has ended; fails once there is none.
        if rustix::process::wait(WaitOptions::empty()).is_err() {
            return;
        }
        reap();
    }
}

/// Does a keeper's work where it was ended itself: kills what names the profile, until nothing
/// does, and removes it. A browser whose pipes are closed ends by itself, but not without a word
/// into its profile.
pub(super) fn end_in_place(profile: &Path, most: Duration) {
    let mark = profile.as_os_str().as_encoded_bytes();
    let until = Instant::now() + most;
    // What is not ours to kill, or does not die, is not waited for.
    while Instant::now() < until {
        let named: Vec<Pid> =
            processes().filter(|(_, path)| names(path, mark)).filter_map(|(pid, _)| Pid::from_raw(pid)).collect();
        if named.is_empty() {
            break;
        }
        for pid in named {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        std::thread::yield_now();
    }
    // Usually there is none any more.
    let _ = std::fs::remove_dir_all(profile);
}

/// Whether a process's command line holds some words; that of one that has ended is empty.
fn names(process: &Path, words: &[u8]) -> bool {
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    memchr::memmem::find(&line, words).is_some()
}

/// Every process, with where it is described.
fn processes() -> impl Iterator<Item = (i32, PathBuf)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

/// Every process below this one.
fn descendants() -> Vec<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (pid, path) in processes() {
        if let Some(parent) = parent_of(&path) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![rustix::process::getpid().as_raw_nonzero().get()];
    let mut at = 0;
    while at < found.len() {
        found.extend(children.remove(&found[at]).unwrap_or_default());
        at += 1;
    }
    found.split_off(1)
}

/// The parent that `/proc/…/stat` names, behind the name in parentheses, which may hold any sign.
fn parent_of(process: &Path) -> Option<i32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// What processes use together, in bytes: what each has alone, and once what they share.
fn memory(processes: &[i32]) -> u64 {
    let page = rustix::param::page_size() as u64;
    let (mut alone, mut shared) = (0, 0);
    for pid in processes {
        let Ok(statm) = std::fs::read_to_string(format!("/proc/{pid}/statm")) else { continue };
        let mut pages = statm.split(' ').skip(1).map(|number| number.parse::<u64>().unwrap_or(0));
        let (resident, common) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
        alone += resident.saturating_sub(common);
        shared = common.max(shared);
    }
    (alone + shared) * page
}
