//! The outline of a page: sections that a person would name, in every style in which
//! policies mark them. The companies are made up, the styles are not.

use policywatch::reading::{Expected, Reading, Selectors, read};
use policywatch::section::{Section, section};
use policywatch::text::normalize;

use crate::reading::page;

/// Running text in the language of a page, for `{}` in it.
const EN: &str = "We keep what you give us for as long as your account is open, and no longer than the law asks. \
    You may write to us at any time, and we answer within thirty days of the day on which we have read your letter.";
const DE: &str = "Wir speichern, was Sie uns geben, solange Ihr Konto besteht, und nicht länger, als das Gesetz es verlangt. \
    Sie können uns jederzeit schreiben, und wir antworten Ihnen innerhalb von dreißig Tagen nach dem Eingang Ihres Briefes.";
const FR: &str = "Nous conservons ce que vous nous confiez tant que votre compte est ouvert, et pas plus longtemps que la loi ne l’exige. \
    Vous pouvez nous écrire à tout moment et nous vous répondons dans un délai de trente jours après réception de votre lettre.";
const ES: &str = "Conservamos lo que usted nos confía mientras su cuenta esté abierta, y no más tiempo del que exige la ley. \
    Puede escribirnos en cualquier momento y le respondemos en un plazo de treinta días a partir de la recepción de su carta.";
const NL: &str = "Wij bewaren wat u ons geeft zolang uw account open is, en niet langer dan de wet het vraagt. \
    U kunt ons op elk moment schrijven en wij antwoorden binnen dertig dagen nadat wij uw brief hebben gelezen.";

fn reading(body: &str, prose: &str) -> Reading {
    let html = format!("<!doctype html><html><body>{}</body></html>", body.replace("{}", prose));
    read(&page(html), &Selectors::default(), &Expected::default()).expect("the page is a policy")
}

