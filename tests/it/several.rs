//! Policies that stand on several pages, selectors that match nothing any more, and
//! readers that change: what of it is the publisher's change, and what is ours.

use policywatch::backfill::{Nearest, nearest};
use policywatch::check::{Checked, Ports, SPREAD, check, dry_run};
use policywatch::clock::{Clock as _, HeldClock};
use policywatch::exchange::import::{Ending, Imported, Mode, Recorder, Routing, Summary, import, warc_file};
use policywatch::fetch::{Fetch, Fetched, Request};
use policywatch::interest::Interest;
use policywatch::outcome::{FailureKind, FetchFailure, Outcome};
use policywatch::pages::read_again;
use policywatch::reading::{Page, Selectors};
use policywatch::time::parse_rfc3339;
use policywatch::unpack::Unpacker;
use policywatch::version::Cause;
use policywatch::watch::{Source, Watch};
use url::Url;

use crate::world::{Answer, BOT_WALL, MAY, Site, WILL_NOT, World, children, cookies, policy, unpacker, watch};

fn page(path: &str) -> Page {
    Page { url: Url::parse(&format!("https://acme.test{path}")).unwrap(), selectors: Selectors::default() }
}

/// A watch of these pages, of any change of which the desk is told.
fn of_pages(paths: &[&str]) -> Watch {
    Watch {
        id: policywatch::watch::WatchId::new("acme").unwrap(),
        pages: paths[1..].iter().map(|path| page(path)).collect(),
        interest: Interest::ALL,
        ..watch(paths[0], &["desk"])
    }
}

/// A world in which both pages were read once.
async fn two_pages() -> (World, Watch) {
    let world = World::new().await;
    let watch = world.follow(of_pages(&["/privacy", "/cookies"])).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/cookies", cookies("two weeks"));
    assert_eq!(world.check(&watch).await.outcome.as_str(), "first");
    (world, watch)
}

/// Checks an hour later.
async fn later(world: &World, watch: &Watch) -> Checked {
    world.clock.advance(std::time::Duration::from_secs(3600));
    world.check(watch).await
}

/// How each page fared.
fn states(checked: &Checked) -> Vec<&'static str> {
    checked.pages.iter().map(|page| page.outcome.as_str()).collect()
}

/// The sections that a check told of.
fn told(checked: &Checked) -> Vec<String> {
    let Outcome::Changed { change, .. } = &checked.outcome else {
        panic!("changed, not {}: {:?}", checked.outcome.as_str(), checked.outcome.why())
    };
    let name = |path: &Option<Vec<String>>| path.as_ref().and_then(|path| path.last().cloned());
    change.sections.iter().filter_map(|section| name(&section.to).or_else(|| name(&section.from))).collect()
}

async fn causes(world: &World, watch: &Watch) -> Vec<Cause> {
    world.store.versions(&watch.id).await.unwrap().iter().map(|version| version.cause).collect()
}

/// Every version reads again from the snapshots that it cites.
async fn assert_sound(world: &World) {
    let again = |snapshots: &[_], version: &policywatch::version::Version| {
        read_again(&version.facts.reader, snapshots, &|_| Ok(None)).unwrap().map(|reading| reading.digest())
    };
    let verified = world.store.verify(again, |_, _| {}).await.unwrap();
    assert_eq!(verified.damages, Vec::<String>::new());
}

