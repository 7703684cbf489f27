//! What stands on a policy's page but is no policy: menus, banners, buttons.
//!
//! Each class is one entry of [`CLASSES`] (parts of the page, told by structure and by
//! the words that authors give to classes and ids) or of [`PHRASES`] (short lines,
//! told by what they say). No class may take more than [`MAX_SHARE`] of the page's
//! prose: then it is not what it looks like.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

/// The largest share of a page's words outside links that one class may remove.
pub(super) const MAX_SHARE: f32 = 1.0 / 3.0;

/// What is known of an element when it is judged.
pub(super) struct Element<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its `role`, in lower case.
    pub(super) role: &'a str,
    /// The words of its `class` and `id`, in lower case.
    pub(super) hints: &'a [String],
    /// What they call it: [`called`].
    pub(super) called: u64,
    /// Its label for assistive technology, in lower case.
    pub(super) label: &'a str,
    /// The words in it.
    pub(super) words: u32,
    /// The share of its words in links to other pages.
    pub(super) density: f32,
    /// Its share of all prose of the page.
    pub(super) share: f32,
    /// Whether it stands in `main` or `article`.
    pub(super) inside_main: bool,
    /// Whether it holds `main`, `article` or the first heading.
    pub(super) holds_main: bool,
    /// Whether it holds a heading of the first level.
    pub(super) holds_title: bool,
    /// Whether it holds links into the page itself: a table of contents.
    pub(super) holds_contents: bool,
    /// Buttons, switches and boxes in it.
    pub(super) controls: u32,
    /// The share of its words that speak of cookies and consent: dear, and asked of few.
    pub(super) consent: &'a dyn Fn() -> f32,
    /// Whether the page's own title speaks of cookies.
    pub(super) about_cookies: bool,
    /// Buttons, switches and boxes in it that speak of cookies and consent.
    pub(super) consenting: u32,
    /// Boxes in it of which one at most can be chosen.
    pub(super) radios: u32,
    /// Whether it names who owns the page, as the last line of a page does: asked of few.
    pub(super) says_owner: &'a dyn Fn() -> bool,
    /// Whether it says when the text was last changed, or since when it is in force: asked of few.
    pub(super) says_when: &'a dyn Fn() -> bool,
    /// Whether one of its links is marked as that of the page itself.
    pub(super) holds_current: bool,
    /// Whether it is one of several parts side by side that are headed alike, as the sections
    /// of a text are: asked of few.
    pub(super) among_sections: &'a dyn Fn() -> bool,
    /// Whether it heads the section that it stands in: asked of few.
    pub(super) heads_section: &'a dyn Fn() -> bool,
}

impl Element<'_> {
    fn hinted(&self, called: Called) -> bool {
        self.called & 1 << called as u64 != 0
    }

    /// Whether it may be of any of [`CLASSES`]: most parts are called nothing that says so.
    pub(super) fn may_be_noise(&self) -> bool {
        self.called != 0
            || !self.role.is_empty()
            || self.controls >= 2
            || self.radios >= 3
            || self.holds_current
            || !self.label.is_empty()
            || matches!(self.name, "nav" | "header" | "footer" | "aside" | "dialog" | "search")
    }

    fn short(&self, words: u32) -> bool {
        self.words <= words
    }

    /// Whether it is a dialogue, by its name.
    pub(super) fn is_modal(&self) -> bool {
        self.hinted(Called::Modal)
    }

    /// Whether it is there to be used, not to be read: a class or an id alone may as well
    /// name what a clause is about.
    fn is_used(&self) -> bool {
        self.controls > 0 || self.density > 0.5
    }
}

/// What authors call parts of a page that are no policy, by words of classes and ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    Navigation,
    Header,
    Footer,
    Sidebar,
    Breadcrumb,
    Language,
    Picker,
    ListOfLinks,
    Consent,
    Overlay,
    Modal,
    Promotion,
    Sharing,
    Related,
    Feedback,
    SignIn,
    Search,
    Pagination,
    WebArchive,
    ToolbarPart,
    Wayback,
    Toolbar,
    Icon,
    IconFont,
    EditSection,
    Edit,
    EditLink,
    LyingOver,
}

/// The words for each.
#[rustfmt::skip]
const CALLED: [(Called, &[&str]); 28] = [
    (Called::Navigation, &["nav", "navbar", "navigation", "menu", "megamenu", "submenu", "sidenav", "topnav", "topbar"]),
    (Called::Header, &["header", "masthead", "topbar"]),
    (Called::Footer, &["footer", "foot", "copyright", "colophon"]),
    (Called::Sidebar, &["sidebar", "aside", "sidemenu", "rail"]),
    (Called::Breadcrumb, &["breadcrumb", "breadcrumbs", "crumb", "crumbs", "topicpath", "pankuzu", "kruimelpad", "brotkrumen"]),
    (Called::Language, &["lang", "langs", "language", "languages", "locale", "locales", "country", "countries", "region"]),
    (Called::Picker, &["picker", "selector", "switcher", "switch", "select", "menu", "dropdown", "chooser", "toggle"]),
    (Called::ListOfLinks, &["list", "links", "nav"]),
    (Called::Consent, &["cookie", "cookies", "consent", "gdpr", "cmp", "ccpa"]),
    (Called::Overlay, &["banner", "bar", "notice", "popup", "modal", "overlay", "dialog", "consent", "message", "prompt", "wall", "sdk", "alert", "notification", "toast", "manager", "preferences", "settings", "root"]),
    (Called::Modal, &["modal", "popup", "lightbox", "toast"]),
    (Called::Promotion, &["promo", "promotion", "newsletter", "subscribe", "advert", "advertisement", "ad", "ads", "sponsor", "announcement", "cta"]),
    (Called::Sharing, &["share", "sharing", "social", "socials", "follow"]),
    (Called::Related, &["related", "recommended", "recommendations", "recent", "similar", "trending", "popular"]),
    (Called::Feedback, &["feedback", "helpful", "rating", "votes", "vote", "survey"]),
    (Called::SignIn, &["login", "signin", "logon", "signup", "usermenu", "account"]),
    (Called::Search, &["search", "searchbox", "searchbar"]),
    (Called::Pagination, &["pagination", "pager", "paging"]),
    (Called::WebArchive, &["wm"]),
    (Called::ToolbarPart, &["ipp", "capinfo"]),
    (Called::Wayback, &["wayback"]),
    (Called::Toolbar, &["toolbar"]),
    (Called::Icon, &["icon", "icons", "symbols"]),
    (Called::IconFont, &["material", "font", "glyph", "google", "mui"]),
    (Called::EditSection, &["editsection"]),
    (Called::Edit, &["edit"]),
    (Called::EditLink, &["section", "link"]),
    (Called::LyingOver, &["banner", "modal", "popup", "overlay", "dialog", "prompt", "wall", "sdk", "toast"]),
];

