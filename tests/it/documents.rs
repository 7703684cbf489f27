//! Documents that are not HTML: hostile ones are refused within their limits, and sound
//! ones read alike every time.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use policywatch::check::{Ports, check};
use policywatch::clock::Clock;
use policywatch::examine::examine;
use policywatch::judgment::Rules;
use policywatch::outcome::Outcome;
use policywatch::reading::{Expected, Selectors, read};
use policywatch::snapshot::Snapshot;
use policywatch::text::unpack::Unpacking;
use policywatch::unpack::Unpacker;
use policywatch::version::Version;

use crate::world::{Answer, MAY, World, policy, unpacker, watch};

/// A PDF made of these objects, the first of which is the catalogue.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", i + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    out.extend(format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", places.len() + 1).bytes());
    out
}

fn object(text: impl Into<String>) -> Vec<u8> {
    text.into().into_bytes()
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
    out.extend(data);
    out.extend(b"\nendstream");
    out
}

/// A document of one page with this content stream.
fn one_page(content: Vec<u8>) -> Vec<u8> {
    pdf(&[
        object("<< /Type /Catalog /Pages 2 0 R >>"),
        object("<< /Type /Pages /Kids [4 0 R] /Count 1 >>"),
        object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"),
        object(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
        ),
        content,
    ])
}

/// So many mebibytes of one byte, deflated.
fn deflated(byte: u8, mebibytes: usize) -> Vec<u8> {
    let mut deflater = flate2::Compress::new(flate2::Compression::best(), true);
    let block = vec![byte; 1 << 20];
    let mut next = || {
        let mut out = Vec::with_capacity(1 << 16);
        deflater.compress_vec(&block, &mut out, flate2::FlushCompress::Full).unwrap();
        out
    };
    // Behind the first, each block stands for itself, so one can be told again and again.
    let (first, again) = (next(), next());
    [first, again.repeat(mebibytes - 1), vec![3, 0]].concat()
}

/// The same, deflated once more.
fn twice(data: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(data).unwrap();
    out.finish().unwrap()
}

const SENTENCE: &str = "We collect the data that you give us when you open an account in our shop.";

fn sound() -> Vec<u8> {
    let content = format!("BT /F1 20 Tf 60 780 Td (Acme Privacy Policy) Tj /F1 11 Tf 0 -40 Td ({SENTENCE}) Tj ET");
    one_page(stream("", content.as_bytes()))
}

fn file(name: &str, body: Vec<u8>) -> policywatch::snapshot::Snapshot {
    policywatch::snapshot::Snapshot {
        url: format!("file:///{name}"),
        final_url: format!("file:///{name}"),
        status: 200,
        headers: Vec::new(),
        redirects: Vec::new(),
        body,
        captured_at: policywatch::time::parse_rfc3339("2026-01-01T00:00:00Z").unwrap(),
        origin: policywatch::snapshot::Origin::File { name: name.to_owned() },
    }
}

fn unpack(with: &Unpacker, name: &str, body: Vec<u8>) -> Unpacking {
    with.unpack(&file(name, body)).expect("the process runs").expect("it is told by its name or its first bytes")
}

