//! The versions as a git repository: one commit a version, with the moment of the capture as
//! its date and a file of Markdown a watch.
//!
//! The commits of the same record are the same to the last byte, so a second export into
//! the same repository adds what is new. Where the history was derived anew meanwhile, it is
//! another one, and the repository is left as it was.

use std::path::Path;

use tokio::sync::mpsc;

use super::{ExportError, Selection, Written, at};
use crate::exchange::import::worked;
use crate::git::{GitError, Repository};
use crate::render::one_line;
use crate::render::policy::markdown;
use crate::store::{Store, Which};
use crate::time::rfc3339;
use crate::version::{Cause, Version, VersionFacts};

const WHO: &str = "policywatch <policywatch@localhost>";
const BRANCH: &str = "refs/heads/main";
/// Where the commits stand until it is known that they continue those that are there.
const DRAFT: &str = "refs/policywatch/export";

/// Commits that wait for git.
const AHEAD: usize = 16;

/// Writes the versions of a selection. The repository is made if there is none; one that
/// is there must be of an earlier export. `each` is called after every version.
///
/// # Errors
/// Nothing is added to the repository then.
pub async fn export(
    path: &Path,
    selection: &Selection,
    store: &Store,
    mut each: impl FnMut(),
) -> Result<Written, ExportError> {
    let (repository, known) = {
        let path = path.to_owned();
        worked(tokio::task::spawn_blocking(move || repository(&path)).await)?
    };
    let mut versions: Vec<VersionFacts> = Vec::new();
    for watch in &selection.watches {
        versions.extend(selection.versions(watch, store).await?);
    }
    versions.sort_by(|a, b| (a.captured_at, &a.watch, a.number).cmp(&(b.captured_at, &b.watch, b.number)));
    let (sender, mut commits) = mpsc::channel::<Vec<u8>>(AHEAD);
    let (whole, is_whole) = tokio::sync::oneshot::channel();
    let importing = {
        let repository = repository.clone();
        tokio::task::spawn_blocking(move || {
            repository.fast_import(|out| {
                let failed = |error: std::io::Error| GitError::NotThere(error.to_string());
                while let Some(commit) = commits.blocking_recv() {
                    // A git that ends early says why itself.
                    if out.write_all(&commit).is_err() {
                        return Ok(());
                    }
                }
                match is_whole.blocking_recv() {
                    Ok(()) => out.write_all(b"done\n").or(Ok(())).map_err(failed),
                    Err(_) => Err(GitError::NotThere("the record could not be read to its end".to_owned())),
                }
            })
        })
    };
    let mut written = Written::default();
    for facts in versions {
        let Some(version) = store.version(&facts.watch, Which::Number(facts.number)).await? else { continue };
        let body = store.snapshot(facts.snapshot).await?.digest().to_string();
        let change = store.change(&facts.watch, facts.number).await?;
        let summary = change.map(|change| change.judgment.summary);
        if sender.send(commit(&version, &body, summary.as_deref())).await.is_err() {
            break;
        }
        written.versions += 1;
        each();
    }
    drop(sender);
    // Where nobody listens any more, git says below what happened.
    let _ = whole.send(());
    worked(importing.await)?;
    if written.versions > 0 {
        let continues = worked(tokio::task::spawn_blocking(move || put_in_place(&repository, known)).await)?;
        if !continues {
            return Err(ExportError::Diverged { path: path.to_owned() });
        }
    }
    Ok(written)
}

/// The repository, and whether it had commits.
fn repository(path: &Path) -> Result<(Repository, bool), ExportError> {
    if path.join(".git").exists() {
        let repository = Repository::open(path)?;
        let ours = repository.run("read the last commit", &["log", "-1", "--format=%cn <%ce>", BRANCH])?;
        let clean = repository.run("see whether files were changed", &["status", "--porcelain"])?.is_empty();
        return if ours == WHO && clean {
            // What an export left that was killed.
            repository.run("take an old draft away", &["update-ref", "-d", DRAFT])?;
            Ok((repository, true))
        } else {
            Err(ExportError::Exists { path: path.to_owned() })
        };
    }
    if path.read_dir().is_ok_and(|mut inside| inside.next().is_some()) || path.is_file() {
        return Err(ExportError::Exists { path: path.to_owned() });
    }
    std::fs::create_dir_all(path).map_err(at(path))?;
    let path = path.canonicalize().map_err(at(path))?;
    Ok((Repository::create(&path)?, false))
}

/// Moves the branch to the new commits, and the files beside the repository, which are as
/// the branch has them; answers whether the commits continue those that were there.
fn put_in_place(repository: &Repository, known: bool) -> Result<bool, GitError> {
    let continues =
        !known || repository.run("compare the histories", &["merge-base", "--is-ancestor", BRANCH, DRAFT]).is_ok();
    if continues {
        repository.run("move the branch", &["update-ref", BRANCH, DRAFT])?;
        repository.run("write the files", &["reset", "--quiet", "--hard", BRANCH])?;
    }
    repository.run("take the draft away", &["update-ref", "-d", DRAFT])?;
    Ok(continues)
}

fn commit(version: &Version, body: &str, summary: Option<&str>) -> Vec<u8> {
    let facts = &version.facts;
    let kind = match facts.cause {
        Cause::FirstRecord => "first record",
        Cause::Publisher => "change",
        Cause::TechnicalUpgrade => "read anew, no change of the publisher's",
    };
    let mut message = format!("{}: version {} ({kind})\n", facts.watch, facts.number);
    if let Some(summary) = summary {
        message.push_str(&format!("\n{}\n", one_line(summary)));
    }
    message.push_str(&format!(
        "\nCaptured-At: {}\nText-SHA256: {}\nBody-SHA256: {body}\n",
        rfc3339(facts.captured_at),
        facts.digest
    ));
    // Git counts from 1970; there was no web before.
    let seconds = facts.captured_at.timestamp().max(0);
    let text = markdown(&version.reading);
    let mut out = format!(
        "commit {DRAFT}\nauthor {WHO} {seconds} +0000\ncommitter {WHO} {seconds} +0000\ndata {}\n{message}\nM 100644 inline {}.md\ndata {}\n",
        message.len(),
        facts.watch,
        text.len()
    )
    .into_bytes();
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
    out
}
