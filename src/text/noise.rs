//! What stands on a policy's page but is no policy: menus, banners, buttons.
//!
//! Each class is one entry of [`CLASSES`] (parts of the page, told by structure and by
//! the words that authors give to classes and ids) or of [`PHRASES`] (short lines,
//! told by what they say). No class may take more than [`MAX_SHARE`] of the page's
//! prose: then it is not what it looks like.

use std::sync::LazyLock;

use regex::Regex;

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
    /// The share of its words that speak of cookies and consent.
    pub(super) consent: f32,
    /// Whether the page's own title speaks of cookies.
    pub(super) about_cookies: bool,
}

impl Element<'_> {
    fn hinted(&self, words: &[&str]) -> bool {
        self.hints.iter().any(|hint| words.contains(&hint.as_str()))
    }

    fn short(&self, words: u32) -> bool {
        self.words <= words
    }
}

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
    Class { name: "sign-in", is: is_sign_in, beyond: never },
    Class { name: "search", is: is_search, beyond: never },
    Class { name: "pagination", is: is_pagination, beyond: never },
    Class { name: "screen reader hint", is: is_screen_reader_hint, beyond: never },
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
    let lies_over = ["banner", "modal", "popup", "overlay", "dialog", "prompt", "wall", "sdk", "toast"];
    let over = is_landmark(e) || e.hinted(&lies_over);
    if over && e.controls >= 2 && e.consent > 0.02 && !e.about_cookies {
        return Some(A_MESSAGE);
    }
    (over && e.share < 0.75).then_some(A_TEXT)
}

fn is_navigation(e: &Element<'_>) -> bool {
    let named = e.name == "nav" || matches!(e.role, "navigation" | "menu" | "menubar");
    let hinted =
        e.hinted(&["nav", "navbar", "navigation", "menu", "megamenu", "submenu", "sidenav", "topnav", "topbar"]);
    !e.holds_main && (named && (e.density > 0.3 || e.short(12) && !e.holds_contents) || hinted && e.density > 0.6)
}

fn is_page_header(e: &Element<'_>) -> bool {
    let named = e.name == "header" || e.role == "banner";
    let hinted = e.hinted(&["header", "masthead", "topbar"]);
    !e.holds_main
        && (named && !e.inside_main && !(e.holds_title && e.density < 0.5)
            || hinted && !e.holds_title && e.density > 0.5)
}

fn is_page_footer(e: &Element<'_>) -> bool {
    let named = e.name == "footer" || e.role == "contentinfo";
    let hinted = e.hinted(&["footer", "foot", "copyright", "colophon"]);
    !e.holds_main
        && (named && (!e.inside_main || e.density > 0.3 || e.short(20)) || hinted && (e.density > 0.4 || e.short(30)))
}

fn is_aside(e: &Element<'_>) -> bool {
    let named = e.name == "aside" || e.role == "complementary";
    let hinted = e.hinted(&["sidebar", "aside", "sidemenu", "rail"]);
    !e.holds_main && (named && (e.density > 0.3 || e.share < 0.1) || hinted && e.density > 0.5)
}

fn is_breadcrumb(e: &Element<'_>) -> bool {
    let hinted = e.hinted(&["breadcrumb", "breadcrumbs", "crumb", "crumbs"]) || e.label.contains("breadcrumb");
    hinted && e.short(40) && !e.holds_main
}

fn is_language_picker(e: &Element<'_>) -> bool {
    let about =
        e.hinted(&["lang", "langs", "language", "languages", "locale", "locales", "country", "countries", "region"]);
    let picks = e.hinted(&[
        "picker", "selector", "switcher", "switch", "select", "menu", "dropdown", "list", "chooser", "toggle", "links",
        "nav",
    ]);
    about && (picks || e.density > 0.8) && (e.density > 0.5 || e.short(12)) && !e.holds_main
}