#[tokio::test]
async fn several_pages_are_one_policy_in_their_order() {
    let (world, watch) = two_pages().await;
    let first = world.store.latest(&watch.id).await.unwrap().unwrap();
    let text = first.reading.text();
    assert!(text.find("What we collect").unwrap() < text.find("Cookies that we need").unwrap(), "{text}");
    assert!(!text.contains("Home"), "each page is read for itself: {text}");
    assert_eq!(first.facts.pages.len(), 2);
    let mut urls = Vec::new();
    for id in &first.facts.pages {
        urls.push(world.store.snapshot(*id).await.unwrap().url);
    }
    assert_eq!(urls, ["https://acme.test/privacy", "https://acme.test/cookies"]);

    world.site.serve("/cookies", cookies("two years"));
    let checked = later(&world, &watch).await;
    assert_eq!(told(&checked), ["Cookies that we need"]);
    assert_eq!(states(&checked), ["unchanged", "changed"]);
    let second = world.store.latest(&watch.id).await.unwrap().unwrap();
    assert_eq!(second.facts.pages[0], first.facts.pages[0], "the page that says the same is cited as before");
    assert_ne!(second.facts.pages[1], first.facts.pages[1]);
    world.deliver_all().await;
    insta::assert_snapshot!(world.inbox.read(), @"desk: acme, 1 to 2: material");

    let checks = world.store.checks(&watch.id, 9).await.unwrap();
    assert_eq!(checks.len(), 2, "the checks of pages are a part of those of the watch");
    let pages: Vec<_> = checks[0].pages.iter().map(|page| (page.url.as_str(), page.outcome.as_str())).collect();
    assert_eq!(pages, [("https://acme.test/privacy", "unchanged"), ("https://acme.test/cookies", "changed")]);
    assert_eq!((checks[0].version, checks[0].materiality.as_deref()), (Some(2), Some("material")));
    assert_eq!((checks[1].version, checks[1].materiality.as_deref()), (Some(1), None));
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_page_that_fails_is_named_and_nothing_is_reported_as_removed() {
    let (world, watch) = two_pages().await;
    world.site.serve("/privacy", policy(MAY));
    world.site.serve("/cookies", Answer::Page(403, BOT_WALL.to_owned()));
    let walled = later(&world, &watch).await;
    assert_eq!((told(&walled), states(&walled)), (vec!["Sharing".to_owned()], vec!["changed", "unreadable"]));
    let text = world.store.latest(&watch.id).await.unwrap().unwrap().reading.text();
    assert!(text.contains("Cookies that we need"), "its last text stands: {text}");

    // Where none can be read, that is the failure of the whole.
    let lost = || Answer::Failure(FailureKind::Dns { host: "acme.test".to_owned() });
    world.site.serve("/privacy", lost());
    world.site.serve("/cookies", lost());
    let gone = later(&world, &watch).await;
    assert_eq!(
        gone.outcome.why().unwrap(),
        "page https://acme.test/privacy: acme.test does not resolve; check the address or the resolver"
    );
    assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord, Cause::Publisher], "the base stays what it was");
    let state = world.store.watch_state(&watch.id).await.unwrap().unwrap();
    assert_eq!(state.consecutive_failures, 1);

    world.site.serve("/privacy", policy(MAY));
    world.site.serve("/cookies", cookies("two weeks"));
    assert_eq!(later(&world, &watch).await.outcome.as_str(), "unchanged");
    world.deliver_all().await;
    insta::assert_snapshot!(world.inbox.read(), @"desk: acme, 1 to 2: material");
    // What came of the page that failed was kept.
    let checks = world.store.checks(&watch.id, 9).await.unwrap();
    let walled = checks.into_iter().find(|check| check.outcome == "changed").unwrap();
    let kept: Vec<_> = walled.pages.iter().map(|page| page.captured_at.is_some()).collect();
    assert_eq!(kept, [true, true]);
    assert_sound(&world).await;
}

#[tokio::test]
async fn each_page_is_asked_for_with_its_own_validators() {
    let (world, watch) = two_pages().await;
    let asked = |world: &World| {
        let requests = world.site.requests();
        let last: Vec<_> = requests.iter().rev().take(2).rev().collect();
        last.iter()
            .map(|request| (request.url.path().to_owned(), request.validators.etag.is_some()))
            .collect::<Vec<_>>()
    };
    world.site.serve("/privacy", Answer::NotModified);
    world.site.serve("/cookies", Answer::NotModified);
    let same = later(&world, &watch).await;
    assert_eq!((same.outcome.as_str(), states(&same)), ("unmodified", vec!["unmodified", "unmodified"]));
    assert_eq!(asked(&world), [("/privacy".to_owned(), true), ("/cookies".to_owned(), true)]);

    world.site.serve("/cookies", cookies("two years"));
    let half = later(&world, &watch).await;
    assert_eq!((told(&half), states(&half)), (vec!["Cookies that we need".to_owned()], vec!["unmodified", "changed"]));
    assert!(world.store.latest(&watch.id).await.unwrap().unwrap().reading.text().contains("What we collect"));

    // After a failure of the whole both are asked for in full: what came is in no version.
    let quiet = || Answer::Failure(FailureKind::RateLimited { host: "acme.test".to_owned() });
    world.site.serve("/privacy", quiet());
    world.site.serve("/cookies", quiet());
    later(&world, &watch).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/cookies", cookies("two years"));
    assert_eq!(later(&world, &watch).await.outcome.as_str(), "unchanged");
    assert_eq!(asked(&world), [("/privacy".to_owned(), false), ("/cookies".to_owned(), false)]);
    world.deliver_all().await;
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_page_more_or_less_or_elsewhere_in_the_configuration_is_no_news() {
    let world = World::new().await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/cookies", cookies("two weeks"));
    world.site.serve("/children", children());
    let mut expected = vec![Cause::FirstRecord];
    for paths in [
        &["/privacy"][..],
        &["/privacy", "/cookies"],
        &["/cookies", "/privacy"],
        &["/cookies", "/privacy", "/children"],
        // The cookie policy moved, and the configuration follows it.
        &["/moved", "/privacy", "/children"],
        &["/privacy"],
    ] {
        world.site.serve("/moved", cookies("two weeks"));
        let watch = world.follow(of_pages(paths)).await;
        let checked = later(&world, &watch).await;
        assert!(["first", "unchanged"].contains(&checked.outcome.as_str()), "{paths:?}: {}", checked.outcome.as_str());
        assert_eq!(later(&world, &watch).await.outcome.as_str(), "unchanged", "{paths:?}");
        let latest = world.store.latest(&watch.id).await.unwrap().unwrap();
        assert_eq!(latest.facts.reader, watch.reader());
        assert_eq!(causes(&world, &watch).await, expected, "{paths:?}");
        let same_text = paths.contains(&"/children") && !paths.contains(&"/moved");
        if !same_text {
            expected.push(Cause::TechnicalUpgrade);
        }
    }
    assert_eq!(world.deliveries().await, []);
    assert_sound(&world).await;
}

#[tokio::test]
async fn what_a_page_changed_while_another_was_added_is_still_told() {
    let world = World::new().await;
    let watch = world.follow(of_pages(&["/privacy"])).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.site.serve("/privacy", policy(MAY));
    world.site.serve("/cookies", cookies("two weeks"));
    let watch = world.follow(of_pages(&["/privacy", "/cookies"])).await;
    let dry = dry_run(&watch, &world.ports()).await.unwrap();
    assert_eq!(told(&dry), ["Sharing"]);
    assert_eq!(told(&later(&world, &watch).await), ["Sharing"]);
    assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord, Cause::TechnicalUpgrade, Cause::Publisher]);
    world.deliver_all().await;
    insta::assert_snapshot!(world.inbox.read(), @"desk: acme, 2 to 3: material");
    assert_eq!(world.store.checks(&watch.id, 1).await.unwrap()[0].version, Some(3));
    assert_sound(&world).await;
}

