//! Stories of pages that come back to what they said, of changes that a second look
//! confirms, and of dates that do not move with the text.

use std::time::Duration;

use policywatch::alert::Sent;
use policywatch::check::{Checked, check};
use policywatch::clock::Clock as _;
use policywatch::confirmation::ConfirmationState;
use policywatch::examine::examine;
use policywatch::exchange::import::import;
use policywatch::judgment::{Dating, Judgment, Materiality, Return, ReturnKind, Rules};
use policywatch::outcome::{FailureKind, Outcome};
use policywatch::render::plain::Style;
use policywatch::render::{markdown, plain};
use policywatch::store::Store;
use policywatch::time::{Timestamp, rfc3339};
use policywatch::unpack::Unpacker;
use policywatch::watch::{Watch, WatchId};
use serde_json::Value;

use crate::world::{Answer, MAY, WILL_NOT, World, monday, policy, watch};

const HOUR: Duration = Duration::from_secs(3600);
const HALF_HOUR: Duration = Duration::from_secs(1800);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The same policy as it is served in another region: with a chapter of its own.
fn elsewhere(sale: &str) -> String {
    let chapter = "<h2>7. People in other countries</h2>
        <p>If you live outside the country of our seat, you agree that disputes are settled by binding arbitration,
        and that you take part in no class action. We may transfer your personal data to other countries, where
        courts and authorities may demand it under laws that protect you less than those at home.</p>
        <p>We share your postal address with customs brokers and with the tax authorities of each country through
        which a kettle travels, and they may keep it for as long as their own rules allow.</p>";
    policy(sale).replace("</main>", &format!("{chapter}</main>"))
}

fn judgment(checked: &Checked) -> &Judgment {
    match &checked.outcome {
        Outcome::Changed { judgment, .. } => judgment,
        other => panic!("{}: {:?}", other.as_str(), other.why()),
    }
}

fn kind(checked: &Checked) -> Option<(ReturnKind, u32)> {
    judgment(checked).returns.as_ref().map(|returns| (returns.kind, returns.version))
}

/// What the deliveries of a world say: versions, materiality and whether the page flaps.
async fn told(world: &World) -> Vec<(u64, u64, String, bool)> {
    let read = |body: &str| serde_json::from_str::<Value>(body).expect("JSON");
    let bodies = world.deliveries().await.into_iter().map(|delivery| read(&delivery.body)["data"].clone());
    bodies
        .map(|data| {
            let change = &data["change"];
            let number = |side: &str| data[side]["version"].as_u64().expect("a number");
            let materiality = change["materiality"].as_str().expect("a word").to_owned();
            (number("from"), number("to"), materiality, change["flapping"].as_bool().expect("a truth"))
        })
        .collect()
}

fn words(from: u64, to: u64, materiality: &str, flapping: bool) -> (u64, u64, String, bool) {
    (from, to, materiality.to_owned(), flapping)
}

#[tokio::test]
async fn a_page_that_alternates_is_told_of_once() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let there = world.serve_and_check(&watch, elsewhere(WILL_NOT)).await;
    assert_eq!(judgment(&there).materiality, Materiality::Material, "nobody can know yet");
    let back = world.serve_and_check(&watch, policy(WILL_NOT)).await;
    assert_eq!(judgment(&back).materiality, Materiality::Editorial);
    assert_eq!(
        judgment(&back).summary,
        "the page is back to the text of version 1, last seen 2 hours before; it alternates"
    );
    assert_eq!(judgment(&back).noise[0].kind, "fetch_artefact");
    assert_eq!(kind(&back), Some((ReturnKind::Flapping, 1)));
    let all = [words(1, 2, "material", false), words(2, 3, "editorial", true)];
    assert_eq!(told(&world).await, all);

    for (turn, html) in [elsewhere(WILL_NOT), policy(WILL_NOT)].into_iter().cycle().take(6).enumerate() {
        let again = world.serve_and_check(&watch, html).await;
        assert_eq!(kind(&again), Some((ReturnKind::Flapping, turn as u32 + 2)));
    }
    assert_eq!(told(&world).await, all, "nobody is told twice that a page alternates");
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 9, "every turn is on record");
    let recorded = world.store.change(&watch.id, 9).await.unwrap().unwrap();
    assert_eq!((recorded.from.number, recorded.change.sections.len()), (8, 1), "with what it changed");
    world.deliver_all().await;
}

