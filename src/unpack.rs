//! Unpacks PDF and DOCX in a process of its own, so that a hostile file can neither hang
//! nor crash the one that keeps the record, nor eat its memory.
//!
//! The process is our own program run once more ([`Unpacker::this_program`]): the file
//! goes in by its standard input, the blocks come out by its standard output, and it has
//! no environment, no other file and nothing to write to. It sets its own limits before
//! it reads a byte ([`serve`]): processor time, memory, no core dump, and its death with
//! its parent's. The parent bounds what it sends and takes, and how long it waits; when
//! it stops waiting, for whatever reason, it kills. No more than [`AT_ONCE`] run at a
//! time, whatever the number of checks.
//!
//! A file that meets a limit is malformed, and the reason says which. That the process
//! could not start, set its limits or stay alive is no property of the file: it is an
//! [`UnpackError`], and decides nothing. Limits on the work
//! itself (pages, letters, nodes) come first and do not depend on the machine, so that
//! the same bytes read the same everywhere; those of time only end what nobody reads.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::reading::{Unreadable, Why};
use crate::snapshot::Snapshot;
use crate::text::unpack::{MAX_BYTES, Packed, UnpackError, Unpacked, Unpacking, unpack};
use crate::text::{Block, BlockKind, Link};

/// The verb under which our program unpacks; for nobody to type.
pub const VERB: &str = "unpack";

/// How many files one [`Unpacker`] unpacks at the same time: together they stay below the
/// memory that the service may use.
pub const AT_ONCE: usize = 2;

/// How long a file may take, by the wall.
pub const WALL: Duration = Duration::from_secs(20);

/// Processor time, in seconds.
const CPU: u64 = 6;

/// Address space, in bytes; our program, the file and the stack are in it.
const MEMORY: u64 = 320 * 1024 * 1024;

/// The stack of the thread that unpacks, in bytes: page trees and tables recurse.
const STACK: usize = 32 * 1024 * 1024;

/// The most that is taken from a process, in bytes. The text of a policy has 0.1 MiB.
const MAX_OUTPUT: u64 = 16 * 1024 * 1024;

/// The most of its complaints that is kept, in bytes.
const MAX_COMPLAINT: u64 = 4096;

/// What unpacks files.
#[derive(Clone, Debug)]
pub struct Unpacker {
    program: Option<PathBuf>,
    wall: Duration,
    gate: Arc<Gate>,
}

