//! Git repositories, read and written by the `git` program.
//!
//! A repository may be somebody else's: its hooks, its configured programs, pagers,
//! replacements and lazy fetches are all off, and nothing of the user's own configuration
//! is read. Sizes and lengths are bounded. Why not a library: `git` reads a large history
//! two to seven times as fast, and its packs are its own affair
//! (docs/decisions/0018-other-archives.md).

use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::time::{Timestamp, parse_rfc3339};

/// The longest subject or path; git itself writes paths of 4 kB at most on Linux.
const MAX_TOKEN: u64 = 64 * 1024;

/// The largest file: what a record of a WARC file may have, too.
pub const MAX_BLOB: u64 = 64 * 1024 * 1024;

/// What is off, whatever a repository configures.
const SAFE: [&str; 11] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "log.showSignature=false",
    "log.showRoot=true",
    "log.mailmap=false",
    "gpg.program=false",
    "commit.gpgSign=false",
    "protocol.allow=never",
];

/// Why git could not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// The program is not there.
    #[error("git could not be started: {0}; install it (Debian: apt-get install git)")]
    NotThere(String),
    /// It refused.
    #[error("git could not {doing} in {path}: {reason}")]
    Failed {
        /// What was attempted.
        doing: &'static str,
        /// The repository.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

/// The hash of an object: SHA-1, or SHA-256 in repositories that use it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ObjectId {
    bytes: [u8; 32],
    length: u8,
}

impl ObjectId {
    /// Reads 40 or 64 hexadecimal digits.
    fn from_hex(hex: &str) -> Option<Self> {
        let found = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?;
        let mut bytes = [0; 32];
        bytes.get_mut(..found.len())?.copy_from_slice(&found);
        [20, 32].contains(&found.len()).then_some(Self { bytes, length: found.len() as u8 })
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.bytes[..usize::from(self.length)]))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

/// A file as a commit left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The commit's hash.
    pub commit: ObjectId,
    /// The author's date.
    pub authored_at: Timestamp,
    /// The first line of the message.
    pub subject: String,
    /// The file.
    pub path: String,
    /// The hash of its content.
    pub blob: ObjectId,
}

/// A repository.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
}