/// What the words of a `class` or `id` call a part: one bit for each of [`Called`], and one for
/// what is said to those who hear the page.
pub(super) fn called(hints: &[String]) -> u64 {
    static WORDS: LazyLock<HashMap<&str, u64>> = LazyLock::new(|| {
        let mut words = HashMap::new();
        for (called, of) in CALLED {
            of.iter().for_each(|word| *words.entry(*word).or_default() |= 1 << called as u64);
        }
        words
    });
    let bits = hints.iter().filter_map(|hint| WORDS.get(hint.as_str())).fold(0, |all, bits| all | bits);
    bits | if hints.iter().any(|hint| begins_to_be_heard(hint)) { HEARD } else { 0 }
}

/// What a part is called but for [`Called::Modal`].
pub(super) fn not_modal(called: u64) -> u64 {
    called & !(1 << Called::Modal as u64)
}

/// The bit for a word of what is said to those who hear the page.
const HEARD: u64 = 1 << 63;

/// One class of parts of a page that are no policy.
pub(super) struct Class {
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Whether an element is of it.
    pub(super) is: fn(&Element<'_>) -> bool,
    /// The words outside links that must be left for it to take more than [`MAX_SHARE`];
    /// none: it never may.
    pub(super) beyond: fn(&Element<'_>) -> Option<u32>,
}

/// All classes of parts.
pub(super) const CLASSES: &[Class] = &[
    Class { name: "navigation", is: is_navigation, beyond: landmark },
    Class { name: "page header", is: is_page_header, beyond: landmark },
    Class { name: "page footer", is: is_page_footer, beyond: landmark },
    Class { name: "aside", is: is_aside, beyond: never },
    Class { name: "breadcrumb", is: is_breadcrumb, beyond: never },
    Class { name: "language picker", is: is_language_picker, beyond: never },
    Class { name: "consent overlay", is: is_consent_overlay, beyond: overlay },
    Class { name: "consent choices", is: is_consent_choices, beyond: beside_a_text },
    Class { name: "dialog", is: is_dialog, beyond: overlay },
    Class { name: "promotion", is: is_promotion, beyond: never },
    Class { name: "sharing", is: is_sharing, beyond: never },
    Class { name: "related pages", is: is_related, beyond: never },
    Class { name: "feedback", is: is_feedback, beyond: never },
    Class { name: "choices", is: is_choices, beyond: never },
    Class { name: "sign-in", is: is_sign_in, beyond: never },
    Class { name: "search", is: is_search, beyond: never },
    Class { name: "pagination", is: is_pagination, beyond: never },
    Class { name: "archive toolbar", is: is_archive_toolbar, beyond: beside_a_text },
    Class { name: "screen reader hint", is: is_screen_reader_hint, beyond: never },
    Class { name: "icon", is: is_icon, beyond: never },
    Class { name: "edit link", is: is_edit_link, beyond: never },
];

/// Words that are left where a policy is left.
const A_TEXT: u32 = 60;
/// Words that are left where at least a message is left, such as that of an error.
const A_MESSAGE: u32 = 5;

fn never(_: &Element<'_>) -> Option<u32> {
    None
}

fn beside_a_text(_: &Element<'_>) -> Option<u32> {
    Some(A_TEXT)
}

/// Whether the element itself says what it is, not only its class.
fn is_landmark(e: &Element<'_>) -> bool {
    matches!(e.name, "nav" | "header" | "footer" | "dialog")
        || matches!(e.role, "navigation" | "menu" | "banner" | "contentinfo" | "dialog" | "alertdialog")
}

fn landmark(e: &Element<'_>) -> Option<u32> {
    is_landmark(e).then_some(A_TEXT)
}

/// A consent part that lies over the page. A page about cookies has parts called
/// `cookie-notice` that are the text itself.
fn overlay(e: &Element<'_>) -> Option<u32> {
    let over = is_landmark(e) || e.hinted(Called::LyingOver);
    if over && e.controls >= 2 && !e.about_cookies && (e.consent)() > 0.02 {
        return Some(A_MESSAGE);
    }
    (over && e.share < 0.75).then_some(A_TEXT)
}

fn is_navigation(e: &Element<'_>) -> bool {
    let named = e.name == "nav" || matches!(e.role, "navigation" | "menu" | "menubar");
    let hinted = e.hinted(Called::Navigation);
    // Tabs and the like: links side by side, one of them marked as where the reader is.
    let tabs = e.holds_current && e.density > 0.9 && e.short(40) && !e.holds_title;
    !e.holds_main
        && (named && (e.density > 0.3 || e.short(12) && !e.holds_contents) || hinted && e.density > 0.6 || tabs)
}

fn is_page_header(e: &Element<'_>) -> bool {
    let named = e.name == "header" || e.role == "banner";
    let hinted = e.hinted(Called::Header);
    let heads = || e.holds_title && e.density < 0.5 || (e.heads_section)();
    !e.holds_main && (named && !e.inside_main && !heads() || hinted && !e.holds_title && e.density > 0.5)
}

fn is_page_footer(e: &Element<'_>) -> bool {
    let named = e.name == "footer" || e.role == "contentinfo";
    let hinted = e.hinted(Called::Footer);
    let last = || e.density > 0.4 || e.short(30) && (e.controls > 0 || (e.says_owner)());
    !e.holds_main
        && (named && (!e.inside_main || e.density > 0.3 || e.short(20) && !(e.among_sections)())
            || hinted && last() && !(e.says_when)())
}

fn is_aside(e: &Element<'_>) -> bool {
    let named = e.name == "aside" || e.role == "complementary";
    let hinted = e.hinted(Called::Sidebar);
    // Within the text it may say in plain words what a clause means.
    let beside = e.density > 0.3 || e.controls > 0 || e.share < 0.1 && !e.inside_main;
    !e.holds_main && (named && beside || hinted && e.density > 0.5)
}

fn is_breadcrumb(e: &Element<'_>) -> bool {
    let hinted = e.hinted(Called::Breadcrumb) || e.label.contains("breadcrumb");
    hinted && e.short(40) && !e.holds_main
}

fn is_language_picker(e: &Element<'_>) -> bool {
    let about = e.hinted(Called::Language);
    let picks = e.hinted(Called::Picker);
    // A clause may list countries, too.
    let lists = e.hinted(Called::ListOfLinks);
    about
        && (picks && e.short(12)
            || (picks || lists || e.density > 0.8) && (e.density > 0.5 || e.short(12) && e.is_used()))
        && !e.holds_main
}

fn is_consent_overlay(e: &Element<'_>) -> bool {
    let about = e.hinted(Called::Consent);
    let kind = e.hinted(Called::Overlay);
    about
        && kind
        && (e.controls > 0 || e.density > 0.0 || e.hinted(Called::LyingOver))
        && !e.holds_main
        && !e.inside_main
        && !e.holds_title
        && (e.controls > 0 || e.hinted(Called::LyingOver) || !(e.among_sections)())
}

/// A consent dialog that no class names: switches and buttons, and hardly a sentence
/// without cookies. A policy has no switches; its part about cookies says more.
fn is_consent_choices(e: &Element<'_>) -> bool {
    (e.controls >= 2 || e.consenting >= 2)
        && e.words >= 20
        && e.share < 0.85
        && !(e.holds_main || e.holds_title || e.inside_main || e.about_cookies)
        && {
            let consent = (e.consent)();
            e.controls >= 2 && consent > 0.03 || e.consenting >= 2 && consent > 0.015
        }
}

fn is_dialog(e: &Element<'_>) -> bool {
    let named = e.name == "dialog" || matches!(e.role, "dialog" | "alertdialog" | "tooltip");
    // Authors mark a warning in the text as an alert, too.
    let alert = matches!(e.role, "alert" | "status") && e.is_used();
    let hinted = e.hinted(Called::Modal) && (e.is_used() || !e.inside_main);
    !e.holds_main && !e.holds_title && (named || alert || hinted && e.share < 0.2)
}

fn is_promotion(e: &Element<'_>) -> bool {
    let hinted = e.hinted(Called::Promotion);
    hinted && (e.is_used() || e.short(2)) && !e.holds_main && !e.holds_title && e.words <= 60 && e.share < 0.1
}

fn is_sharing(e: &Element<'_>) -> bool {
    let hinted = e.hinted(Called::Sharing);
    hinted && !e.holds_main && !e.holds_title && e.short(40) && e.is_used()
}

fn is_related(e: &Element<'_>) -> bool {
    let hinted = e.hinted(Called::Related);
    hinted && !e.holds_main && e.density > 0.4
}

fn is_feedback(e: &Element<'_>) -> bool {
    let hinted = e.hinted(Called::Feedback);
    hinted && e.is_used() && !e.holds_main && e.short(40)
}

/// A question with answers to choose from, of a few words each: no policy is filled in.
fn is_choices(e: &Element<'_>) -> bool {
    e.radios >= 3 && e.words <= 12 * e.radios && e.share < 0.1 && !e.holds_main && !e.holds_title
}

fn is_sign_in(e: &Element<'_>) -> bool {
    let hinted = e.hinted(Called::SignIn);
    hinted && e.is_used() && !e.holds_main && !e.holds_title && e.short(30)
}

fn is_search(e: &Element<'_>) -> bool {
    let named = e.name == "search" || e.role == "search";
    (named || e.hinted(Called::Search) && e.is_used() && e.short(20)) && !e.holds_main
}

fn is_pagination(e: &Element<'_>) -> bool {
    e.hinted(Called::Pagination) && (e.is_used() || e.short(12)) && !e.holds_main
}

/// What web archives lay over the pages that they replay.
fn is_archive_toolbar(e: &Element<'_>) -> bool {
    let named = e.hinted(Called::WebArchive) && e.hinted(Called::ToolbarPart)
        || e.hinted(Called::Wayback) && e.hinted(Called::Toolbar);
    named && !e.holds_main && !e.holds_title
}

/// Whether a word begins, or is, the name of what is said to those who hear the page.
fn begins_to_be_heard(hint: &str) -> bool {
    ["sr", "visually", "screen", "a11y"].iter().any(|end| hint.ends_with(end))
        || ["visuallyhidden", "screenreader"].iter().any(|name| hint.contains(name))
}

fn is_screen_reader_hint(e: &Element<'_>) -> bool {
    if !e.short(10) || e.called & HEARD == 0 {
        return false;
    }
    let joined = e.hints.join("-");
    let hinted = ["sr-only", "visually-hidden", "visuallyhidden", "screen-reader", "screenreader", "a11y-hidden"]
        .iter()
        .any(|hint| joined.contains(hint));
    hinted && !e.holds_title && !matches!(e.name, "h1" | "h2" | "h3" | "h4")
}

/// What stands in for a picture: a name of the picture, or a ligature of an icon font,
/// never words of the text. A picture's own words are in its label.
fn is_icon(e: &Element<'_>) -> bool {
    let ligature = matches!(e.name, "i" | "span" | "em") && e.hinted(Called::Icon) && e.hinted(Called::IconFont);
    e.short(6) && !e.holds_main && !e.holds_title && (e.role == "img" || ligature && e.short(3))
}

/// What wikis put beside each heading, to change the part below it.
fn is_edit_link(e: &Element<'_>) -> bool {
    let named = e.hinted(Called::EditSection) || e.hinted(Called::Edit) && e.hinted(Called::EditLink);
    named && e.short(8) && e.density > 0.3 && !e.holds_main && !e.holds_title
}

/// The words of a `class` or `id`: `siteFooter main-nav` are `site`, `footer`, `main`, `nav`.
pub(super) fn hints(value: &str, into: &mut Vec<String>) {
    let mut word = String::new();
    let mut lower = false;
    for c in value.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower) {
            if !word.is_empty() {
                into.push(std::mem::take(&mut word));
            }
            lower = false;
        }
        if c.is_alphanumeric() {
            lower = c.is_lowercase();
            // Nearly all are short names in ASCII: one allocation, and no table of cases.
            if c.is_ascii() {
                if word.capacity() == 0 {
                    word.reserve(16);
                }
                word.push(c.to_ascii_lowercase());
            } else {
                word.extend(c.to_lowercase());
            }
        }
    }
    if !word.is_empty() {
        into.push(word);
    }
}

