//! What the markup of a page shows: refreshes, scripts, challenges, sign-in forms.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
use scraper::{ElementRef, Html, Selector};

use super::phrases;

/// Pieces of markup that only challenges have, with who serves them. Some vendors put
/// their scripts on genuine pages too; the caller weighs the text.
const CHALLENGES: [(&str, &str); 23] = [
    ("/cdn-cgi/challenge-platform/", "Cloudflare"),
    ("_cf_chl_opt", "Cloudflare"),
    ("cf-browser-verification", "Cloudflare"),
    ("cf-turnstile", "Cloudflare"),
    ("challenges.cloudflare.com", "Cloudflare"),
    ("awswafintegration", "AWS WAF"),
    ("awswafcookiedomainlist", "AWS WAF"),
    ("gokuprops", "AWS WAF"),
    ("captcha-delivery.com", "DataDome"),
    ("_incapsula_resource", "Imperva"),
    ("px-captcha", "PerimeterX"),
    ("captcha.px-cdn.net", "PerimeterX"),
    ("errors.edgesuite.net", "Akamai"),
    ("/_sec/cp_challenge", "Akamai"),
    ("bm-verify", "Akamai"),
    ("sgcaptcha", "SiteGround"),
    ("geo.captcha", "a captcha"),
    ("g-recaptcha", "reCAPTCHA"),
    ("h-captcha", "hCaptcha"),
    ("/_vercel/challenge", "Vercel"),
    ("sucuri_cloudproxy_js", "Sucuri"),
    ("ddos-guard/js-challenge", "DDoS-Guard"),
    ("window.kpsdk", "Kasada"),
];

/// How many bytes are searched for challenges and script redirects: such pages are small.
const SEARCHED: usize = 200_000;

/// What the markup shows.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// Where a meta refresh points, if it is soon.
    pub(super) refresh: Option<String>,
    /// Where a script sends the browser, if it says so plainly.
    pub(super) script_redirect: Option<String>,
    /// Scripts of any kind.
    pub(super) scripts: usize,
    /// Fields for passwords.
    pub(super) passwords: usize,
    /// Frames that could hold the text.
    pub(super) frames: usize,
    /// The address of a PDF that the page shows within itself, as the markup has it.
    pub(super) document: Option<String>,
    /// What lists to choose from offer.
    pub(super) options: String,
    /// What buttons say.
    pub(super) buttons: String,
    /// The words of a dialogue that asks for consent and offers to give it, folded.
    pub(super) banner: Option<String>,
    /// What stands in the page's one `main`, if that is no more than a message, folded.
    pub(super) main: Option<String>,
    /// The address that the page gives itself.
    pub(super) canonical: Option<String>,
    /// The error page of a framework, told by its markup.
    pub(super) error_markup: bool,
}

struct Selectors {
    refresh: Selector,
    password: Selector,
    frame: Selector,
    document: Selector,
    button: Selector,
    dialogue: Selector,
    main: Selector,
    canonical: Selector,
    error: Selector,
}

static SELECTORS: LazyLock<Selectors> = LazyLock::new(|| {
    let sound = |css: &str| Selector::parse(css).expect("a sound selector");
    Selectors {
        refresh: sound("meta[http-equiv]"),
        password: sound("input[type=password]"),
        frame: sound("iframe[src], frame[src]"),
        document: sound("embed[src], object[data], iframe[src], frame[src]"),
        button: sound("button, [role=button]"),
        dialogue: sound(
            "[role=dialog], [role=alertdialog], [aria-modal=true], [id*=cookie], [class*=cookie], [data-testid*=cookie], \
             [id*=consent], [class*=consent], [id*=onetrust], [id*=didomi], [id*=usercentrics], [id*=truste], [id*=cmp]",
        ),
        main: sound("main, [role=main]"),
        canonical: sound("link[rel~=canonical][href]"),
        error: sound("html#__next_error__, body.error404, body.error-404, body#cf-error-details"),
    }
});

static SCRIPT_REDIRECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:window|document|top|self|parent)?\.?\blocation(?:\.href)?\s*(?:=|\.replace\(|\.assign\()\s*["']([^"']{1,300})["']"#)
        .expect("a sound pattern")
});

static CHALLENGE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks = CHALLENGES.iter().map(|(mark, _)| mark);
    AhoCorasick::builder().ascii_case_insensitive(true).build(marks).expect("the marks are sound")
});

