//! Stories of `add`: from a company's address to watches in the configuration.

use std::io::Write as _;

use crate::company::{Company, frame, framed, html, of_type, policy, redirect};
use crate::desk::Desk;

const FOOTER: &str = "<a href=\"/legal/\">Legal</a> <a href=\"/privacy?utm_source=footer\">Privacy Policy</a> \
                      <a href=\"/de/datenschutz\">Datenschutz</a> <a href=\"/cookies/settings\">Cookie settings</a> \
                      <a href=\"/login?to=/privacy\">Your privacy</a> <a href=\"/blog/privacy\">Our privacy policy explained</a>";

const GERMAN: &str = "Wir verarbeiten personenbezogene Daten, wenn Sie unsere Website nutzen. Sie haben das Recht auf \
    Auskunft, Berichtigung und Löschung sowie Widerspruch gegen die Verarbeitung. Verantwortlicher ist die Acme Kessel \
    GmbH. Wir geben Daten an Dienstleister weiter und speichern sie so lange, wie es notwendig ist.";

/// A company with a home page, a footer, a page that leads on, and sitemaps.
fn company() -> Company {
    let company = Company::alone();
    company.serve("/", html(framed("Acme", "<h1>Kettles for everyone</h1><p>Boil water in style.</p>", FOOTER)));
    company.serve("/privacy", html(policy("Privacy Policy", "what kettles record")));
    company.serve("/privacy-policy", html(policy("Privacy Policy", "what kettles record")));
    company.serve("/blog/privacy", html(policy("Our privacy policy explained", "why kettles record")));
    company.serve(
        "/de/datenschutz",
        html(frame("Datenschutzerklärung", &format!("<h1>Datenschutzerklärung</h1><p>{}</p>", GERMAN.repeat(3)))),
    );
    let list = "<h1>Legal</h1><ul><li><a href=\"/privacy\">Privacy Policy</a></li><li><a href=\"/legal/t1\">Terms of Service</a></li>\
                <li><a href=\"/old-cookies\">Cookie Policy</a></li></ul>";
    company.serve("/legal/", html(frame("Legal", list)));
    company.serve("/legal/t1", html(policy("Terms of Service", "your agreement on kettles")));
    company.serve("/old-cookies", redirect(301, "/legal/cookies"));
    company.serve("/legal/cookies", html(policy("Cookie Policy", "cookies of the kettle shop")));
    company.serve("/legal/subprocessors", html(frame("Sub-processors", "<h1>Sub-processors</h1><table><tr><th>Name</th><th>Place</th></tr>\
        <tr><td>Cloud Co</td><td>Ireland</td></tr><tr><td>Mail Co</td><td>Germany</td></tr><tr><td>Pay Co</td><td>United States of America</td></tr></table>")));
    let address = |path: &str| company.url(path);
    company.serve(
        "/robots.txt",
        of_type(
            "text/plain",
            format!("User-agent: *\nSitemap: {}\nSitemap: http://127.0.0.1:9/away.xml\n", address("/index.xml")),
        ),
    );
    let index = format!("<sitemapindex><sitemap><loc>{}</loc></sitemap></sitemapindex>", address("/pages.xml.gz"));
    company.serve("/index.xml", of_type("application/xml", index));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write!(
        packed,
        "<urlset><url><loc>{}</loc></url><url><loc>{}</loc></url></urlset>",
        address("/legal/subprocessors"),
        address("/privacy-policy")
    )
    .unwrap();
    company.serve("/pages.xml.gz", of_type("application/gzip", packed.finish().unwrap()));
    company
}

const COMMENTED: &str = "# ours\n[fetch]\nallow   = [\"127.0.0.1\"] # loopback\npause_per_host = \"0s\"\n";

fn desk() -> Desk {
    let desk = Desk::new();
    let store = desk.path("policywatch.db");
    desk.write("policywatch.toml", format!("{COMMENTED}[store]\npath = {store:?}"));
    desk
}