/// Hostile PDFs, each with a word of every verdict that may be given.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let bomb = deflated(0, 1024);
    let spaces = deflated(b' ', 1024);
    let many_kids = |kids: usize| {
        let list: Vec<String> = (0..kids).map(|i| format!("{} 0 R", 3 + i)).collect();
        let mut objects = vec![
            object("<< /Type /Catalog /Pages 2 0 R >>"),
            object(format!("<< /Type /Pages /Kids [{}] /Count {kids} >>", list.join(" "))),
        ];
        objects.resize(kids + 2, object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"));
        pdf(&objects)
    };
    // Each form draws the next one twice: 2^30 drawings of one letter.
    let mut drawn: Vec<Vec<u8>> = vec![
        object("<< /Type /Catalog /Pages 2 0 R >>"),
        object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        object(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
        ),
        stream("", b"/X Do"),
    ];
    drawn.extend((0..40).map(|i| {
        let resources =
            format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {} 0 R >> >>", 6 + i);
        stream(&resources, b"/X Do /X Do")
    }));
    let ring =
        stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>", b"/X Do");
    let self_drawing = [&drawn[..4], &[ring]].concat();
    let deep = |open: &str, close: &str, n: usize| [open.repeat(n), close.repeat(n)].concat();
    let mut noise = b"%PDF-1.7\n".to_vec();
    let mut seed = 1_u32;
    noise.extend((0..200_000).map(|_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    }));
    let encrypted = {
        let text = String::from_utf8_lossy(&sound()).into_owned();
        let key = "<< /Filter /Standard /V 1 /R 2 /P -44 /O <28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A> \
                   /U <1111111111111111111111111111111111111111111111111111111111111111> >>";
        text.replace("/Root 1 0 R", &format!("/Root 1 0 R /Encrypt {key} /ID [<01020304> <01020304>]")).into_bytes()
    };
    const ANY: &[&str] = &["malformed: ", "unsupported_type: "];
    vec![
        ("a gigabyte of zeros", one_page(stream("/Filter /FlateDecode", &bomb)), ANY),
        ("a gigabyte of blanks", one_page(stream("/Filter /FlateDecode", &spaces)), ANY),
        ("a bomb in a bomb", one_page(stream("/Filter [/FlateDecode /FlateDecode]", &twice(&bomb))), ANY),
        ("a hundred filters", one_page(stream(&format!("/Filter [{}]", "/ASCIIHexDecode ".repeat(100)), b"20>")), ANY),
        (
            "a page tree that holds itself",
            pdf(&[
                object("<< /Type /Catalog /Pages 2 0 R >>"),
                object("<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"),
            ]),
            ANY,
        ),
        (
            "a reference that is itself",
            pdf(&[object("<< /Type /Catalog /Pages 2 0 R >>"), object("2 0 R")]),
            &["malformed: "],
        ),
        (
            "an object stream that holds itself",
            {
                let held = stream("/Type /ObjStm /N 1 /First 4 /Extends 2 0 R", b"2 0 << /Type /Pages >>");
                pdf(&[object("<< /Type /Catalog /Pages 3 0 R >>"), held])
            },
            &["malformed: "],
        ),
        (
            "a cross reference that leads to itself",
            b"%PDF-1.5\nxref\n0 1\n0000000000 65535 f \ntrailer << /Size 1 /Prev 9 /Root 1 0 R >>\nstartxref\n9\n%%EOF"
                .to_vec(),
            &["malformed: "],
        ),
        ("lists in lists", pdf(&[object(deep("[", "]", 1_000_000))]), &["malformed: "]),
        ("dictionaries in dictionaries", pdf(&[object(deep("<< /A ", " >>", 500_000))]), &["malformed: "]),
        ("states in states", one_page(stream("", deep("q ", "Q ", 2_000_000).as_bytes())), ANY),
        ("forms that draw forms", pdf(&drawn), ANY),
        ("a form that draws itself", pdf(&self_drawing), ANY),
        ("thirty thousand pages", many_kids(30_000), &["unsupported_type: a PDF of 30000 pages, more than the 2000"]),
        ("half a file", sound()[..sound().len() / 2].to_vec(), ANY),
        ("noise", noise, &["malformed: "]),
        (
            "a password",
            encrypted,
            &[
                "unsupported_type: a PDF that opens only with a password (encrypted)",
                "unsupported_type: an encrypted PDF",
            ],
        ),
        (
            "scanned pages",
            one_page(stream("", b"0 0 100 100 re f")),
            &["unsupported_type: a PDF without text (scanned pages)"],
        ),
    ]
}

#[test]
fn hostile_documents_are_refused_by_their_reason() {
    let unpacker = unpacker();
    for (what, body, words) in hostile() {
        let Err(refused) = unpack(&unpacker, "x.pdf", body) else { panic!("{what} was read") };
        let said = refused.to_string();
        assert!(words.iter().any(|word| said.starts_with(word)), "{what}: {said}");
        assert!(!said.contains("does not know how"), "{what}: {said}");
    }
    // And the next one is read as ever.
    assert!(unpack(&unpacker, "x.pdf", sound()).is_ok());
}

#[test]
fn the_same_bytes_read_alike() {
    let unpacker = unpacker();
    let snapshot = file("x.pdf", sound());
    let unpacked = unpacker.unpack(&snapshot).unwrap();
    assert_eq!(unpacked, unpacker.unpack(&snapshot).unwrap());
    let reading =
        read(&snapshot, &Selectors::default(), &Expected { unpacked: unpacked.as_ref(), ..Expected::default() })
            .unwrap();
    assert_eq!(reading.title.as_deref(), Some("Acme Privacy Policy"));
    assert!(reading.text().ends_with(SENTENCE), "{}", reading.text());
    // Nobody opened it: that is said, and nothing is guessed.
    let closed = read(&snapshot, &Selectors::default(), &Expected::default()).unwrap_err();
    assert_eq!(closed.to_string(), "unsupported_type: a PDF that nobody unpacked");
}