#[tokio::test]
async fn who_was_not_told_of_the_change_is_not_told_of_the_return() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let typo = policy(WILL_NOT).replace("kettles and its website", "kettles and its  web-site");
    for html in [policy(WILL_NOT), typo, policy(WILL_NOT)] {
        world.serve_and_check(&watch, html).await;
    }
    assert_eq!(world.deliveries().await, []);
}

#[tokio::test]
async fn a_return_with_another_date_says_what_is_gone() {
    let dated = |sale: &str, date: &str| policy(sale).replace("</h1>", &format!("</h1><p>Last updated: {date}</p>"));
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    for html in [dated(WILL_NOT, "1 May 2025"), dated(MAY, "1 May 2025")] {
        world.serve_and_check(&watch, html).await;
    }
    let back = world.serve_and_check(&watch, dated(WILL_NOT, "2 May 2025")).await;
    assert_eq!(kind(&back), Some((ReturnKind::Edition, 1)));
    let says =
        "the page is back to the edition of version 1, last seen 2 hours before; it alternates. Nothing of substance";
    assert!(judgment(&back).summary.starts_with(says), "{}", judgment(&back).summary);
    assert_eq!(told(&world).await, [words(1, 2, "material", false), words(1, 3, "editorial", true)]);
    world.deliver_all().await;
}

#[tokio::test]
async fn a_text_that_comes_back_after_long_is_a_rollback() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    for _ in 0..10 {
        world.clock.advance(DAY);
        assert_eq!(world.check(&watch).await.outcome.as_str(), "unchanged");
    }
    let back = world.serve_and_check(&watch, policy(WILL_NOT)).await;
    assert_eq!(judgment(&back).materiality, Materiality::Material);
    assert_eq!(kind(&back), Some((ReturnKind::Rollback, 1)));
    assert_eq!(told(&world).await, [words(1, 2, "material", false), words(2, 3, "material", false)]);
    let Outcome::Changed { change, judgment, .. } = &back.outcome else { unreachable!() };
    let says = "The text is that of version 1 again, last seen on 2026-01-05.";
    assert!(markdown::change(change, judgment).contains(says));
    assert!(plain::change(change, judgment, Style { colour: false, width: 200 }).contains(says));

    // The text between was seen until an hour ago: what counts is when a text was seen last.
    let turn = world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!(kind(&turn), Some((ReturnKind::Flapping, 2)));
    world.deliver_all().await;
}

#[tokio::test]
async fn how_long_is_long_is_a_setting() {
    let world = World::new().await;
    let never = world.follow(Watch { alternation: Duration::ZERO, ..watch("/privacy", &["desk"]) }).await;
    for html in [policy(WILL_NOT), policy(MAY), policy(WILL_NOT)] {
        world.serve_and_check(&never, html).await;
    }
    assert_eq!(told(&world).await, [words(1, 2, "material", false), words(2, 3, "material", false)]);
    world.deliver_all().await;
}

#[tokio::test]
async fn what_is_edited_while_a_page_alternates_is_compared_with_its_own_edition() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, elsewhere(WILL_NOT)).await;
    let edited = world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!(kind(&edited), Some((ReturnKind::Edition, 1)));
    let Outcome::Changed { from, change, judgment, .. } = &edited.outcome else { unreachable!() };
    assert_eq!((from.number, judgment.materiality), (1, Materiality::Material));
    let paths: Vec<_> = change.sections.iter().filter_map(|section| section.to.as_ref()?.last().cloned()).collect();
    assert_eq!(paths, ["Sharing"], "the other edition's chapter is no part of the change");
    let says = "this one was compared with version 1, last seen on 2026-01-05";
    assert!(markdown::change(change, judgment).contains(says));

    // The other edition comes back as it was, and then with the same edit.
    let other = world.serve_and_check(&watch, elsewhere(WILL_NOT)).await;
    assert_eq!(kind(&other), Some((ReturnKind::Flapping, 2)));
    let other = world.serve_and_check(&watch, elsewhere(MAY)).await;
    assert_eq!(kind(&other), None, "compared with the text before, nothing else differs");
    let all = [words(1, 2, "material", false), words(1, 3, "material", true), words(4, 5, "material", false)];
    assert_eq!(told(&world).await, all);
    assert_eq!(world.store.change(&watch.id, 3).await.unwrap().unwrap().from.number, 1);
    world.deliver_all().await;
}

