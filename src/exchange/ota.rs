//! Open Terms Archive: its repositories of snapshots and of versions, one commit a record.
//!
//! A file is called `Service/Terms Type.html`, or `Service/Terms Type #document.html` where
//! the terms stand in several documents; the author's date is when it was fetched. The
//! commits are listed first (some fifty bytes each are remembered) and then read file by
//! file, so that one history is open at a time and neighbours in a history are neighbours
//! in the packs, too.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use tokio::sync::mpsc;

use super::import::{ImportError, Imported, Mode, NextError, Recorder, Routing, SourceError, Summary, worked};
use super::warc::Response;
use crate::clock::Clock;
use crate::git::{Committed, GitError, ObjectId, Repository};
use crate::snapshot::{Origin, Snapshot};
use crate::store::Store;
use crate::time::{Timestamp, is_recordable};
use crate::unpack::Unpacker;
use crate::watch::Watch;

/// More commits than the largest repository has, ten times over.
const MAX_COMMITS: usize = 4_000_000;

/// How many files wait between git and the record.
const AHEAD: usize = 4;

impl From<GitError> for SourceError {
    fn from(error: GitError) -> Self {
        SourceError::new("git", error)
    }
}

/// Which kind of repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pages as served.
    Snapshots,
    /// Texts as extracted, in Markdown.
    Versions,
}

/// Whose text it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The service, as its folder is called.
    pub service: String,
    /// The type of terms.
    pub terms: String,
    /// Which document of several.
    pub document: Option<String>,
}

impl Key {
    /// Reads `Service/Terms Type #document.ending`; none for other files.
    fn of(path: &str) -> Option<(Self, &str)> {
        let (service, file) = path.split_once('/')?;
        let (name, ending) = file.rsplit_once('.')?;
        if service.starts_with('.') || service.is_empty() || name.is_empty() || file.contains('/') {
            return None;
        }
        let (terms, document) = match name.split_once(" #") {
            Some((terms, document)) => (terms, Some(document.to_owned())),
            None => (name, None),
        };
        Some((Self { service: service.to_owned(), terms: terms.to_owned(), document }, ending))
    }

    /// The id of the watch of all its documents.
    pub fn watch_id(&self) -> String {
        slug(&[&self.service, &self.terms])
    }

    /// The id of a watch of its own.
    pub fn own_id(&self) -> String {
        match &self.document {
            Some(document) => slug(&[&self.service, &self.terms, document]),
            None => self.watch_id(),
        }
    }

    /// Whether a choice (`Service` or `Service/Terms Type`) means it.
    fn is_of(&self, choice: &str) -> bool {
        let document = self.document.as_deref().unwrap_or_default();
        choice == self.service
            || choice == format!("{}/{}", self.service, self.terms)
            || choice == format!("{}/{} #{document}", self.service, self.terms)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.service, self.terms)?;
        self.document.as_ref().map_or(Ok(()), |document| write!(f, " #{document}"))
    }
}

/// Words as a watch's id: letters and digits of ASCII, a dash between; what has none is
/// named by its digest.
pub fn slug(words: &[&str]) -> String {
    let mut out = String::new();
    for word in words {
        let mut part = String::new();
        for c in unicode_normalization::UnicodeNormalization::nfkd(*word) {
            if c.is_ascii_alphanumeric() {
                part.push(c.to_ascii_lowercase());
            } else if !c.is_alphanumeric() && !part.is_empty() && !part.ends_with('-') && !is_mark(c) {
                part.push('-');
            }
        }
        let part = part.trim_end_matches('-');
        let named =
            if part.is_empty() { crate::snapshot::Digest::of(word.as_bytes()).short() } else { part.to_owned() };
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&named);
    }
    if out.len() > 120 {
        // Long ones stay apart by what was cut off.
        let digest = crate::snapshot::Digest::of(out.as_bytes()).short();
        out.truncate(107);
        out = format!("{}-{digest}", out.trim_end_matches('-'));
    }
    out
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// How a document is called among several: by the path of its address, without its slashes
/// and its ending.
pub fn document_of(url: &url::Url) -> String {
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
    let known = [".html", ".htm", ".pdf", ".php", ".txt", ".md", ".xhtml"];
    let path = known.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(&path);
    let joined = path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    joined.replace(['\\', ':', '"', '<', '>', '|', '*', '?'], "_")
}

/// A file of a commit.
#[derive(Clone, Debug)]
struct Record {
    commit: ObjectId,
    captured_at: Timestamp,
    blob: ObjectId,
    /// A place in [`Plan::endings`].
    ending: u16,
}