/// The policy on a page that was rebuilt around it.
fn rebuilt(html: &str) -> String {
    html.replace("<main>", "<div class=\"page\"><div class=\"text\">")
        .replace("</main>", "</div><p>Read this page to me</p></div>")
        .replace("<h1>", "<p>Acme · Legal</p><h1>")
}

#[tokio::test]
async fn a_selector_that_matches_nothing_any_more_is_told_and_is_no_change_of_the_text() {
    let world = World::new().await;
    let mut watch = watch("/privacy", &["desk"]);
    (watch.interest, watch.selectors.select) = (Interest::ALL, vec!["main".to_owned()]);
    let watch = world.follow(watch).await;
    let first = world.serve_and_check(&watch, policy(WILL_NOT)).await;
    assert_eq!(first.outcome.note(), None);

    let note = "select \"main\" matches nothing; the main text was found unaided; was the page redesigned? update the watch's select";
    let checked = world.serve_and_check(&watch, rebuilt(&policy(WILL_NOT))).await;
    assert_eq!((checked.outcome.as_str(), checked.outcome.note().as_deref()), ("unchanged", Some(note)));
    assert_eq!(checked.recorded.unwrap().note_before, None, "it is new");
    assert_eq!(world.store.watch_state(&watch.id).await.unwrap().unwrap().note.as_deref(), Some(note));
    assert_eq!(world.store.checks(&watch.id, 1).await.unwrap()[0].note.as_deref(), Some(note));
    let checked = world.serve_and_check(&watch, rebuilt(&policy(WILL_NOT))).await;
    assert_eq!(checked.recorded.unwrap().note_before.as_deref(), Some(note), "it was told before");

    // What the publisher changes is told all the same, and nothing but that.
    let checked = world.serve_and_check(&watch, rebuilt(&policy(MAY))).await;
    assert_eq!(told(&checked), ["Sharing"]);
    assert_eq!(checked.outcome.note().as_deref(), Some(note));
    // The site takes the new face off again.
    let checked = world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!((checked.outcome.as_str(), checked.outcome.note()), ("unchanged", None));
    assert_eq!(world.store.watch_state(&watch.id).await.unwrap().unwrap().note, None);
    assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord, Cause::Publisher]);
    world.deliver_all().await;
    assert_eq!(world.deliveries().await.len(), 1);
    assert_sound(&world).await;
}

#[tokio::test]
async fn a_selector_that_matched_nothing_in_the_past_says_nothing_of_today() {
    for paths in [&["/privacy"][..], &["/privacy", "/cookies"]] {
        let world = World::new().await;
        let mut watch = of_pages(paths);
        watch.selectors.select = vec!["main".to_owned()];
        let watch = world.follow(watch).await;
        world.site.serve("/privacy", policy(WILL_NOT));
        world.site.serve("/cookies", cookies("two weeks"));
        assert_eq!(later(&world, &watch).await.outcome.note(), None);
        // The last line of the file says how the page was, not how it is.
        let old = record(1, "2020-01-01", "https://acme.test/privacy", &rebuilt(&policy(WILL_NOT)));
        assert_eq!(imported(&world, &watch, &[old]).await.1.len(), 1);
        let last = &world.store.checks(&watch.id, 1).await.unwrap()[0];
        assert!(last.note.as_ref().is_some_and(|note| note.contains("matches nothing")), "{:?}", last.note);
        assert_eq!(world.store.watch_state(&watch.id).await.unwrap().unwrap().note, None, "{paths:?}");
        assert_eq!(later(&world, &watch).await.recorded.unwrap().note_before, None);
        // What is new today is told, whatever was taken in before.
        world.site.serve("/privacy", rebuilt(&policy(WILL_NOT)));
        let checked = later(&world, &watch).await;
        assert_eq!(checked.recorded.unwrap().note_before, None);
        assert_eq!(world.store.watch_state(&watch.id).await.unwrap().unwrap().note, checked.outcome.note());
        assert!(checked.outcome.note().is_some());
    }
}

