//! One JSON line a delivery, appended to a file and synced: for log shippers and scripts.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{failed, line};
use crate::alert::{Delivery, Sent};

/// Appends one delivery to a file, which is created readable by its owner only.
pub(super) async fn send(path: &Path, delivery: &Delivery) -> Sent {
    let (file, line) = (path.to_owned(), line(delivery));
    match tokio::task::spawn_blocking(move || append(&file, &line)).await {
        Ok(Ok(())) => Sent::Accepted,
        Ok(Err(error)) => failed(format!(
            "could not append to {}: {error}; check that its directory exists and can be written to",
            path.display()
        )),
        Err(_) => failed(format!("appending to {} was interrupted", path.display())),
    }
}

/// Appends a line, whole or not at all, and returns when it is on the disk.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    // Two processes may deliver at the same time: the daemon, and a `fetch` by hand.
    file.lock()?;
    let before = file.metadata()?.len();
    let start = if torn(&mut file, before)? { "\n" } else { "" };
    let written = file.write_all(format!("{start}{line}").as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a line is worse than none; if even that fails, `torn` sees it next time.
        let _ = file.set_len(before);
        return written;
    }
    if new {
        // A new file is lost with its directory entry.
        sync_parent(path)?;
    }
    Ok(())
}

/// Whether the file ends in the middle of a line, as after a power failure.
fn torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::channel::tests::delivery;

    #[tokio::test]
    async fn lines_are_appended_and_the_file_is_private() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("alerts.ndjson");
        assert_eq!(send(&path, &delivery("a", "{\"n\":1}")).await, Sent::Accepted);
        assert_eq!(send(&path, &delivery("b", "{\"n\":\n2}\n")).await, Sent::Accepted);
        assert_eq!(fs::read_to_string(&path).expect("the file"), "{\"n\":1}\n{\"n\": 2}\n");
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_torn_line_stays_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("alerts.ndjson");
        fs::write(&path, "{\"half\":").expect("a torn file");
        assert_eq!(send(&path, &delivery("a", "{\"n\":1}")).await, Sent::Accepted);
        assert_eq!(fs::read_to_string(&path).expect("the file"), "{\"half\":\n{\"n\":1}\n");
    }

    #[tokio::test]
    async fn a_missing_directory_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("missing/alerts.ndjson");
        let Sent::Failed { reason, retry_after: None } = send(&path, &delivery("a", "{}")).await else {
            panic!("a file without a directory cannot be written")
        };
        assert!(reason.contains("missing/alerts.ndjson"), "{reason}");
        assert!(reason.contains("check that its directory exists"), "{reason}");
    }
}