/// A watch that tells only what a second look has found again.
async fn confirming(world: &World) -> Watch {
    world.follow(Watch { confirm: Some(HALF_HOUR), ..watch("/privacy", &["desk"]) }).await
}

async fn states(world: &World, watch: &Watch) -> Vec<ConfirmationState> {
    world.store.confirmations(&watch.id).await.unwrap().iter().map(|confirmation| confirmation.state).collect()
}

#[tokio::test]
async fn a_change_is_told_once_a_second_look_has_found_it_again() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let seen = world.serve_and_check(&watch, policy(MAY)).await;
    let first_seen = world.clock.now();
    assert_eq!((seen.outcome.as_str(), seen.alerts().count()), ("changed", 0));
    assert_eq!(seen.next_check_at, Some(first_seen + HALF_HOUR), "before its schedule");
    assert_eq!(world.store.next_due_at().await.unwrap(), seen.next_check_at);
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 2, "it is on record at once");

    // Too early to count, and then a site that is down: it goes on waiting.
    world.clock.advance(HALF_HOUR / 3);
    assert_eq!(world.check(&watch).await.next_check_at, seen.next_check_at);
    world.site.serve("/privacy", Answer::Failure(FailureKind::Refused { host: "acme.test:443".to_owned() }));
    world.clock.advance(HALF_HOUR);
    world.check(&watch).await;
    assert_eq!(
        (world.deliveries().await, states(&world, &watch).await),
        (Vec::new(), vec![ConfirmationState::Pending])
    );

    for answer in [Answer::from(policy(MAY)), Answer::NotModified] {
        let found = world.serve_and_check(&watch, answer).await;
        assert_eq!(found.next_check_at, Some(world.clock.now() + HOUR));
        assert_eq!(told(&world).await, [words(1, 2, "material", false)], "once");
    }
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Confirmed]);
    let delivery = &world.deliveries().await[0];
    assert_eq!(delivery.created_at, world.clock.now() - HOUR, "told when it was confirmed");
    let body: Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["data"]["first_seen_at"], rfc3339(first_seen));
    world.deliver_all().await;
}

#[tokio::test]
async fn a_change_that_is_not_found_again_is_told_to_nobody() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    for html in [policy(WILL_NOT), policy(MAY), policy(WILL_NOT)] {
        world.serve_and_check(&watch, html).await;
    }
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Withdrawn]);
    assert_eq!(world.deliveries().await, []);
    assert_eq!(world.store.versions(&watch.id).await.unwrap().len(), 3, "all of it is on record");

    // It was never told, so when it comes to stay it is no mere return.
    world.serve_and_check(&watch, policy(MAY)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Withdrawn, ConfirmationState::Confirmed]);
    assert_eq!(told(&world).await, [words(3, 4, "material", false)]);
    world.deliver_all().await;
}

/// One more thing that Acme changes.
fn longer(html: &str) -> String {
    html.replace("after thirty days", "after ninety days")
}

#[tokio::test]
async fn what_changes_on_before_it_is_confirmed_is_told_whole() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    let first_seen = world.clock.now();
    let on = world.serve_and_check(&watch, longer(&policy(MAY))).await;
    assert_eq!(on.next_check_at, Some(world.clock.now() + HALF_HOUR));
    assert_eq!(world.deliveries().await, []);
    world.serve_and_check(&watch, longer(&policy(MAY))).await;
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Replaced, ConfirmationState::Confirmed]);
    assert_eq!(told(&world).await, [words(1, 3, "material", false)]);
    let body = world.deliveries().await[0].body.clone();
    assert!(body.contains("ninety") && body.contains("may sell"), "both changes are told: {body}");
    assert!(body.contains(&rfc3339(first_seen)));
    world.deliver_all().await;
}

