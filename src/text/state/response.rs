//! What status and headers say, before the page is read.

use crate::reading::{Unreadable, Why};
use crate::snapshot::Snapshot;

use super::phrases;

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
    let (why, words) = by_status(snapshot)?;
    let mut evidence = vec![format!("status {status}: {words}")];
    if why == Why::BotWall
        && let Some((header, vendor)) = marked(snapshot, &GUARDS)
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