/// A line a section: indented by its depth, its number in brackets.
fn outline(sections: &[Section]) -> String {
    let line = |section: &Section| {
        let indent = "  ".repeat(section.path.len().saturating_sub(1));
        let number = section.number.as_deref().map(|number| format!("[{number}] ")).unwrap_or_default();
        let title = section.path.last().map_or("(before the first heading)", String::as_str);
        format!("{indent}{number}{title}")
    };
    sections.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Cuts the margin off an indented text, whose first line is the title of all.
fn flush(text: &str) -> String {
    let (title, under) = text.split_once('\n').unwrap_or((text, ""));
    let margin = under.lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(2) - 2;
    std::iter::once(title).chain(under.lines().map(|line| &line[margin..])).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(body: &str, prose: &str, expected: &str) {
    let reading = reading(body, prose);
    assert_eq!(outline(&reading.sections), flush(expected), "\n{}", reading.text());
    laws(&reading.sections);
}

/// What holds for every outline.
#[track_caller]
fn laws(sections: &[Section]) {
    let mut open: Vec<String> = Vec::new();
    for (at, section) in sections.iter().enumerate() {
        assert_eq!(usize::from(section.level), section.path.len(), "the level is the depth of the path");
        assert_eq!(section.path.is_empty(), section.heading.is_none());
        assert!(at == 0 || !section.path.is_empty(), "only the first may stand before the first heading");
        let (title, above) = section.path.split_last().map_or(("", &[][..]), |(title, above)| (title.as_str(), above));
        assert!(open.starts_with(above), "{:?} stands under what is open: {open:?}", section.path);
        assert!(section.heading.as_deref().unwrap_or_default().ends_with(title), "the title stands in the heading");
        assert!(section.text().contains(title), "the title stands in the text");
        open.clone_from(&section.path);
    }
}

#[test]
fn a_help_centre_that_leaves_out_levels() {
    check(
        "<nav><a href=/>Help</a></nav><article><h1>Privacy notice of Brightpail</h1>
         <div class=meta>Updated on 3 May 2023</div><h3>What we collect</h3><p>{}</p>
         <h5>From your phone</h5><p>{}</p><h3>Whom we tell</h3><p>{}</p><p><b>Good to know:</b> {}</p></article>",
        EN,
        "Privacy notice of Brightpail
           What we collect
             From your phone
           Whom we tell",
    );
}

#[test]
fn a_title_of_the_second_level_heads_all() {
    check(
        "<h2>Brightpail Terms of Use</h2><p>{}</p><h4>Who may join</h4><p>{}</p><h2>Your content</h2><p>{}</p>
         <h3>What you give us</h3><p>{}</p><h2>Ending</h2><p>{}</p>",
        EN,
        "Brightpail Terms of Use
           Who may join
           Your content
             What you give us
           Ending",
    );
}

#[test]
fn every_section_marked_as_the_title() {
    check(
        "<h1>Política de privacidad</h1><p>{}</p><h1>Qué datos recogemos</h1><p>{}</p><h2>Los que usted nos da</h2><p>{}</p>
         <h1>Con quién los compartimos</h1><p>{}</p><h1>Sus derechos</h1><p>{}</p>",
        ES,
        "Política de privacidad
           Qué datos recogemos
             Los que usted nos da
           Con quién los compartimos
           Sus derechos",
    );
}

#[test]
fn bold_paragraphs_above_bold_words_in_clauses() {
    check(
        "<h1>Terms of Service</h1><p><b>Who we are</b></p><p>{}</p><p><b>Fees</b></p><p><b>Refunds.</b> {}</p>
         <p><b>Taxes.</b> {}</p><p><b>Late payment.</b> {}</p><p><b>Currency.</b></p><p>{}</p>
         <p><strong>You agree to:</strong></p><ul><li>pay in time;</li><li>keep your password.</li></ul>
         <p><b>Welcome to Brightpail!</b></p><p>{}</p><p><b>The end</b></p><p>{}</p>",
        EN,
        "Terms of Service
           Who we are
           Fees
           The end",
    );
}

#[test]
fn capitals_with_an_address_among_them() {
    check(
        "<h1>Privacy Policy</h1><p>WHO WE ARE</p><p>{}</p><p>The controller is:</p><p>Brightpail S.A.<br>BRIGHTPAIL<br>14 rue des Seaux 75000 Paris</p>
         <p>WHAT WE COLLECT</p><p>{}</p><p>CHILDREN</p><p>{}</p>",
        EN,
        "Privacy Policy
           WHO WE ARE
           WHAT WE COLLECT
           CHILDREN",
    );
}

#[test]
fn articles_with_clauses_and_a_preamble() {
    check(
        "<h1>Conditions générales</h1><p><b>Préambule</b></p><p>{}</p><p><b>Article 1 – Objet</b></p><p>{}</p>
         <p><b>Article 2 – Services</b></p><p><b>2.1. Services gratuits</b></p><p>{}</p><p><b>2.2. Services payants</b></p><p>{}</p>
         <p><b>Dans l’application</b></p><p>{}</p><p><b>Article 3 – Résiliation</b></p><p>{}</p>",
        FR,
        "Conditions générales
           Préambule
           [Article 1] Objet
           [Article 2] Services
             [2.1] Services gratuits
             [2.2] Services payants
               Dans l’application
           [Article 3] Résiliation",
    );
}

#[test]
fn paragraphs_of_a_law_with_letters() {
    check(
        "<h1>Datenschutzerklärung</h1><h2>§ 1 Verantwortliche Stelle</h2><p>{}</p><h2>§ 2 Server-Logfiles</h2>
         <h3>a) Zweck der Verarbeitung</h3><p>{}</p><h3>b) Rechtsgrundlage</h3><p>{}</p><h2>§ 3 Ihre Rechte</h2><p>{}</p>",
        DE,
        "Datenschutzerklärung
           [§ 1] Verantwortliche Stelle
           [§ 2] Server-Logfiles
             [a] Zweck der Verarbeitung
             [b] Rechtsgrundlage
           [§ 3] Ihre Rechte",
    );
}

#[test]
fn short_clauses_that_are_numbered_within_paragraphs_of_a_law() {
    check(
        "<h1>Regulamin</h1><p>§ 1. Postanowienia ogólne</p><p>1. Regulamin jest dla wszystkich.</p><p>2. {}</p>
         <p>§ 2. Usługi</p><p>1. Usługi są płatne.</p><p>2. {}</p><p>§ 3. Reklamacje</p><p>1. {}</p><p>2. {}</p>",
        EN,
        "Regulamin
           [§ 1] Postanowienia ogólne
           [§ 2] Usługi
           [§ 3] Reklamacje",
    );
}

#[test]
fn articles_in_korean_japanese_and_turkish() {
    check(
        "<h1>이용약관</h1><p>제1조 (목적)</p><p>{}</p><p>제2조 (정의)</p><p>{}</p><p>제3조 (약관의 개정)</p><p>{}</p>",
        EN,
        "이용약관
           [제1조] (목적)
           [제2조] (정의)
           [제3조] (약관의 개정)",
    );
    check(
        "<h1>利用規約</h1><p>第1条（適用）</p><p>{}</p><p>第2条（利用登録）</p><p>{}</p><p>第3条（免責）</p><p>{}</p>",
        EN,
        "利用規約
           [第1条] （適用）
           [第2条] （利用登録）
           [第3条] （免責）",
    );
    check(
        "<h1>Koşullar</h1><p>Madde 1 – Taraflar</p><p>{}</p><p>Madde 2 – Konu</p><p>{}</p><p>Madde 3 – Ücretler</p><p>{}</p>",
        EN,
        "Koşullar
           [Madde 1] Taraflar
           [Madde 2] Konu
           [Madde 3] Ücretler",
    );
}