/// How many words of a text speak of cookies and the choice about them.
pub(super) fn consent_words(text: &str) -> u32 {
    static CONSENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(cookies?|consent|consentement|einwilligung|consentimiento|consenso|toestemming|traceurs)\b")
            .expect("the pattern is sound")
    });
    // Few texts speak of it, and word boundaries beyond ASCII cost. The last two characters
    // are letters that are `s` and `k` in another case.
    static SPOKEN: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let beginnings =
            ["cookie", "consent", "consens", "einwilligung", "toestemming", "traceurs", "\u{17f}", "\u{212a}"];
        AhoCorasick::builder().ascii_case_insensitive(true).build(beginnings).expect("the words are sound")
    });
    if SPOKEN.is_match(text) { CONSENT.find_iter(text).count() as u32 } else { 0 }
}

/// Whether a text names who owns the page: `© 2024 Acme`, `All rights reserved`.
pub(super) fn names_owner(text: &str) -> bool {
    static OWNER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let marks = ["©", "(c) ", "&copy;", "copyright 19", "copyright 20", "rights reserved", "rechte vorbehalten"];
        let more = ["droits réservés", "derechos reservados", "diritti riservati", "rechten voorbehouden"];
        let last = ["direitos reservados", "prawa zastrzeżone"];
        let all = marks.iter().chain(&more).chain(&last);
        AhoCorasick::builder().ascii_case_insensitive(true).build(all).expect("the words are sound")
    });
    OWNER.is_match(text)
}