fn found(objects: &[serde_json::Value], state: &str) -> Vec<(String, String)> {
    let text = |object: &serde_json::Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let of = objects.iter().filter(|object| object["state"] == state);
    of.map(|object| {
        (text(object, "type"), text(object, "url").split_once("1:").unwrap().1.split_once('/').unwrap().1.to_owned())
    })
    .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, path)| ((*kind).to_owned(), (*path).to_owned())).collect()
}

#[test]
fn a_home_page_leads_to_all_policies() {
    let (company, desk) = (company(), desk());
    let home = company.url("/");
    let added = desk.run(&["add", home.as_str(), "--json"]).exits(0).says("nothing was written; --yes adds 4 watches");
    let objects = added.objects();
    let expected = [
        ("privacy", "privacy"),
        ("terms", "legal/t1"),
        ("cookies", "legal/cookies"),
        ("subprocessors", "legal/subprocessors"),
    ];
    assert_eq!(found(&objects, "new"), pairs(&expected));
    assert_eq!(found(&objects, "other_language"), pairs(&[("privacy", "de/datenschutz")]));
    let privacy = &objects[0];
    assert_eq!((privacy["title"].as_str(), privacy["language"].as_str()), (Some("Privacy Policy"), Some("en")));
    assert_eq!((privacy["effective_at"].as_str(), privacy["found_by"].as_str()), (Some("2024-03-01"), Some("footer")));
    assert_eq!(privacy["outline"][0].as_str(), Some("What it covers"));
    assert_eq!(privacy["also"][0].as_str(), Some(company.url("/privacy-policy").as_str()), "one text is one policy");
    assert!(privacy["words"].as_u64().unwrap() > 100);
    let asked = company.asked();
    for path in ["/login", "/cookies/settings", "/blog/privacy", "/terms"] {
        assert!(!asked.contains(&path.to_owned()), "{path}: {asked:?}");
    }
    assert!(std::fs::read_to_string(desk.path("policywatch.toml")).unwrap().starts_with(COMMENTED));
}

#[test]
fn consent_writes_watches_and_never_twice() {
    let (company, desk) = (company(), desk());
    let before = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let home = company.url("/");
    desk.run(&["add", home.as_str(), "--dry-run"]).exits(0).prints("Terms of Service");
    assert_eq!(std::fs::read_to_string(desk.path("policywatch.toml")).unwrap(), before);
    desk.run(&["add", home.as_str(), "--yes"]).exits(0).says("added 4 watches").prints("Terms of Service");
    let after = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    assert!(after.starts_with(&format!("{before}\n\n[[watch]]\nid = \"127-0-0-1-privacy\"\n")), "{after}");
    assert!(after.contains("service = \"Acme Kettles\"\ntype = \"terms\"\n"), "{after}");
    desk.run(&["config", "check"]).exits(0);
    let again = desk.run(&["add", home.as_str(), "--yes", "--json"]).exits(0).objects();
    assert_eq!((found(&again, "known").len(), found(&again, "new")), (4, vec![]));
    assert_eq!(std::fs::read_to_string(desk.path("policywatch.toml")).unwrap(), after);
    desk.run(&["fetch", "--all"]).exits(0).prints("127-0-0-1-subprocessors");
}

#[test]
fn a_policy_leads_to_the_others_and_a_kind_can_be_asked_for() {
    let (company, desk) = (company(), desk());
    let page = company.url("/legal/t1");
    let objects =
        desk.run(&["add", page.as_str(), "--json", "--type", "cookies", "--type", "terms"]).exits(0).objects();
    assert_eq!(found(&objects, "new"), pairs(&[("terms", "legal/t1"), ("cookies", "legal/cookies")]));
    assert!(!company.asked().contains(&"/de/datenschutz".to_owned()));
}