/// Who serves a challenge.
pub(super) fn challenge(body: &[u8]) -> Option<&'static str> {
    let first = CHALLENGE.find_overlapping_iter(&body[..body.len().min(SEARCHED)]).map(|mark| mark.pattern()).min();
    first.map(|mark| CHALLENGES[mark.as_usize()].1)
}

/// The elements of a page that could be something to us, in its order: most are told apart
/// by their names alone, and a selector asks each element of the page.
#[derive(Default)]
struct Candidates<'a> {
    metas: Vec<ElementRef<'a>>,
    scripts: Vec<ElementRef<'a>>,
    inputs: Vec<ElementRef<'a>>,
    shown: Vec<ElementRef<'a>>,
    options: Vec<ElementRef<'a>>,
    buttons: Vec<ElementRef<'a>>,
    dialogues: Vec<ElementRef<'a>>,
    mains: Vec<ElementRef<'a>>,
    links: Vec<ElementRef<'a>>,
    tops: Vec<ElementRef<'a>>,
}

impl<'a> Candidates<'a> {
    fn of(html: &'a Html) -> Self {
        let mut all = Self::default();
        for element in html.tree.root().descendants().filter_map(ElementRef::wrap) {
            let by_name = match element.value().name() {
                "meta" => Some(&mut all.metas),
                "script" => Some(&mut all.scripts),
                "input" => Some(&mut all.inputs),
                "iframe" | "frame" | "embed" | "object" => Some(&mut all.shown),
                "option" => Some(&mut all.options),
                "button" => Some(&mut all.buttons),
                "main" => Some(&mut all.mains),
                "link" => Some(&mut all.links),
                "html" | "body" => Some(&mut all.tops),
                _ => None,
            };
            by_name.into_iter().for_each(|list| list.push(element));
            let (mut role, mut dialogue) = (None, false);
            for (name, value) in element.value().attrs() {
                match name {
                    "role" => (role, dialogue) = (Some(value), true),
                    "aria-modal" => dialogue = true,
                    "id" | "class" | "data-testid" => dialogue |= DIALOGUE_NAME.is_match(value),
                    _ => {}
                }
            }
            if role.is_some() && element.value().name() != "button" {
                all.buttons.push(element);
            }
            if role.is_some() && element.value().name() != "main" {
                all.mains.push(element);
            }
            if dialogue {
                all.dialogues.push(element);
            }
        }
        all
    }
}

/// What parts of classes and ids may name a dialogue about consent.
static DIALOGUE_NAME: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let names = ["cookie", "consent", "onetrust", "didomi", "usercentrics", "truste", "cmp"];
    AhoCorasick::builder().ascii_case_insensitive(true).build(names).expect("the names are sound")
});

/// Looks at a page's markup.
pub(super) fn of(html: &Html) -> Structure {
    let selectors = &*SELECTORS;
    let all = Candidates::of(html);
    fn select<'a>(from: &[ElementRef<'a>], selector: &Selector) -> impl Iterator<Item = ElementRef<'a>> {
        from.iter().filter(|element| selector.matches(element)).copied()
    }
    Structure {
        refresh: select(&all.metas, &selectors.refresh).find_map(|meta| {
            let soon = meta.attr("http-equiv").is_some_and(|value| value.eq_ignore_ascii_case("refresh"));
            if soon { refresh_target(meta.attr("content")?) } else { None }
        }),
        script_redirect: all.scripts.iter().take(20).find_map(|script| {
            let code = script.text().collect::<String>();
            SCRIPT_REDIRECT.captures(code.get(..4_000).unwrap_or(&code)).map(|found| found[1].to_owned())
        }),
        scripts: all.scripts.len(),
        passwords: select(&all.inputs, &selectors.password).count(),
        frames: select(&all.shown, &selectors.frame).count(),
        document: select(&all.shown, &selectors.document).take(20).find_map(shown_document),
        options: said(all.options.iter().copied()),
        buttons: said(select(&all.buttons, &selectors.button)),
        banner: select(&all.dialogues, &selectors.dialogue).take(DIALOGUES).find_map(banner),
        main: message(select(&all.mains, &selectors.main)),
        canonical: select(&all.links, &selectors.canonical).find_map(|link| link.attr("href")).map(str::to_owned),
        error_markup: select(&all.tops, &selectors.error).next().is_some(),
    }
}

/// How many buttons or options are heard, and how many bytes of each: one may stand in
/// another, with the whole page in the innermost.
const HEARD: usize = 300;
const LONGEST_SAID: usize = 1_000;