#[test]
fn numbered_paragraphs_whose_clauses_are_numbered_too() {
    check(
        "<h1>Nutzungsbedingungen</h1><p>1. Geltungsbereich</p><p>1.1. {}</p><p>1.2. {}</p><p>1.3. Vertragssprache ist Deutsch.</p>
         <p>2. Haftung</p><p>2.1. {}</p><p>2.2. {}</p><p>3. Kündigung</p><p>3.1. {}</p>",
        DE,
        "Nutzungsbedingungen
           [1] Geltungsbereich
           [2] Haftung
           [3] Kündigung",
    );
}

#[test]
fn one_level_for_all_but_numbers() {
    check(
        "<h2>Privacyverklaring</h2><p>{}</p><h3>1. Gegevens</h3><p>{}</p><h3>1.1 Van u</h3><p>{}</p><h3>1.2 Van anderen</h3><p>{}</p>
         <h3>2. Uw rechten</h3><p>{}</p>",
        NL,
        "Privacyverklaring
           [1] Gegevens
             [1.1] Van u
             [1.2] Van anderen
           [2] Uw rechten",
    );
}

#[test]
fn roman_numbers_above_arabic_ones() {
    check(
        "<p><b>Privacy Policy</b></p><p>{}</p><p><b>I. Data</b></p><p><b>1. Yours</b></p><p>{}</p><p><b>2. Of others</b></p><p>{}</p>
         <p><b>II. Rights</b></p><p><b>1. To see</b></p><p>{}</p><p><b>2. To delete</b></p><p>{}</p><p><b>III. Contact</b></p><p>{}</p>",
        EN,
        "Privacy Policy
           [I] Data
             [1] Yours
             [2] Of others
           [II] Rights
             [1] To see
             [2] To delete
           [III] Contact",
    );
}

#[test]
fn schedules_hold_sections_marked_like_those_before() {
    check(
        "<h1>Data Processing Agreement</h1><p>{}</p><h2>A. Definitions</h2><p>{}</p><h2>B. Security</h2><p>{}</p>
         <p><strong>Schedule 1 - Details</strong></p><h2>A. Parties</h2><p>{}</p><h2>B. Purposes</h2><p>{}</p>
         <p><strong>Schedule 2 - Measures</strong></p><h2>A. Access</h2><p>{}</p>",
        EN,
        "Data Processing Agreement
           [A] Definitions
           [B] Security
           [Schedule 1] Details
             [A] Parties
             [B] Purposes
           [Schedule 2] Measures
             [A] Access",
    );
}

#[test]
fn what_is_attached_stands_beside_the_clauses_however_it_is_marked() {
    check(
        "<h1>Terms of Service</h1><p>{}</p><h2>1. Orders</h2><p>{}</p><h2>2. Contact</h2><p>{}</p>
         <h3>Appendix 1 - Withdrawal Form</h3><p>{}</p><h3>Appendix 2 - Terms for Countries</h3><h4>1. France</h4><p>{}</p>
         <h3>Annex: Prices</h3><p>{}</p>",
        EN,
        "Terms of Service
           [1] Orders
           [2] Contact
           [Appendix 1] Withdrawal Form
           [Appendix 2] Terms for Countries
             [1] France
           Annex: Prices",
    );
    // Where the page has a section for them, they are its parts; and a schedule is no annex.
    check(
        "<h1>Terms of Service</h1><p>{}</p><h2>1. Orders</h2><p>{}</p><h3>Schedule</h3><p>{}</p>
         <h2>Schedules</h2><h3>Schedule 1 - Form</h3><p>{}</p><h3>Schedule 2 - Prices</h3><p>{}</p>",
        EN,
        "Terms of Service
           [1] Orders
             Schedule
           Schedules
             [Schedule 1] Form
             [Schedule 2] Prices",
    );
}

#[test]
fn a_list_whose_items_have_titles() {
    check(
        "<h1>Community Rules</h1><p>{}</p><p><b>What we ask of you</b></p><p>{}</p>
         <ul><li><strong>Be kind</strong><br>{}</li><li><strong>Be honest</strong><br>{}</li></ul>
         <p><b>What happens otherwise</b></p><p>{}</p>",
        EN,
        "Community Rules
           What we ask of you
             Be kind
             Be honest
           What happens otherwise",
    );
}