#[tokio::test]
async fn selectors_of_each_page_are_its_own() {
    let world = World::new().await;
    let mut watch = of_pages(&["/privacy", "/cookies"]);
    watch.selectors.select = vec!["main".to_owned()];
    watch.pages[0].selectors.select = vec!["after h1 .. before h2".to_owned(), "#gone".to_owned()];
    let watch = world.follow(watch).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve("/cookies", cookies("two weeks"));
    world.check(&watch).await;
    let latest = world.store.latest(&watch.id).await.unwrap().unwrap();
    assert!(latest.reading.text().contains("which cookies"));
    assert!(!latest.reading.text().contains("basket"));
    assert_eq!(latest.reading.unmatched.select, ["#gone"]);
    // The first page is rebuilt, and says the same.
    world.site.serve("/privacy", rebuilt(&policy(WILL_NOT)));
    let checked = later(&world, &watch).await;
    let expected = "https://acme.test/privacy: select \"main\" matches nothing; the main text was found unaided; \
                    was the page redesigned? update the watch's select; \
                    https://acme.test/cookies: select \"#gone\" matches nothing; the other selectors were read; \
                    was the page redesigned? update the watch's select";
    assert_eq!((checked.outcome.as_str(), checked.outcome.note().as_deref()), ("unchanged", Some(expected)));
    assert_eq!(world.deliveries().await, []);
    assert_sound(&world).await;
}

/// The policy in French, for the same watch once it demands that.
fn french() -> String {
    let paragraph = "Nous conservons les données personnelles que vous nous confiez lorsque vous commandez une \
                     bouilloire, et nous les effaçons dès que la loi nous le permet. Vous pouvez nous demander une \
                     copie de vos données, leur rectification ou leur suppression, et nous vous répondrons sous un mois.";
    format!(
        "<!doctype html><html lang=\"fr\"><head><title>Politique de confidentialité</title></head><body><main>\
         <h1>Politique de confidentialité</h1><p>{paragraph}</p><h2>Vos droits</h2><p>{paragraph}</p>\
         <h2>Contact</h2><p>{paragraph}</p></main></body></html>"
    )
}

#[tokio::test]
async fn another_language_makes_a_new_base_and_no_news() {
    for paths in [&["/privacy"][..], &["/privacy", "/cookies"]] {
        let world = World::new().await;
        let mut watch = world.follow(of_pages(paths)).await;
        world.site.serve("/privacy", policy(WILL_NOT));
        world.site.serve("/cookies", cookies("two weeks"));
        later(&world, &watch).await;
        watch.language = Some("fr".to_owned());
        let watch = world.follow(watch).await;
        world.site.serve("/privacy", french());
        world.site.serve("/cookies", french().replace("Contact", "Durée"));
        let checked = later(&world, &watch).await;
        assert!(checked.outcome.is_success(), "{:?}", checked.outcome.why());
        let note = checked.outcome.note().expect("it is told");
        assert!(note.contains("cannot be read as pages are read today (wrong_language"), "{note}");
        assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord, Cause::TechnicalUpgrade], "{paths:?}");
        assert_eq!(later(&world, &watch).await.outcome.as_str(), "unchanged");
        // From here on changes are the publisher's.
        world.site.serve("/privacy", french().replace("sous un mois", "sous deux mois"));
        told(&later(&world, &watch).await);
        world.deliver_all().await;
        assert_eq!(world.deliveries().await.len(), 1);
        assert_sound(&world).await;
    }
}

#[tokio::test]
async fn a_page_that_answers_in_another_language_is_half_a_policy() {
    let (world, watch) = two_pages().await;
    world.site.serve("/cookies", french());
    let checked = later(&world, &watch).await;
    assert_eq!(checked.outcome.as_str(), "unchanged");
    let why = checked.pages[1].outcome.why().expect("it is refused");
    assert!(why.starts_with("wrong_language: the page answers in fr"), "{why}");
    assert!(why.ends_with("set language = \"fr\" in the watch if it stays so"), "{why}");
    assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord]);
    world.site.serve("/cookies", cookies("two weeks"));
    assert_eq!(later(&world, &watch).await.outcome.as_str(), "unchanged");
    assert_eq!(world.deliveries().await, []);
}

/// A WARC record of one capture.
pub fn record(number: u32, day: &str, uri: &str, html: &str) -> String {
    let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{html}");
    let length = block.len();
    format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: {day}T00:00:00Z\r\n\
         WARC-Target-URI: {uri}\r\nContent-Type: application/http\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n"
    )
}

async fn imported(world: &World, watch: &Watch, records: &[String]) -> (Summary, Vec<Imported>) {
    let path = world.file("past.warc");
    std::fs::write(&path, records.concat()).unwrap();
    let mut all = Vec::new();
    let each = |_, one: Imported| {
        all.push(one);
        Ok(())
    };
    let summary = import(&path, watch, false, &world.store, &world.clock, &Unpacker::none(), each).await.unwrap();
    (summary, all)
}