/// All records of one text.
#[derive(Debug)]
pub struct Group {
    /// Whose text.
    pub key: Key,
    records: Vec<Record>,
}

impl Group {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// Kinds of files that a collection has at most; known ones have five.
const MAX_ENDINGS: usize = 256;

/// Bytes of what a file's name ends in.
const MAX_ENDING: usize = 16;

/// What a repository holds.
#[derive(Debug)]
pub struct Plan {
    repository: Repository,
    name: String,
    kind: Kind,
    /// What the names of files end in.
    endings: Vec<String>,
    /// By text.
    pub groups: Vec<Group>,
    /// Versions that OTA made by reading the same snapshot otherwise: no news of the
    /// publisher's, so they are left out.
    pub upgrades: usize,
    /// Files that are no record.
    pub skipped: u64,
}

/// Lists the records of a repository; `only` chooses services (`Acme`) or terms
/// (`Acme/Privacy Policy`), none chosen: all.
///
/// # Errors
/// If git cannot read it, or it is larger than any that is known.
pub fn plan(path: &Path, kind: Kind, only: &[String]) -> Result<Plan, SourceError> {
    let repository = Repository::open(path)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let mut groups: BTreeMap<Key, Vec<Record>> = BTreeMap::new();
    let (mut upgrades, mut skipped, mut count) = (0, 0, 0);
    let mut endings: Vec<String> = Vec::new();
    repository.changes(|committed| {
        let Committed { commit, authored_at, subject, path, blob } = committed;
        count += 1;
        let Some((key, ending)) = Key::of(&path).filter(|_| is_recordable(authored_at) && count <= MAX_COMMITS) else {
            skipped += 1;
            return;
        };
        let fits = kind == Kind::Snapshots || ending == "md";
        if !fits || !(only.is_empty() || only.iter().any(|choice| key.is_of(choice))) {
            skipped += 1;
        } else if kind == Kind::Versions && is_upgrade(&subject) {
            upgrades += 1;
        } else {
            let known = endings.iter().position(|known| known == ending).or_else(|| {
                let fits = endings.len() < MAX_ENDINGS && ending.len() <= MAX_ENDING;
                fits.then(|| endings.push(ending.to_owned())).map(|()| endings.len() - 1)
            });
            let Some(ending) = known.and_then(|known| u16::try_from(known).ok()) else {
                skipped += 1;
                return;
            };
            groups.entry(key).or_default().push(Record { commit, captured_at: authored_at, blob, ending });
        }
    })?;
    if count > MAX_COMMITS {
        return Err(SourceError::new(name, format!("it has more than {MAX_COMMITS} records; choose some with --only")));
    }
    let groups = groups.into_iter().map(|(key, mut records)| {
        // The newest came first; of those of one moment the later commit stays later.
        records.reverse();
        records.sort_by_key(|record| record.captured_at);
        Group { key, records }
    });
    Ok(Plan { repository, name, kind, endings, groups: groups.collect(), upgrades, skipped })
}

fn is_upgrade(subject: &str) -> bool {
    ["Apply technical", "Refilter"].iter().any(|start| subject.starts_with(start))
}

impl Plan {
    /// How many records there are.
    pub fn total(&self) -> usize {
        self.groups.iter().map(Group::len).sum()
    }