/// Whether a text is a date with what it is the date of: `Latest update: 3 March 2025`.
pub(super) fn says_when(text: &str) -> bool {
    static WHAT: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let of =
            ["updated", "update:", "modified", "revised", "revision", "effective", "aktualisier", "stand:", "stand "];
        let more = ["mise à jour", "en vigueur", "actualizaci", "aggiorna", "bijgewerkt", "atualiza", "aktualizac"];
        let all = of.iter().chain(&more);
        AhoCorasick::builder().ascii_case_insensitive(true).build(all).expect("the words are sound")
    });
    let year = || {
        text.as_bytes()
            .windows(4)
            .any(|w| matches!(w, [b'1', b'9', a, b] | [b'2', b'0', a, b] if a.is_ascii_digit() && b.is_ascii_digit()))
    };
    text.len() <= 80 && WHAT.is_match(text) && year()
}

/// A class of short lines that are no policy.
pub(super) struct Phrase {
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Matches what is left of the line by [`bare`], letter case apart.
    words: fn() -> String,
    /// Matches all of that.
    pattern: LazyLock<Regex>,
}

/// The most bytes of a pattern's automaton that are kept, built as lines are read.
const LARGEST_DFA: usize = 8 << 20;

macro_rules! phrase {
    ($name:expr, $pattern:expr $(,)?) => {
        Phrase { name: $name, words: || String::from($pattern), pattern: LazyLock::new(|| whole_line(&$pattern)) }
    };
}

/// A line without the marks and spaces around it. Patterns that allowed for them would be
/// several times as large: what is no letter has many ranges.
pub(super) fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Matches a [`bare`] line as a whole. The tables name letters and digits by their ranges:
/// classes of all scripts would make the automaton of many megabytes.
fn whole_line(words: &str) -> Regex {
    RegexBuilder::new(&format!(r"(?i)^(?:{words})$"))
        .dfa_size_limit(LARGEST_DFA)
        .build()
        .expect("the table's patterns are sound")
}

/// Matches a line of any class: most are of none, and need not ask each.
static ANY_PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    whole_line(&PHRASES.iter().map(|phrase| format!("(?:{})", (phrase.words)())).collect::<Vec<_>>().join("|"))
});

/// How long ago, in the languages of the corpus; a page counts it anew at every visit.
const AGO: &str = concat!(
    // en
    r"(?:(?:over|about|almost|nearly|around|more than|less than) )?(?:an?|[0-9]+|one|two|three|four|five|six|seven|eight|nine|ten|a few|several) (?:second|minute|min|hour|hr|day|week|month|year)s? ago",
    r"|(?:just now|today|yesterday|recently|(?:this|last) (?:week|month|year)|in the last (?:[0-9]+ )?(?:minute|hour|day|week|month)s?)",
    // de
    r"|vor (?:etwa |über |fast |mehr als |weniger als )?(?:[0-9]+|eine[mr]?|zwei|drei|vier|fünf|sechs|wenigen|mehreren) (?:sekunde|minute|stunde|tag|woche|monat|jahr)[a-zß-ÿąćęłńśźż]*|heute|gestern|(?:diese|letzte) woche|(?:diesen|letzten) monat",
    // fr
    r"|il y a (?:environ |plus d['’]|plus de |moins d['’]|moins de |près d['’])?(?:[0-9]+|une?|deux|trois|quelques|plusieurs) (?:seconde|minute|heure|jour|semaine|mois|an|année)s?|aujourd['’]hui|hier|cette semaine|ce mois-ci|la semaine dernière|le mois dernier",
    // es
    r"|hace (?:más de |menos de |casi |unos |unas )?(?:[0-9]+|una?|dos|tres|algunos|algunas) (?:segundo|minuto|hora|día|semana|mes|año)(?:e?s)?|hoy|ayer|esta semana|este mes",
    // it
    r"|(?:circa |più di |meno di |oltre )?(?:[0-9]+|una?|un['’]|due|tre|alcun[ie]) ?(?:second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]) fa|oggi|ieri|questa settimana|questo mese",
    // nl
    r"|(?:ongeveer |meer dan |minder dan |bijna )?(?:[0-9]+|een|één|twee|drie|enkele) (?:second(?:e|en)|minuut|minuten|uur|uren|dag|dagen|week|weken|maand|maanden|jaar|jaren) geleden|vandaag|gisteren|deze (?:week|maand)",
    // pt
    r"|(?:há|faz) (?:mais de |menos de |cerca de |quase )?(?:[0-9]+|uma?|dois|duas|alguns|algumas) (?:segundo|minuto|hora|dia|semana|mês|mes|ano)(?:e?s)?(?: atrás)?|hoje|ontem|esta semana|este mês",
    // pl
    r"|(?:ponad |około |prawie )?(?:[0-9]+ |dwa |dwie |trzy |kilka )?(?:sekund[a-zß-ÿąćęłńśźż]*|minut[a-zß-ÿąćęłńśźż]*|godzin[a-zß-ÿąćęłńśźż]*|dni|dzień|tydzień|tygodni[a-zß-ÿąćęłńśźż]*|miesiąc[a-zß-ÿąćęłńśźż]*|miesięcy|rok|roku|lata|lat) temu|dziś|dzisiaj|wczoraj|w tym (?:tygodniu|miesiącu)",
    // sv
    r"|för (?:mer än |över |cirka |ungefär )?(?:[0-9]+|en|ett|två|tre|några) (?:sekund|minut|timm|dag|veck|månad|år)[a-zß-ÿąćęłńśźż]* sedan|i ?dag|i ?går|(?:denna|förra) (?:vecka|veckan|månad|månaden)",
    // da
    r"|for (?:mere end |over |cirka |ca\.? )?(?:[0-9]+|en|et|to|tre|nogle) (?:sekund|minut|time|dag|uge|måned|år)[a-zß-ÿąćęłńśźż]* siden|i ?dag|i ?går|(?:denne|sidste) (?:uge|måned)",
);

