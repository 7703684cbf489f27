//! The operator's own authorities, for a browser: it has a list of its own, and beside that knows
//! those in the database of NSS in its home, which a tool of NSS writes.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::found;
use crate::http::Authorities;

/// The tool, of the package libnss3-tools.
const TOOL: &str = "certutil";

/// How long it may take for one certificate; it takes a tenth of a second.
const LIMIT: Duration = Duration::from_secs(10);

/// Where a browser with this home looks.
fn database(home: &Path) -> PathBuf {
    home.join(".pki/nssdb")
}

/// Puts authorities where a browser with this home finds them. Answers whether that was
/// possible: without the tool it is not.
pub(super) async fn give(home: &Path, authorities: &Authorities) -> io::Result<bool> {
    let Some(tool) = found(&[TOOL]) else { return Ok(false) };
    let folder = database(home);
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder)?;
    let mut database = std::ffi::OsString::from("sql:");
    database.push(&folder);
    run(Command::new(&tool).arg("-N").arg("--empty-password").arg("-d").arg(&database)).await?;
    for (number, certificate) in authorities.certificates().enumerate() {
        let file = folder.join("authority.der");
        std::fs::write(&file, certificate)?;
        let name = format!("policywatch {number}");
        // Trusted to vouch for servers, and for nothing else.
        run(Command::new(&tool).args(["-A", "-n", &name, "-t", "C,,", "-d"]).arg(&database).arg("-i").arg(&file))
            .await?;
    }
    Ok(true)
}

async fn run(command: &mut Command) -> io::Result<()> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.map_err(io::Error::other)??;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{TOOL}: {}", said.lines().next().unwrap_or_default())))
}
