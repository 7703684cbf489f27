//! A real archive: pywb, an implementation of Memento that is none of ours, filled with
//! real captures. Skipped where it cannot be had: `POLICYWATCH_PYWB` names an environment of
//! Python that has it; else one is made beside the target directory.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::Desk;

/// The folder that is shared by all who build this, if it is there.
fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../shared", "../../shared"].iter().map(|beside| root.join(beside)).find(|at| at.join("corpus/mini").exists())
}

/// The programs of an environment with pywb, or why there is none.
fn environment(shared: &Path) -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("POLICYWATCH_PYWB") {
        let bin = PathBuf::from(named).join("bin");
        return if bin.join("wayback").exists() { Ok(bin) } else { Err(format!("{} has no pywb", bin.display())) };
    }
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pywb");
    let bin = home.join("bin");
    if bin.join("wayback").exists() {
        return Ok(bin);
    }
    let quietly = |command: &mut Command| {
        let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
    };
    if !quietly(Command::new("python3").args(["-m", "venv"]).arg(&home)) {
        return Err("python3 -m venv fails".to_owned());
    }
    let pins = shared.join("tools/pywb-requirements.txt");
    if !quietly(Command::new(bin.join("pip")).args(["install", "-q", "--disable-pip-version-check", "-r"]).arg(pins)) {
        return Err("pip cannot install pywb".to_owned());
    }
    Ok(bin)
}

/// pywb while it runs.
struct Pywb {
    process: Child,
    address: String,
    _home: tempfile::TempDir,
}

impl Drop for Pywb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Pywb {
    /// Starts it with one collection a file.
    fn start(bin: &Path, files: &BTreeMap<String, PathBuf>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut manager = Command::new(bin.join("wb-manager"));
            let done = manager.args(arguments).current_dir(&home).stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(done.unwrap().success(), "wb-manager {arguments:?}");
        };
        for (name, file) in files {
            run(&["init", name]);
            run(&["add", name, file.to_str().unwrap()]);
        }
        std::fs::write(home.path().join("config.yaml"), "framed_replay: false\nredirect_to_exact: true\n").unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new(bin.join("wayback"))
            .args(["-b", "127.0.0.1", "-p", &address.port().to_string()])
            .current_dir(&home)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pywb = Self { process, address: address.to_string(), _home: home };
        let since = Instant::now();
        while TcpStream::connect(&pywb.address).is_err() {
            assert!(since.elapsed() < Duration::from_secs(60), "pywb does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        pywb
    }
}

/// How long a page stood at one address.
struct Stay {
    url: String,
    until: String,
    captures: usize,
}

fn stays_of(series: &str) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for line in series.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let [url, until] = ["url", "fetched_at"].map(|field| line[field].as_str().unwrap().to_owned());
        match stays.last_mut() {
            Some(stay) if stay.url == url => {
                stay.until = until;
                stay.captures += 1;
            }
            _ => stays.push(Stay { url, until, captures: 1 }),
        }
    }
    stays
}

/// What a history says: of each version when, and which text, and how it was judged.
fn told(desk: &Desk, watch: &str) -> Vec<Value> {
    let rows = desk.run(&["log", watch, "--json"]).exits(0).objects();
    rows.iter()
        .filter(|row| row["version"].is_number())
        .map(|row| {
            let fields = ["version", "captured_at", "cause", "digest", "materiality", "severity", "summary"];
            fields.iter().map(|field| row[*field].clone()).collect()
        })
        .collect()
}

#[test]
fn a_real_archive_gives_the_same_history_as_its_file() {
    let Some(shared) = shared() else {
        println!("skipped: ../shared/corpus/mini is not here");
        return;
    };
    let bin = match environment(&shared) {
        Ok(bin) => bin,
        Err(why) => {
            println!("skipped: there is no pywb: {why}");
            return;
        }
    };
    let mut files = BTreeMap::new();
    let mut stays: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
    for entry in std::fs::read_dir(shared.join("corpus/mini")).unwrap().map(|entry| entry.unwrap().path()) {
        let file = entry.join("series.warc.gz");
        if !file.exists() {
            continue;
        }
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        stays.insert(name.clone(), stays_of(&std::fs::read_to_string(entry.join("series.jsonl")).unwrap()));
        files.insert(name, file);
    }
    assert!(files.len() > 10, "only {} series", files.len());

    let pywb = Pywb::start(&bin, &files);
    let desk = Desk::new();
    let store = desk.path("policywatch.db");
    let mut config = format!("[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\n");
    for name in files.keys() {
        let (now, before) = stays[name].split_last().unwrap();
        let before: Vec<String> =
            before.iter().map(|stay| format!("{{ url = \"{}\", until = \"{}\" }}", stay.url, stay.until)).collect();
        let (url, before) = (&now.url, before.join(", "));
        let quick = "index_pause = \"0s\"\ncapture_pause = \"0s\"";
        for (kind, base) in [("pywb", ""), ("memento", "memento-")] {
            config += &format!(
                "[[archive]]\nname = \"{base}{name}\"\nkind = \"{kind}\"\nbase_url = \"http://{}/{name}\"\n{quick}\n",
                pywb.address
            );
        }
        for id in [name.clone(), format!("memento-{name}")] {
            config += &format!("[[watch]]\nid = \"{id}\"\nurl = \"{url}\"\nurls = [{before}]\nnotify = []\n");
        }
    }
    desk.write("policywatch.toml", config);

    let (mut captures, mut versions, mut negotiated) = (0, 0, 0);
    for (name, file) in &files {
        let from_file = Desk::new();
        let file = file.to_str().unwrap();
        from_file.run(&["import", "warc", file, "--watch", name]).exits(0);
        let expected = told(&from_file, name);

        let filled = desk.run(&["backfill", name, "--archive", name]).exits(0);
        let series = stays[name].iter().map(|stay| stay.captures).sum::<usize>();
        assert!(filled.err.contains(&format!("{series} captures listed")), "{name}: {}", filled.err);
        assert_eq!(told(&desk, name), expected, "{name}");
        captures += series;
        versions += expected.len();

        // The same by TimeMap alone; of the shorter ones, which take less time.
        if series > 6 {
            continue;
        }
        let memento = format!("memento-{name}");
        desk.run(&["backfill", &memento, "--archive", &memento]).exits(0);
        assert_eq!(told(&desk, &memento), expected, "{memento}");
        negotiated += 1;
    }
    desk.run(&["verify"]).exits(0);
    println!(
        "pywb: {captures} captures of {} pages listed and recorded, {versions} versions as from the files; \
         {negotiated} pages by TimeMap alone",
        files.len()
    );
}
