//! What status and headers say, before the page is read.

use crate::reading::{Unreadable, Why};
use crate::snapshot::Snapshot;

use super::{phrases, title_says};
use std::sync::LazyLock;

use regex::bytes::Regex;

/// A header that names who keeps robots out: its name, what its value holds (empty:
/// anything), and the vendor. Names and words in lower case.
type Mark = (&'static str, &'static str, &'static str);

/// Headers that are sent only with a refusal or a challenge.
const REFUSALS: [Mark; 12] = [
    ("cf-mitigated", "", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-vercel-mitigated", "", "Vercel"),
    ("x-vercel-challenge-token", "", "Vercel"),
    ("x-sucuri-block", "", "Sucuri"),
    ("sg-captcha", "", "SiteGround"),
    ("x-px-block", "", "PerimeterX"),
    ("x-px-blocked", "", "PerimeterX"),
    ("x-datadome-response", "", "DataDome"),
    ("rimon", "block", "Rimon"),
    ("x-squid-error", "err_access_denied", "Squid"),
    ("x-kpsdk-ct", "", "Kasada"),
];

/// Headers of those who stand before a site; with a refusing status it is they who refuse.
const GUARDS: [Mark; 22] = [
    ("server", "akamaighost", "Akamai"),
    ("server", "akamainetstorage", "Akamai"),
    ("server-timing", "ak_p", "Akamai"),
    ("x-reference-error", "", "Akamai"),
    ("server", "cloudflare", "Cloudflare"),
    ("cf-ray", "", "Cloudflare"),
    ("x-datadome", "", "DataDome"),
    ("x-dd-b", "", "DataDome"),
    ("set-cookie", "datadome=", "DataDome"),
    ("x-iinfo", "", "Imperva"),
    ("x-cdn", "incapsula", "Imperva"),
    ("x-cdn", "imperva", "Imperva"),
    ("set-cookie", "incap_ses", "Imperva"),
    ("set-cookie", "_px", "PerimeterX"),
    ("x-sucuri-id", "", "Sucuri"),
    ("server", "sucuri", "Sucuri"),
    ("server", "awselb", "AWS load balancer"),
    ("x-cache", "error from cloudfront", "CloudFront"),
    ("server", "ddos-guard", "DDoS-Guard"),
    ("server", "imunify360", "Imunify360"),
    ("server", "qrator", "Qrator"),
    ("x-waf-event-info", "", "F5"),
];

/// Servers that say nothing but their name: who answers where nobody stands before it.
const SERVERS: [Mark; 8] = [
    ("server", "nginx", "nginx"),
    ("server", "openresty", "OpenResty"),
    ("server", "apache", "Apache"),
    ("server", "litespeed", "LiteSpeed"),
    ("server", "microsoft-iis", "IIS"),
    ("server", "envoy", "Envoy"),
    ("server", "varnish", "Varnish"),
    ("server", "cloudfront", "CloudFront"),
];

/// Where riddles for people come from: a page that names one of these in its policy for
/// contents is allowed to pose one.
const RIDDLES: [(&str, &str); 6] = [
    ("recaptcha", "reCAPTCHA"),
    ("hcaptcha.com", "hCaptcha"),
    ("challenges.cloudflare.com", "Cloudflare"),
    ("captcha-delivery.com", "DataDome"),
    ("arkoselabs.com", "Arkose Labs"),
    ("geetest.com", "GeeTest"),
];

/// No page that poses a riddle is larger, in bytes.
const RIDDLE: usize = 64 * 1024;

/// Tells from status and headers that an answer is not the policy.
///
/// A 503 is also asked for words of maintenance: servers have no header for that.
pub fn refuse_response(snapshot: &Snapshot) -> Option<Unreadable> {
    let status = snapshot.status;
    if let Some((header, vendor)) = marked(snapshot, &REFUSALS) {
        return Some(Unreadable {
            why: Why::BotWall,
            evidence: vec![format!("{vendor} refuses or challenges us (header {header})"), format!("status {status}")],
        });
    }
    if let Some(riddle) = riddle(snapshot) {
        return Some(riddle);
    }
    let (why, words) = by_status(snapshot)?;
    let mut evidence = vec![format!("status {status}: {words}")];
    if why == Why::BotWall
        && let Some((header, vendor)) = marked(snapshot, &GUARDS).or_else(|| marked(snapshot, &SERVERS))
    {
        evidence.push(format!("{vendor} answered (header {header})"));
    }
    if why == Why::RedirectStub
        && let Some(target) = snapshot.header("location")
    {
        evidence.push(format!("it points to {}", target.chars().take(200).collect::<String>()));
    }
    Some(Unreadable { why, evidence })
}

/// A page that answers well, but whose title says that it keeps somebody out, and whose policy
/// for contents lets it pose a riddle. Many genuine pages have the latter, for their forms.
fn riddle(snapshot: &Snapshot) -> Option<Unreadable> {
    static TITLE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?is)<title[^>]*>(.{1,300}?)</title").expect("a sound pattern"));
    if !(200..300).contains(&snapshot.status) || snapshot.body.len() > RIDDLE {
        return None;
    }
    let policy = snapshot.header("content-security-policy")?.to_ascii_lowercase();
    let (_, vendor) = RIDDLES.iter().find(|(mark, _)| policy.contains(mark))?;
    let title = TITLE.captures(&snapshot.body)?;
    let title = phrases::fold(&String::from_utf8_lossy(&title[1]));
    let (phrase, _) = title_says(&title).filter(|(_, why)| *why == Why::BotWall)?;
    Some(Unreadable {
        why: Why::BotWall,
        evidence: vec![
            format!("the title says \"{phrase}\""),
            format!("{vendor} may ask here whether we are a person (header content-security-policy)"),
        ],
    })
}

/// Who stands before a site, by the headers of an answer: the header's name and the vendor.
pub(super) fn guard(snapshot: &Snapshot) -> Option<(&'static str, &'static str)> {
    marked(snapshot, &GUARDS)
}

/// The first mark among the headers: the header's name and the vendor.
fn marked(snapshot: &Snapshot, marks: &[Mark]) -> Option<(&'static str, &'static str)> {
    marks.iter().find_map(|(name, word, vendor)| {
        let found = snapshot
            .headers
            .iter()
            .any(|(known, value)| known.eq_ignore_ascii_case(name) && value.to_ascii_lowercase().contains(word));
        found.then_some((*name, *vendor))
    })
}

fn by_status(snapshot: &Snapshot) -> Option<(Why, &'static str)> {
    Some(match snapshot.status {
        204 | 205 => (Why::EmptyShell, "an answer without content"),
        206 => (Why::Malformed, "only a part of the page"),
        200..=299 => return None,
        300..=399 => (Why::RedirectStub, "a redirect that was not followed"),
        401 => (Why::LoginWall, "the page asks to sign in"),
        402 => (Why::LoginWall, "the page asks for payment"),
        403 => (Why::BotWall, "we are not let in"),
        404 => (Why::NotFound, "there is no such page"),
        405 | 406 if marked(snapshot, &GUARDS).is_some() => (Why::BotWall, "we are not let in"),
        410 => (Why::NotFound, "the page is gone for good"),
        407 => (Why::LoginWall, "a proxy asks to sign in"),
        429 => (Why::BotWall, "too many requests, says the server"),
        451 => (Why::ErrorPage, "withheld for legal reasons"),
        400..=499 => (Why::ErrorPage, "the server rejects the request"),
        503 if snapshot.header("retry-after").is_some() || speaks_of_maintenance(&snapshot.body) => {
            (Why::Maintenance, "the site is down for work")
        }
        503 => (Why::ErrorPage, "the service is not available"),
        500..=599 => (Why::ErrorPage, "the server failed"),
        // Numbers that no standard knows are how some sites turn robots away.
        600.. => (Why::BotWall, "no status that HTTP knows"),
        _ => (Why::Malformed, "no final answer"),
    })
}

fn speaks_of_maintenance(body: &[u8]) -> bool {
    let head = &body[..body.len().min(64 * 1024)];
    phrases::find(phrases::MAINTENANCE, &phrases::fold(&String::from_utf8_lossy(head))).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Origin;

    fn verdict(status: u16, headers: &[(&str, &str)], body: &str) -> String {
        let snapshot = Snapshot {
            url: "https://acme.test/privacy".to_owned(),
            final_url: "https://acme.test/privacy".to_owned(),
            status,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            redirects: Vec::new(),
            body: body.as_bytes().to_vec(),
            captured_at: chrono::DateTime::UNIX_EPOCH,
            origin: Origin::Live { remote_addr: None },
        };
        refuse_response(&snapshot).map(|refused| refused.to_string()).unwrap_or_default()
    }

    #[test]
    fn status_and_headers_decide() {
        type Case = (u16, &'static [(&'static str, &'static str)], &'static str);
        let table: [Case; 23] = [
            (200, &[], ""),
            (200, &[("server", "cloudflare"), ("cf-ray", "1")], ""),
            (200, &[("x-datadome", "protected")], ""),
            (202, &[], ""),
            (
                202,
                &[("x-amzn-waf-action", "challenge")],
                "bot_wall: AWS WAF refuses or challenges us (header x-amzn-waf-action); status 202",
            ),
            (
                403,
                &[("cf-mitigated", "challenge")],
                "bot_wall: Cloudflare refuses or challenges us (header cf-mitigated); status 403",
            ),
            (
                403,
                &[("server", "AkamaiGHost")],
                "bot_wall: status 403: we are not let in; Akamai answered (header server)",
            ),
            (
                403,
                &[("x-datadome", "protected")],
                "bot_wall: status 403: we are not let in; DataDome answered (header x-datadome)",
            ),
            (403, &[("x-iinfo", "1")], "bot_wall: status 403: we are not let in; Imperva answered (header x-iinfo)"),
            (403, &[("server", "nginx")], "bot_wall: status 403: we are not let in; nginx answered (header server)"),
            (403, &[], "bot_wall: status 403: we are not let in"),
            (200, &[("rimon", "RWC_BLOCK")], "bot_wall: Rimon refuses or challenges us (header rimon); status 200"),
            (429, &[], "bot_wall: status 429: too many requests, says the server"),
            (401, &[], "login_wall: status 401: the page asks to sign in"),
            (404, &[("server", "cloudflare")], "not_found: status 404: there is no such page"),
            (410, &[], "not_found: status 410: the page is gone for good"),
            (
                301,
                &[("location", "/there")],
                "redirect_stub: status 301: a redirect that was not followed; it points to /there",
            ),
            (204, &[], "empty_shell: status 204: an answer without content"),
            (502, &[("x-cache", "Error from cloudfront")], "error_page: status 502: the server failed"),
            (503, &[("server", "cloudflare")], "error_page: status 503: the service is not available"),
            (503, &[("retry-after", "600")], "maintenance: status 503: the site is down for work"),
            (405, &[], "error_page: status 405: the server rejects the request"),
            (999, &[], "bot_wall: status 999: no status that HTTP knows"),
        ];
        for (status, headers, expected) in table {
            assert_eq!(verdict(status, headers, "<p>Hello"), expected, "{status} {headers:?}");
        }
        let riddle = [("content-security-policy", "frame-src www.recaptcha.net")];
        let asks = verdict(200, &riddle, "<title>Acme :: Request Access</title>");
        assert!(asks.starts_with("bot_wall: the title says \"request access\"; reCAPTCHA may ask"), "{asks}");
        assert_eq!(verdict(200, &riddle, "<title>Privacy Policy</title>"), "");
        assert_eq!(verdict(200, &[], "<title>Request Access</title>"), "");
        assert!(verdict(503, &[], "<h1>Wir führen Wartungsarbeiten durch</h1>").starts_with("maintenance: "));
    }
}