impl Repository {
    /// Opens a repository.
    ///
    /// # Errors
    /// If there is none, or no git.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        let path = path.canonicalize().map_err(|error| GitError::Failed {
            doing: "look",
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let repository = Self { path };
        repository.run("find a repository", &["rev-parse", "--git-dir"])?;
        Ok(repository)
    }

    /// Makes a repository with one branch, `main`, and no commit.
    ///
    /// # Errors
    /// Those of git.
    pub fn create(path: &Path) -> Result<Self, GitError> {
        let repository = Self { path: path.to_owned() };
        repository.run("make a repository", &["init", "--quiet", "--initial-branch=main", "--template="])?;
        Ok(repository)
    }

    /// Calls `each` for every file that a commit of the current branch adds or changes, the
    /// newest commit first.
    ///
    /// # Errors
    /// Those of git, and if it writes what it must not.
    pub fn changes(&self, mut each: impl FnMut(Committed)) -> Result<(), GitError> {
        const DOING: &str = "list the commits";
        let arguments = ["log", "-z", "--raw", "--no-abbrev", "--no-renames", "--format=%x01%H%x02%aI%x02%s", "HEAD"];
        let mut child = self.start(&arguments, Stdio::null(), Stdio::piped())?;
        let complaints = drained(&mut child);
        let mut tokens = Tokens(BufReader::with_capacity(256 * 1024, taken(&mut child)));
        let mut commit: Option<(ObjectId, Timestamp, String)> = None;
        let walked = loop {
            let token = match tokens.next() {
                Ok(Some(token)) => token,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.to_string()),
            };
            let token = token.trim_start_matches('\n');
            if let Some(header) = token.strip_prefix('\u{1}') {
                let mut parts = header.splitn(3, '\u{2}').map(str::to_owned);
                let (hash, date, subject) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
                let date = date.and_then(|date| parse_rfc3339(&date).ok());
                let hash = hash.and_then(|hash| ObjectId::from_hex(&hash));
                commit = hash.zip(date).map(|(hash, date)| (hash, date, subject));
            } else if let Some(raw) = token.strip_prefix(':') {
                let path = match tokens.next() {
                    Ok(Some(path)) => path,
                    _ => break Err("a path is missing".to_owned()),
                };
                let fields: Vec<&str> = raw.split(' ').collect();
                // Regular files that are there afterwards.
                if let ([_, "100644" | "100755", _, blob, _], Some((hash, at, subject))) = (&fields[..], &commit)
                    && let Some(blob) = ObjectId::from_hex(blob)
                {
                    each(Committed { commit: *hash, authored_at: *at, subject: subject.clone(), path, blob });
                }
            }
        };
        self.ended(child, complaints, DOING, walked)
    }

    /// The contents of files by their hashes, in the order of `blobs`; none where one is
    /// not there or larger than [`MAX_BLOB`].
    ///
    /// # Errors
    /// If git cannot be started.
    pub fn contents(&self, blobs: Vec<ObjectId>) -> Result<Contents, GitError> {
        // A damaged repository makes it complain of each object; nobody reads that while the
        // contents come, and a full pipe would stop both sides.
        let mut child = self.start(&["cat-file", "--batch", "--buffer"], Stdio::piped(), Stdio::null())?;
        let input = child.stdin.take();
        let asked = blobs.len();
        // Git is asked ahead of what is read here, so that neither waits for the other.
        let asking = std::thread::spawn(move || {
            let Some(input) = input else { return };
            let mut input = BufWriter::new(input);
            for blob in blobs {
                // A git that ends early says why when its end is looked at.
                if writeln!(input, "{blob}").is_err() {
                    return;
                }
            }
            let _ = input.flush();
        });
        let output = BufReader::with_capacity(1024 * 1024, taken(&mut child));
        Ok(Contents { repository: self.clone(), child: Some(child), output, asking: Some(asking), left: asked })
    }

    /// Feeds a stream of commits to git; `write` writes it (see git-fast-import(1)).
    ///
    /// # Errors
    /// Those of git, and those of `write`.
    pub fn fast_import<E: From<GitError>>(&self, write: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Result<(), E> {
        const DOING: &str = "take the commits";
        let mut child =
            self.start(&["fast-import", "--quiet", "--done", "--date-format=raw"], Stdio::piped(), Stdio::piped())?;
        let complaints = drained(&mut child);
        let written = match child.stdin.take() {
            Some(input) => {
                let mut input = BufWriter::new(input);
                let written = write(&mut input);
                if written.is_err() {
                    // Without its end git must not take what came for the whole.
                    let _ = child.kill();
                }
                written
            }
            None => Ok(()),
        };
        let ended = self.ended(child, complaints, DOING, Ok(()));
        written?;
        Ok(ended?)
    }

    /// What a command of git prints, without its last newline.
    ///
    /// # Errors
    /// Those of git.
    pub fn run(&self, doing: &'static str, arguments: &[&str]) -> Result<String, GitError> {
        let child = self.start(arguments, Stdio::null(), Stdio::piped())?;
        let output = child.wait_with_output().map_err(|error| GitError::NotThere(error.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        Err(self.failed(doing, &output.stderr))
    }

    fn start(&self, arguments: &[&str], input: Stdio, errors: Stdio) -> Result<Child, GitError> {
        let mut command = Command::new("git");
        command.env_clear();
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0");
        for setting in SAFE {
            command.args(["-c", setting]);
        }
        // Whose it is does not matter, since nothing that it configures is run.
        command.arg("-c").arg(format!("safe.directory={}", self.path.display()));
        command.arg("--no-pager").arg("-C").arg(&self.path).args(arguments);
        command.stdin(input).stdout(Stdio::piped()).stderr(errors);
        command.spawn().map_err(|error| GitError::NotThere(error.to_string()))
    }

    fn ended(
        &self,
        mut child: Child,
        complaints: Option<Complaints>,
        doing: &'static str,
        worked: Result<(), String>,
    ) -> Result<(), GitError> {
        if worked.is_err() {
            let _ = child.kill();
        }
        let output = child.wait_with_output().map_err(|error| GitError::NotThere(error.to_string()))?;
        let said = complaints.and_then(|complaints| complaints.join().ok()).unwrap_or_default();
        match worked {
            Err(reason) => Err(GitError::Failed { doing, path: self.path.clone(), reason }),
            Ok(()) if output.status.success() => Ok(()),
            Ok(()) => Err(self.failed(doing, &said)),
        }
    }

    fn failed(&self, doing: &'static str, said: &[u8]) -> GitError {
        let said = String::from_utf8_lossy(&said[..said.len().min(2000)]).into_owned();
        let reason = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim().to_owned();
        GitError::Failed { doing, path: self.path.clone(), reason }
    }
}

/// What a program complains of, read while it works.
type Complaints = JoinHandle<Vec<u8>>;

/// What is kept of that.
const MOST_COMPLAINTS: u64 = 64 * 1024;

/// Reads what a program complains of in a thread of its own: a damaged repository makes git
/// complain of each object, and a pipe that nobody empties would stop it. The beginning is
/// kept, the rest goes by.
fn drained(child: &mut Child) -> Option<Complaints> {
    let mut pipe = child.stderr.take()?;
    Some(std::thread::spawn(move || {
        let mut said = Vec::new();
        // What cannot be read is not said; the end of git says whether it went well.
        let _ = (&mut pipe).take(MOST_COMPLAINTS).read_to_end(&mut said);
        let _ = io::copy(&mut pipe, &mut io::sink());
        said
    }))
}

/// Its output, which was asked for when it was started.
fn taken(child: &mut Child) -> ChildStdout {
    child.stdout.take().expect("its output is piped")
}

/// What stands between NULs.
struct Tokens<R>(R);

impl<R: BufRead> Tokens<R> {
    fn next(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        let read = (&mut self.0).take(MAX_TOKEN).read_until(0, &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        match bytes.pop() {
            Some(0) => {}
            Some(last) if (read as u64) < MAX_TOKEN => bytes.push(last),
            _ => return Err(io::Error::other(format!("a subject or a path has more than {MAX_TOKEN} bytes"))),
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// The contents of files, one after the other.
pub struct Contents {
    repository: Repository,
    child: Option<Child>,
    output: BufReader<ChildStdout>,
    asking: Option<JoinHandle<()>>,
    left: usize,
}

impl Contents {
    fn one(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = String::new();
        (&mut self.output).take(512).read_line(&mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.ends_with(" missing") || line.ends_with(" ambiguous") {
            return Ok(None);
        }
        let size = line.rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| io::Error::other("it answers with no size"))?;
        if size > MAX_BLOB {
            io::copy(&mut (&mut self.output).take(size + 1), &mut io::sink())?;
            return Ok(None);
        }
        let mut content = vec![0; size as usize + 1];
        self.output.read_exact(&mut content)?;
        content.pop();
        Ok(Some(content))
    }
}

impl Iterator for Contents {
    type Item = Result<Option<Vec<u8>>, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match self.one() {
            Ok(content) => Some(Ok(content)),
            Err(error) => {
                self.left = 0;
                let child = self.child.take()?;
                // A git that ends early says why; one that talks nonsense does not.
                let reason = error.to_string();
                let said = match error.kind() {
                    io::ErrorKind::UnexpectedEof => self.repository.ended(child, None, "read a file", Ok(())),
                    _ => self.repository.ended(child, None, "read a file", Err(reason.clone())),
                };
                let path = self.repository.path.clone();
                Some(Err(said.err().unwrap_or(GitError::Failed { doing: "read a file", path, reason })))
            }
        }
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Where not all was read; where it was, it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(asking) = self.asking.take() {
            let _ = asking.join();
        }
    }
}