#[tokio::test]
async fn captures_of_a_file_find_their_page_whatever_their_order() {
    let captures = [
        record(1, "2020-01-01", "http://www.acme.test/privacy", &policy(WILL_NOT)),
        record(2, "2020-02-01", "https://acme.test/cookies/", &cookies("two weeks")),
        record(3, "2020-03-01", "https://acme.test/jobs", &cookies("ten weeks")),
        record(4, "2020-04-01", "https://acme.test/cookies", &cookies("two years")),
        record(5, "2020-05-01", "https://acme.test/privacy", &policy(MAY)),
        record(6, "2020-06-01", "https://acme.test/privacy", BOT_WALL),
    ];
    let mut texts = Vec::new();
    for order in [[0, 1, 2, 3, 4, 5], [3, 2, 5, 1, 4, 0]] {
        let world = World::new().await;
        let watch = world.follow(of_pages(&["/privacy", "/cookies"])).await;
        let mut others = 0;
        if order[0] == 0 {
            let (summary, all) = imported(&world, &watch, &captures).await;
            others += summary.other_pages;
            let endings: Vec<_> = all
                .iter()
                .map(|one| match &one.ending {
                    Ending::First => "first",
                    Ending::Unchanged => "unchanged",
                    Ending::Changed(_) => "changed",
                    Ending::Unreadable(_) => "unreadable",
                    Ending::Listed => "listed",
                })
                .collect();
            // The second page joins: what is read is more, what is published is not.
            assert_eq!(endings, ["first", "unchanged", "changed", "changed", "unreadable"]);
        } else {
            for number in order {
                others += imported(&world, &watch, &captures[number..=number]).await.0.other_pages;
            }
        }
        assert_eq!(others, 1);
        use Cause::{FirstRecord, Publisher, TechnicalUpgrade};
        assert_eq!(causes(&world, &watch).await, [FirstRecord, TechnicalUpgrade, Publisher, Publisher], "{order:?}");
        let mut texts_of = Vec::new();
        for version in world.store.versions(&watch.id).await.unwrap() {
            texts_of.push((version.number, version.captured_at, version.digest));
        }
        texts.push(texts_of);
        assert_eq!(imported(&world, &watch, &captures).await.1.len(), 5, "nothing is recorded twice");
        assert_eq!(causes(&world, &watch).await.len(), 4);
        assert_eq!(world.deliveries().await, []);
        assert_sound(&world).await;
    }
    assert_eq!(texts[0], texts[1]);
}

/// What a check of a live world sees on two pages at once comes back from its captures as one
/// change, in whatever order these come, and stays one when the history is derived anew.
#[tokio::test]
async fn what_two_pages_said_at_once_is_one_change_again() {
    let (world, watch) = two_pages().await;
    world.site.serve("/privacy", policy(MAY));
    world.site.serve("/cookies", cookies("two years"));
    let checked = later(&world, &watch).await;
    assert_eq!(states(&checked), ["changed", "changed"]);
    world.deliver_all().await;
    let all = |world: &World| {
        let store = world.store.clone();
        let id = watch.id.clone();
        async move {
            let versions = store.versions(&id).await.unwrap();
            versions.into_iter().map(|version| (version.captured_at, version.digest)).collect::<Vec<_>>()
        }
    };
    let lived = all(&world).await;
    assert_eq!(lived.len(), 2);
    let path = world.file("both.warc");
    let selection = policywatch::exchange::export::Selection { watches: vec![watch.id.clone()], from: None, to: None };
    policywatch::exchange::export::warc::export(&path, &selection, &world.store, || {}).await.unwrap();

    let other = World::new().await;
    other.follow(watch.clone()).await;
    let mut endings = Vec::new();
    let each = |_, one: Imported| {
        endings.push((one.version, matches!(one.ending, Ending::Changed(_))));
        Ok(())
    };
    import(&path, &watch, false, &other.store, &other.clock, &Unpacker::none(), each).await.unwrap();
    assert_eq!(endings, [(Some(1), false), (Some(1), false), (Some(2), true), (Some(2), true)]);
    assert_eq!(all(&other).await, lived);
    assert_sound(&other).await;

    // An older capture makes the history be derived anew: what belonged together still does.
    for world in [&world, &other] {
        let older = record(9, "2019-01-01", "https://acme.test/privacy", &policy("We keep letters for a year."));
        imported(world, &watch, &[older]).await;
        let anew = all(world).await;
        assert_eq!(&anew[anew.len() - 2..], &lived[..], "{anew:?}");
        assert_eq!(anew.len(), 4, "the oldest, the page that joins it, and both as they were: {anew:?}");
        assert_sound(world).await;
    }

    // Captures that come one by one, as from an archive.
    let single = World::new().await;
    single.follow(watch.clone()).await;
    for order in [3, 1, 0, 2] {
        let mut at = 0;
        let snapshot = {
            let captures = world.store.captures(&watch.id, Some(lived[0].0), None).await.unwrap();
            world.store.snapshot(captures[order].snapshot).await.unwrap()
        };
        let record = record(
            u32::try_from(order).unwrap(),
            &format!("{}T00:{:02}:00Z#", snapshot.captured_at.format("%Y-%m-%d"), order),
            &snapshot.url,
            std::str::from_utf8(&snapshot.body).unwrap(),
        )
        .replace("#T00:00:00Z", "");
        at += imported(&single, &watch, &[record]).await.1.len();
        assert_eq!(at, 1);
    }
    let digests =
        |all: Vec<(policywatch::time::Timestamp, _)>| all.into_iter().map(|(_, digest)| digest).collect::<Vec<_>>();
    assert_eq!(digests(all(&single).await), digests(lived), "near each other in time is together");
}