#[test]
fn definitions_questions_and_folded_parts() {
    check(
        "<h1>Cookie Policy</h1><p>{}</p><dl><dt>What is a cookie?</dt><dd><p>{}</p><p>{}</p><p>{}</p></dd>
         <dt>Why do we set them?</dt><dd><p>{}</p><p>{}</p><p>{}</p></dd></dl>
         <details><summary>How do I refuse?</summary><p>{}</p></details>
         <div><h2><button aria-expanded=false>Which are there?</button></h2><div hidden><p>{}</p>
         <table><caption>Cookies of this site</caption><tr><th>Name</th><th>Duration</th></tr><tr><td>_a</td><td>1 day</td></tr></table></div></div>",
        EN,
        "Cookie Policy
           What is a cookie?
           Why do we set them?
           How do I refuse?
           Which are there?
             Cookies of this site",
    );
}

#[test]
fn a_table_in_a_folded_part_stands_under_it() {
    check(
        "<h1>Cookie Policy</h1><p>{}</p><details><summary>Which do you set?</summary><p>{}</p>
         <table><caption>Cookies of this site</caption><tr><th>Name</th><th>Duration</th></tr><tr><td>_a</td><td>1 day</td></tr></table></details>
         <details><summary>How do I refuse?</summary><p>{}</p></details>",
        EN,
        "Cookie Policy
           Which do you set?
             Cookies of this site
           How do I refuse?",
    );
}

#[test]
fn tabs_are_no_sections() {
    check(
        "<main><h1>Privacy Policy</h1><div><button aria-controls=a>Overview</button><button aria-controls=b>Details</button>
         <button aria-controls=c>History</button></div><h2>Data</h2><p>{}</p><h2>Rights</h2><p>{}</p></main>",
        EN,
        "Privacy Policy
           Data
           Rights",
    );
}

#[test]
fn an_app_of_boxes_with_names() {
    check(
        "<div id=root><div class='[&_.heading-anchor]:border-0 prose'><div class='doc-title'>
         <div role=heading aria-level=1 class=title>Politique de confidentialité</div><div class=subline>Brightpail France</div></div>
         <div><div class='section-title'>Vos données</div><div>{}</div></div>
         <div><div class='section-title'>Vos droits</div><div>{}</div></div><div><div class='section-title'>Nous écrire</div><div>{}</div></div></div></div>",
        FR,
        "Politique de confidentialité
           Vos données
           Vos droits
           Nous écrire",
    );
}

#[test]
fn a_page_saved_from_a_word_processor() {
    check(
        "<div class=WordSection1><p class=MsoTitle><b><span style='font-size:20.0pt'>Algemene voorwaarden</span></b></p>
         <p class=MsoNormal>{}</p><p class=MsoNormal><b><span>1.<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span></span></b><b>Toepassing</b></p>
         <p class=MsoNormal>{}</p><p class=MsoNormal><b><span>2.<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp; </span></span></b><b>Prijzen</b></p>
         <p class=MsoNormal>{}</p><p class=MsoNormal><b>&nbsp;</b></p><p class=MsoNormal><b><u>BIJLAGE 1: Retouren</u></b></p><p class=MsoNormal>{}</p></div>",
        NL,
        "Algemene voorwaarden
           [1] Toepassing
           [2] Prijzen
           [BIJLAGE 1] Retouren",
    );
}

#[test]
fn a_page_exported_from_an_online_document() {
    check(
        "<style>.c1{font-weight:700}.c2{font-weight:400}.c3{font-size:11pt}</style>
         <p class='c0 title'><span class=c1>Privacy Policy</span></p><p class=c0><span class='c2 c3'>{}</span></p>
         <p class=c0><span class=c1>What we collect</span></p><p class=c0><span class='c2 c3'>{}</span></p>
         <p class=c0><span class=c1>Whom we tell</span></p><p class=c0><span class='c2 c3'>{}</span></p>
         <p class=c0><span class=c1>Who signed this</span></p><p class=c0><span class='c2 c3'>{}</span></p>",
        EN,
        "Privacy Policy
           What we collect
           Whom we tell
           Who signed this",
    );
}