impl Unpacker {
    /// Unpacks with the program at this path, which must be policywatch.
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), wall: WALL, gate: Arc::default() }
    }

    /// Unpacks with the program that this process runs. Only for policywatch itself: any
    /// other program does not know the verb, and nothing is opened for that reason.
    pub fn this_program() -> Self {
        // The link leads to the file that runs, even if another one took its name since.
        let link = Path::new("/proc/self/exe");
        let program = if link.exists() { Some(link.to_owned()) } else { std::env::current_exe().ok() };
        Self { program, wall: WALL, gate: Arc::default() }
    }

    /// Unpacks nothing: every PDF and DOCX fails with [`UnpackError::NoProgram`].
    pub fn none() -> Self {
        Self { program: None, wall: WALL, gate: Arc::default() }
    }

    /// Waits another while than [`WALL`].
    pub fn patience(self, wall: Duration) -> Self {
        Self { wall, ..self }
    }

    /// Unpacks a snapshot; none if there is nothing to unpack. Blocks the thread.
    ///
    /// # Errors
    /// Failures of ours, which say nothing of the file; those of the file are an
    /// [`Unpacking`].
    pub fn unpack(&self, snapshot: &Snapshot) -> Result<Option<Unpacking>, UnpackError> {
        let Some(packed) = Packed::of(snapshot) else { return Ok(None) };
        // Refused without a process, by the same words.
        if snapshot.body.len() > MAX_BYTES {
            return Ok(Some(unpack(packed, &snapshot.body)));
        }
        self.run(packed, &snapshot.body).map(Some)
    }

    fn run(&self, packed: Packed, body: &[u8]) -> Result<Unpacking, UnpackError> {
        let program = self.program.as_ref().ok_or(UnpackError::NoProgram)?;
        let name = program.display().to_string();
        let _place = self.gate.enter();
        let child = Command::new(program)
            .args([VERB, packed.as_str()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        match child {
            Ok(child) => self.talk(Killed(child), name, packed, body),
            Err(error) => Err(UnpackError::NotStarted { program: name, reason: error.to_string() }),
        }
    }

    /// Sends the file, takes the answer; whatever happens, the process is gone in the end.
    fn talk(&self, mut child: Killed, program: String, packed: Packed, body: &[u8]) -> Result<Unpacking, UnpackError> {
        let (input, output, complaints) = (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take());
        let until = Instant::now() + self.wall;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // Whoever stopped listening has said why, or is dead.
                let _ = input.map(|mut input| input.write_all(body));
            });
            let (tell, answered) = channel();
            let (complain, complained) = channel();
            scope.spawn(move || tell.send(taken(output, MAX_OUTPUT)));
            scope.spawn(move || complain.send(taken(complaints, MAX_COMPLAINT)));
            let answer = wait(&answered, until);
            let too_much = answer.as_ref().is_some_and(|answer| answer.len() as u64 > MAX_OUTPUT);
            // Its complaints end when it does; one that goes on talking need not be waited for.
            let complaint = if too_much { None } else { wait(&complained, until) };
            // By now it has ended, or it is made to; the threads above end with its pipes.
            let ended = child.end();
            if let Some(said) = answer.as_deref().and_then(Said::read) {
                return said.into_unpacking();
            }
            let reason = match (answer, complaint) {
                _ if too_much => format!("it holds more than {} MiB of text", MAX_OUTPUT / (1024 * 1024)),
                (Some(_), Some(complaint)) => died(ended, program, &String::from_utf8_lossy(&complaint))?,
                _ => format!("it was not unpacked within {} s", self.wall.as_secs_f32()),
            };
            let evidence = format!("the {} document cannot be unpacked: {reason}", packed.name());
            Ok(Err(Unreadable::new(Why::Malformed, evidence)))
        })
    }
}

/// What came within the time; none if it did not end.
fn wait(from: &Receiver<Vec<u8>>, until: Instant) -> Option<Vec<u8>> {
    match from.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(bytes) => Some(bytes),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Vec::new()),
    }
}

/// Reads to the end, but no more than one byte above the bound.
fn taken(from: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What came before a failure is all that there is.
    let _ = from.map(|from| from.take(most + 1).read_to_end(&mut bytes));
    bytes
}

/// What of the file ended a process without an answer, if it was the file.
fn died(ended: Option<ExitStatus>, program: String, complaint: &str) -> Result<String, UnpackError> {
    use rustix::process::Signal;
    let signal = ended.and_then(|status| status.signal());
    if complaint.contains("memory allocation of") {
        return Ok(format!("it needs more than {} MiB of memory", MEMORY / (1024 * 1024)));
    }
    if complaint.contains("overflowed its stack") {
        return Ok("it nests too deeply".to_owned());
    }
    let is = |signals: &[Signal]| signal.is_some_and(|ended| signals.iter().any(|signal| signal.as_raw() == ended));
    if is(&[Signal::XCPU]) {
        return Ok(format!("it needs more than {CPU} s of processor time"));
    }
    match signal {
        // What a program does to itself on a file that it was not made for.
        Some(signal) if is(&[Signal::ABORT, Signal::BUS, Signal::FPE, Signal::ILL, Signal::SEGV, Signal::TRAP]) => {
            Ok(format!("its reader was ended by signal {signal}"))
        }
        Some(signal) => Err(UnpackError::Ended { signal }),
        None => {
            let first = complaint.lines().next().map(|first| first.chars().take(160).collect::<String>());
            Err(UnpackError::Foreign { program, said: first.map_or_else(String::new, |said| format!(" ({said})")) })
        }
    }
}

/// A process that does not outlive its value.
#[derive(Debug)]
struct Killed(Child);

impl Killed {
    /// Ends it, if it has not ended already; returns how it did.
    fn end(&mut self) -> Option<ExitStatus> {
        // Fails only for one that was waited for.
        let _ = self.0.kill();
        self.0.wait().ok()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.end();
    }
}