    /// Fetches every record from git and gives it to `each`, text by text in order of time;
    /// none where git has it no more. For whoever wants nothing but the bytes.
    ///
    /// # Errors
    /// Those of git.
    pub fn read(self, mut each: impl FnMut(usize, Option<Response>) -> bool) -> Result<(), SourceError> {
        let blobs = self.groups.iter().flat_map(|group| group.records.iter().map(|record| record.blob));
        let mut contents = self.repository.contents(blobs.collect())?;
        for (at, group) in self.groups.iter().enumerate() {
            for record in &group.records {
                let Some(content) = contents.next() else { return Ok(()) };
                let response = content?.map(|body| self.response(&group.key, record, body));
                if !each(at, response) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn response(&self, key: &Key, record: &Record, body: Vec<u8>) -> Response {
        let ending = self.endings.get(usize::from(record.ending)).map_or("", String::as_str);
        let place = format!("{}@{}: {key}.{ending}", self.name, record.commit);
        let kind = (self.kind == Kind::Versions).then(|| ("content-type".to_owned(), "text/markdown".to_owned()));
        let snapshot = Snapshot {
            // Whose page that is, the watch says.
            url: String::new(),
            final_url: String::new(),
            status: 200,
            headers: kind.into_iter().collect(),
            redirects: Vec::new(),
            body,
            captured_at: record.captured_at,
            origin: Origin::File { name: place.clone() },
        };
        Response { record_id: place, target: String::new(), watch: None, snapshot, elsewhere: None, truncated: None }
    }
}

/// Records a repository: `watches` has one for each of [`Plan::groups`], and the address of
/// the page of it that the group is of.
///
/// # Errors
/// What was recorded before an error stays.
pub async fn import<C: Clock>(
    plan: Plan,
    watches: &[(Watch, String)],
    mode: Mode,
    store: &Store,
    clock: &C,
    unpacker: &Unpacker,
    mut each: impl FnMut(usize, Imported) -> io::Result<()>,
) -> Result<Summary, ImportError> {
    let total = plan.total();
    let mut whole = Summary { skipped: plan.skipped, ..Summary::default() };
    let (sender, mut records) = mpsc::channel::<(usize, Option<Response>)>(AHEAD);
    let reading =
        tokio::task::spawn_blocking(move || plan.read(|at, response| sender.blocking_send((at, response)).is_ok()));
    let mut open: Option<(usize, Recorder<'_, C>)> = None;
    let mut deaf = None;
    loop {
        let next = match &mut open {
            Some((_, recorder)) => recorder.next(&mut records, |imported| each(total, imported)).await,
            None => Ok(records.recv().await),
        };
        let (at, response) = match next {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(NextError::Store(error)) => return Err(error.into()),
            Err(NextError::Told(error)) => {
                deaf = Some(error);
                break;
            }
        };
        let Some(mut response) = response else {
            whole.without_body += 1;
            continue;
        };
        let Some((watch, url)) = watches.get(at) else { continue };
        response.snapshot.url.clone_from(url);
        response.snapshot.final_url.clone_from(url);
        let recorder = match &mut open {
            Some((of, recorder)) if *of == at => recorder,
            other => {
                if let Some((_, mut done)) = other.take() {
                    for imported in done.finish().await? {
                        deaf = deaf.or(each(total, imported).err());
                    }
                    whole.add(&done.summary);
                }
                let new = Recorder::new(Routing::One(watch), mode, store, clock, unpacker);
                &mut other.insert((at, new)).1
            }
        };
        for imported in recorder.take(response).await? {
            deaf = deaf.or(each(total, imported).err());
        }
        if deaf.is_some() {
            break;
        }
    }
    drop(records);
    if let Some((_, mut done)) = open {
        for imported in done.finish().await? {
            deaf = deaf.or(each(total, imported).err());
        }
        whole.add(&done.summary);
    }
    worked(reading.await)?;
    deaf.map_or(Ok(whole), |deaf| Err(ImportError::Told(deaf)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_whose_text_it_is() {
        let key = |path: &str| Key::of(path).map(|(key, ending)| (key.to_string(), ending.to_owned()));
        assert_eq!(key("Acme/Privacy Policy.html"), Some(("Acme/Privacy Policy".to_owned(), "html".to_owned())));
        assert_eq!(key("Acme/Terms #en-annex.pdf"), Some(("Acme/Terms #en-annex".to_owned(), "pdf".to_owned())));
        for other in ["README.md", ".github/workflow.yml", "Acme/a/b.html", "Acme/no ending", "/x.html", "Acme/.html"] {
            assert_eq!(key(other), None, "{other}");
        }
    }

    #[test]
    fn ids_are_words_and_stay_apart() {
        assert_eq!(slug(&["Acme.test", "Privacy Policy"]), "acme-test-privacy-policy");
        assert_eq!(slug(&["Société Générale", "Terms"]), "societe-generale-terms");
        let long = slug(&["a".repeat(200).as_str(), "b"]);
        assert!(long.len() <= 120 && long != slug(&["a".repeat(200).as_str(), "c"]), "{long}");
        for name in ["微信", "🙂", "..", ""] {
            assert!(crate::watch::WatchId::new(&slug(&[name, "Terms"])).is_ok(), "{name}");
        }
    }

    #[test]
    fn documents_are_named_by_their_path() {
        let of = |url: &str| document_of(&url::Url::parse(url).expect("a URL"));
        assert_eq!(of("https://acme.test/en/legal/annex.html?x=1"), "en-legal-annex");
        assert_eq!(of("https://acme.test/"), "");
    }
}
