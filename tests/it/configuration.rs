//! Stories about configurations: what they put in force, and what is said about wrong ones.

use std::fs;
use std::path::Path;
use std::time::Duration;

use policywatch::channel::ChannelKind;
use policywatch::config::{Config, Environment, KEYS, Origin, find_in, in_force, load_in, render_problems};
use policywatch::guard::Allowed;
use policywatch::judgment::Materiality;
use policywatch::watch::{PolicyType, Source, Watch};
use proptest::prelude::*;

/// A directory with files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    directory
}

fn environment() -> Environment {
    [("HOME", "/home/ada"), ("DESK_SECRET", "from the environment")].into_iter().collect()
}

/// What is in force with these files; the first is the configuration.
#[track_caller]
fn sound(files: &[(&str, &str)]) -> (tempfile::TempDir, Config) {
    let directory = directory(files);
    match load_in(&directory.path().join(files[0].0), &environment()) {
        Ok(config) => (directory, config),
        Err(problems) => panic!("{}", render_problems(&problems, false)),
    }
}

/// Everything that is said about these files; the first is the configuration.
#[track_caller]
fn said(files: &[(&str, &str)]) -> String {
    let directory = directory(files);
    let problems = load_in(&directory.path().join(files[0].0), &environment()).expect_err("problems");
    without(directory.path(), &render_problems(&problems, false))
}

/// One line for each problem.
#[track_caller]
fn told(text: &str) -> String {
    let directory = directory(&[("policywatch.toml", text)]);
    let problems = load_in(&directory.path().join("policywatch.toml"), &environment()).expect_err("problems");
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let place = format!("{}:{}", problem.line, problem.column);
            format!("{place} `{}` {} | {}", problem.text, problem.message, problem.hint.as_deref().unwrap_or("-"))
        })
        .collect();
    without(directory.path(), &lines.join("\n"))
}

fn without(directory: &Path, text: &str) -> String {
    text.replace(&format!("{}/", directory.display()), "")
}