fn is_consent_overlay(e: &Element<'_>) -> bool {
    let about = e.hinted(&["cookie", "cookies", "consent", "gdpr", "cmp", "ccpa"]);
    let kind = e.hinted(&[
        "banner",
        "bar",
        "notice",
        "popup",
        "modal",
        "overlay",
        "dialog",
        "consent",
        "message",
        "prompt",
        "wall",
        "sdk",
        "alert",
        "notification",
        "toast",
        "manager",
        "preferences",
        "settings",
        "root",
    ]);
    about && kind && !e.holds_main && !e.inside_main && !e.holds_title
}

/// A consent dialog that no class names: switches and buttons, and hardly a sentence
/// without cookies. A policy has no switches; its part about cookies says more.
fn is_consent_choices(e: &Element<'_>) -> bool {
    e.controls >= 2
        && e.consent > 0.03
        && e.words >= 20
        && e.share < 0.85
        && !(e.holds_main || e.holds_title || e.inside_main || e.about_cookies)
}

fn is_dialog(e: &Element<'_>) -> bool {
    let named = e.name == "dialog" || matches!(e.role, "dialog" | "alertdialog" | "alert" | "tooltip" | "status");
    let hinted = e.hinted(&["modal", "popup", "lightbox", "toast"]);
    !e.holds_main && !e.holds_title && (named || hinted && e.share < 0.2)
}

fn is_promotion(e: &Element<'_>) -> bool {
    let hinted = e.hinted(&[
        "promo",
        "promotion",
        "newsletter",
        "subscribe",
        "advert",
        "advertisement",
        "ad",
        "ads",
        "sponsor",
        "announcement",
        "cta",
    ]);
    hinted && !e.holds_main && !e.holds_title && e.words <= 60 && e.share < 0.1
}

fn is_sharing(e: &Element<'_>) -> bool {
    let hinted = e.hinted(&["share", "sharing", "social", "socials", "follow"]);
    hinted && !e.holds_main && !e.holds_title && e.short(40) && (e.density > 0.5 || e.short(6))
}

fn is_related(e: &Element<'_>) -> bool {
    let hinted = e.hinted(&["related", "recommended", "recommendations", "recent", "similar", "trending", "popular"]);
    hinted && !e.holds_main && e.density > 0.4
}

fn is_feedback(e: &Element<'_>) -> bool {
    let hinted = e.hinted(&["feedback", "helpful", "rating", "votes", "vote", "survey"]);
    hinted && !e.holds_main && e.short(40)
}

fn is_sign_in(e: &Element<'_>) -> bool {
    let hinted = e.hinted(&["login", "signin", "logon", "signup", "usermenu", "account"]);
    hinted && !e.holds_main && !e.holds_title && e.short(30)
}

fn is_search(e: &Element<'_>) -> bool {
    let named = e.name == "search" || e.role == "search";
    (named || e.hinted(&["search", "searchbox", "searchbar"]) && e.short(20)) && !e.holds_main
}

fn is_pagination(e: &Element<'_>) -> bool {
    e.hinted(&["pagination", "pager", "paging"]) && e.short(30) && !e.holds_main
}

fn is_screen_reader_hint(e: &Element<'_>) -> bool {
    let joined = e.hints.join("-");
    let hinted = ["sr-only", "visually-hidden", "visuallyhidden", "screen-reader", "screenreader", "a11y-hidden"]
        .iter()
        .any(|hint| joined.contains(hint));
    hinted && e.short(10) && !e.holds_title && !matches!(e.name, "h1" | "h2" | "h3" | "h4")
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
            word.extend(c.to_lowercase());
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
    CONSENT.find_iter(text).count() as u32
}

/// A class of short lines that are no policy.
pub(super) struct Phrase {
    /// Its name, for people.
    pub(super) name: &'static str,
    /// Matches the whole line, letter case apart.
    pattern: LazyLock<Regex>,
}

macro_rules! phrase {
    ($name:literal, $pattern:expr) => {
        Phrase {
            name: $name,
            pattern: LazyLock::new(|| {
                Regex::new(&format!(r"(?i)^\W*(?:{})\W*$", $pattern)).expect("the table's patterns are sound")
            }),
        }
    };
}

