//! The captures as WACZ 1.1.1, which ReplayWeb.page opens.
//!
//! <https://specs.webrecorder.net/wacz/1.1.1/>

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Draft, ExportError, Selection, Written, at, newest, warc};
use crate::exchange::warc::write::Packing;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::time::rfc3339;

const WARC: &str = "archive/policywatch.warc.gz";
const INDEX: &str = "indexes/index.cdx";
const PAGES: &str = "pages/pages.jsonl";

/// Writes the captures of a selection. `each` is called after every capture.
///
/// # Errors
/// Nothing is left of the file then.
pub async fn export(
    path: &Path,
    selection: &Selection,
    store: &Store,
    mut each: impl FnMut(),
) -> Result<Written, ExportError> {
    let draft = Draft::begin(path)?;
    let mut warc = tempfile::tempfile().map_err(at(path))?;
    let (mut index, mut pages) = (Vec::new(), Vec::new());
    let mut written = Written::default();
    warc::records(BufWriter::new(&warc), path, Packing::Gzip, selection, store, |snapshot, place| {
        written.captures += 1;
        index.push(line(snapshot, &place));
        if snapshot.status == 200 {
            pages.push(json!({"id": id(snapshot), "url": place.target, "ts": rfc3339(snapshot.captured_at)}));
        }
        each();
    })
    .await?;
    index.sort();
    index.dedup();
    let head = json!({"format": "json-pages-1.0", "id": "pages", "title": "All Pages"});
    let pages: String = std::iter::once(head).chain(pages).map(|page| format!("{page}\n")).collect();
    let mut archive = ZipWriter::new(BufWriter::new(draft.file.as_file()));
    let facts = Facts { created: rfc3339(newest(selection, store).await?), watches: selection.watches.len() };
    pack(&mut archive, &mut warc, &index.concat(), &pages, &facts).map_err(at(path))?;
    archive.finish().map_err(|error| at(path)(error.into()))?.flush().map_err(at(path))?;
    written.bytes = Some(draft.keep()?);
    Ok(written)
}

/// What the package says of itself.
struct Facts {
    created: String,
    watches: usize,
}

fn pack<W: Write + Seek>(
    archive: &mut ZipWriter<W>,
    warc: &mut File,
    index: &str,
    pages: &str,
    facts: &Facts,
) -> io::Result<()> {
    // No clock: the same record gives the same file.
    let plain = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o644);
    let stored = plain.compression_method(CompressionMethod::Stored).large_file(true);
    let packed = plain.compression_method(CompressionMethod::Deflated);
    let mut resources = Vec::new();

    archive.start_file(WARC, stored)?;
    warc.seek(SeekFrom::Start(0))?;
    let (hash, bytes) = copied(warc, archive)?;
    resources.push(resource(WARC, &hash, bytes));
    for (name, content) in [(INDEX, index), (PAGES, pages)] {
        archive.start_file(name, packed)?;
        archive.write_all(content.as_bytes())?;
        resources.push(resource(name, &sha256(content.as_bytes()), content.len() as u64));
    }
    let package = format!(
        "{:#}\n",
        json!({
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": "Captures of policies",
            "description": format!("captures of {} watches by policywatch", facts.watches),
            "created": facts.created,
            "software": format!("policywatch/{}", env!("CARGO_PKG_VERSION")),
            "resources": resources,
        })
    );
    archive.start_file("datapackage.json", packed)?;
    archive.write_all(package.as_bytes())?;
    let digest = format!("{:#}\n", json!({"path": "datapackage.json", "hash": sha256(package.as_bytes())}));
    archive.start_file("datapackage-digest.json", packed)?;
    archive.write_all(digest.as_bytes())
}

fn resource(path: &str, hash: &str, bytes: u64) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    json!({"name": name, "path": path, "hash": hash, "bytes": bytes})
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// Copies a file; answers with its hash and its length.
fn copied(from: &mut File, to: &mut impl Write) -> io::Result<(String, u64)> {
    let (mut hash, mut total, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((format!("sha256:{}", data_encoding::HEXLOWER.encode(&hash.finalize())), total));
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        total += read as u64;
    }
}

/// A line of the index (CDXJ).
fn line(snapshot: &Snapshot, written: &crate::exchange::warc::write::Written) -> String {
    let kind = snapshot.header("content-type").unwrap_or("unk");
    let kind = if written.kind == "revisit" { "warc/revisit" } else { kind.split(';').next().unwrap_or("unk").trim() };
    let fields = json!({
        "url": written.target,
        "mime": kind,
        "status": snapshot.status.to_string(),
        "digest": format!("sha1:{}", written.sha1),
        "length": written.place.length.to_string(),
        "offset": written.place.offset.to_string(),
        "filename": WARC.rsplit('/').next(),
    });
    format!("{} {} {fields}\n", surt(&written.target), snapshot.captured_at.format("%Y%m%d%H%M%S"))
}

/// An address in the form that indexes are sorted by (SURT): the host's names from the
/// last to the first, no `www`, no scheme, small letters, the query in order.
fn surt(address: &str) -> String {
    let Ok(url) = url::Url::parse(address) else { return address.to_lowercase() };
    let Some(host) = url.host_str() else { return address.to_lowercase() };
    let host = host.to_lowercase();
    let bare = host.strip_prefix("www").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let host = bare.and_then(|rest| rest.strip_prefix('.')).filter(|rest| rest.contains('.')).unwrap_or(&host);
    let mut out = match url.host() {
        Some(url::Host::Domain(_)) => host.split('.').rev().collect::<Vec<_>>().join(","),
        _ => host.to_owned(),
    };
    if let Some(port) = url.port() {
        out.push_str(&format!(":{port}"));
    }
    out.push(')');
    let path = url.path().to_lowercase();
    out.push_str(if path.len() > 1 { path.trim_end_matches('/') } else { &path });
    if let Some(query) = url.query().filter(|query| !query.is_empty()) {
        let query = query.to_lowercase();
        let mut parts: Vec<&str> = query.split('&').collect();
        parts.sort_unstable();
        out.push('?');
        out.push_str(&parts.join("&"));
    }
    out
}

/// A page's name in the list of pages.
fn id(snapshot: &Snapshot) -> String {
    let facts = format!("{}\n{}\n{}", snapshot.final_url, rfc3339(snapshot.captured_at), snapshot.digest());
    crate::snapshot::Digest::of(facts.as_bytes()).short()
}

#[cfg(test)]
mod tests {
    use super::surt;

    #[test]
    fn addresses_sort_by_their_host_from_the_end() {
        for (address, sorted) in [
            ("https://www.acme.test/Privacy/", "test,acme)/privacy"),
            ("http://www2.legal.acme.test:8080/?b=2&a=1", "test,acme,legal:8080)/?a=1&b=2"),
            ("https://acme.test", "test,acme)/"),
            ("http://127.0.0.1:8000/p", "127.0.0.1:8000)/p"),
        ] {
            assert_eq!(surt(address), sorted);
        }
    }
}