#[test]
fn a_configuration_with_ten_errors() {
    let said = said(&[(
        "policywatch.toml",
        r##"[store]
path = 5

[fetch]
timout = "30s"
max_body = "20"

[[channel]]
name = "desk"
kind = "webhook"
url = "https://ada:hunter2@hooks.acme.test/policies"
secret_file = "desk.key"

[defaults]
schedule = "0 0 6 * * 1"
timezone = "Europe/Pariss"
notify = ["dsek"]

[[watch]]
id = "acme-privacy"
url = "ftp://acme.test/privacy"
select = ["main", "div["]
"##,
    )]);
    assert!(!said.contains("hunter2"), "{said}");
    insta::assert_snapshot!(said, @r#"
    error: path must be text in quotes, and this is a whole number
     --> policywatch.toml:2:8
      |
    2 | path = 5
      |        ^
      = hint: write "5"

    error: unknown key "timout" in [fetch]
     --> policywatch.toml:5:1
      |
    5 | timout = "30s"
      | ^^^^^^
      = hint: did you mean "timeout"?

    error: "20" has no unit; write for example "20 MiB"
     --> policywatch.toml:6:12
      |
    6 | max_body = "20"
      |            ^^^^
      = hint: units are B, KiB, MiB, GiB, kB, MB and GB

    error: url carries credentials, which would be stored and shown with it
      --> policywatch.toml:11:7
       |
    11 | url = …
       |       ^
       = hint: leave out the part up to the @

    error: the secret cannot be read from desk.key: No such file or directory (os error 2)
      --> policywatch.toml:12:15
       |
    12 | secret_file = "desk.key"
       |               ^^^^^^^^^^
       = hint: put the secret there, readable for the user that runs this

    error: "0 0 6 * * 1" has 6 fields, a schedule has 5
      --> policywatch.toml:15:12
       |
    15 | schedule = "0 0 6 * * 1"
       |            ^^^^^^^^^^^^^
       = hint: crontab has no field for seconds (and none for years): write "0 6 * * 1"

    error: "Europe/Pariss" is no time zone
      --> policywatch.toml:16:12
       |
    16 | timezone = "Europe/Pariss"
       |            ^^^^^^^^^^^^^^^
       = hint: did you mean "Europe/Paris"?

    error: no channel is called "dsek"
      --> policywatch.toml:17:11
       |
    17 | notify = ["dsek"]
       |           ^^^^^^
       = hint: did you mean "desk"?

    error: url has the scheme ftp, which is not of the web
      --> policywatch.toml:21:7
       |
    21 | url = "ftp://acme.test/privacy"
       |       ^^^^^^^^^^^^^^^^^^^^^^^^^
       = hint: write it in full, as in "https://acme.test/privacy"

    error: "div[" is no CSS selector: Unexpected EOL
      --> policywatch.toml:22:19
       |
    22 | select = ["main", "div["]
       |                   ^^^^^^
       = hint: test it in a browser: document.querySelector("…")

    10 problems; nothing is in force until they are mended
    "#);
}

#[test]
fn ranges_and_pages_are_read_and_checked_where_they_stand() {
    let text = r##"[[watch]]
id = "acme"
url = "https://acme.test/privacy"
select = ["main", "before h1 .. before footer"]
remove = "form"
pages = ["https://acme.test/cookies", { url = "https://acme.test/annex", select = [], remove = "after p .. after p" }]
"##;
    let (_directory, config) = sound(&[("policywatch.toml", text)]);
    let pages: Vec<_> = config.watches[0]
        .all_pages()
        .into_iter()
        .map(|page| (page.url.path().to_owned(), page.selectors.select.join(", "), page.selectors.remove.join(", ")))
        .collect();
    let own = "main, before h1 .. before footer";
    let page = |path: &str, select: &str, remove: &str| (path.to_owned(), select.to_owned(), remove.to_owned());
    assert_eq!(
        pages,
        [page("/privacy", own, "form"), page("/cookies", own, "form"), page("/annex", "", "after p .. after p")]
    );
    let shown =
        in_force(&config, policywatch::time::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time")).to_string();
    assert!(shown.contains("and of https://acme.test/annex"), "{shown}");

    insta::assert_snapshot!(told(r##"[[watch]]
id = "acme"
url = "https://acme.test/privacy"
select = ["after h1", "before h1 .. footer", "before h1 .. before p["]
pages = [
    "https://acme.test/privacy",
    "acme.test/cookies",
    { select = "main", langauge = "en" },
    { url = "https://acme.test/annex", remove = "p[" },
    5,
]
"##), @r#"
    4:11 `"after h1"` "after h1" says where a range begins, not where it ends; write "after h1 .. before footer" | a range is written "before h1 .. before footer", with before or after on each side
    4:23 `"before h1 .. footer"` "before h1 .. footer" is no range: after the dots comes "before" or "after" and a selector | a range is written "before h1 .. before footer", with before or after on each side
    4:46 `"before h1 .. before p["` "p[" is no CSS selector (in "before h1 .. before p["): Unexpected EOL | a range is written "before h1 .. before footer", with before or after on each side
    6:5 `"https://acme.test/privacy"` the page https://acme.test/privacy is there twice | name each page of the policy once
    7:5 `"acme.test/cookies"` pages is no web address: relative URL without a base | write it in full, as in "https://acme.test/privacy"
    8:5 `{ select = "main", langauge = "en" }` this table of pages has no url | add url = "https://acme.test/annex"
    8:24 `langauge` unknown key "langauge" in table of pages | known are url, select, remove
    9:49 `"p["` "p[" is no CSS selector: Unexpected EOL | test it in a browser: document.querySelector("…")
    10:5 `5` pages must be text in quotes, and this is a whole number | write "5"
    "#);
}

#[test]
fn watches_are_checked_wherever_they_are() {
    let main = r##"include = "watches.d"

[[watch]]
id = "acme-privacy"
url = "https://acme.test/privacy"
type = "privcy"
service = ""

[[watch]]
url = "acme.test/terms"
schedule = "60 6 * * mon"
every = "6h"

[[watch]]
id = "acme terms"
url = "https://acme.test/terms"
every = "5s"
notify = ["desk"]
source = "Live"

[[watch]]
id = "acme-cookies"
url = "https://acme.test/cookies"
schedule = "12h"
"##;
    let more = r#"[[watch]]
id = "acme-privacy"
url = "https://acme.test/privacy/en"
alert_at = "big"
language = "english"

[log]
json = true
"#;
    insta::assert_snapshot!(said(&[("policywatch.toml", main), ("watches.d/acme.toml", more)]), @r#"
    error: "privcy" is no type
     --> policywatch.toml:6:8
      |
    6 | type = "privcy"
      |        ^^^^^^^^
      = hint: did you mean "privacy"?

    error: service is empty
     --> policywatch.toml:7:11
      |
    7 | service = ""
      |           ^^
      = hint: write something, or leave the key out

    error: this [[watch]] has no id
     --> policywatch.toml:9:1
      |
    9 | [[watch]]
      | ^^^^^^^^^
      = hint: add id = "acme-privacy"

    error: url is no web address: relative URL without a base
      --> policywatch.toml:10:7
       |
    10 | url = "acme.test/terms"
       |       ^^^^^^^^^^^^^^^^^
       = hint: write it in full, as in "https://acme.test/privacy"

    error: "60" is no minute
      --> policywatch.toml:11:12
       |
    11 | schedule = "60 6 * * mon"
       |            ^^^^^^^^^^^^^^
       = hint: write 0 to 59, or * for every one

    error: schedule and every are both given, and only one can be followed
      --> policywatch.toml:12:1
       |
    12 | every = "6h"
       | ^^^^^
       = hint: keep schedule for times of the clock, every for intervals

    error: "acme terms" is no watch id
      --> policywatch.toml:15:6
       |
    15 | id = "acme terms"
       |      ^^^^^^^^^^^^
       = hint: use 1 to 120 letters, digits, dots, dashes or underscores, first a letter or digit

    error: every is too short
      --> policywatch.toml:17:9
       |
    17 | every = "5s"
       |         ^^^^
       = hint: the shortest is "1m"

    error: no channel is called "desk"
      --> policywatch.toml:18:11
       |
    18 | notify = ["desk"]
       |           ^^^^^^
       = hint: there is no [[channel]] yet; add one

    error: "Live" is no source
      --> policywatch.toml:19:10
       |
    19 | source = "Live"
       |          ^^^^^^
       = hint: did you mean "live"?

    error: "12h" is an interval, not a schedule
      --> policywatch.toml:24:12
       |
    24 | schedule = "12h"
       |            ^^^^^
       = hint: write every = "12h"

    error: the watch "acme-privacy" is there twice, first at policywatch.toml:4
     --> watches.d/acme.toml:2:6
      |
    2 | id = "acme-privacy"
      |      ^^^^^^^^^^^^^^
      = hint: give each watch its own id; its history is kept under it

    error: "big" is no alert_at
     --> watches.d/acme.toml:4:12
      |
    4 | alert_at = "big"
      |            ^^^^^
      = hint: known are material, minor, editorial

    error: "english" is no language
     --> watches.d/acme.toml:5:12
      |
    5 | language = "english"
      |            ^^^^^^^^^
      = hint: use the two small letters of ISO 639-1, as in "en" or "fr"

    error: log cannot stand in an included file
     --> watches.d/acme.toml:7:2
      |
    7 | [log]
      |  ^^^
      = hint: included files hold [[watch]] tables only; move it to the main file

    15 problems; nothing is in force until they are mended
    "#);
}

#[test]
fn what_is_no_toml_is_told_with_everything_else_that_can_be() {
    insta::assert_snapshot!(told("[fetch]\ntimeout = 30s\nmax_bdoy = \"1 MiB\"\nuser_agent = \"a\n\n[[watch]]\nid = \"a b\"\n"), @r#"
    2:11 `30s` is no TOML: string values must be quoted, expected literal string | see https://toml.io for the syntax; text is quoted: key = "text"
    3:1 `max_bdoy` unknown key "max_bdoy" in [fetch] | did you mean "max_body"?
    4:16 `` is no TOML: invalid basic string, expected `"` | see https://toml.io for the syntax; text is quoted: key = "text"
    7:6 `"a b"` "a b" is no watch id | use 1 to 120 letters, digits, dots, dashes or underscores, first a letter or digit
    "#);
    // Below a broken heading nothing is judged.
    insta::assert_snapshot!(told("[fetch\ntimeout = \"30s\"\n"), @r#"1:7 `` is no TOML: unclosed table, expected `]` | see https://toml.io for the syntax; text is quoted: key = "text""#);
    insta::assert_snapshot!(told("[log]\njson = true\njson = false\n[log]\n"), @r#"
    3:1 `json` is no TOML: duplicate key | see https://toml.io for the syntax; text is quoted: key = "text"
    4:2 `log` is no TOML: duplicate key | see https://toml.io for the syntax; text is quoted: key = "text"
    "#);
}

#[test]
fn types_are_told_in_plain_words() {
    let text = r#"
[fetch]
timeout = 30
max_body = 1000
max_redirects = "5"
allow = "intranet.example"
pause_per_host = true

[scheduler]
concurrency = 0

[log]
json = "true"
filter = "policywatch=loud"

[wayback]
base_url = "https://archive.test/?a=b"

[watch]
id = "acme"
"#;
    insta::assert_snapshot!(told(text), @r#"
    3:11 `30` timeout must be a length of time with its unit, as in "30s", and this is a whole number | write the unit: "30s", "30m", "30h" …
    4:12 `1000` max_body must be a size with its unit, as in "20 MiB", and this is a whole number | write the unit: "1000 B"
    5:17 `"5"` max_redirects must be a whole number, and this is text | leave the quotes out: 5
    6:9 `"intranet.example"` allow must be a list, and this is text | put it in brackets: ["…"]
    7:18 `true` pause_per_host must be a length of time with its unit, as in "30s", and this is true or false | -
    10:15 `0` concurrency is out of range | write a number from 1 to 64
    13:8 `"true"` json must be true or false, and this is text | leave the quotes out: true
    14:10 `"policywatch=loud"` "policywatch=loud" is no filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5 | write "error", "warn", "info", "debug" or "trace", or by module: "info,policywatch::fetch=debug"
    17:12 `"https://archive.test/?a=b"` base_url has a query or a fragment, to which nothing can be appended | write "https://web.archive.org"
    19:1 `[watch]` watch must be a list of tables, each under [[watch]], and this is a table | write [[watch]], with double brackets
    "#);
}

#[test]
fn channels_are_checked_for_what_they_need() {
    let text = r#"
[[channel]]
name = "one"
kind = "webhook"

[[channel]]
name = "one"
kind = "stdout"
timeout = "5s"

[[channel]]
kind = "mail"

[[channel]]
name = "two"
kind = "webhook"
url = "https://hooks.acme.test/"
secret = "whsec_not base64"

[[channel]]
name = "three"
kind = "webhook"
url = "https://hooks.acme.test/"
secret_env = "NO_SUCH_VARIABLE"
secret_file = "three.key"

[[channel]]
name = "four"
kind = "webhook"
url = "https://hooks.acme.test/"
secret_env = "NO_SUCH_VARIABLE"

[[channel]]
name = "five"
kind = "webhook"
url = "https://hooks.acme.test/"
secret_credential = "five"

[[channel]]
name = "six"
kind = "file"
secert = "tell nobody"
"#;
    let told = told(text);
    for secret in ["not base64", "tell nobody"] {
        assert!(!told.contains(secret), "{told}");
    }
    insta::assert_snapshot!(told, @r#"
    2:1 `[[channel]]` this [[channel]] has no url | add url = "https://hooks.acme.test/policies"
    7:8 `"one"` the channel "one" is there twice, first in line 3 | give each channel its own name
    9:1 `timeout` timeout means nothing for a channel of the kind "stdout" | leave it out, or change the kind
    11:1 `[[channel]]` this [[channel]] has no name | add name = "desk"
    12:8 `"mail"` "mail" is no kind | known are webhook, stdout, file
    18:10 `…` the secret begins with whsec_, but what follows is no Base64 | copy it again, or leave whsec_ out if it is plain text
    24:1 `secret_env` secret_file and secret_env are both given, and a channel has one secret | keep one of them
    31:14 `"NO_SUCH_VARIABLE"` the environment has no variable NO_SUCH_VARIABLE | set it where the program is started, or take the secret from a file
    37:21 `"five"` there is no credential five: $CREDENTIALS_DIRECTORY is not set | systemd sets it for units with LoadCredential=; elsewhere take the secret from a file
    39:1 `[[channel]]` this [[channel]] has no path | add path = "alerts.ndjson"
    42:1 `secert` unknown key "secert" in [[channel]] | did you mean "secret"?
    "#);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_too() {
    let directory = directory(&[("policywatch.toml", "include = \"watches.d\"\n")]);
    let missing = load_in(&directory.path().join("missing.toml"), &environment()).expect_err("a problem");
    assert_eq!(
        without(directory.path(), &missing[0].to_string()),
        "missing.toml: cannot be read: No such file or directory (os error 2)"
    );
    let problems = load_in(&directory.path().join("policywatch.toml"), &environment()).expect_err("a problem");
    insta::assert_snapshot!(without(directory.path(), &render_problems(&problems, false)), @r#"
    error: the directory watches.d cannot be read: No such file or directory (os error 2)
     --> policywatch.toml:1:11
      |
    1 | include = "watches.d"
      |           ^^^^^^^^^^^
      = hint: make it, or leave include out

    1 problem; nothing is in force until it is mended
    "#);
    fs::write(directory.path().join("latin.toml"), b"[log]\nfilter = \"\xe9\"\n").expect("a file");
    let problems = load_in(&directory.path().join("latin.toml"), &environment()).expect_err("a problem");
    assert_eq!(without(directory.path(), &problems[0].to_string()), "latin.toml:2:11: is no UTF-8");
}

#[test]
fn a_store_is_enough() {
    let (directory, config) = sound(&[("policywatch.toml", "[store]\npath = \"a/policywatch.db\"\n")]);
    assert_eq!(config.store_path, directory.path().join("a/policywatch.db"));
    let defaults = Config::defaults_in(&environment());
    assert_eq!(
        Config { path: None, store_path: defaults.store_path.clone(), origins: defaults.origins.clone(), ..config },
        defaults
    );
    assert_eq!(defaults.store_path, Path::new("/home/ada/.local/share/policywatch/policywatch.db"));
    // Even nothing is.
    assert_eq!(Config { path: None, ..sound(&[("policywatch.toml", "")]).1 }, defaults);
}

#[test]
fn who_says_nothing_about_channels_tells_all_of_them() {
    let channels = "[[channel]]\nname = \"log\"\nkind = \"stdout\"\n[[channel]]\nname = \"kept\"\nkind = \"stdout\"\n";
    let watch =
        |id: &str, notify: &str| format!("[[watch]]\nid = \"{id}\"\nurl = \"https://acme.test/{id}\"\n{notify}\n");
    let told = |defaults: &str| {
        let watches = watch("all", "") + &watch("none", "notify = []") + &watch("one", "notify = [\"log\"]");
        let (_directory, config) = sound(&[("policywatch.toml", &format!("{defaults}\n{channels}{watches}"))]);
        config.watches.into_iter().map(|watch| names(&watch)).collect::<Vec<_>>()
    };
    assert_eq!(told(""), ["kept log", "", "log"]);
    assert_eq!(told("[defaults]\nnotify = [\"kept\"]"), ["kept", "", "log"]);
    assert_eq!(told("[defaults]\nnotify = []"), ["", "", "log"]);
}

#[test]
fn the_browser_and_the_ladder_are_configured() {
    let text = r#"
[fetch]
allow = ["intranet.example"]
[browser]
path = "/opt/chromium"
timeout = "90s"
memory = "2 GiB"
traffic = "10 MiB"
at_once = 3
sandbox = false
[defaults]
render = "always"
[[watch]]
id = "one"
url = "https://acme.test/1"
[[watch]]
id = "two"
url = "https://acme.test/2"
render = "never"
archive_if_blocked = false
[[watch]]
id = "inside"
url = "https://intranet.example/"
[[watch]]
id = "here"
url = "http://127.0.0.1/"
"#;
    let (_directory, config) = sound(&[("policywatch.toml", text)]);
    let browser = &config.fetch.browser;
    assert_eq!(browser.path.as_deref(), Some(Path::new("/opt/chromium")));
    assert_eq!((browser.timeout, browser.memory, browser.traffic), (Duration::from_secs(90), 2 << 30, 10 << 20));
    assert_eq!((browser.at_once, browser.sandbox), (3, false));
    let ladders: Vec<_> =
        config.watches.iter().map(|watch| (watch.ladder.render.as_str(), watch.ladder.archive)).collect();
    // Of a private page a public archive is never asked.
    assert_eq!(ladders, [("always", true), ("never", false), ("always", false), ("always", false)]);
    let shown = in_force(&config, policywatch::time::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time"));
    assert!(shown.to_string().contains("other of https://acme.test/2, live, never with a browser"), "{shown}");

    let wrong = "[browser]\nmemory = \"100 MiB\"\ntimeout = \"1s\"\nat_once = 0\n[defaults]\nrender = \"maybe\"\n";
    let problems = told(wrong);
    for said in ["memory is too small", "timeout is too short", "at_once is out of range", "\"maybe\" is no render"] {
        assert!(problems.contains(said), "{said} is missing in {problems}");
    }
}

#[test]
fn every_key_takes_effect() {
    let text = r#"
include = "watches.d"
[store]
path = "/var/lib/acme/policywatch.db"
[fetch]
user_agent = "acme-watch/2"
contact = "mailto:ada@acme.test"
timeout = "40s"
connect_timeout = "7s"
max_body = "3 MiB"
max_redirects = 4
pause_per_host = "1m 30s"
allow = ["Intranet.Example", "10.1.2.3/16", "::1"]
[wayback]
base_url = "http://127.0.0.1:8080"
index_pause = "2s"
capture_pause = "250ms"
[scheduler]
concurrency = 2
spread = "0s"
[log]
filter = "warn,policywatch=debug"
json = true
[defaults]
schedule = "0 6 * * 1"
timezone = "Europe/Paris"
source = "wayback"
language = "fr"
notify = ["desk"]
alert_at = "minor"
tags = ["a"]
[[channel]]
name = "desk"
kind = "webhook"
url = "https://hooks.acme.test/s3cret-path"
secret_file = "desk.key"
timeout = "5s"
[[channel]]
name = "line"
kind = "webhook"
url = "https://hooks.acme.test/"
secret_env = "DESK_SECRET"
[[channel]]
name = "plain"
kind = "stdout"
[[channel]]
name = "log"
kind = "file"
path = "alerts.ndjson"
[[watch]]
id = "one"
url = "https://www.acme.test/privacy"
[[watch]]
id = "two"
url = "https://acme.test/terms"
service = "Acme"
type = "terms"
schedule = "30 4 * * *"
timezone = "America/New_York"
source = "live"
select = "main"
remove = [".menu", "footer"]
language = "en"
notify = ["plain", "log"]
alert_at = "editorial"
tags = ["b", "c"]
"#;
    let files = [
        ("policywatch.toml", text),
        ("desk.key", "whsec_c2VjcmV0\n"),
        ("watches.d/b.toml", "[[watch]]\nid = \"four\"\nurl = \"https://acme.test/4\"\n"),
        ("watches.d/a.toml", "[[watch]]\nid = \"three\"\nurl = \"https://acme.test/3\"\nevery = \"2h\"\n"),
        ("watches.d/.hidden.toml", "no toml"),
        ("watches.d/README", "no toml"),
    ];
    let (directory, config) = sound(&files);
    let fetch = &config.fetch;
    assert_eq!(fetch.user_agent, "acme-watch/2 (+mailto:ada@acme.test)");
    assert_eq!((fetch.timeout, fetch.connect_timeout), (Duration::from_secs(40), Duration::from_secs(7)));
    assert_eq!((fetch.max_body, fetch.max_redirects, fetch.pause_per_host), (3 << 20, 4, Duration::from_secs(90)));
    let network = |text: &str| Allowed::Network(text.parse().expect("a network"));
    assert_eq!(fetch.allow, [Allowed::Host("intranet.example".into()), network("10.1.0.0/16"), network("::1/128")]);
    assert_eq!(fetch.wayback.base_url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(
        (fetch.wayback.index_pause, fetch.wayback.capture_pause),
        (Duration::from_secs(2), Duration::from_millis(250))
    );
    assert_eq!((config.scheduler.concurrency, config.scheduler.spread), (2, Duration::ZERO));
    assert_eq!((config.log.filter.as_str(), config.log.json), ("warn,policywatch=debug", true));

    let secrets: Vec<_> = config
        .channels
        .iter()
        .map(|channel| match &channel.kind {
            ChannelKind::Webhook { secret, .. } => {
                secret.as_ref().map(|secret| String::from_utf8_lossy(secret.expose()).into_owned())
            }
            _ => None,
        })
        .collect();
    assert_eq!(secrets, [Some("secret".to_owned()), Some("from the environment".to_owned()), None, None]);
    assert_eq!(config.channels[3].kind, ChannelKind::File { path: directory.path().join("alerts.ndjson") });

    let ids: Vec<&str> = config.watches.iter().map(|watch| watch.id.as_str()).collect();
    assert_eq!(ids, ["one", "two", "three", "four"]);
    let [one, two, three, _] = &config.watches[..] else { panic!("four watches") };
    assert_eq!((one.service.as_str(), one.policy_type, one.source), ("acme.test", PolicyType::Other, Source::Wayback));
    assert_eq!((one.language.as_deref(), one.interest.alert_at), (Some("fr"), Materiality::Minor));
    assert_eq!((names(one), &one.tags[..]), ("desk".to_owned(), &["a".to_owned()][..]));
    assert_eq!(one.schedule.to_string(), "0 6 * * 1 (Europe/Paris)");
    assert_eq!((two.service.as_str(), two.policy_type, two.source), ("Acme", PolicyType::Terms, Source::Live));
    assert_eq!((two.selectors.select.len(), two.selectors.remove.len()), (1, 2));
    assert_eq!(
        (two.language.as_deref(), two.interest.alert_at, two.tags.len()),
        (Some("en"), Materiality::Editorial, 2)
    );
    assert_eq!(two.schedule.to_string(), "30 4 * * * (America/New_York)");
    assert_eq!(three.schedule.to_string(), "every 2h");

    assert_eq!(
        config.origins["fetch.timeout"],
        Origin::File { path: directory.path().join("policywatch.toml"), line: 8 }
    );
    let now = policywatch::time::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time");
    let shown = in_force(&config, now).to_string();
    let long = format!("# {}", directory.path().display());
    assert!(!shown.contains(&long), "names beside the main file are short: {shown}");
    let shown = without(directory.path(), &shown);
    assert!(!shown.contains("s3cret-path") && !shown.contains("environment"), "{shown}");
    insta::assert_snapshot!(shown, @r#"
    [store]
    path = "/var/lib/acme/policywatch.db"         # policywatch.toml:4

    [fetch]
    user_agent = "acme-watch/2 (+mailto:ada@acme.test)"  # policywatch.toml:6
    timeout = "40s"                               # policywatch.toml:8
    connect_timeout = "7s"                        # policywatch.toml:9
    max_body = "3 MiB"                            # policywatch.toml:10
    max_redirects = 4                             # policywatch.toml:11
    pause_per_host = "1m 30s"                     # policywatch.toml:12
    allow = ["intranet.example", "10.1.0.0/16", "::1/128"]  # policywatch.toml:13
    extra_ca = ""                                 # default

    [browser]
    path = "auto"                                 # default
    timeout = "1m"                                # default
    memory = "1 GiB"                              # default
    traffic = "64 MiB"                            # default
    at_once = 1                                   # default
    sandbox = true                                # default

    [wayback]
    base_url = "http://127.0.0.1:8080/"           # policywatch.toml:15
    kind = "wayback"                              # default
    index_pause = "2s"                            # policywatch.toml:16
    capture_pause = "250ms"                       # policywatch.toml:17
    timeout = "2m"                                # default
    narrow = false                                # default
    save_keys_file = ""                           # default

    [scheduler]
    concurrency = 2                               # policywatch.toml:19
    spread = "0s"                                 # policywatch.toml:20

    [log]
    filter = "warn,policywatch=debug"             # policywatch.toml:22
    json = true                                   # policywatch.toml:23

    channels
      desk: webhook to https://hooks.acme.test/…, signed, given up after 5s  # policywatch.toml:32
      line: webhook to https://hooks.acme.test/, signed, given up after 15s  # policywatch.toml:38
      plain: standard output  # policywatch.toml:43
      log: file alerts.ndjson  # policywatch.toml:46

    watches
      one  # policywatch.toml:50
        other of https://www.acme.test/privacy, wayback
        0 6 * * 1 (Europe/Paris), next 2026-11-23T05:00:00.000Z  # policywatch.toml:25
        tells desk of minor and material changes
          alert_at = "minor"                      # policywatch.toml:30
        a text that is back within 1w alternates
        told if it cannot be seen for 1w
      two  # policywatch.toml:53
        terms of https://acme.test/terms, live
        30 4 * * * (America/New_York), next 2026-11-23T09:30:00.000Z  # policywatch.toml:58
        tells plain, log of all changes
          alert_at = "editorial"                  # policywatch.toml:65
        a text that is back within 1w alternates
        told if it cannot be seen for 1w
      three  # watches.d/a.toml:1
        other of https://acme.test/3, wayback
        every 2h, next 2026-11-22T14:00:00.000Z  # watches.d/a.toml:4
        tells desk of minor and material changes
          alert_at = "minor"                      # policywatch.toml:30
        a text that is back within 1w alternates
        told if it cannot be seen for 1w
      four  # watches.d/b.toml:1
        other of https://acme.test/4, wayback
        0 6 * * 1 (Europe/Paris), next 2026-11-23T05:00:00.000Z  # policywatch.toml:25
        tells desk of minor and material changes
          alert_at = "minor"                      # policywatch.toml:30
        a text that is back within 1w alternates
        told if it cannot be seen for 1w
    "#);
}

#[test]
fn what_somebody_asks_for_is_shown_with_its_place() {
    let text = r#"
[defaults]
min_severity = 1
disable_rules = ["link.rights"]
[[channel]]
name = "desk"
kind = "stdout"
min_severity = 2
practices = ["sharing_sale", "children"]
[[watch]]
id = "one"
url = "https://acme.test/privacy"
ignore_practices = ["fees_renewal"]
tags = ["kettles"]
[[watch]]
id = "two"
url = "https://acme.test/terms"
min_severity = 3
disable_rules = []
[[rule]]
id = "wallets"
pattern = '\bwallets?\b'
when = "added"
practice = "data_collection"
severity = 2
why = "we promised to follow this"
fires_on = ["We read your Wallet."]
silent_on = [{ before = "We read wallets.", after = "We may read wallets." }, "We read."]
[[rule]]
id = "shop-hours"
pattern = "opening hours"
when = "mentioned"
severity = 0
why = "nobody here minds"
fires_on = [{ before = "Our opening hours are 9 to 5.", after = "Our opening hours are 9 to 6." }]
tags = ["kettles"]
"#;
    let (directory, config) = sound(&[("policywatch.toml", text)]);
    let [one, two] = &config.watches[..] else { panic!("two watches") };
    let ids = |watch: &Watch| watch.rules.own().iter().map(|rule| rule.id().to_owned()).collect::<Vec<_>>().join(" ");
    assert_eq!((ids(one), ids(two)), ("own.wallets own.shop-hours".to_owned(), "own.wallets".to_owned()));
    assert_eq!((one.rules.disabled().collect::<Vec<_>>(), two.rules.disabled().count()), (vec!["link.rights"], 0));
    assert_eq!((one.notify[0].interest.min_severity, one.interest.min_severity), (2, 1));
    let now = policywatch::time::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time");
    let shown = without(directory.path(), &in_force(&config, now).to_string());
    let below = shown.split_once("channels").expect("there are channels").1;
    insta::assert_snapshot!(below, @r#"

      desk: standard output  # policywatch.toml:5
          min_severity = 2                        # policywatch.toml:8
          practices = ["sharing_sale", "children"]  # policywatch.toml:9

    watches
      one  # policywatch.toml:10
        other of https://acme.test/privacy, live
        every 12h, next 2026-11-23T00:00:00.000Z  # default
        tells desk of material changes
          min_severity = 1                        # policywatch.toml:3
          ignore_practices = ["fees_renewal"]     # policywatch.toml:13
          disable_rules = ["link.rights"]         # policywatch.toml:4
        a text that is back within 1w alternates
        told if it cannot be seen for 1w
        judged by own.wallets, own.shop-hours too
      two  # policywatch.toml:15
        other of https://acme.test/terms, live
        every 12h, next 2026-11-23T00:00:00.000Z  # default
        tells desk of material changes
          min_severity = 3                        # policywatch.toml:18
          disable_rules = []                      # policywatch.toml:19
        a text that is back within 1w alternates
        told if it cannot be seen for 1w
        judged by own.wallets too

    own rules
      own.wallets  # policywatch.toml:20
        severity 2, data_collection: words that come and match \bwallets?\b
        we promised to follow this
      own.shop-hours  # policywatch.toml:29
        left out of account: changed sentences that match opening hours
        nobody here minds
        only for tag kettles
    "#);
}

#[test]
fn rules_are_tried_when_they_are_read() {
    let text = r#"
[[watch]]
id = "acme"
url = "https://acme.test/privacy"
tags = ["shop"]
[[channel]]
name = "desk"
kind = "stdout"
practices = ["childern"]
[[rule]]
id = "one"
pattern = 'wallets'
when = "added"
severity = 2
why = "w"
fires_on = ["We read wallets.", "We read your wallet."]
silent_on = ["We sell wallets.", "We sell."]
[[rule]]
id = "one"
pattern = '(wallet'
severity = 4
why = ""
fires_on = []
practice = "sale"
watches = ["acne"]
tags = ["shops"]
[[rule]]
id = "own.three"
pattern = 'a*'
severity = 1
why = "w"
fires_on = ["a"]
when = "gone"
[[rule]]
id = "four"
pattern = 'a*'
severity = 1
why = "w"
fires_on = ["a"]
[[rule]]
id = "five"
pattern = 'x'
severity = 1
why = "w"
fires_on = [{ befor = "x", after = "" }]
[defaults]
disable_rules = ["link.right", "own.one"]
practices = ["children"]
ignore_practices = ["retention", "children"]
min_severity = 5
"#;
    insta::assert_snapshot!(told(text), @r#"
    9:14 `"childern"` "childern" is no practice | did you mean "children"?
    16:33 `"We read your wallet."` rule "one" does not fire on example 2 of its fires_on | it fires when words that match `wallets` come; mend pattern, when or example
    17:14 `"We sell wallets."` rule "one" fires on example 1 of its silent_on | words there match `wallets` and come; make the pattern narrower
    19:6 `"one"` the rule "one" is there twice, first in line 11 | give each rule its own id; findings cite it
    20:11 `'(wallet'` the pattern is no regular expression: unclosed group | single quotes keep backslashes as they are: pattern = '\bwallets?\b'; matching ignores case
    21:12 `4` severity is out of range | write a number from 0 to 3
    22:7 `""` why is empty | write something, or leave the key out
    24:12 `"sale"` "sale" is no practice | known are data_collection, purposes_legal_basis, sharing_sale, ai_automated, tracking_ads, retention, rights_choices, international_transfer, children, security_breach, controller_contact, change_process, disputes_law, liability, fees_renewal, termination, content_license_ip, acceptable_use
    25:12 `"acne"` no watch is called "acne" | did you mean "acme"?
    26:9 `"shops"` no watch has the tag "shops" | did you mean "shop"?
    28:6 `"own.three"` "own." comes before every id of your own by itself | write "three"
    33:8 `"gone"` "gone" is no when | known are added, removed, either, mentioned
    36:11 `'a*'` the pattern matches the empty text, so it would fire on every sentence | single quotes keep backslashes as they are: pattern = '\bwallets?\b'; matching ignores case
    45:13 `{ befor = "x", after = "" }` the example is empty | write { before = "…", after = "…" }, or a sentence that comes
    45:15 `befor` unknown key "befor" in example | did you mean "before"?
    47:18 `"link.right"` no rule is called "link.right" | did you mean "link.rights"?
    47:32 `"own.one"` no rule is called "own.one" | it is a rule of your own: take it out, or limit it with watches and tags
    49:20 `["retention", "children"]` children is both followed and ignored | leave it out of practices or of ignore_practices
    50:16 `5` min_severity is out of range | write a number from 0 to 3
    "#);
}

#[test]
fn a_watch_says_what_alternates_and_what_is_confirmed() {
    let watch = |id: &str, more: &str| format!("[[watch]]\nid = \"{id}\"\nurl = \"https://acme.test/{id}\"\n{more}");
    let text = "[defaults]\nalternation = \"3d\"\nconfirm = \"1h\"\n".to_owned()
        + &watch("a", "")
        + &watch("b", "alternation = \"0s\"\nconfirm = \"0s\"\n")
        + &watch("c", "confirm = \"30m\"\n");
    let (_directory, config) = sound(&[("policywatch.toml", &text)]);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let said: Vec<_> = config.watches.iter().map(|watch| (watch.alternation, watch.confirm)).collect();
    let three_days = minutes(3 * 24 * 60);
    assert_eq!(said, [(three_days, Some(minutes(60))), (Duration::ZERO, None), (three_days, Some(minutes(30)))]);
    let now = policywatch::time::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time");
    let shown = in_force(&config, now).to_string();
    assert!(shown.contains("a text that is back within 3d alternates; a change counts once it is seen again after 1h"));
    assert!(shown.contains("a text that is back within 0s alternates\n"), "{shown}");
    let (_other, unsaid) = sound(&[("policywatch.toml", &watch("a", ""))]);
    assert_eq!((unsaid.watches[0].alternation, unsaid.watches[0].confirm), (minutes(7 * 24 * 60), None));
}

#[test]
fn what_is_in_force_can_be_written_again() {
    let (_directory, config) =
        sound(&[("policywatch.toml", "[store]\npath = '/a \"b\"/c.db'\n[fetch]\nallow = [\"10.0.0.0/8\"]\n")]);
    let now = policywatch::time::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time");
    let shown = in_force(&config, now).to_string();
    let (settings, _) = shown.split_once("\nchannels").expect("settings, then channels");
    let (_other, again) = sound(&[("policywatch.toml", settings)]);
    assert_eq!(Config { path: None, origins: config.origins.clone(), ..again }, Config { path: None, ..config });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_damage_is_told_and_nothing_panics(
        uncomment: bool, from in 0_usize..9000, length in 0_usize..40, put in "[\\[\\]=\"'#\\n a-z0-9é\u{0}]{0,6}",
    ) {
        let mut text: Vec<char> = example().chars().collect();
        let from = from.min(text.len());
        let to = (from + length).min(text.len());
        text.splice(from..to, put.chars());
        let mut text: String = text.into_iter().collect();
        if uncomment {
            // Every setting is live, and the prose between them is no TOML.
            text = text.replace("\n# ", "\n");
        }
        let directory = directory(&[("policywatch.toml", &text)]);
        let Err(problems) = load_in(&directory.path().join("policywatch.toml"), &environment()) else {
            prop_assert!(!uncomment);
            return Ok(());
        };
        for problem in &problems {
            prop_assert!((1..=text.lines().count() + 1).contains(&problem.line) && problem.column > 0, "{problem:?}");
        }
        prop_assert!(render_problems(&problems, true).contains("nothing is in force"));
    }
}

#[test]
fn secrets_come_from_systemd_too() {
    let text = "[[channel]]\nname = \"desk\"\nkind = \"webhook\"\nurl = \"https://hooks.acme.test/\"\nsecret_credential = \"desk\"\n";
    let directory = directory(&[("policywatch.toml", text), ("credentials/desk", "a credential\n")]);
    let environment: Environment =
        [("CREDENTIALS_DIRECTORY", directory.path().join("credentials").as_os_str())].into_iter().collect();
    let config = load_in(&directory.path().join("policywatch.toml"), &environment).expect("sound");
    let ChannelKind::Webhook { secret: Some(secret), .. } = &config.channels[0].kind else {
        panic!("a signed webhook")
    };
    assert_eq!(secret.expose(), b"a credential");
    assert!(!format!("{config:?}").contains("a credential"));
}

#[test]
fn the_configuration_is_looked_for_in_a_fixed_order() {
    let directory = directory(&[("policywatch/policywatch.toml", "")]);
    let own: Environment = [("XDG_CONFIG_HOME", directory.path().as_os_str())].into_iter().collect();
    let named: Environment = [("POLICYWATCH_CONFIG", "/named.toml")].into_iter().collect();
    assert_eq!(find_in(Some(Path::new("a.toml")), &named), Some("a.toml".into()));
    assert_eq!(find_in(None, &named), Some("/named.toml".into()));
    assert_eq!(find_in(None, &own), Some(directory.path().join("policywatch/policywatch.toml")));
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn example() -> String {
    fs::read_to_string(root().join("config.example.toml")).expect("the example")
}

#[test]
fn the_example_follows_five_policies() {
    let (_directory, config) = sound(&[("policywatch.toml", &example())]);
    let watches: Vec<String> = config
        .watches
        .iter()
        .map(|watch| format!("{} {} {} {}", watch.id, watch.url, watch.source.as_str(), watch.schedule))
        .collect();
    insta::assert_snapshot!(watches.join("\n"), @r#"
    quantum-privacy https://www.quantum.com/en/privacypolicy live 0 6 * * 1-5 (America/Denver)
    qct-privacy https://www.qct.io/policy/privacy_policy live every 1d
    exabytes-privacy http://www.exabytes.com/about/legal/privacy wayback every 1w
    quintus-privacy https://www.quintustechnologies.com/privacy-policy wayback every 1w
    infortrend-privacy https://www.infortrend.com/global/privacy live @daily (Asia/Taipei)
    "#);
    assert!(config.watches.iter().all(|watch| watch.policy_type == PolicyType::Privacy && names(watch) == "screen"));
}

/// The channels that a watch tells.
fn names(watch: &Watch) -> String {
    watch.notify.iter().map(|recipient| recipient.channel.as_str()).collect::<Vec<_>>().join(" ")
}

/// The settings of the example, also those behind a `# `, with their tables.
fn settings_of(example: &str) -> Vec<(String, String, String)> {
    let mut table = String::new();
    let mut settings = Vec::new();
    for line in example.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if line.starts_with('[') && line.ends_with(']') {
            table = line.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, value)) = line.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            settings.push((table.clone(), key.to_owned(), value.to_owned()));
        }
    }
    settings
}

#[test]
fn the_example_shows_every_key() {
    let settings = settings_of(&example());
    let shown = |table: &str, key: &str| match table {
        "" => settings.iter().any(|(there, name, _)| there == key || (there.is_empty() && name == key)),
        // Written between braces.
        "pages" | "urls" => {
            settings.iter().any(|(_, name, value)| name == table && value.contains(&format!("{key} = ")))
        }
        "secret" => settings.iter().any(|(_, name, value)| name == "headers" && value.contains(&format!("{key} = "))),
        "example" => settings.iter().any(|(_, name, value)| name == "fires_on" && value.contains(&format!("{key} = "))),
        // The keys of [defaults] are shown once, there.
        "watch" if KEYS.iter().any(|(table, keys)| *table == "defaults" && keys.contains(&key)) => true,
        _ => settings.iter().any(|(there, name, _)| there == table && name == key),
    };
    for (table, keys) in KEYS {
        for key in keys {
            assert!(shown(table, key), "config.example.toml does not show {key} in [{table}]");
        }
    }
    for (table, key, _) in &settings {
        assert!(
            KEYS.iter().any(|(name, keys)| name == table && keys.contains(&key.as_str())),
            "{table}.{key} is no key"
        );
    }
}

#[test]
fn the_defaults_that_the_example_shows_are_the_defaults() {
    // Those that depend on the machine or on the version, or are not set.
    let skipped = ["store.path", "fetch.user_agent", "fetch.contact", "fetch.extra_ca", "wayback.save_keys_file"];
    let mut text = String::new();
    for (table, key, value) in settings_of(&example()) {
        let single = ["store", "fetch", "wayback", "scheduler", "log"].contains(&table.as_str());
        if single && !skipped.contains(&format!("{table}.{key}").as_str()) {
            text.push_str(&format!("{table}.{key} = {value}\n"));
        }
    }
    let (_directory, config) = sound(&[("policywatch.toml", &text)]);
    let defaults = Config::defaults_in(&environment());
    assert_eq!(Config { path: None, origins: defaults.origins.clone(), ..config }, defaults);
    // A watch that says nothing has what [defaults] shows.
    let watch = "[[watch]]\nid = \"a\"\nurl = \"https://acme.test/\"\n";
    let shown = "[defaults]\nevery = \"12h\"\ntimezone = \"UTC\"\nsource = \"live\"\nalert_at = \"material\"\n\
                 alternation = \"7d\"\nmin_severity = 0\npractices = []\nignore_practices = []\ndisable_rules = []\n";
    for line in shown.lines() {
        assert!(example().contains(line), "{line}");
    }
    let (_one, unsaid) = sound(&[("policywatch.toml", watch)]);
    let (_other, said) = sound(&[("policywatch.toml", &format!("{shown}{watch}"))]);
    assert_eq!(unsaid.watches, said.watches);
}

/// The settings of a unit, in order.
fn unit(name: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("systemd").join(name)).expect(name);
    let settings = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    settings.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_units_agree_with_the_program() {
    let service = unit("policywatch.service");
    let value = |key: &str| {
        let found = service.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("the unit has no {key}"))
    };
    assert_eq!((value("Type"), value("NotifyAccess"), value("Restart")), ("notify", "main", "on-failure"));
    assert_eq!(value("ExecReload"), "/bin/kill -HUP $MAINPID");
    // The exit code of the command line for a wrong configuration.
    assert_eq!(value("RestartPreventExitStatus"), "2");
    let seconds = |key: &str| policywatch::cadence::parse_duration(value(key)).expect(key).as_secs();
    assert_eq!((seconds("TimeoutStopSec"), seconds("WatchdogSec")), (15, 60));
    // The state directory is where the store is looked for, and the configuration is found.
    let state = format!("/var/lib/{}", value("StateDirectory"));
    let (name, path) = value("Environment").split_once('=').expect("a variable");
    let environment: Environment = [(name, path), ("STATE_DIRECTORY", state.as_str())].into_iter().collect();
    assert_eq!(find_in(None, &environment), Some("/etc/policywatch/policywatch.toml".into()));
    assert!(path.starts_with(&format!("/etc/{}/", value("ConfigurationDirectory"))));
    assert_eq!(Config::defaults_in(&environment).store_path, Path::new("/var/lib/policywatch/policywatch.db"));
    // Both services may do the same.
    let fences = |name: &str| {
        let all = unit(name);
        let first = all.iter().position(|(key, _)| key == "ProtectSystem").expect("fences");
        let last = all.iter().position(|(key, _)| key == "LimitCORE").expect("fences");
        all[first..=last].to_vec()
    };
    assert_eq!(fences("policywatch.service"), fences("policywatch-fetch.service"));
}

#[test]
fn the_units_are_fenced_in() {
    for name in ["policywatch.service", "policywatch-fetch.service"] {
        let unit = root().join("systemd").join(name);
        let analysis = std::process::Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
            .arg(&unit)
            .output();
        match analysis {
            // The threshold is in tenths: an exposure above 2.0 fails.
            Ok(output) => assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout)),
            Err(_) => println!("skipped: systemd-analyze is not installed, {name} is not measured"),
        }
    }
}

const ACCESS: &str = r#"
[defaults]
proxy = "socks5://127.0.0.1:9050"
locale = "en-GB"

[[watch]]
id = "acme"
url = "https://acme.test/privacy"
headers = { Authorization = { file = "acme.token" }, X-Plain = "s3cret-b", Cookie = { env = "ACME_COOKIE" } }
proxy = { file = "proxy.url" }
locale = "de-DE"

[[watch]]
id = "usual"
url = "https://acme.test/terms"
proxy = "direct"

[[watch]]
id = "french"
url = "https://acme.test/fr"
language = "fr"
"#;

#[test]
fn a_watch_says_how_its_pages_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policywatch.toml");
    fs::write(&path, ACCESS).unwrap();
    fs::write(directory.path().join("acme.token"), "Bearer s3cret-a\n").unwrap();
    fs::write(directory.path().join("proxy.url"), "http://ada:s3cret-c@proxy.test:3128\n").unwrap();
    let environment: Environment = [("ACME_COOKIE", "region=s3cret-d")].into_iter().collect();
    let config = policywatch::config::load_in(&path, &environment).unwrap();
    let [acme, usual, french] = &config.watches[..] else { panic!("{:?}", config.watches) };
    let own = acme.access.headers.toward(&acme.url).collect::<Vec<_>>();
    assert_eq!(
        own,
        [("Authorization", "Bearer s3cret-a"), ("Cookie", "region=s3cret-d"), ("X-Plain", "s3cret-b")],
        "in the order of their names"
    );
    let ways = [acme, usual, french].map(|watch| watch.access.way.to_string());
    assert_eq!(ways, ["http://proxy.test:3128", "direct", "socks5://127.0.0.1:9050"]);
    assert_eq!(config.fetch.proxy.as_ref().map(ToString::to_string).as_deref(), Some("socks5://127.0.0.1:9050"));
    let locales = [acme, usual, french].map(|watch| watch.access.locale.as_ref().map(|locale| locale.as_str()));
    assert_eq!(locales, [Some("de-DE"), Some("en-GB"), None], "a locale is no wish for another language");
    // Nothing that is shown shows a secret.
    let now = policywatch::time::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
    let shown = in_force(&config, now);
    let said = format!("{shown} {} {config:?}", serde_json::to_string(&shown).unwrap());
    assert!(!said.contains("s3cret") && !said.contains("ada:"), "{said}");
    for words in ["headers = Authorization, Cookie, X-Plain (values are not shown)", "with credentials", "de-DE"] {
        assert!(said.contains(words), "{words}: {shown}");
    }
}

#[test]
fn what_cannot_be_sent_is_told_without_its_value() {
    let told = |lines: &str| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policywatch.toml");
        fs::write(&path, format!("[[watch]]\nid = \"a\"\nurl = \"https://acme.test/\"\n{lines}\n")).unwrap();
        let problems = policywatch::config::load_in(&path, &Environment::default()).unwrap_err();
        let told = render_problems(&problems, false);
        assert!(!told.contains("s3cret"), "{told}");
        told
    };
    for (lines, words) in [
        ("headers = { Host = \"s3cret\" }", "Host cannot be set here: it is the host of the url"),
        ("headers = { Accept-Language = \"s3cret\" }", "set locale"),
        ("headers = { X-A = \"s3cret\\nX-B: y\" }", "the value of X-A cannot be sent"),
        ("headers = { X-A = \"s3cret\", x-a = \"s3cret\" }", "is there twice"),
        ("headers = { \"X A\" = \"s3cret\" }", "is no name of a header"),
        ("headers = { X-A = { env = \"NO_SUCH\" } }", "the environment has no variable NO_SUCH"),
        ("headers = { X-A = { env = \"A\", file = \"b\" } }", "is in two places"),
        ("headers = { X-A = {} }", "says of nowhere where it is"),
        ("headers = [\"X-A: s3cret\"]", "headers must be a table of texts"),
        ("proxy = \"http://ada:s3cret@proxy.test\"", "put the whole address into a file"),
        ("proxy = \"ftp://proxy.test\"", "spoken to as http, socks5 or socks5h, not as ftp"),
        ("proxy = \"proxy.test:3128\"", "it has no scheme"),
        ("proxy = { file = \"nowhere\" }", "the secret cannot be read from"),
        ("locale = \"german\"", "a locale is a language and a country"),
        ("locale = \"de-DE\"\nlanguage = \"en\"", "asks for another language than \"en\""),
        ("source = \"wayback\"\nlocale = \"de-DE\"", "means nothing for a watch that looks in an archive"),
    ] {
        let told = told(lines);
        assert!(told.contains(words), "{lines}: {told}");
    }
    let problems = said(&[("policywatch.toml", "[fetch]\nextra_ca = \"nowhere.pem\"\n")]);
    assert!(problems.contains("nowhere.pem cannot be read"), "{problems}");
}