/// What was done so long ago.
const DONE: &str = concat!(
    r"(?:(?:was )?(?:last |page |article )?(?:updated|modified|edited|published|posted|reviewed|changed|created|written)",
    r"|(?:zuletzt )?(?:aktualisiert|geändert|bearbeitet|veröffentlicht|überarbeitet)|letzte (?:aktualisierung|änderung)",
    r"|(?:dernière )?(?:mise? à jour|modifié|modification|publié|actualisé)e?s?",
    r"|(?:última )?(?:actualizad[oa]|actualización|modificad[oa]|publicad[oa])|(?:aggiornat|modificat|pubblicat)[oa]|ultimo aggiornamento",
    r"|(?:laatst )?(?:bijgewerkt|gewijzigd|gepubliceerd|geplaatst)|(?:última )?(?:atualizad[oa]|atualização|modificad[oa])",
    r"|zaktualizowan[oaey]|zmienion[oaey]|opublikowan[oaey]|ostatnia aktualizacja|(?:senast )?(?:uppdaterad|uppdaterades|ändrad|ändrades|publicerad)|(?:sidst )?(?:opdateret|ændret|redigeret|udgivet))",
);

/// Asks whether a page was of use.
const HELPFUL: &str = concat!(
    r"(?:was|is|did|were|has) (?:this|it|these|we)(?: article| page| information| content| answer| guide)? ?(?:been )?(?:helpful|useful|help|helps|answer|solve).{0,40}|did you find (?:this|it|what you).{0,40}|how (?:helpful|useful) was.{0,40}",
    r"|(?:war|waren|ist) (?:dieser|diese|dieses|das|die).{0,30}(?:hilfreich|nützlich)|hat (?:ihnen|dir) (?:dieser|diese|das).{0,30}geholfen|wurde (?:ihre|deine) frage beantwortet",
    r"|(?:cet article|cette page|cela|ça|cette réponse|ce contenu) vous a-?(?:t-(?:il|elle))?.{0,6}(?:aidée?|été utile).{0,10}|(?:cela|ça) vous a(?:-t-il)? aidée?|(?:cet article|cette page|cela|ça) (?:a-t-(?:il|elle) été|est-(?:il|elle)) utile",
    r"|¿?(?:te|le) (?:ha (?:resultado|sido)|fue|resultó) (?:útil|de ayuda).{0,40}|¿?(?:ha sido|fue) útil (?:este|esta).{0,30}|questo articolo.{0,20}utile|(?:ti|le) è stat[oa] utile.{0,30}|(?:è|ti è) stat[oa] (?:utile|d['’]aiuto).{0,30}",
    r"|(?:was|is|heeft) (?:dit|deze).{0,25}(?:nuttig|behulpzaam|geholpen)|(?:este|esta|isso).{0,20}(?:foi|é) útil|(?:esta|este).{0,20}ajudou|czy (?:ten|ta|to).{0,25}(?:pomocn|przydatn)[a-zß-ÿąćęłńśźż]+",
    r"|(?:var|är|hjälpte) (?:den här|det här|denna|detta).{0,25}(?:hjälp|användbar|hjälpsam)[a-zß-ÿąćęłńśźż]*|(?:var|er|hjalp) (?:denne|dette|det).{0,25}(?:nyttig|hjælp)[a-zß-ÿąćęłńśźż]*",
);

/// How long ago, with nothing said of what was done.
const AGO_LINE: &str = concat!(
    r"vor [0-9]+ (?:sekunde|minute|stunde|tag|woche|monat|jahr)[a-zß-ÿąćęłńśźż]*|il y a [0-9]+ (?:seconde|minute|heure|jour|semaine|mois|an|année)s?",
    r"|[0-9]+ (?:second|minute|min|hour|hr|day|week|month|year)s? ago|an? (?:second|minute|hour|day|week|month|year) ago",
);