/// Lets [`AT_ONCE`] in.
#[derive(Debug, Default)]
struct Gate {
    inside: Mutex<usize>,
    left: Condvar,
}

impl Gate {
    fn enter(&self) -> Place<'_> {
        // A count cannot be left half-written, so a poisoned lock is as good as any.
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inside =
            self.left.wait_while(inside, |inside| *inside >= AT_ONCE).unwrap_or_else(PoisonError::into_inner);
        *inside += 1;
        Place(self)
    }
}

struct Place<'a>(&'a Gate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.inside.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.left.notify_one();
    }
}

/// The other side: sets the limits, reads a file from standard input, writes what it holds
/// to standard output.
///
/// Says so if a limit could not be set; then nothing is read.
///
/// # Errors
/// If the pipes broke.
pub fn serve(packed: Packed) -> io::Result<()> {
    if let Err(reason) = limit() {
        return say(&Said::NotBegun { reason });
    }
    // A panic is an answer too, and the only one: its words are for nobody.
    std::panic::set_hook(Box::new(|_| {}));
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || -> io::Result<Unpacking> {
        let mut body = Vec::new();
        io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut body)?;
        Ok(unpack(packed, &body))
    });
    let worker = match worker {
        Ok(worker) => worker,
        Err(error) => {
            let reason = format!("its thread could not be started ({error}); see that the service may start threads");
            return say(&Said::NotBegun { reason });
        }
    };
    let unpacking = worker.join().unwrap_or_else(|_| {
        let evidence = format!("the {} document is damaged: its reader gave up", packed.name());
        Ok(Err(Unreadable::new(Why::Malformed, evidence)))
    })?;
    say(&Said::from(unpacking))
}

fn say(said: &Said) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, said)?;
    out.flush()
}

/// Bounds what this process may use, for good; or says what could not be bounded.
fn limit() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let at_most = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    let failed = |what: String| {
        move |error: rustix::io::Errno| {
            format!(
                "{what} could not be set ({error}); allow prlimit64 and prctl to the service, and do not give it \
                 smaller limits of its own"
            )
        }
    };
    setrlimit(Resource::Core, at_most(0)).map_err(failed("that no core is dumped".to_owned()))?;
    // The second that the hard limit is later by lets the signal tell which limit it was.
    setrlimit(Resource::Cpu, Rlimit { current: Some(CPU), maximum: Some(CPU + 1) })
        .map_err(failed(format!("the limit of {CPU} s of processor time")))?;
    setrlimit(Resource::As, at_most(MEMORY))
        .map_err(failed(format!("the memory limit of {} MiB", MEMORY / (1024 * 1024))))?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(failed("that it ends with its parent".to_owned()))?;
    Ok(())
}