/// What buttons or options say, as far as they are heard.
fn said<'a>(elements: impl Iterator<Item = ElementRef<'a>>) -> String {
    let mut all = String::new();
    for element in elements.take(HEARD) {
        let mut left = LONGEST_SAID;
        for text in element.text() {
            let text = &text[..text.floor_char_boundary(left)];
            all.push_str(text);
            left -= text.len();
            if left < 4 {
                break;
            }
        }
        all.push(' ');
    }
    all
}

/// The longest address of a document that is worth naming.
const ADDRESS: usize = 2_000;

/// The address of the PDF that an element shows; what stands in the page itself has none.
fn shown_document(shown: ElementRef<'_>) -> Option<String> {
    let address = shown.attr("src").or(shown.attr("data"))?.trim();
    let is_pdf = shown.attr("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/pdf"));
    let scheme = address.split([':', '/', '?', '#']).next().filter(|scheme| address[scheme.len()..].starts_with(':'));
    let is_web = scheme.is_none_or(|scheme| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)));
    let is_meant = is_web && address.len() <= ADDRESS && (is_pdf || names_pdf(address));
    is_meant.then(|| address.to_owned())
}

/// Whether an address, or a part of one, names a PDF.
pub(super) fn names_pdf(address: &str) -> bool {
    address.to_ascii_lowercase().contains(".pdf")
}

/// How many elements that could be a dialogue are looked at, and how long one is.
const DIALOGUES: usize = 40;
const DIALOGUE: usize = 8_000;

/// How many bytes a message has at most, an apology and a form below it included.
const MESSAGE: usize = 1_500;

/// The words of a page's one main element, if they could be a message.
fn message<'a>(mut mains: impl Iterator<Item = ElementRef<'a>>) -> Option<String> {
    let only = mains.next().filter(|_| mains.next().is_none())?;
    let mut words = String::new();
    for node in only.descendants() {
        let hidden =
            |element: &scraper::node::Element| matches!(element.name(), "script" | "style" | "noscript" | "template");
        if let scraper::Node::Text(text) = node.value()
            && !node.parent().and_then(|parent| parent.value().as_element()).is_some_and(hidden)
        {
            if words.len() + text.len() >= MESSAGE {
                return None;
            }
            words.push_str(text);
            words.push(' ');
        }
    }
    Some(phrases::fold(&words)).filter(|words| !words.is_empty())
}

/// The words of an element, if it offers to give consent.
fn banner(element: ElementRef<'_>) -> Option<String> {
    if matches!(element.value().name(), "html" | "body" | "main" | "article") {
        return None;
    }
    let mut words = String::new();
    for text in element.text() {
        if words.len() + text.len() > DIALOGUE {
            return None;
        }
        words.push_str(text);
    }
    let folded = phrases::fold(&words);
    let spaced = phrases::fold(&element.text().collect::<Vec<_>>().join(" "));
    phrases::find(phrases::BUTTONS, &spaced).map(|_| folded)
}

/// The target of `5; url=/there`; none if it only reloads, or only after a minute.
fn refresh_target(content: &str) -> Option<String> {
    let (delay, rest) = content.split_once([';', ',']).unwrap_or((content, ""));
    let seconds: f64 = delay.trim().parse().unwrap_or(0.0);
    let rest = rest.trim();
    let target = match rest.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("url") => rest[3..].trim_start().trim_start_matches('=').trim(),
        _ => rest,
    };
    let target = target.trim_matches(['"', '\'']);
    (seconds <= 30.0 && !target.is_empty()).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refreshes_are_read_as_browsers_do() {
        let table = [
            ("0; url=/there", Some("/there")),
            ("0;URL='/there'", Some("/there")),
            ("0;/there", Some("/there")),
            ("300; url=/there", None),
            ("30", None),
            ("", None),
        ];
        for (content, expected) in table {
            assert_eq!(refresh_target(content).as_deref(), expected, "{content}");
        }
    }

    #[test]
    fn markup_is_seen() {
        let source = "<html id='__next_error__'><script>window.location.href = \"/en\"</script><input type=password><div class=cf-turnstile>";
        let seen = of(&Html::parse_document(source));
        assert_eq!(seen.script_redirect.as_deref(), Some("/en"));
        assert_eq!(challenge(source.as_bytes()), Some("Cloudflare"));
        assert_eq!((seen.scripts, seen.passwords, seen.error_markup), (1, 1, true));
    }
}