/// All classes of lines.
pub(super) static PHRASES: [Phrase; 17] = [
    phrase!(
        "skip link",
        r"(skip|jump) (to|over) .{1,40}|zum (haupt)?inhalt( springen)?|aller (directement )?au contenu.{0,20}|passer au contenu.{0,20}|saltar al contenido.{0,20}|vai al contenuto.{0,20}|ga naar (de )?inhoud|(ir|pular|saltar) para o conteúdo.{0,20}|przejdź do (treści|głównej).{0,20}|(hoppa|gå) till (huvud)?innehåll.{0,10}|(spring|gå) til (hoved)?indhold.{0,10}"
    ),
    phrase!(
        "back to top",
        r"(back|return|go) to (the )?top( of (the )?page)?|top( of (the |this )?page)?|nach oben|zur(ü|ue)ck nach oben|(retour|revenir) en haut( de (la )?page)?|haut de page|volver arriba|torna su|naar boven|terug naar boven|voltar ao topo|(wróć )?do góry|till toppen|til toppen|ページの?(先頭|トップ)(へ|に)(戻る)?|(back|return) to (the )?(home|(main|home|start) ?page)|zur(ü|ue)ck zur (startseite|(ü|ue)bersicht)|retour (à|a) l['’]accueil|volver (al inicio|a la p(á|a)gina principal)|torna alla (home|homepage|pagina principale)|terug naar (de )?(home(pagina|page)?|startpagina)|voltar (ao in(í|i)cio|para a p(á|a)gina inicial)|(powrót do strony głównej|wróć (do strony głównej|na stronę główną))|(トップ|ホーム)(ページ)?(へ|に)戻る"
    ),
    phrase!(
        "print or save",
        r"(print|download|save|e-?mail)( or (print|save|download))?( (this|the))?( page| article| document| version| pdf| as pdf)?|drucken|seite drucken|imprimer( cette page)?|t(é|e)l(é|e)charger( (le|en|au format) pdf)?|imprimir|stampa|printer[- ]friendly( version)?|(pagina )?afdrukken|drukuj|skriv ut|udskriv"
    ),
    phrase!(
        "sharing",
        r"share( this( page| article)?)?( on| via| with)?( facebook| twitter| x| linkedin| e-?mail| whatsapp| pinterest| reddit)?|tweet|teilen|partager( sur .{1,20})?|compartir|condividi|delen|partilhar|compartilhar|udostępnij|dela|del|copy( the)? link|link copied.{0,20}|copied!?|copier le lien|link kopieren|copiar enlace|copia link|follow us( on .{1,30})?"
    ),
    phrase!(
        "related pages",
        r"(related|recommended|popular|other|more|recent) (articles|links|pages|topics|posts|resources|stories)|articles? (connexes?|similaires?|associés?|li(é|e)s)|(ä|a)hnliche (artikel|beitr(ä|a)ge)|verwandte (artikel|themen)|art(í|i)culos relacionados|articoli correlati|gerelateerde artikelen|artigos relacionados|powiązane artykuły|relaterade artiklar|relaterede artikler|you (may|might) also (like|be interested in).{0,10}|more from .{1,30}|read next|up next"
    ),
    phrase!("feedback", format!(r"{HELPFUL}|[0-9]+ (out )?of [0-9]+ (people )?found this helpful.*")),
    phrase!(
        "comments",
        r"(please )?(sign|log) in to (leave|post|add|write) (a|your) comments?|(leave|post|write|add) (a|your) (comment|reply)|be the first to comment|(einen )?kommentar (schreiben|hinterlassen|verfassen)|(laisser|écrire|ajouter) un commentaire|(deja|dejar|escribir) un comentario|(lascia|scrivi) un commento|(plaats|schrijf) een reactie|(deixe|escrever) um comentário|(dodaj|napisz) komentarz"
    ),
    phrase!("answer", r"yes|no|ja|nein|oui|non|sí|nee|sim|não|tak|nie|nej"),
    phrase!(
        "feedback form",
        r"(thanks|thank you|many thanks) for (your|the) feedback|(how|what) can we (do to )?improve( this page| it)?|(any )?suggestions for improvement|(can|could) you tell us more|tell us more|what (went wrong|is the problem)|vielen dank für (ihr|dein) feedback|merci (pour|de) (vos|votre) (commentaires?|avis|retours?)|des améliorations à suggérer|pouvez-vous nous en dire plus|où est le problème|gracias por (tus|sus) comentarios|grazie per il (tuo )?feedback|bedankt voor (je|uw) feedback|obrigad[oa] pelo (seu )?feedback|dziękujemy za opinię|tack för din feedback|tak for din feedback"
    ),
    phrase!(
        "relative date",
        format!(
            r"{DONE}[^0-9a-zß-ÿ]{{0,3}}(?:on |by .{{1,30}} )?(?:{AGO})|(?:heute|gestern|vandaag|gisteren) {DONE}|(?:{AGO}) {DONE}"
        )
    ),
    phrase!("relative date alone", AGO_LINE),
    phrase!(
        "counter",
        r"[0-9.,  ]+k? (views?|reads?|comments?|shares?|likes?|aufrufe|vues?|visitas|visualizzazioni|weergaven|wyświetleń|visningar|visninger)|(view|visitor|page ?view|visit|hit)s?:? [0-9.,]+|vous (ê|e)tes le (visiteur (n[°o] ?|num(é|e)ro )?[0-9. ]+|[0-9. ]+(e|ème) visiteur)|(sie sind )?(der )?besucher:? (nr\.? ?|nummer )?[0-9.]+|sie sind der [0-9.]+ besucher|(es (usted )?|eres )?el visitante (n[.º°]{1,2} ?|número )?[0-9.]+|sei il visitatore (n[.º°]{1,2} ?|numero )?[0-9.]+|u bent bezoeker (nr\.? ?|nummer )?[0-9.]+|(visites|visitas|visite|bezoekers|odwiedziny|liczba odwiedzin) ?: ?[0-9., ]+|[0-9]+ min(ute)?s?( read|uten lesezeit| de lecture| de lectura| di lettura| leestijd| de leitura| czytania| läsning)|(estimated )?reading time:? .{1,15}|(lesezeit|temps de lecture|tiempo de lectura|tempo di lettura|leestijd|tempo de leitura|czas czytania|lästid|læsetid):? .{1,15}"
    ),
    phrase!(
        "pagination",
        r"(showing )?[0-9]+ ?[-–] ?[0-9]+ (of|von|sur|de|di|van|z|av|af) [0-9]+( results| entries| items| ergebnissen| résultats| resultados| risultati| resultaten)?|(results|rows|items|entries) per page|page [0-9]+ (of|von|sur|de|di|van) [0-9]+"
    ),
    phrase!(
        "assistant",
        r"(please )?(verify|check) (all |the |its )?(answers|responses) for accuracy|(ai|the assistant) can make mistakes|(example|suggested|sample) questions"
    ),
    phrase!(
        ICON_NAME,
        r"(?:(?:custom-svg|icon|svg|fa[srlbd]?|glyphicon|mdi|bi|[a-z]+-(?:fa|icon|svg))-[a-z0-9-]+)(?: (?:[a-z0-9]+-)*(?:fa|icon|svg|regular|solid|light|outline)[a-z0-9-]*)*"
    ),
    phrase!(
        "sign-in",
        r"(sign|log) ?(in|on|out|up)( or (sign|log) ?(in|up)| / (sign|log) ?(in|up))?|register|my account|anmelden|einloggen|registrieren|se connecter|connexion|s'inscrire|iniciar sesi(ó|o)n|accedi|inloggen|iniciar sessão|entrar|zaloguj( się)?|logga in|log ind"
    ),
    phrase!(
        "interface word",
        r"menu|close|open|show|hide|search|home|next|previous|prev|(go )?back|more|(show|see|view) (more|less|all|details)|read (more|less)|expand( all)?|collapse( all)?|toggle navigation|edit (this )?page|(view|show) page source|loading|retry|try again|accept( all)?( cookies)?|(schlie(ß|ss)en|suche|suchen|startseite|weiter|zur(ü|ue)ck|mehr anzeigen|wird geladen|erneut versuchen|fermer|rechercher|accueil|suivant|pr(é|e)c(é|e)dent|chargement|réessayer|afficher plus|cerrar|buscar|inicio|cargando|reintentar|chiudi|cerca|caricamento|sluiten|zoeken|laden|fechar|carregando|zamknij|szukaj|stäng|sök|luk|søg)"
    ),
];

/// The class of lines that a text is of, if it is noise.
pub(super) fn phrase(line: &str) -> Option<&'static str> {
    if line.len() > 120 {
        return None;
    }
    let line = bare(line);
    if let Some(class) = told_plainly(line) {
        return Some(class);
    }
    if !ANY_PHRASE.is_match(line) {
        return None;
    }
    PHRASES.iter().find(|phrase| phrase.pattern.is_match(line)).map(|phrase| phrase.name)
}

/// What the first step of a path to the page is called.
const HOME: [&str; 10] =
    ["home", "homepage", "home page", "start", "startseite", "accueil", "inicio", "início", "strona główna", "forside"];

/// Classes that need no pattern: one that allows for any words before, between or after takes
/// a hundred megabytes as an automaton.
fn told_plainly(line: &str) -> Option<&'static str> {
    static VISITOR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ou are visitor "));
    if let Some(at) = VISITOR.find(line.as_bytes())
        && let number = &line[at + VISITOR.needle().len()..]
        && number.trim_start_matches("number ").trim_start_matches("no. ").starts_with(|c: char| c.is_ascii_digit())
    {
        return Some("counter");
    }
    if line.contains(':')
        && let Some((verb, address)) = line.split_once("://")
        && address.len() >= 4
        && ["Retrieved from", "Abgerufen von", "Récupéré de", "Récupérée de", "Obtenido de", "Estratto da"].contains(
            &verb.trim_end_matches("https").trim_end_matches("http").trim_end_matches(['"', '«', '“', '„', ' ']),
        )
    {
        return Some("archived from");
    }
    let steps = || line.split(['»', '›', '>', '/', '→']).map(str::trim);
    let first = steps().next()?;
    let is_path = first.len() < line.len()
        && HOME.contains(&first.to_lowercase().as_str())
        && (2..=6).contains(&steps().count())
        && steps().all(|step| !step.is_empty() && step.chars().count() <= 60 && !step.contains(['.', '|']));
    is_path.then_some(PATH)
}