/// A site that takes ten minutes for each page.
#[derive(Clone)]
struct Slow(Site, HeldClock);

impl Fetch for Slow {
    async fn fetch(&self, request: Request) -> Result<Fetched, FetchFailure> {
        let came = self.0.fetch(request).await;
        self.1.advance(std::time::Duration::from_secs(600));
        came
    }
}

/// Mementos from between the pages of one check come in afterwards: the check stays one, and
/// nothing that a page said goes back.
#[tokio::test]
async fn what_was_captured_during_a_check_does_not_part_it() {
    let (world, watch) = two_pages().await;
    let said = |world: &World| {
        let (store, id) = (world.store.clone(), watch.id.clone());
        async move {
            let versions = store.versions(&id).await.unwrap();
            versions.into_iter().map(|version| (version.captured_at, version.digest)).collect::<Vec<_>>()
        }
    };
    world.clock.advance(std::time::Duration::from_secs(3600));
    world.site.serve("/privacy", policy(MAY));
    world.site.serve("/cookies", cookies("two years"));
    let World { store, site, clock, .. } = &world;
    let slow = Ports {
        store: store.clone(),
        fetcher: Slow(site.clone(), clock.clone()),
        clock: clock.clone(),
        unpacker: unpacker(),
        spread: SPREAD,
    };
    assert_eq!(check(&watch, &slow).await.unwrap().outcome.as_str(), "changed");
    world.deliver_all().await;
    let lived = said(&world).await;
    assert_eq!(lived.len(), 2);

    // The pages were served at 7:00 and at 7:10.
    let between = |number, path: &str, html: &str| {
        let url = format!("https://acme.test{path}");
        record(number, "2026-01-05", &url, html).replacen("T00:00:00Z", &format!("T07:0{number}:00Z"), 1)
    };
    let mementos = [between(3, "/cookies", &cookies("two weeks")), between(5, "/privacy", &policy(MAY))];
    for memento in &mementos {
        assert_eq!(imported(&world, &watch, std::slice::from_ref(memento)).await.1.len(), 1);
    }
    assert_eq!(said(&world).await, lived);
    assert_eq!(world.store.captures(&watch.id, None, None).await.unwrap().len(), 6);
    assert_sound(&world).await;
}

/// A WARC record that repeats the payload of another one.
pub fn revisit(number: u32, day: &str, uri: &str, of: (u32, &str), html: &str) -> String {
    let (original, then) = of;
    let digest = policywatch::exchange::warc::payload_sha1(html.as_bytes());
    let block = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
    let length = block.len();
    format!(
        "WARC/1.1\r\nWARC-Type: revisit\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: {day}T00:00:00Z\r\n\
         WARC-Target-URI: {uri}\r\nWARC-Refers-To: <urn:uuid:{original}>\r\nWARC-Refers-To-Target-URI: {uri}\r\n\
         WARC-Refers-To-Date: {then}T00:00:00Z\r\nWARC-Payload-Digest: sha1:{digest}\r\n\
         WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest\r\n\
         Content-Type: application/http\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n"
    )
}

/// One page of two changes, and of the other one the server said that it had not changed (304):
/// what it said last belongs to the group.
#[tokio::test]
async fn a_page_that_was_not_modified_belongs_to_its_group() {
    let minutes = |record: String, minutes: &str| record.replacen("T00:00:00Z", &format!("T00:{minutes}:00Z"), 1);
    let (privacy, other) = ("https://acme.test/privacy", "https://acme.test/cookies");
    let two_weeks = cookies("two weeks");
    let not_modified = |number: u32, day: &str| {
        let block = "HTTP/1.1 304 Not Modified\r\n\r\n";
        format!(
            "WARC/1.1\r\nWARC-Type: revisit\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: {day}T00:20:00Z\r\n\
             WARC-Target-URI: {other}\r\nWARC-Profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified\r\n\
             Content-Type: application/http\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
            block.len()
        )
    };
    let first = [
        record(1, "2020-01-01", privacy, &policy(WILL_NOT)),
        minutes(record(2, "2020-01-01", other, &two_weeks), "20"),
    ];
    let again = [record(3, "2020-02-01", privacy, &policy(MAY)), not_modified(4, "2020-02-01")];
    let mut all = Vec::new();
    for files in [vec![[&first[..], &again].concat()], vec![first.to_vec(), again.to_vec()]] {
        let world = World::new().await;
        let watch = world.follow(of_pages(&["/privacy", "/cookies"])).await;
        let mut told = Vec::new();
        for file in files {
            let (summary, came) = imported(&world, &watch, &file).await;
            assert_eq!((summary.without_body, summary.other_pages), (0, 0));
            told.extend(came.iter().map(|one| one.version));
        }
        assert_eq!(told, [Some(1), Some(1), Some(2), Some(2)], "what belongs together makes one version");
        assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord, Cause::Publisher]);
        let latest = world.store.latest(&watch.id).await.unwrap().unwrap().reading.text();
        assert!(latest.contains("two weeks"), "{latest}");
        assert_eq!(world.store.captures(&watch.id, None, None).await.unwrap().len(), 4);
        all.push(world.store.versions(&watch.id).await.unwrap().into_iter().map(|v| v.digest).collect::<Vec<_>>());
        assert_sound(&world).await;
    }
    assert_eq!(all[0], all[1]);
}