#[tokio::test]
async fn a_page_that_never_holds_still_is_told_of_as_well() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    for month in ["one", "two", "three"] {
        let html = policy(MAY).replace("thirty days", &format!("{month} months"));
        world.serve_and_check(&watch, html).await;
    }
    assert_eq!(told(&world).await, [words(1, 4, "material", false)]);
    world.deliver_all().await;
}

#[tokio::test]
async fn a_change_that_is_taken_back_but_for_a_trifle_is_withdrawn() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    world.serve_and_check(&watch, policy(WILL_NOT).replace("Privacy Policy</h1>", "Privacy policy</h1>")).await;
    world.serve_and_check(&watch, policy(WILL_NOT).replace("when it is on its way", "when it's on its way")).await;
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Withdrawn]);
    assert_eq!(world.deliveries().await, []);
}

#[tokio::test]
async fn the_turn_of_another_edition_says_nothing_of_the_one_that_waits() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    let before = [policy(WILL_NOT), elsewhere(WILL_NOT), elsewhere(WILL_NOT), policy(WILL_NOT)];
    for html in before.into_iter().chain([policy(MAY), elsewhere(WILL_NOT)]) {
        world.serve_and_check(&watch, html).await;
    }
    let all = [words(1, 2, "material", false), words(2, 3, "editorial", true)];
    assert_eq!(told(&world).await, all);
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Confirmed, ConfirmationState::Pending]);
    world.serve_and_check(&watch, policy(MAY)).await;
    assert_eq!(states(&world, &watch).await, [ConfirmationState::Confirmed, ConfirmationState::Confirmed]);
    let edited = words(3, 4, "material", false);
    assert_eq!(told(&world).await, [&all[..], &[edited]].concat());
    world.deliver_all().await;
}

#[tokio::test]
async fn a_restart_loses_neither_the_change_nor_its_alert() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let seen = world.serve_and_check(&watch, policy(MAY)).await;

    // Another process opens the store, with another schedule in its configuration.
    let store = Store::open(&world.store_path()).await.unwrap();
    let watch = Watch { schedule: policywatch::cadence::Schedule::every(DAY), ..watch };
    let tomorrow = world.clock.now() + DAY;
    store.sync_watches(vec![watch.clone()], move |_, _| Some(tomorrow), world.clock.now()).await.unwrap();
    assert_eq!(store.next_due_at().await.unwrap(), seen.next_check_at, "the second look is due as it was");
    world.clock.advance(HALF_HOUR);
    let due = store.due(world.clock.now(), 9).await.unwrap();
    assert_eq!(due.iter().map(|due| &due.watch).collect::<Vec<_>>(), [&watch.id]);
    check(&watch, &policywatch::check::Ports { store, ..world.ports() }).await.unwrap();
    assert_eq!(told(&world).await, [words(1, 2, "material", false)]);
    world.deliver_all().await;
}

#[tokio::test]
async fn a_setting_that_is_gone_holds_nothing_back() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    let watch = world.follow(Watch { confirm: None, ..watch }).await;
    world.clock.advance(Duration::from_secs(60));
    world.check(&watch).await;
    assert_eq!(told(&world).await, [words(1, 2, "material", false)]);
    world.deliver_all().await;
}

