//! Of which kind real pages are, by what they call themselves and their addresses.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use policywatch::discovery::kind::{Kind, tell};
use policywatch::reading::{Expected, Selectors, read};
use policywatch::snapshot::{Origin, Snapshot};
use url::Url;

/// The last page of a series: its address and its bytes.
fn last_page(folder: &Path) -> Option<(Url, Vec<u8>)> {
    let mut bytes = Vec::new();
    let packed = std::fs::File::open(folder.join("series.warc.gz")).ok()?;
    flate2::read::MultiGzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    let at = bytes.windows(14).rposition(|piece| piece == b"WARC-Target-UR")?;
    let line = bytes[at..].split(|byte| *byte == b'\n').next()?;
    let url = Url::parse(String::from_utf8_lossy(line).split_once(": ")?.1.trim()).ok()?;
    // The head of the record, then that of the response.
    let ends = |from: usize| bytes[from..].windows(4).position(|piece| piece == b"\r\n\r\n").map(|at| from + at + 4);
    let body = ends(ends(at)?)?;
    Some((url, bytes[body..].to_vec()))
}

/// Our word for the terms type of Open Terms Archive that a folder is named after.
fn expected(folder: &str) -> Option<&'static str> {
    let kinds = [
        ("privacy-policy", "privacy"),
        ("trackers-policy", "cookies"),
        ("data-processor-agreement-subprocessors", "subprocessors"),
        ("data-processor-agreement", "data_processing"),
        ("acceptable-use-policy", "acceptable_use"),
        ("community-guidelines", "community"),
        ("commercial-terms", "commercial"),
        ("developer-terms", "developer"),
        ("copyright-claims-policy", "copyright"),
        ("imprint", "imprint"),
        ("terms-of-service", "terms"),
    ];
    let kind = folder.split("--").nth(2)?;
    kinds.iter().find(|(prefix, _)| kind.starts_with(prefix)).map(|(_, word)| *word)
}

/// Measures on a folder of series; `POLICYWATCH_KINDS` names another one.
#[test]
fn real_pages_are_told_by_kind() {
    let mini = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/mini");
    let folder = std::env::var_os("POLICYWATCH_KINDS").map_or(mini, PathBuf::from);
    let Ok(series) = std::fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let (mut right, mut policies, mut all) = (0, 0, 0);
    let mut series: Vec<PathBuf> = series.map(|entry| entry.unwrap().path()).collect();
    series.sort();
    for path in series {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (Some(expected), Some((url, body))) = (expected(&name), last_page(&path)) else { continue };
        let page = Snapshot {
            url: url.to_string(),
            final_url: url.to_string(),
            status: 200,
            headers: Vec::new(),
            redirects: Vec::new(),
            body,
            captured_at: chrono::DateTime::UNIX_EPOCH,
            origin: Origin::Live { remote_addr: None },
        };
        let Ok(reading) = read(&page, &Selectors::default(), &Expected::default()) else { continue };
        let kind = tell(&reading, &url, "");
        let told = if let Kind::Policy(kind) = kind { kind.as_str() } else { "none" };
        all += 1;
        policies += usize::from(told != "none");
        right += usize::from(told == expected);
        if told != expected {
            println!("{told} for {expected}: {name} {url} {:?}", reading.title);
        }
    }
    println!("{all} pages, {policies} taken for policies, {right} of the right kind");
    assert!(all > 0 && right * 100 >= all * 75, "{right} of {all}");
}