/// One page of two changes, and the other one is recorded as a repetition: of a record of the
/// same file, of one that an earlier file brought, of another page's, or of nothing at all.
#[tokio::test]
async fn a_page_that_repeats_itself_belongs_to_its_group() {
    let minutes = |record: String, minutes: &str| record.replacen("T00:00:00Z", &format!("T00:{minutes}:00Z"), 1);
    let (privacy, other) = ("https://acme.test/privacy", "https://acme.test/cookies");
    let (said, two_weeks) = (policy(WILL_NOT), cookies("two weeks"));
    let first = [record(1, "2020-01-01", privacy, &said), minutes(record(2, "2020-01-01", other, &two_weeks), "20")];
    let of_cookies = (2, "2020-01-01");
    let again = [
        record(3, "2020-02-01", privacy, &policy(MAY)),
        minutes(revisit(4, "2020-02-01", other, of_cookies, &two_weeks), "20"),
    ];
    // The page that changes comes second.
    let back = [
        revisit(5, "2020-03-01", other, of_cookies, &two_weeks),
        minutes(revisit(6, "2020-03-01", privacy, (1, "2020-01-01"), &said), "20"),
    ];
    // Of a body that nobody has: the other page is read all the same.
    let nowhere = [
        record(7, "2020-04-01", privacy, &policy(MAY)),
        minutes(revisit(8, "2020-04-01", other, (99, "2019-06-01"), &cookies("nine lives")), "20"),
    ];
    let mut all = Vec::new();
    for files in [
        vec![[&first[..], &again, &back, &nowhere].concat()],
        vec![first.to_vec(), again.to_vec(), back.to_vec(), nowhere.to_vec()],
    ] {
        let world = World::new().await;
        let watch = world.follow(of_pages(&["/privacy", "/cookies"])).await;
        let (mut without_body, mut told) = (0, Vec::new());
        for file in files {
            let (summary, came) = imported(&world, &watch, &file).await;
            without_body += summary.without_body;
            told.extend(came.iter().map(|one| one.version));
        }
        assert_eq!((without_body, told.len()), (1, 7), "{told:?}");
        let one = [Some(1), Some(1), Some(2), Some(2), Some(3), Some(3), Some(4)];
        assert_eq!(told, one, "what belongs together makes one version");
        use Cause::{FirstRecord, Publisher};
        assert_eq!(causes(&world, &watch).await, [FirstRecord, Publisher, Publisher, Publisher]);
        let versions = world.store.versions(&watch.id).await.unwrap();
        all.push(versions.into_iter().map(|version| (version.captured_at, version.digest)).collect::<Vec<_>>());
        assert_sound(&world).await;

        // An older capture makes the history be derived anew: all of it is as it was.
        imported(&world, &watch, &[record(9, "2019-01-01", privacy, &policy("We keep letters for a year."))]).await;
        let anew = world.store.versions(&watch.id).await.unwrap();
        let anew: Vec<_> = anew.into_iter().map(|version| (version.captured_at, version.digest)).collect();
        assert_eq!(&anew[anew.len() - 4..], all.last().unwrap().as_slice());
    }
    assert_eq!(all[0], all[1]);
}

