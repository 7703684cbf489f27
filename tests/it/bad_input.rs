//! Whatever comes in, the answer is clear, and nothing recorded before is lost.

use std::path::Path;
use std::sync::{Arc, Mutex};

use policywatch::clock::SystemClock;
use policywatch::exchange::import::import;
use policywatch::store::{Options, Store};
use policywatch::watch::{Watch, WatchId};
use rusqlite::Connection;

use crate::desk::{Desk, Ended, GONE, MAY, policy, record};
use crate::fetching::server::{Act, Server, answer, gzip, redirect};
use crate::world::{unpacker, watch};

/// What comes in.
enum Bad {
    /// The page is served so.
    Page(Vec<Act>),
    /// A file is imported.
    Warc(&'static str, Vec<u8>),
    /// The configuration is so.
    Configuration(&'static str),
    /// Something happens to the store, and is undone later.
    Store(fn(&Path)),
    /// The disk has no room for a large page that is imported.
    FullDisk,
}

/// What the page said before; any confusion about its encoding would show.
const SAID: &str = "We will not sell “personal information” – not even to naïve cafés.";

/// Every bad input, how the command that meets it exits, and what it says.
fn cases() -> Vec<(&'static str, Bad, i32, &'static [&'static str])> {
    let same = policy(SAID);
    let undeclared = same.replace("<meta charset=\"utf-8\">", "");
    let packed = gzip(same.as_bytes());
    let cut_gzip = &packed[..packed.len() / 2];
    let soup = "<div><p><b></div></i></p><a href='x\"><!-></p =\"\">&#xD800;&nope".repeat(200);
    let noise: Vec<u8> = (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    let oops = "<html><head><title>Error</title></head><body><h1>500 Internal Server Error</h1></body></html>";
    let damaged_pdf = b"%PDF-1.7\n1 0 obj\n<</Type/Cat";
    let archive = [
        record(1, "2019-01-01T00:00:00Z", &same),
        record(2, "2019-06-01T00:00:00Z", GONE),
        record(3, "2020-01-01T00:00:00Z", &policy(MAY)),
    ]
    .concat();
    let (gz, zst) = (gzip(&archive), zstd::encode_all(&archive[..], 3).unwrap());
    let [cut, cut_gz, cut_zst] =
        [(&archive, 300), (&gz, 20), (&zst, 20)].map(|(whole, end)| &whole[..whole.len() - end]);
    vec![
        ("malformed HTML", html(&soup), 3, &["malformed"]),
        ("malformed HTML after the policy", html(&format!("{same}{soup}")), 0, &["the same text"]),
        ("half a policy", Bad::Page(cut_answer(same.as_bytes())), 3, &["is broken"]),
        ("arbitrary bytes as HTML", page("content-type: text/html\r\n", &noise), 3, &["unsupported_type"]),
        ("arbitrary bytes as nothing", page("", &noise), 3, &["unsupported_type"]),
        ("nothing at all", html(""), 3, &["empty_shell"]),
        ("an unknown charset", declared("klingon", &same), 0, &["the same text"]),
        ("a wrong charset", declared("iso-8859-1", &same), 0, &["the same text"]),
        ("a charset of wide characters", declared("utf-16", &same), 0, &["the same text"]),
        ("no charset", page("content-type: text/html\r\n", undeclared.as_bytes()), 0, &["the same text"]),
        ("cut gzip", page("content-encoding: gzip\r\n", cut_gzip), 3, &["the gzip body is broken: it ends too early"]),
        ("endless body", Bad::Page(endless()), 3, &["larger than"]),
        ("redirect loop", Bad::Page(redirect("/privacy")), 3, &["redirects"]),
        ("a 200 with an error page", html(oops), 3, &["error_page"]),
        ("a damaged PDF", page("content-type: application/pdf\r\n", damaged_pdf), 3, &["malformed"]),
        ("a cut WARC", warc("cut.warc", cut), 3, &["cut.warc is cut in record 3", "2 captures before"]),
        ("a cut gzip WARC", warc("cut.warc.gz", cut_gz), 3, &["cut.warc.gz is cut in record 3"]),
        ("a cut zstd WARC", warc("cut.warc.zst", cut_zst), 3, &["cut.warc.zst is cut in record"]),
        ("a WARC that is none", warc("photo.warc", &noise), 3, &["photo.warc is no sound WARC file at record 1"]),
        ("an empty WARC", warc("empty.warc", b""), 0, &["no captures"]),
        (
            "ten errors",
            Bad::Configuration(TEN_ERRORS),
            2,
            &["10 problems; nothing is in force", "policywatch.toml:19:11"],
        ),
        ("a store of a newer version", Bad::Store(newer), 3, &["use a newer policywatch, nothing was touched"]),
        ("a store that is garbage", Bad::Store(garbage), 3, &["is not a policywatch store"]),
        ("a full disk", Bad::FullDisk, 3, &["no space left for", "nothing recorded is lost"]),
    ]
}

fn page(headers: &str, body: &[u8]) -> Bad {
    Bad::Page(vec![Act::Send(answer("200 OK", headers, body))])
}

fn declared(charset: &str, text: &str) -> Bad {
    page(&format!("content-type: text/html; charset={charset}\r\n"), text.as_bytes())
}

fn warc(name: &'static str, bytes: &[u8]) -> Bad {
    Bad::Warc(name, bytes.to_vec())
}

fn html(text: &str) -> Bad {
    declared("utf-8", text)
}

/// Hangs up before all is said that was promised.
fn cut_answer(body: &[u8]) -> Vec<Act> {
    let whole = answer("200 OK", "content-type: text/html; charset=utf-8\r\n", body);
    vec![Act::Send(whole[..whole.len() - body.len() / 2].to_vec())]
}

fn endless() -> Vec<Act> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n".to_vec();
    vec![Act::Send(head), Act::Endless(vec![b'x'; 8192])]
}

const TEN_ERRORS: &str = r#"
[store]
pth = "a.db"
[fetch]
timeout = "soon"
max_body = "much"
max_redirects = 5000
pause_per_host = -1
[scheduler]
concurrency = 0
[[channel]]
name = "desk"
kind = "pigeon"
[[watch]]
id = "acme"
url = "gopher://acme.test/"
service = "Acme"
schedule = "every now and then"
notify = ["nobody"]
"#;

fn newer(path: &Path) {
    Connection::open(path).unwrap().pragma_update(None, "user_version", 4000).unwrap();
}

fn garbage(path: &Path) {
    std::fs::write(path, "this is no database, and never was one\n".repeat(400)).unwrap();
}

/// A site whose one page is served as told.
struct Publisher {
    server: Server,
    acts: Arc<Mutex<Vec<Act>>>,
    runtime: tokio::runtime::Runtime,
}

impl Publisher {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let acts: Arc<Mutex<Vec<Act>>> = Arc::default();
        let served = Arc::clone(&acts);
        let server = runtime.block_on(Server::start(move |_| served.lock().unwrap().clone()));
        Self { server, acts, runtime }
    }

    fn serve(&self, bad: Bad) {
        let Bad::Page(acts) = bad else { panic!("only pages are served") };
        *self.acts.lock().unwrap() = acts;
    }

    /// A desk that follows the page and has its first version on record.
    fn desk(&self) -> Desk {
        let desk = Desk::new();
        desk.write("policywatch.toml", self.configuration(&desk.path("policywatch.db")));
        self.serve(html(&policy(SAID)));
        desk.run(&["fetch", "acme"]).exits(0).prints("first text");
        desk
    }

    fn configuration(&self, store: &Path) -> String {
        format!(
            "[store]\npath = {store:?}\n[fetch]\nallow = [\"127.0.0.1\"]\npause_per_host = \"0s\"\nmax_body = \"64 KiB\"\n\
             [[watch]]\nid = \"acme\"\nurl = \"{}\"\nservice = \"Acme\"\n",
            self.server.url("/privacy")
        )
    }
}

/// Meets a bad input; says how the command ended. What was done to files is undone.
fn meet(bad: Bad, publisher: &Publisher, desk: &Desk) -> Ended {
    match bad {
        Bad::Page(_) => {
            publisher.serve(bad);
            desk.run(&["fetch", "acme"])
        }
        Bad::Warc(name, bytes) => {
            desk.write(name, bytes);
            desk.run(&["import", "warc", name, "--watch", "acme"])
        }
        Bad::Configuration(text) => {
            instead(&desk.path("policywatch.toml"), |path| std::fs::write(path, text).unwrap(), desk)
        }
        Bad::Store(spoil) => instead(&desk.path("policywatch.db"), spoil, desk),
        Bad::FullDisk => publisher.runtime.block_on(without_room(desk)),
    }
}

/// Checks while a file is spoilt; the check leaves it as it is.
fn instead(path: &Path, spoil: impl FnOnce(&Path), desk: &Desk) -> Ended {
    let sound = std::fs::read(path).unwrap();
    spoil(path);
    let spoilt = std::fs::read(path).unwrap();
    let ended = desk.run(&["fetch", "acme"]);
    assert!(std::fs::read(path).unwrap() == spoilt, "{} was touched", path.display());
    std::fs::write(path, sound).unwrap();
    ended
}

/// Imports a page that is larger than what is left.
async fn without_room(desk: &Desk) -> Ended {
    // Words that hardly compress.
    let words = (0..20_000_u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761)));
    let large = policy(&format!("{MAY} {}", words.collect::<String>()));
    let path = desk.write("large.warc", record(1, "2020-01-01T00:00:00Z", &large));
    let database = desk.path("policywatch.db");
    let size = std::fs::metadata(&database).unwrap().len();
    let options = Options { max_size: Some(size + 8192), ..Options::default() };
    let store = Store::open_with(&database, options).await.unwrap();
    let acme = Watch { id: WatchId::new("acme").unwrap(), ..watch("/privacy", &[]) };
    let failed = import(&path, &acme, false, &store, &SystemClock, &unpacker(), |_, _| Ok(())).await.unwrap_err();
    store.close().await.unwrap();
    Ended { code: 3, out: String::new(), err: failed.to_string() }
}

#[test]
fn bad_input_is_answered_clearly_and_loses_nothing() {
    let publisher = Publisher::new();
    let mut wrong = Vec::new();
    for (name, bad, code, says) in cases() {
        let desk = publisher.desk();
        let ended = meet(bad, &publisher, &desk);
        let said = format!("{}{}", ended.out, ended.err);
        if ended.code != code || !says.iter().all(|words| said.contains(words)) || said.contains("panicked") {
            wrong.push(format!("{name}: exits with {}, says:\n{said}", ended.code));
        }
        let shown = desk.run(&["show", "acme", "--json"]);
        if !shown.out.contains(SAID) {
            wrong.push(format!("{name}: the first version is lost:\n{}{}", shown.out, shown.err));
        }
        let verified = desk.run(&["verify"]);
        if verified.code != 0 {
            wrong.push(format!("{name}: the store is damaged:\n{}{}", verified.out, verified.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