/// A class of lines that are no text, whoever chose them.
pub(super) const ICON_NAME: &str = "icon name";

/// A class of lines that are noise only above the text: in a clause they say since when.
pub(super) const AGO_ALONE: &str = "relative date alone";

/// A class of lines that are noise only above the text: where the page stands on its site.
pub(super) const PATH: &str = "path to the page";

/// Whether a line only says what was done to the page, as in `Last updated:`.
pub(super) fn is_done(line: &str) -> bool {
    static LINE: LazyLock<Regex> = LazyLock::new(|| whole_line(DONE));
    line.len() <= 60 && LINE.is_match(bare(line))
}

/// A class of lines that are noise only where a line of `feedback` stands above them: else
/// they answer a question of the policy.
pub(super) const ANSWER: &str = "answer";

/// Marks the lines of a list of the text's versions: bare dates beside a line that calls
/// one of them the current one. Servers write those dates in the time zone of whoever
/// asks, and each leads to another text.
pub(super) fn version_list(lines: &[&str]) -> Vec<bool> {
    static DATE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^(?:[0-9]{1,2}(?:st|nd|rd|th|er|[.º])?(?: de| of)? \p{L}{3,12}\.?,?(?: de)? [0-9]{4}|\p{L}{3,12}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4}",
            r"|[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})$"
        ))
        .expect("the pattern is sound")
    });
    static CURRENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:current version|aktuelle (?:version|fassung)|version actuelle|versión actual|versione attuale|huidige versie|versão atual|(?:aktualna|bieżąca) wersja|nuvarande version|(?:nuværende|gældende) version)$")
            .expect("the pattern is sound")
    });
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:today|heute|aujourd['’]hui|hoy|oggi|vandaag|hoje|dziś|dzisiaj|i ?dag|change ?log|version history|versionsverlauf|historique des versions|historial de versiones|cronologia delle versioni|versiegeschiedenis|histórico de versões|historia wersji|versionshistorik)$")
            .expect("the pattern is sound")
    });
    let mut out = vec![false; lines.len()];
    // Nearly no page has such a list, and none without that line.
    if !lines.iter().any(|line| line.len() <= 40 && CURRENT.is_match(line)) {
        return out;
    }
    let mut at = 0;
    while at < lines.len() {
        let run = lines[at..].iter().take_while(|line| {
            line.len() <= 40 && (DATE.is_match(line) || CURRENT.is_match(line) || LABEL.is_match(line))
        });
        let run = &lines[at..at + run.count()];
        if run.iter().any(|line| CURRENT.is_match(line)) && run.iter().any(|line| DATE.is_match(line)) {
            out[at..at + run.len()].fill(true);
        }
        at += run.len().max(1);
    }
    out
}

/// Heads what stands below a text and is none of it: other articles, an offer, a newsletter.
/// Between its words stand letters of the languages that it knows: all of Unicode would make
/// the automaton many times as large.
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    whole_line(concat!(
        // en
        r"(?:the )?latest (?:news|posts?|articles?|stories)(?: from [ -~À-ÿ]{2,30})?|(?:the )?latest from (?:our|the) [ -~À-ÿ]{2,20}",
        r"|(?:recent|related|popular|featured|recommended|trending|more|other|similar) (?:articles?|posts?|news|stories|reading|blog posts?)",
        r"|you (?:may|might) also (?:like|be interested in)[ -~À-ÿ]{0,10}|customers also (?:bought|viewed)|from (?:our|the) blog|(?:best|top) sellers",
        r"|ready to [ -~À-ÿ]{3,60}|get started (?:today|now|for free)|start (?:your |a )?free trial[ -~À-ÿ]{0,20}|try [ -~À-ÿ]{2,30} for free(?: today| now)?",
        r"|(?:sign up|subscribe) (?:for|to) (?:our|the) [ -~À-ÿ]{0,20}(?:newsletter|mailing list)[ -~À-ÿ]{0,20}|(?:join|get) (?:our|the) (?:newsletter|mailing list)",
        r"|stay in the loop|(?:download|get) (?:the|our) [ -~À-ÿ]{0,15}app(?: today| now)?",
        // de
        r"|(?:aktuelle|neueste|weitere|ähnliche|beliebte|verwandte|letzte) (?:beiträge|artikel|meldungen|nachrichten|news)",
        r"|(?:unseren? )?newsletter (?:abonnieren|bestellen)|jetzt (?:kostenlos )?(?:testen|starten)|das könnte (?:sie|dich|ihnen|dir) auch (?:interessieren|gefallen)",
        r"|(?:aktuelles )?aus (?:unserem|dem) blog",
        // fr
        r"|(?:derniers|autres) articles|(?:nos )?dernières (?:actualités|nouvelles|publications)|articles (?:récents|similaires|populaires|recommandés)",
        r"|(?:abonnez|inscrivez)-vous à (?:notre|la) [ -~À-ÿ]{0,20}(?:newsletter|lettre)[ -~À-ÿ]{0,20}|vous (?:aimerez|pourriez) (?:aussi|également) [ -~À-ÿ]{0,20}|prêt(?:e|s|es)? à [ -~À-ÿ]{3,60}",
        r"|essayez? [ -~À-ÿ]{0,30}gratuitement",
        // es, it, nl
        r"|(?:últimas noticias|(?:artículos|entradas) (?:recientes|relacionad[oa]s))|suscríbete a [ -~À-ÿ]{0,20}newsletter|(?:ultime notizie|articoli (?:recenti|correlati))|iscriviti alla newsletter",
        r"|(?:recente|gerelateerde|populaire) (?:artikelen|berichten)|(?:laatste|meer) nieuws|schrijf je in voor [ -~À-ÿ]{0,20}nieuwsbrief",
    ))
});

/// Whether a line heads what stands below a text and is none of it.
pub(super) fn closes(line: &str) -> bool {
    // "Ready to pay" may head a section; "Ready to start?" offers something.
    let asks = line.trim_end().ends_with('?');
    let offers = ["ready ", "prêt"].iter().any(|begin| line.trim_start().to_lowercase().starts_with(begin));
    line.len() <= 120 && CLOSING.is_match(bare(line)) && (asks || !offers)
}

/// A part of a page that is told by the words that it begins with.
struct Opening {
    /// Matches its first line, letter case apart.
    pattern: LazyLock<Regex>,
    /// The most words that such a part has.
    words: u32,
}