#[test]
fn usual_places_are_tried_and_left_early() {
    let (company, desk) = (Company::alone(), desk());
    company.serve("/", html(frame("Acme", "<h1>Kettles</h1><p>Made of steel.</p>")));
    company.serve("/legal/privacy", html(policy("Privacy Policy", "what kettles record")));
    let objects = desk.run(&["add", company.url("/").as_str(), "--json"]).exits(0).objects();
    assert_eq!(found(&objects, "new"), pairs(&[("privacy", "legal/privacy")]));
    let asked = company.asked();
    // What it asks of robots comes first; then it is read for its sitemaps.
    let expected = [
        "/robots.txt",
        "/",
        "/robots.txt",
        "/sitemap.xml",
        "/privacy",
        "/privacy-policy",
        "/legal/privacy",
        "/terms",
        "/terms-of-service",
        "/legal/terms",
    ];
    assert_eq!(asked, expected);
}

#[test]
fn a_home_page_that_sends_on_and_a_sitemap_of_fifty_thousand() {
    let (company, desk) = (Company::alone(), desk());
    company.serve(
        "/",
        html("<html><head><meta http-equiv=\"refresh\" content=\"0; url=/en/\"></head><body></body></html>"),
    );
    company.serve("/en/", html(framed("Acme", "<h1>Kettles</h1>", "<a href=\"/en/p\">Privacy Policy</a>")));
    company.serve("/en/p", html(policy("Privacy Policy", "what kettles record")));
    company.serve("/t", html(policy("Terms of Service", "your agreement on kettles")));
    let pages: String =
        (0..49_998).map(|n| format!("<url><loc>{}</loc></url>\n", company.url(&format!("/kettles/{n}")))).collect();
    let last = [company.url("/t?terms=1"), company.url("/legal/terms")]
        .map(|url| format!("<url><loc>{url}</loc></url>"))
        .concat();
    company.serve("/legal/terms", html(policy("Terms of Service", "your agreement on kettles")));
    company.serve("/sitemap.xml", of_type("application/xml", format!("<urlset>{pages}{last}</urlset>")));
    let objects = desk.run(&["add", company.url("/").as_str(), "--json"]).exits(0).objects();
    assert_eq!(found(&objects, "new"), pairs(&[("privacy", "en/p"), ("terms", "legal/terms")]));
    assert_eq!(company.asked(), ["/robots.txt", "/", "/en/", "/robots.txt", "/sitemap.xml", "/en/p", "/legal/terms"]);
}

#[test]
fn requests_are_bounded_whatever_a_site_promises() {
    let (company, desk) = (Company::alone(), desk());
    let links: String = (0..5_000).map(|n| format!("<a href=\"/p/{n}/privacy\">Privacy Policy {n}</a>")).collect();
    company.serve("/", html(framed("Acme", "<h1>Kettles</h1>", &links)));
    desk.run(&["add", company.url("/").as_str(), "--max-requests", "7"])
        .exits(3)
        .says("no policy was found")
        .says("were not asked for");
    assert_eq!(company.asked().len(), 8, "seven, and what the site asks of robots");
}

#[test]
fn a_site_gives_no_orders_to_the_terminal_or_the_configuration() {
    let (company, desk) = (Company::alone(), desk());
    let hostile = policy("Privacy\u{1b}[2J Policy", "what kettles record")
        .replace("Acme Kettles\"", "Acme\u{1b}[31m&#10;[[watch]]&#10;id = &quot;x&quot;\"");
    company.serve("/privacy", html(hostile));
    let added = desk.run(&["add", company.url("/privacy").as_str(), "--yes"]).exits(0);
    assert!(!added.out.contains('\u{1b}') && !added.err.contains('\u{1b}'), "{:?}", added.out);
    let written = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    assert_eq!(written.matches("\n[[watch]]").count(), 1, "{written}");
    assert!(!written.contains('\u{1b}'), "{written:?}");
    desk.run(&["config", "check"]).exits(0);
}