#[test]
fn a_table_of_contents_is_no_section() {
    for title in ["<h2>In this article</h2>", "<h2>Contents</h2>", "<p><b>Table of contents</b></p>"] {
        check(
            &format!(
                "<h1>Terms of Use</h1>{title}<ul><li><a href=#a>Scope</a></li><li><a href=#b>Price</a></li><li><a href=#c>Law</a></li></ul>
                 <h2 id=a>Scope</h2><p>{{}}</p><h2 id=b>Price</h2><p>{{}}</p><h2 id=c>Law</h2><p>{{}}</p>"
            ),
            EN,
            "Terms of Use
               Scope
               Price
               Law",
        );
    }
    check(
        "<h1>Mentions légales</h1><h2>Sommaire</h2><p><b>1. Éditeur</b></p><p><b>2. Hébergeur</b></p><p><b>3. Vos droits</b></p>
         <h2>1. Éditeur</h2><p>{}</p><h2>2. Hébergeur</h2><p>{}</p><h2>3. Vos droits</h2><p>{}</p>",
        FR,
        "Mentions légales
           [1] Éditeur
           [2] Hébergeur
           [3] Vos droits",
    );
}

#[test]
fn a_title_said_twice_is_one_section() {
    check(
        "<h1>Privacy Policy</h1><h2>PRIVACY POLICY</h2><p>Last updated: 4 May 2020</p><p>{}</p><h2>Data</h2><p>{}</p><h2>Rights</h2><p>{}</p>",
        EN,
        "Privacy Policy
           Data
           Rights",
    );
}

#[test]
fn numbers_and_dates_alone_are_no_titles() {
    check(
        "<h1>Terms of Service</h1><p><b>Previous versions</b></p><ul><li><a href=/a>May 12, 2024</a></li><li><a href=/b>April 2, 2023</a></li></ul><p>{}</p>
         <h6>1</h6><h6>Your account</h6><p>{}</p><h6>2</h6><h6>Your content</h6><p>{}</p><h6>10</h6><p>{}</p>",
        EN,
        "Terms of Service
           [1] Your account
           [2] Your content",
    );
}

#[test]
fn titles_of_one_name_are_told_apart_by_their_path() {
    let reading = reading(
        "<h1>Privacy Policy</h1><h2 id=web>Our site</h2><h3>Retention</h3><p>{}</p><h2 id=app>Our app</h2><h3>Retention</h3><p>{}</p>",
        EN,
    );
    let paths: Vec<String> = reading.sections.iter().map(|section| section.path.join(" / ")).collect();
    assert_eq!(
        paths,
        [
            "Privacy Policy",
            "Privacy Policy / Our site",
            "Privacy Policy / Our site / Retention",
            "Privacy Policy / Our app",
            "Privacy Policy / Our app / Retention"
        ]
    );
    assert_eq!(reading.sections[1].anchor.as_deref(), Some("web"));
    assert_eq!(reading.sections[3].anchor.as_deref(), Some("app"));
}

#[test]
fn a_paragraph_marked_as_a_heading_is_text() {
    let long = "We may change these terms at any time for any reason that we hold to be sound, and the change then binds you from \
        the day on which it stands here, whether you have read it or not, unless the law says otherwise.";
    assert!(long.chars().count() > 200);
    check(
        &format!("<h1>Terms of Use</h1><h2>Changes</h2><h3>{long}</h3><p>{{}}</p><h2>Law</h2><p>{{}}</p>"),
        EN,
        "Terms of Use
           Changes
           Law",
    );
}

proptest::proptest! {
    #[test]
    fn sections_part_the_text_of_any_page(
        parts in proptest::collection::vec(
            proptest::prop_oneof![
                "<h[1-6]>([1-3]\\. |[a-c]\\) )?[A-D][a-d]{1,8}</h1>",
                "<p><b>([1-3]\\.[1-3] |Article [1-9] |Schedule [1-3] - )?[A-D][a-d]{1,8}[.:!]?</b></p>",
                "<p>([IV]{1,3}\\. )?[A-D]{4,9}</p>",
                "<ul><li><b>[A-D][a-d]{1,6}</b><br>TEXT</li><li>[a-d]{1,6}</li></ul>",
                "<p><b>[A-D][a-d]{1,6}\\.</b> TEXT</p>",
                "<p>TEXT</p>",
                "<details><summary>[A-D][a-d]{1,8}</summary><p>TEXT</p></details>",
            ],
            1..14,
        )
    ) {
        let body = format!("<h1>Privacy Policy</h1><p>{EN}</p><p>{EN}</p>{}", parts.concat().replace("TEXT", EN));
        let snapshot = page(format!("<body>{body}</body>"));
        if let Ok(text) = normalize(&snapshot, &Selectors::default(), &Expected::default()) {
            let sections = section(text.blocks.clone());
            laws(&sections);
            let parted: usize =
                sections.iter().map(|section| section.blocks.len() + usize::from(section.heading.is_some())).sum();
            proptest::prop_assert_eq!(parted, text.blocks.len());
        }
    }
}