#[tokio::test]
async fn a_date_that_does_not_fit_is_told() {
    let dated = |sale: &str, date: &str| policy(sale).replace("</h1>", &format!("</h1><p>Last updated: {date}</p>"));
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Editorial).await;
    world.serve_and_check(&watch, dated(WILL_NOT, "1 May 2025")).await;
    let silent = world.serve_and_check(&watch, dated(MAY, "1 May 2025")).await;
    let claimed = "2025-05-01".parse().unwrap();
    assert_eq!(judgment(&silent).dating, Some(Dating::SilentEdit { claimed }));
    let empty = world.serve_and_check(&watch, dated(MAY, "1 June 2025")).await;
    let to = "2025-06-01".parse().unwrap();
    assert_eq!(judgment(&empty).dating, Some(Dating::EmptyRefresh { from: claimed, to }));
    let open = world.serve_and_check(&watch, longer(&dated(MAY, "1 July 2025"))).await;
    assert_eq!(judgment(&open).dating, None);

    let says = [
        "A silent edit: the policy still bears the date 2025-05-01.",
        "An empty refresh: the policy now bears the date 2025-06-01 instead of 2025-05-01, and nothing else changed.",
    ];
    let flags = [("silent_edit", "empty_refresh"), ("empty_refresh", "silent_edit")];
    for ((checked, says), (on, off)) in [&silent, &empty].into_iter().zip(says).zip(flags) {
        let Outcome::Changed { change, judgment, .. } = &checked.outcome else { unreachable!() };
        assert!(markdown::change(change, judgment).contains(says));
        assert!(plain::change(change, judgment, Style { colour: false, width: 200 }).contains(says));
        let body: Value = serde_json::from_str(&checked.alerts().next().expect("an alert").body).unwrap();
        assert_eq!((&body["data"]["change"][on], &body["data"]["change"][off]), (&true.into(), &false.into()));
    }
    let recorded = world.store.change(&watch.id, 2).await.unwrap().unwrap();
    assert_eq!(&recorded.judgment, judgment(&silent), "the record keeps it");
    world.deliver_all().await;
}

/// A change as the record has it: from, to, materiality, what it returns to.
type Told = (u32, u32, Materiality, Option<Return>);

async fn history(store: &Store, id: &WatchId) -> Vec<Told> {
    let mut told = Vec::new();
    for version in store.versions(id).await.unwrap() {
        if let Some(change) = store.change(id, version.number).await.unwrap() {
            let judgment = change.judgment;
            told.push((change.from.number, change.to.number, judgment.materiality, judgment.returns));
        }
    }
    told
}

/// Captures as a WARC file.
fn warc(world: &World, name: &str, captures: &[(Timestamp, String)]) -> std::path::PathBuf {
    let record = |(at, html): &(Timestamp, String)| {
        let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}");
        let (date, length) = (at.format("%Y-%m-%dT%H:%M:%SZ"), block.len());
        format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x:{date}>\r\nWARC-Date: {date}\r\n\
             WARC-Target-URI: https://acme.test/privacy\r\nContent-Type: application/http\r\nContent-Length: {length}\r\n\r\n\
             {block}\r\n\r\n"
        )
    };
    let path = world.file(name);
    std::fs::write(&path, captures.iter().map(record).collect::<String>()).unwrap();
    path
}

#[tokio::test]
async fn a_history_is_the_same_followed_imported_or_derived_anew() {
    let texts = [
        (1, policy(WILL_NOT)),
        (2, elsewhere(WILL_NOT)),
        (3, policy(WILL_NOT)),
        (4, policy(MAY)),
        (5, elsewhere(WILL_NOT)),
        (200, elsewhere(WILL_NOT)),
        (230, elsewhere(MAY)),
        (300, policy(MAY)),
        (301, policy(WILL_NOT)),
        (302, elsewhere(MAY)),
    ];
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let captures: Vec<(Timestamp, String)> =
        texts.map(|(hours, html)| (monday() + chrono::Duration::hours(hours), html)).into();
    for (at, html) in &captures {
        world.site.serve("/privacy", html.clone());
        world.clock.advance((*at - world.clock.now()).to_std().unwrap());
        world.check(&watch).await;
    }
    let followed = history(&world.store, &watch.id).await;
    let kinds: Vec<_> = followed.iter().map(|(.., returns)| returns.as_ref().map(|r| (r.kind, r.version))).collect();
    use ReturnKind::{Flapping, Rollback};
    let wanted = [
        None,
        Some((Flapping, 1)),
        None,
        Some((Flapping, 2)),
        None,
        Some((Rollback, 4)),
        Some((Rollback, 3)),
        Some((Flapping, 6)),
    ];
    assert_eq!(kinds, wanted);
    world.deliver_all().await;

    let halves = captures.split_at(4);
    for (name, parts) in [("whole", vec![&captures[..]]), ("late first", vec![halves.1, halves.0])] {
        let other = Watch { id: WatchId::new(name.split(' ').next().unwrap()).unwrap(), ..watch.clone() };
        world.store.adopt_watch(&other.id, other.url.as_str(), world.clock.now()).await.unwrap();
        for part in parts {
            let path = warc(&world, "part.warc", part);
            import(&path, &other, false, &world.store, &world.clock, &Unpacker::none(), |_, _| Ok(())).await.unwrap();
        }
        assert_eq!(history(&world.store, &other.id).await, followed, "{name}");
    }
    let how = watch.reader();
    let again = move |before: Option<&_>, earlier: Option<&_>, snapshot| {
        examine(&how, &Rules::default(), before, earlier, snapshot, &|_| Ok(None))
    };
    world.store.rebuild(&watch.id, &watch.reader(), watch.alternation, again, world.clock.now()).await.unwrap();
    assert_eq!(history(&world.store, &watch.id).await, followed, "derived anew");
}

