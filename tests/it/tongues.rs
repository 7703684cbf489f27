//! Stories of pages that answer in more than one language.

use policywatch::examine::examine;
use policywatch::judgment::{Materiality, Rules};
use policywatch::outcome::Outcome;
use policywatch::reading::Selectors;
use policywatch::store::Which;
use policywatch::version::Cause;
use policywatch::watch::Watch;

use crate::world::{MAY, WILL_NOT, World, policy};

/// The same policy in French, with this sentence about selling data.
fn french(sale: &str) -> String {
    format!(
        r#"<!doctype html><html lang="fr"><head><title>Politique de confidentialité | Acme</title></head><body>
<nav><a href="/">Accueil</a> <a href="/shop">Boutique</a> <a href="/help">Aide</a></nav>
<main><h1>Politique de confidentialité</h1>
<p>Cette politique explique comment Acme traite les données personnelles de ceux qui utilisent ses bouilloires et son
site. Elle vaut pour chaque produit qui y renvoie, dans tous les pays où nous vendons des bouilloires.</p>
<h2>1. Ce que nous recueillons</h2>
<p>Nous recueillons le nom, l'adresse postale et l'adresse électronique que vous nous donnez en commandant une
bouilloire. Lors de votre visite, nous notons aussi les pages que vous ouvrez et le type de votre navigateur.</p>
<h2>2. Partage</h2>
<p>{sale} Notre transporteur reçoit votre adresse postale, sans laquelle il ne pourrait pas vous livrer.</p>
<h2>3. Vos droits</h2>
<p>Vous pouvez nous demander une copie de vos données, leur rectification et leur effacement. Écrivez à l'adresse
ci-dessous, nous répondons dans un délai d'un mois.</p></main>
<footer><p>© Acme</p></footer></body></html>"#
    )
}

const NE_VEND_PAS: &str = "Nous ne vendons vos données personnelles à personne.";
const VEND: &str = "Nous pouvons vendre vos données personnelles à nos partenaires publicitaires.";

async fn outcomes<const N: usize>(world: &World, watch: &Watch, pages: [String; N]) -> [&'static str; N] {
    let mut said = [""; N];
    for (said, page) in said.iter_mut().zip(pages) {
        *said = world.serve_and_check(watch, page).await.outcome.as_str();
    }
    said
}

async fn damages(world: &World) -> Vec<String> {
    let read = |snapshots: &[policywatch::snapshot::Snapshot], version: &policywatch::version::Version| {
        policywatch::pages::read_again(&version.facts.reader, snapshots, &|_| Ok(None))
            .unwrap()
            .map(|reading| reading.digest())
    };
    world.store.verify(read, |_, _| {}).await.unwrap().damages
}

#[tokio::test]
async fn two_languages_that_take_turns_are_two_texts_and_no_change() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Editorial).await;
    let (en, fr) = (|| policy(WILL_NOT), || french(NE_VEND_PAS));
    let said = outcomes(&world, &watch, [en(), fr(), en(), fr(), fr(), en()]).await;
    assert_eq!(said, ["first", "first", "unchanged", "unchanged", "unchanged", "unchanged"]);
    let versions = world.store.versions(&watch.id).await.unwrap();
    let causes: Vec<Cause> = versions.iter().map(|version| version.cause).collect();
    assert_eq!(causes, [Cause::FirstRecord, Cause::FirstRecord]);
    assert_eq!(world.deliveries().await, []);
}