#[test]
fn a_process_that_does_not_answer_is_ended() {
    // It says nothing and waits for more than it is given.
    let silent = tempfile::tempdir().unwrap();
    let program = silent.path().join("silent");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let unpacker = Unpacker::at(&program).patience(Duration::from_millis(50));
    let refused = unpack(&unpacker, "x.pdf", sound()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "malformed: the PDF document cannot be unpacked: it was not unpacked within 0.05 s"
    );
    // One that never stops talking is heard only so long.
    std::fs::write(&program, "#!/bin/sh\nexec yes\n").unwrap();
    let refused = unpack(&Unpacker::at(&program), "x.pdf", sound()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "malformed: the PDF document cannot be unpacked: it holds more than 16 MiB of text"
    );
}

#[test]
fn the_verb_is_hidden_and_writes_nothing_but_blocks() {
    let help = Command::new(env!("CARGO_BIN_EXE_policywatch")).arg("--help").output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("unpack"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_policywatch"))
        .args(["unpack", "pdf"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&sound()).unwrap();
    let out = child.wait_with_output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(said["unpacked"]["blocks"][0]["text"], "Acme Privacy Policy");
}

#[tokio::test]
async fn a_hostile_document_leaves_the_record_as_it_was() {
    let world = World::new().await;
    let watch = watch("/privacy", &["desk"]);
    let watch = world.follow(watch).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    let before = world.store.latest(&watch.id).await.unwrap().unwrap();
    for (what, body, _) in hostile().into_iter().filter(|(what, ..)| ["a gigabyte of zeros", "noise"].contains(what)) {
        let checked = world.serve_and_check(&watch, Answer::Document("application/pdf", body)).await;
        assert!(matches!(checked.outcome, Outcome::Unreadable { .. }), "{what}: {:?}", checked.outcome.as_str());
        assert!(checked.alerts().next().is_none(), "{what}");
        assert_eq!(world.store.latest(&watch.id).await.unwrap().unwrap(), before, "{what}");
    }
    let after = world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!(after.outcome.as_str(), "unchanged");
}

#[tokio::test]
async fn a_document_that_we_fail_to_open_leaves_the_record_as_it_was() {
    let world = World::new().await;
    let watch = world.follow(watch("/privacy", &["desk"])).await;
    let pdf = || Answer::Document("application/pdf", sound());
    assert_eq!(world.serve_and_check(&watch, pdf()).await.outcome.as_str(), "first");
    let before = world.store.versions(&watch.id).await.unwrap();
    // Otherwise configured, the version on record has to be read again.
    let mut otherwise = watch.clone();
    otherwise.language = Some("en".to_owned());
    let failures = [
        (Unpacker::none(), "no program to open them with is known"),
        (Unpacker::at("/bin/true"), "/bin/true does not know how"),
        (Unpacker::at("/nowhere/policywatch"), "could not be started (/nowhere/policywatch"),
    ];
    for (failing, words) in failures {
        let ports = Ports { unpacker: failing.clone(), ..world.ports() };
        for (watch, served) in [(&watch, pdf()), (&otherwise, pdf()), (&otherwise, policy(MAY).into())] {
            world.site.serve("/privacy", served);
            let checked = check(watch, &ports).await.unwrap();
            let Outcome::Broken { snapshot: Some(_), message } = &checked.outcome else {
                panic!("{words}: {:?}", checked.outcome);
            };
            assert!(message.contains(words), "{message}");
            assert!(checked.alerts().next().is_none() && checked.next_check_at.is_some(), "{words}");
            assert_eq!(world.store.versions(&watch.id).await.unwrap(), before, "{words}");
        }
        let reader = watch.reader();
        let again = move |latest: Option<&Version>, earlier: Option<&Snapshot>, snapshot| {
            examine(&reader, &Rules::default(), latest, earlier, snapshot, &|snapshot| failing.unpack(snapshot))
        };
        let now = world.clock.now();
        let failed = world
            .store
            .rebuild(&watch.id, &watch.reader(), watch.alternation, again, now)
            .await
            .unwrap_err()
            .to_string();
        assert!(failed.contains(words) && failed.ends_with("everything recorded is as it was"), "{failed}");
        assert_eq!(world.store.versions(&watch.id).await.unwrap(), before, "{words}");
    }
    world.leaves_deliveries_waiting();
    // Once it can be opened again, the page is compared with what is on record.
    assert_eq!(world.serve_and_check(&otherwise, pdf()).await.outcome.as_str(), "unchanged");
    let after = world.serve_and_check(&otherwise, policy(MAY)).await;
    assert!(matches!(&after.outcome, Outcome::Changed { from, .. } if from.number == before[0].number));
}