/// The clock was a year ahead when a watch was looked at; once it is right again, the watch is
/// not left alone for that year.
#[tokio::test]
async fn a_look_that_a_wrong_clock_put_off_is_put_down_anew() {
    let world = World::new().await;
    let watch = world.follow(watch("/privacy", &["desk"])).await;
    let right = world.clock.now();
    world.clock.advance(365 * DAY);
    world.site.serve("/privacy", policy(WILL_NOT));
    world.check(&watch).await;
    let put_in_force = async |now| {
        let due = policywatch::cadence::in_force(1, std::time::Duration::ZERO, now);
        world.store.sync_watches(vec![watch.clone()], due, now).await.unwrap();
        world.store.due_at(&watch.id).await.unwrap().unwrap()
    };
    let ahead = world.clock.now();
    assert_eq!(put_in_force(ahead).await, ahead + HOUR, "what is right stays");
    assert_eq!(put_in_force(right).await, right + HOUR);
}

/// The daemon ran while the clock was a year ahead and was put right: looks and messages that
/// were put off by it are due.
#[tokio::test]
async fn what_a_wrong_clock_put_off_is_due_when_it_is_set_back() {
    let world = World::new().await;
    let watch = world.follow(watch("/privacy", &["desk"])).await;
    let other = world.follow(crate::world::watch("/terms", &["desk"])).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    let looked = world.serve_and_check(&other, policy(WILL_NOT)).await;
    let right = world.clock.now();
    world.clock.advance(365 * DAY);
    world.serve_and_check(&watch, policy(MAY)).await;
    let ahead = world.clock.now();
    let claimed = world.store.claim(ahead, std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    let again = Sent::Failed { reason: "no answer".to_owned(), retry_after: None };
    world.store.settle(&claimed.id, again, ahead).await.unwrap();

    world.store.clock_set_back(right).await.unwrap();
    assert_eq!(world.store.due_at(&watch.id).await.unwrap(), Some(right));
    assert_eq!(world.store.due_at(&other.id).await.unwrap(), looked.next_check_at, "what was put down rightly stays");
    assert_eq!(world.store.next_delivery_at().await.unwrap(), Some(right));
    world.deliver_all().await;
}

/// A second look that a wrong clock put off for a year counts as soon as the clock is right.
#[tokio::test]
async fn a_second_look_that_a_wrong_clock_put_off_confirms() {
    let world = World::new().await;
    let watch = confirming(&world).await;
    world.serve_and_check(&watch, policy(WILL_NOT)).await;
    world.serve_and_check(&watch, policy(MAY)).await;
    let awaited = policywatch::confirmation::Awaited {
        first_seen_at: world.clock.now() + 365 * DAY,
        due_at: world.clock.now() + 365 * DAY + HALF_HOUR,
        ..world.store.awaited(&watch.id).await.unwrap().unwrap()
    };
    let telling = policywatch::confirmation::found_again(&watch, &awaited, world.clock.now());
    assert_eq!(telling.confirmed.len(), 1);
    let (first_seen_at, due_at) = (world.clock.now(), world.clock.now() + HALF_HOUR / 2);
    let awaited = policywatch::confirmation::Awaited { first_seen_at, due_at, ..awaited };
    assert!(policywatch::confirmation::found_again(&watch, &awaited, world.clock.now()).confirmed.is_empty());
}