#[test]
fn what_cannot_be_done_is_said() {
    let (company, desk) = (company(), desk());
    desk.run(&["add"]).exits(2).prints_nothing();
    desk.run(&["add", "no address"]).exits(2).says("is no address of the web").prints_nothing();
    desk.run(&["add", "http://127.0.0.1:9/", "--yes"]).exits(3).says("refuses the connection").prints_nothing();
    desk.run(&["add", company.url("/shop").as_str(), "--type", "nonsense"]).exits(2).prints_nothing();
    let bare = Desk::new();
    bare.run(&["add", "acme.test", "--yes"]).exits(2).says("no configuration was found").prints_nothing();
    bare.run(&["add", company.url("/").as_str()]).exits(3).says("not a public address").prints_nothing();
    desk.run(&["add", "http://127.0.0.1:9/", company.url("/").as_str(), "--json"]).exits(3).prints("legal/t1");
    let readonly = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.write("policywatch.toml", format!("watch = []\n{readonly}"));
    desk.run(&["add", company.url("/").as_str(), "--yes"]).exits(3).says("would not be sound");
}

/// A frame of which scripts make what there is to read.
fn shell(of: &str) -> String {
    let text = serde_json::to_string(of).unwrap();
    format!(
        "<!doctype html><html lang=en><head><title>Acme</title></head><body><div id=app></div>\
         <script>document.getElementById('app').innerHTML = {text}</script></body></html>"
    )
}

#[test]
fn a_site_that_scripts_make_is_read_with_the_browser() {
    if crate::rendering::browser().is_none() {
        return;
    }
    let body = |page: String| page.split_once("<body>").unwrap().1.split_once("</body>").unwrap().0.to_owned();
    let footer = "<a href=\"/p/1\">Privacy Policy</a> <a href=\"/p/2\">Terms of Service</a>";
    let home = || body(framed("Acme", "<h1>Kettles</h1><p>Of steel.</p>", footer));
    let (company, desk) = (Company::alone(), desk());
    company.serve("/", html(shell(&home())));
    company.serve("/p/1", html(shell(&body(policy("Privacy Policy", "what kettles record")))));
    company.serve("/p/2", html(policy("Terms of Service", "your agreement on kettles")));
    let url = company.url("/");
    let objects = desk.run(&["add", url.as_str(), "--json"]).exits(0).objects();
    assert_eq!(found(&objects, "new"), pairs(&[("privacy", "p/1"), ("terms", "p/2")]));
    // Who wants none gets none.
    desk.run(&["add", url.as_str(), "--render", "never"]).exits(3).says("no policy was found").says("empty_shell");

    // A page with text of its own, whose footer scripts make.
    let text =
        "<h1>Kettles</h1><p>Made of steel, with a lid and a handle, for water, tea and soup. Each is tested.</p>"
            .repeat(9);
    let script = shell(footer).split_once("<div").unwrap().1.to_owned();
    company.serve("/", html(format!("<!doctype html><html lang=en><title>Acme</title><body>{text}<div{script}")));
    let objects = desk.run(&["add", url.as_str(), "--json"]).exits(0).objects();
    assert_eq!(found(&objects, "new"), pairs(&[("privacy", "p/1"), ("terms", "p/2")]));

    // A configuration may say never.
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    desk.write("policywatch.toml", format!("{config}\n[defaults]\nrender = \"never\"\n"));
    desk.run(&["add", url.as_str()]).exits(3).says("no policy was found");
}

#[test]
fn what_moved_from_a_page_of_several_is_known() {
    let (company, desk) = (company(), desk());
    let config = std::fs::read_to_string(desk.path("policywatch.toml")).unwrap();
    let (terms, cookies) = (company.url("/legal/t1"), company.url("/gone"));
    desk.write(
        "policywatch.toml",
        format!("{config}\n[[watch]]\nid = \"all\"\nurl = \"{terms}\"\npages = [\"{cookies}\"]\n"),
    );
    desk.run(&["fetch", "all"]).exits(0);
    desk.run(&["move", "all", "--page", "2", company.url("/legal/cookies").as_str()]).exits(0);
    let objects = desk.run(&["add", company.url("/").as_str(), "--json"]).exits(0).objects();
    assert_eq!(found(&objects, "known"), pairs(&[("terms", "legal/t1"), ("cookies", "legal/cookies")]));
}
