//! The built binary, run in a directory of its own, and what it is given to read.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::Value;

/// A directory with the command line in it.
pub struct Desk {
    home: tempfile::TempDir,
}

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        #[allow(deprecated, reason = "the macro has no form that takes a name")]
        let mut command = std::process::Command::cargo_bin("policywatch").unwrap();
        command.args(arguments).current_dir(self.home.path()).env_clear().env("HOME", self.home.path());
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ended {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }
}

impl Ended {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("no signal ends the command"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "{words:?} is not in stderr:\n{}", self.err);
        self
    }

    #[track_caller]
    pub fn prints(self, words: &str) -> Self {
        assert!(self.out.contains(words), "{words:?} is not in stdout:\n{}", self.out);
        self
    }

    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert_eq!(self.out, "");
        self
    }

    #[track_caller]
    pub fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("every line is an object")).collect()
    }
}

/// A policy of a made-up company, with one sentence that varies.
pub fn policy(sentence: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Privacy Policy | Acme</title></head><body>\
         <nav><a href=\"/\">Home</a> <a href=\"/shop\">Shop</a></nav><main><h1>Privacy Policy</h1>\
         <p>Acme sells bird feeders. This privacy policy explains which personal information we collect when you use our \
         website or buy from our shop, how we use it, and which choices you have.</p>\
         <h2>Information We Collect</h2><p>We collect your name, your postal address and your e-mail address when you \
         place an order. Our servers record your IP address and the pages that you visit.</p>\
         <h2>How We Share Information</h2><p>{sentence}</p><p>Carriers receive your postal address so that parcels reach \
         you.</p><h2>Contact</h2><p>Write to privacy@acme.test if you have questions about this privacy policy or want us \
         to erase your personal data.</p></main><footer><a href=\"/imprint\">Imprint</a></footer></body></html>"
    )
}

pub const WILL_NOT: &str = "We will not sell your personal information to third parties.";
pub const MAY: &str = "We may sell your personal information to third parties.";
pub const GONE: &str = "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>";

/// One `response` record of a WARC file.
pub fn record(number: u32, date: &str, body: &str) -> Vec<u8> {
    let http = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let head = format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: {}\r\nWARC-Date: {date}\r\n\
         WARC-Target-URI: https://acme.test/privacy\r\nContent-Type: application/http; msgtype=response\r\n\
         Content-Length: {}\r\n\r\n",
        record_id(number),
        http.len()
    );
    [head.as_bytes(), http.as_bytes(), b"\r\n\r\n"].concat()
}

pub fn record_id(number: u32) -> String {
    format!("<urn:uuid:00000000-0000-4000-8000-{number:012}>")
}