/// All classes of lines.
pub(super) static PHRASES: [Phrase; 10] = [
    phrase!(
        "skip link",
        r"(skip|jump) (to|over) .{1,40}|zum (haupt)?inhalt( springen)?|aller (directement )?au contenu.{0,20}|passer au contenu.{0,20}|saltar al contenido.{0,20}|vai al contenuto.{0,20}|ga naar (de )?inhoud"
    ),
    phrase!(
        "back to top",
        r"(back|return|go) to (the )?top( of (the )?page)?|top|nach oben|zur(ü|ue)ck nach oben|(retour|revenir) en haut( de (la )?page)?|haut de page|volver arriba|torna su|naar boven"
    ),
    phrase!(
        "print or save",
        r"(print|download|save|e-?mail)( or (print|save|download))?( (this|the))?( page| article| document| version| pdf| as pdf)?|drucken|seite drucken|imprimer( cette page)?|t(é|e)l(é|e)charger( (le|en|au format) pdf)?|imprimir|stampa|printer[- ]friendly( version)?"
    ),
    phrase!(
        "sharing",
        r"share( this( page| article)?)?( on| via| with)?( facebook| twitter| x| linkedin| e-?mail| whatsapp| pinterest| reddit)?|tweet|teilen|partager( sur .{1,20})?|compartir|condividi|copy link|copied!?|link copied.{0,20}|follow us( on .{1,30})?"
    ),
    phrase!(
        "related pages",
        r"(related|recommended|popular|other|more|recent) (articles|links|pages|topics|posts|resources|stories)|articles? (connexes?|similaires?|li(é|e)s)|(ä|a)hnliche (artikel|beitr(ä|a)ge)|verwandte (artikel|themen)|art(í|i)culos relacionados|articoli correlati|gerelateerde artikelen|you (may|might) also (like|be interested in).{0,10}|more from .{1,30}|read next|up next"
    ),
    phrase!(
        "feedback",
        r"(was|is|did) (this|it)( article| page| information| content)? (helpful|useful|help).{0,40}|war (dieser|das).{0,30}hilfreich|cet(te)? (article|page) vous a-t-(il|elle).{0,40}|(ç|c)a vous a aid(é|e)|\d+ (out )?of \d+ found this helpful.*|(yes|no|ja|nein|oui|non)"
    ),
    phrase!(
        "relative date",
        r"((last )?(updated|modified|edited|published|posted) )?(an?|\d+|one|two|three|four|five|six|seven) (second|minute|hour|day|week|month|year)s? ago|vor \d+ (sekunde|minute|stunde|tag|woche|monat|jahr)\w*|il y a \d+ (seconde|minute|heure|jour|semaine|mois|an)s?"
    ),
    phrase!(
        "counter",
        r"[\d.,  ]+k? (views?|reads?|comments?|shares?|likes?|aufrufe|vues?)|(view|visitor)s?:? [\d.,]+|\d+ min(ute)?s?( read|uten lesezeit| de lecture)?|(estimated )?reading time:? .{1,15}"
    ),
    phrase!(
        "sign-in",
        r"(sign|log) ?(in|on|out|up)( or (sign|log) ?(in|up)| / (sign|log) ?(in|up))?|register|my account|anmelden|einloggen|registrieren|se connecter|connexion|s'inscrire|iniciar sesi(ó|o)n|accedi|inloggen"
    ),
    phrase!(
        "interface word",
        r"menu|close|open|search|home|next|previous|prev|back|more|show (more|less|all)|read (more|less)|see (more|less)|expand( all)?|collapse( all)?|toggle navigation|loading|accept( all)?( cookies)?|(schlie(ß|ss)en|suche|suchen|startseite|weiter|zur(ü|ue)ck|fermer|rechercher|accueil|suivant|pr(é|e)c(é|e)dent|cerrar|buscar|inicio|chiudi|cerca)"
    ),
];

/// The class of lines that a text is of, if it is noise.
pub(super) fn phrase(line: &str) -> Option<&'static str> {
    if line.len() > 120 {
        return None;
    }
    PHRASES.iter().find(|phrase| phrase.pattern.is_match(line)).map(|phrase| phrase.name)
}