/// What the process says, as JSON: a contract between two runs of one program.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    #[serde(rename = "unpacked")]
    Unpacked { title: Option<String>, blocks: Vec<SaidBlock> },
    #[serde(rename = "unreadable")]
    Unreadable { why: String, evidence: Vec<String> },
    #[serde(rename = "not_begun")]
    NotBegun { reason: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct SaidBlock {
    kind: SaidKind,
    text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<(String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum SaidKind {
    #[serde(rename = "h")]
    Heading(u8, Option<String>),
    #[serde(rename = "p")]
    Paragraph,
    #[serde(rename = "li")]
    ListItem(u8),
    #[serde(rename = "th")]
    TableHeader,
    #[serde(rename = "tr")]
    TableRow,
    #[serde(rename = "dt")]
    Term,
    #[serde(rename = "dd")]
    Definition,
    #[serde(rename = "pre")]
    Preformatted,
}

impl Said {
    fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn into_unpacking(self) -> Result<Unpacking, UnpackError> {
        match self {
            Self::Unpacked { title, blocks } => {
                Ok(Ok(Unpacked { title, blocks: blocks.into_iter().map(Block::from).collect() }))
            }
            Self::Unreadable { why, evidence } => {
                Ok(Err(Unreadable { why: Why::parse(&why).unwrap_or(Why::Malformed), evidence }))
            }
            Self::NotBegun { reason } => Err(UnpackError::NotBegun { reason }),
        }
    }
}

impl From<Unpacking> for Said {
    fn from(unpacking: Unpacking) -> Self {
        match unpacking {
            Ok(Unpacked { title, blocks }) => {
                Self::Unpacked { title, blocks: blocks.into_iter().map(SaidBlock::from).collect() }
            }
            Err(Unreadable { why, evidence }) => Self::Unreadable { why: why.as_str().to_owned(), evidence },
        }
    }
}

impl From<Block> for SaidBlock {
    fn from(block: Block) -> Self {
        let kind = match block.kind {
            BlockKind::Heading { level, anchor } => SaidKind::Heading(level, anchor),
            BlockKind::Paragraph => SaidKind::Paragraph,
            BlockKind::ListItem { depth } => SaidKind::ListItem(depth),
            BlockKind::TableHeader => SaidKind::TableHeader,
            BlockKind::TableRow => SaidKind::TableRow,
            BlockKind::Term => SaidKind::Term,
            BlockKind::Definition => SaidKind::Definition,
            BlockKind::Preformatted => SaidKind::Preformatted,
        };
        let links = block.links.into_iter().map(|link| (link.text, link.target)).collect();
        Self { kind, text: block.text, links }
    }
}

impl From<SaidBlock> for Block {
    fn from(said: SaidBlock) -> Self {
        let kind = match said.kind {
            SaidKind::Heading(level, anchor) => BlockKind::Heading { level: level.clamp(1, 6), anchor },
            SaidKind::Paragraph => BlockKind::Paragraph,
            SaidKind::ListItem(depth) => BlockKind::ListItem { depth: depth.clamp(1, 6) },
            SaidKind::TableHeader => BlockKind::TableHeader,
            SaidKind::TableRow => BlockKind::TableRow,
            SaidKind::Term => BlockKind::Term,
            SaidKind::Definition => BlockKind::Definition,
            SaidKind::Preformatted => BlockKind::Preformatted,
        };
        let links = said.links.into_iter().map(|(text, target)| Link { text, target }).collect();
        Self { kind, text: said.text, links }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_crosses_the_pipe_whole() {
        let link = Link { text: "partners".to_owned(), target: "https://acme.test/partners".to_owned() };
        let block = |kind, links| Block { kind, text: "Words\u{1f512}".to_owned(), links };
        let blocks = vec![
            block(BlockKind::Heading { level: 2, anchor: Some("x".to_owned()) }, Vec::new()),
            block(BlockKind::Paragraph, vec![link]),
            block(BlockKind::ListItem { depth: 3 }, Vec::new()),
            block(BlockKind::TableHeader, Vec::new()),
            block(BlockKind::TableRow, Vec::new()),
            block(BlockKind::Term, Vec::new()),
            block(BlockKind::Definition, Vec::new()),
            block(BlockKind::Preformatted, Vec::new()),
        ];
        for unpacking in [
            Ok(Unpacked { blocks, title: Some("Terms".to_owned()) }),
            Err(Unreadable::new(Why::UnsupportedType, "a PDF without text (scanned pages)")),
        ] {
            let bytes = serde_json::to_vec(&Said::from(unpacking.clone())).unwrap();
            assert_eq!(Said::read(&bytes).unwrap().into_unpacking(), Ok(unpacking));
        }
    }

    #[test]
    fn a_program_that_is_not_ours_unpacks_nothing() {
        // It ends at once, says nothing, and does not read its input.
        let silent = Unpacker::at("/bin/true").run(Packed::Pdf, &vec![b' '; 1 << 20]).unwrap_err();
        assert!(silent.to_string().contains("does not know how"), "{silent}");
        let missing = Unpacker::at("/nowhere/policywatch").run(Packed::Pdf, b"").unwrap_err();
        assert!(missing.to_string().contains("could not be started (/nowhere/policywatch"), "{missing}");
        let none = Unpacker::none().run(Packed::Docx, b"").unwrap_err();
        assert_eq!(none, UnpackError::NoProgram);
        // What keeps it from beginning comes over as what it is.
        let said = serde_json::to_vec(&Said::NotBegun { reason: "no limit".to_owned() }).unwrap();
        let not_begun = Said::read(&said).unwrap().into_unpacking().unwrap_err();
        assert_eq!(not_begun.to_string(), "the process that opens documents could not begin: no limit");
    }
}