/// Captures of another watch, new and held, come between those of a policy of two pages.
#[tokio::test]
async fn another_watch_does_not_part_what_two_pages_said_at_once() {
    let at = |number, day: &str, time: &str, path: &str, html: &str| {
        let url = format!("https://acme.test{path}");
        record(number, day, &url, html).replacen("T00:00:00Z", &format!("T{time}Z"), 1)
    };
    let world = World::new().await;
    let both = world.follow(of_pages(&["/privacy", "/cookies"])).await;
    let id = policywatch::watch::WatchId::new("terms").unwrap();
    let terms = world.follow(Watch { id, ..watch("/terms", &[]) }).await;
    let held = at(1, "2020-02-01", "00:10:00", "/terms", &policy(WILL_NOT));
    imported(&world, &terms, std::slice::from_ref(&held)).await;
    let records = [
        at(2, "2020-01-01", "00:00:00", "/privacy", &policy(WILL_NOT)),
        at(3, "2020-01-01", "00:20:00", "/cookies", &cookies("two weeks")),
        at(4, "2020-02-01", "00:00:00", "/privacy", &policy(MAY)),
        held,
        at(5, "2020-02-01", "00:15:00", "/terms", &policy(MAY)),
        at(6, "2020-02-01", "00:20:00", "/cookies", &cookies("two years")),
    ];
    let path = world.file("both.warc");
    std::fs::write(&path, records.concat()).unwrap();
    let (watches, unpacker) = ([both.clone(), terms], Unpacker::none());
    let mut recorder = Recorder::new(Routing::ByAddress(&watches), Mode::Tell, &world.store, &world.clock, &unpacker);
    let mut all = 0;
    let each = |_, _| {
        all += 1;
        Ok(())
    };
    warc_file(&path, &mut recorder, each).await.unwrap();
    assert_eq!(all, 6);
    assert_eq!(causes(&world, &both).await, [Cause::FirstRecord, Cause::Publisher]);
    assert_eq!(world.deliveries().await.len(), 1, "no text is told that never stood");
    world.leaves_deliveries_waiting();
    assert_sound(&world).await;
}

/// One page of two was captured, and then many of another policy: nobody waits for its end.
#[tokio::test]
async fn a_page_that_waits_for_another_does_not_hold_up_other_watches() {
    let world = World::new().await;
    let both = world.follow(of_pages(&["/privacy", "/cookies"])).await;
    let id = policywatch::watch::WatchId::new("terms").unwrap();
    let terms = world.follow(Watch { id, ..watch("/terms", &[]) }).await;
    for (name, far) in [("near", false), ("far", true)] {
        let mut records =
            vec![record(if far { 99 } else { 0 }, "2020-01-01", "https://acme.test/privacy", &policy(MAY))];
        for number in 1..=80 {
            let time = if far {
                format!("T{:02}:{:02}:00Z", 2 + number / 60, number % 60)
            } else {
                format!("T00:{:02}:{:02}Z", number / 60, number % 60)
            };
            let one = record(100 + number, "2020-01-01", "https://acme.test/terms", &policy(WILL_NOT));
            records.push(one.replacen("T00:00:00Z", &time, 1));
        }
        let path = world.file(name);
        std::fs::write(&path, records.concat()).unwrap();
        let (watches, unpacker) = ([both.clone(), terms.clone()], Unpacker::none());
        let mut recorder =
            Recorder::new(Routing::ByAddress(&watches), Mode::Record, &world.store, &world.clock, &unpacker);
        let mut records = policywatch::exchange::warc::open(&path).unwrap();
        let (mut all, mut most) = (0, 0);
        for (at, response) in records.by_ref().enumerate() {
            all += recorder.take(response.unwrap()).await.unwrap().len();
            most = most.max(at + 1 - all);
        }
        assert!(most <= 64, "{name}: {most} wait");
        all += recorder.finish().await.unwrap().len();
        assert_eq!(all, 81);
    }
}

#[tokio::test]
async fn a_capture_of_the_past_is_asked_for_of_each_page() {
    let (world, watch) = two_pages().await;
    let then = parse_rfc3339("2019-01-01T00:00:00Z").unwrap();
    for page in 0..2 {
        let found = nearest(&watch, page, then, true, &world.site, &world.store, &world.clock, &Unpacker::none())
            .await
            .unwrap();
        assert!(matches!(found, Nearest::Held(_) | Nearest::Read(..)), "{found:?}");
    }
    let asked: Vec<_> =
        world.site.requests().iter().rev().take(2).map(|request| (request.url.path().to_owned(), request.at)).collect();
    assert_eq!(asked, [("/cookies".to_owned(), Some(then)), ("/privacy".to_owned(), Some(then))]);
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_of_an_archive_make_one_policy_too() {
    let world = World::new().await;
    let watch = world.follow(Watch { source: Source::Wayback, ..of_pages(&["/privacy", "/cookies"]) }).await;
    world.site.serve("/privacy", policy(WILL_NOT));
    world.site.serve(
        "/cookies",
        Answer::Failure(FailureKind::NotArchived {
            archive: "archive.test".to_owned(),
            url: "https://acme.test/cookies".to_owned(),
            when: String::new(),
        }),
    );
    let checked = later(&world, &watch).await;
    assert_eq!((checked.outcome.as_str(), states(&checked)), ("first", vec!["first", "unreachable"]));
    world.site.serve("/cookies", cookies("two weeks"));
    assert_eq!(states(&later(&world, &watch).await), ["unchanged", "first"]);
    assert_eq!(causes(&world, &watch).await, [Cause::FirstRecord, Cause::TechnicalUpgrade], "it joins quietly");
    let now = world.clock.now();
    assert_eq!(world.store.latest(&watch.id).await.unwrap().unwrap().facts.captured_at, now);
    assert_sound(&world).await;
}