#[tokio::test]
async fn each_language_is_compared_with_its_own_latest_text() {
    let world = World::new().await;
    let watch = world.watch("/privacy", Materiality::Material).await;
    let before = [policy(WILL_NOT), french(NE_VEND_PAS)];
    assert_eq!(outcomes(&world, &watch, before).await, ["first", "first"]);

    let english = world.serve_and_check(&watch, policy(MAY)).await;
    let Outcome::Changed { from, judgment, .. } = &english.outcome else { panic!("{}", english.outcome.as_str()) };
    assert_eq!((from.number, judgment.materiality), (1, Materiality::Material));
    assert_eq!(outcomes(&world, &watch, [french(NE_VEND_PAS), policy(MAY)]).await, ["unchanged", "unchanged"]);
    let other = world.serve_and_check(&watch, french(VEND)).await;
    let Outcome::Changed { from, .. } = &other.outcome else { panic!("{}", other.outcome.as_str()) };
    assert_eq!(from.number, 2);

    let kept = async || {
        let mut kept = Vec::new();
        for number in 1..=4 {
            let change = world.store.change(&watch.id, number).await.unwrap();
            kept.push(change.map(|change| (change.from.number, change.to.number)));
        }
        kept
    };
    let linked = [None, None, Some((1, 3)), Some((2, 4))];
    assert_eq!(kept().await, linked);
    let told: Vec<serde_json::Value> =
        world.deliveries().await.iter().map(|delivery| serde_json::from_str(&delivery.body).unwrap()).collect();
    let numbers: Vec<_> =
        told.iter().map(|body| (&body["data"]["from"]["version"], &body["data"]["to"]["version"])).collect();
    assert_eq!(format!("{numbers:?}"), "[(Number(1), Number(3)), (Number(2), Number(4))]", "{told:#?}");
    world.deliver_all().await;

    // Derived anew from the snapshots, the history is the same.
    let how = watch.reader();
    let again = move |before: Option<&_>, earlier: Option<&_>, snapshot| {
        examine(&how, &Rules::default(), before, earlier, snapshot, &|_| Ok(None))
    };
    let now = policywatch::clock::Clock::now(&world.clock);
    assert_eq!(world.store.rebuild(&watch.id, &watch.reader(), watch.alternation, again, now).await.unwrap(), 4);
    assert_eq!(kept().await, linked);
    assert_eq!(damages(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_address_that_asks_for_a_language_keeps_it() {
    let world = World::new().await;
    let watch = world.watch("/en/privacy", Materiality::Editorial).await;
    let said = outcomes(&world, &watch, [policy(WILL_NOT), french(VEND), policy(WILL_NOT)]).await;
    assert_eq!(said, ["first", "unreadable", "unchanged"]);

    // A site without that translation is followed in the language that it has.
    let watch = world.watch("/en/terms", Materiality::Editorial).await;
    assert_eq!(outcomes(&world, &watch, [french(NE_VEND_PAS), french(NE_VEND_PAS)]).await, ["first", "unchanged"]);
}

#[tokio::test]
async fn a_change_of_ours_is_no_news_in_the_other_language_either() {
    let world = World::new().await;
    let mut watch = world.watch("/privacy", Materiality::Editorial).await;
    let before = [policy(WILL_NOT), french(NE_VEND_PAS), policy(WILL_NOT)];
    assert_eq!(outcomes(&world, &watch, before).await, ["first", "first", "unchanged"]);
    watch.selectors = Selectors { select: vec!["main".to_owned()], remove: vec!["h1 + p".to_owned()] };
    let watch = world.follow(watch).await;
    let after = [policy(WILL_NOT), french(NE_VEND_PAS), policy(WILL_NOT), french(NE_VEND_PAS)];
    assert_eq!(outcomes(&world, &watch, after).await, ["unchanged"; 4]);
    let versions = world.store.versions(&watch.id).await.unwrap();
    let causes: Vec<Cause> = versions.iter().map(|version| version.cause).collect();
    assert_eq!(causes[2..], [Cause::TechnicalUpgrade, Cause::TechnicalUpgrade]);
    assert_eq!(world.deliveries().await, []);
    // At any moment the text in force is the one captured last, not the one read again last.
    let at = world.store.version(&watch.id, Which::At(versions[1].captured_at)).await.unwrap().unwrap();
    assert_eq!(at.reading.language.as_deref(), Some("fr"));
    assert_eq!(damages(&world).await, Vec::<String>::new());
}

#[test]
fn only_a_plain_other_language_is_another_text() {
    let read = |html: String| {
        let page = crate::reading::page(html.into_bytes());
        policywatch::reading::read(&page, &Selectors::default(), &Default::default()).unwrap()
    };
    let parallel = policywatch::text::state::parallel;
    let (en, fr) = (read(policy(WILL_NOT)), read(french(VEND)));
    assert_eq!(parallel(&en, &fr), Some(("en".to_owned(), "fr".to_owned())));
    assert_eq!(parallel(&en, &read(policy(MAY))), None);
    // The template's word for the language changed, the text did not.
    let relabelled = read(policy(WILL_NOT).replace("lang=\"en\"", "lang=\"fr\""));
    assert_eq!(parallel(&en, &relabelled), None);
    // Both languages on one page.
    let both = french(VEND).replace("</main>", policy(WILL_NOT).split_once("<main>").unwrap().1);
    assert_eq!(parallel(&en, &read(both)), None);
}