/// All parts that are told by their first line: what a page asks its visitors.
static OPENINGS: [Opening; 2] = [
    // A form that asks for feedback.
    Opening { pattern: LazyLock::new(|| whole_line(HELPFUL)), words: 200 },
    // An assistant that offers to chat.
    Opening {
        pattern: LazyLock::new(|| {
            whole_line(concat!(
                r"ask .{2,40} a question|chat with (?:us|our .{2,30})",
                r"|(?:what|how) can (?:we|i) help(?: you)?(?: with)?(?: today)?|wie können wir (?:ihnen|dir) helfen",
                r"|(?:comment|en quoi) pouvons-nous vous aider|¿?(?:cómo|en qué) podemos ayudar(?:te|le)?|come possiamo aiutar(?:ti|la)",
                r"|waarmee kunnen we (?:je|u) helpen|(?:como|em que) podemos ajudar.{0,8}|w czym możemy pomóc",
                r"|(?:hur|vad|med vad) kan vi hjälpa.{0,15}|hvad kan vi hjælpe.{0,15}"
            ))
        }),
        words: 120,
    },
];

/// The most words of the part that begins with this line, if that is such a part.
pub(super) fn opening(line: &str) -> Option<u32> {
    if line.len() > 120 {
        return None;
    }
    let line = bare(line);
    OPENINGS.iter().find(|opening| opening.pattern.is_match(line)).map(|opening| opening.words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of each class, in as many languages as it knows.
    const LINES: &[(&str, &[&str])] = &[
        ("answer", &["Yes", "Nein", "non"]),
        ("skip link", &["Skip to main content", "Zum Inhalt springen", "Przejdź do treści"]),
        ("back to top", &["Back to top ↑", "Top of page", "Nach oben", "Torna su"]),
        ("print or save", &["Print this page", "Drucken", "Télécharger en PDF"]),
        ("sharing", &["Share", "Copier le lien", "Condividi"]),
        ("related pages", &["Related articles", "Articles connexes", "Relaterade artiklar"]),
        (
            "feedback",
            &[
                "Was this article helpful?",
                "Did this answer your question?",
                "Did this solve your problem?",
                "3 out of 7 found this helpful",
                "War dieser Artikel hilfreich?",
                "Cela vous a-t-il aidé ?",
                "Ça vous a aidé ?",
                "¿Te ha resultado útil este artículo?",
                "Ti è stato utile?",
                "Was dit artikel nuttig?",
                "Este artigo foi útil?",
                "Czy ten artykuł był pomocny?",
                "Var den här artikeln till hjälp?",
                "Var denne artikel nyttig?",
            ],
        ),
        ("feedback form", &["Thanks for your feedback!", "Pouvez-vous nous en dire plus ?"]),
        (
            "relative date",
            &[
                "Updated over 2 weeks ago",
                "Updated yesterday",
                "Updated in the last 15 minutes",
                "Last updated: this week",
                "Zuletzt aktualisiert vor 3 Tagen",
                "Heute aktualisiert",
                "Mis à jour il y a plus d’une semaine",
                "Dernière mise à jour : hier",
                "Actualizado hace 2 meses",
                "Aggiornato 3 giorni fa",
                "Laatst bijgewerkt: 2 weken geleden",
                "Atualizado há 2 dias",
                "Zaktualizowano ponad tydzień temu",
                "Uppdaterad för 3 dagar sedan",
                "Opdateret for 2 uger siden",
            ],
        ),
        ("comments", &["Please sign in to leave a comment", "Leave a reply", "Laisser un commentaire"]),
        ("archived from", &["Retrieved from \"https://acme.test/w/index.php?title=Privacy&oldid=4411\""]),
        ("path to the page", &["Home » Legal » Privacy", "Startseite / Datenschutz", "Accueil > Légal"]),
        ("relative date alone", &["3 days ago", "vor 3 Tagen", "il y a 2 jours"]),
        ("counter", &["1,204 views", "You are visitor 004,211", "5 min read", "Lesezeit: 4 Minuten"]),
        ("pagination", &["1-10 of 17 results", "Results per page"]),
        ("assistant", &["Please verify answers for accuracy.", "Example questions"]),
        ("icon name", &["fa-link acme-fa-regular", "custom-svg-acme-sparkle"]),
        ("sign-in", &["Log in", "Anmelden", "Zaloguj się"]),
        ("interface word", &["← Go Back", "See Details", "Loading...", "Chargement...", "Réessayer"]),
    ];

    #[test]
    fn every_class_of_lines_is_known() {
        for class in &PHRASES {
            let (_, lines) = LINES.iter().find(|(name, _)| *name == class.name).expect(class.name);
            for line in *lines {
                assert_eq!(phrase(line), Some(class.name), "{line}");
            }
        }
    }

    #[test]
    fn what_a_policy_says_is_no_noise() {
        for line in [
            "Last updated: 3 May 2024",
            "Updated January 2024",
            "Effective today, this policy replaces the former one",
            "We delete your data after 30 days",
            "You may ask us a question about your data at any time",
            "Frequently asked questions",
            "Share of your data with partners",
            "session_id",
            "_ga",
            "x-request-id",
            "More about your rights",
            "What can we do with your data?",
            "Did we sell your data in the last 12 months?",
            "2019 - 2021",
            "Please sign in to delete your data",
            "You are a visitor if you have no account",
            "Retrieved from public registers",
            "At home and at work",
        ] {
            assert_eq!(phrase(line), None, "{line}");
        }
    }

    #[test]
    fn a_list_of_versions_is_known_by_its_current_one() {
        let list = ["Text", "Changelog", "Today", "Current version", "18 Dec 2020", "31 Oct 2019", "We keep logs."];
        assert_eq!(version_list(&list), [false, true, true, true, true, true, false]);
        let list = ["Aujourd’hui", "Version actuelle", "1 juil. 2022"];
        assert_eq!(version_list(&list), [true; 3]);
        for kept in [["Effective", "18 Dec 2020", "31 Oct 2019"], ["Current version", "We keep logs", "1 May 2024"]] {
            assert_eq!(version_list(&kept), [false; 3]);
        }
    }

    #[test]
    fn parts_that_ask_visitors_are_told_by_their_first_line() {
        for (line, most) in [
            ("Ça vous a aidé ?", 200),
            ("Did this answer your question?", 200),
            ("Ask Acme a question", 120),
            ("¿En qué podemos ayudarte?", 120),
        ] {
            assert_eq!(opening(line), Some(most), "{line}");
        }
        for line in ["Ask us for a copy of your data", "What we help with", "Yes", ""] {
            assert!(opening(line).is_none(), "{line}");
        }
    }
}
