//! An HTTP POST after the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>):
//! what is sent, how the answer is understood, and how a receiver checks what it got.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::Url;

use super::{Secret, failed};
use crate::alert::{Delivery, Sent};
use crate::http::GuardedClient;
use crate::outcome::FailureKind;
use crate::time::Timestamp;

/// The longest that one attempt may take, whatever the configuration says: well below
/// the lease of a delivery, so that nobody else sends it meanwhile.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(60);

/// How far apart the clocks of sender and receiver may be, as the specification's
/// libraries have it.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// How much of an answer is kept as a reason, in characters.
const EXCERPT: usize = 160;

/// Why a receiver must not believe what it got.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// A header is missing or is not what it must be.
    #[error("the header {0} is missing or malformed")]
    Header(&'static str),
    /// It was sent too long ago, or in the future: a recording, or a wrong clock.
    #[error("the timestamp is more than {} s away from this clock", .tolerance.as_secs())]
    Timestamp {
        /// What was tolerated.
        tolerance: Duration,
    },
    /// Nobody who knows the secret wrote this.
    #[error("no signature fits the body and the secret")]
    Signature,
}

/// Signs a message: `v1,` and the Base64 HMAC-SHA256 of `id.timestamp.body`.
pub fn sign(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> String {
    format!("v1,{}", STANDARD.encode(mac(secret, id, timestamp, body).finalize().into_bytes()))
}

/// Checks a message as its receiver: `header` looks a header up by its lower-case name.
///
/// A receiver that keeps the `webhook-id`s it has seen also knows repeats.
///
/// # Errors
/// The first reason for distrust.
pub fn verify<'h>(
    secret: &Secret,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<(), Distrust> {
    let id = header("webhook-id").ok_or(Distrust::Header("webhook-id"))?;
    let timestamp: i64 =
        header("webhook-timestamp").and_then(|text| text.parse().ok()).ok_or(Distrust::Header("webhook-timestamp"))?;
    let signatures = header("webhook-signature").ok_or(Distrust::Header("webhook-signature"))?;
    if now.timestamp().abs_diff(timestamp) > tolerance.as_secs() {
        return Err(Distrust::Timestamp { tolerance });
    }
    // Several signatures stand there while a secret is being replaced.
    let fits = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")).any(|encoded| {
        let Ok(signature) = STANDARD.decode(encoded) else { return false };
        // Compares in constant time.
        mac(secret, id, timestamp, body).verify_slice(&signature).is_ok()
    });
    if fits { Ok(()) } else { Err(Distrust::Signature) }
}

fn mac(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose()).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    mac
}

/// Where one webhook goes, and how it is signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) url: &'a Url,
    pub(super) secret: Option<&'a Secret>,
    pub(super) timeout: Duration,
}

/// Posts one delivery, and says what the answer means.
pub(super) async fn send(client: &GuardedClient, target: Target<'_>, delivery: &Delivery, now: Timestamp) -> Sent {
    let headers = headers(target.secret, delivery, now);
    let body = delivery.body.clone().into_bytes();
    match client.post(target.url, &headers, body, target.timeout.min(MAX_TIMEOUT)).await {
        Ok((status, headers, body)) => understood(status, &headers, &body, now),
        Err(kind) => failed(unsent(&kind)),
    }
}

fn headers(secret: Option<&Secret>, delivery: &Delivery, now: Timestamp) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", delivery.id.0.clone()),
        ("webhook-timestamp", now.timestamp().to_string()),
    ];
    if let Some(secret) = secret {
        let signature = sign(secret, &delivery.id.0, now.timestamp(), delivery.body.as_bytes());
        headers.push(("webhook-signature", signature));
    }
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What an answer means, by the specification: 2xx is success, 410 is never again,
/// anything else is later.
fn understood(status: u16, headers: &[(String, String)], body: &[u8], now: Timestamp) -> Sent {
    let said = match excerpt(body) {
        words if words.is_empty() => String::new(),
        words => format!(": \"{words}\""),
    };
    match status {
        200..=299 => Sent::Accepted,
        410 => Sent::Refused { reason: format!("the receiver wants no more of these (410 Gone){said}") },
        300..=399 => failed(format!("the receiver redirects ({status}), which is not followed; name its final url")),
        429 | 503 => Sent::Failed {
            reason: format!("the receiver asks us to wait ({status}){said}"),
            retry_after: retry_after(headers, now),
        },
        _ => failed(format!("the receiver answers {status}{said}")),
    }
}

/// The beginning of an answer, on one line, with everything strange escaped: it is shown
/// in terminals.
fn excerpt(body: &[u8]) -> String {
    // Four bytes are the longest character.
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(EXCERPT).flat_map(char::escape_debug).collect()
}

/// Why nothing was answered. Never the URL: its path may be a secret of its own.
fn unsent(kind: &FailureKind) -> String {
    match kind {
        FailureKind::BadUrl { reason, .. } => format!("the channel's url cannot be posted to: {reason}"),
        FailureKind::Timeout { limit } => format!("no answer within {} s", limit.as_secs()),
        FailureKind::TooLarge { .. } => "the receiver's answer does not end".to_owned(),
        other => other.to_string(),
    }
}

/// `Retry-After`: seconds, or an HTTP date.
fn retry_after(headers: &[(String, String)], now: Timestamp) -> Option<Duration> {
    let value = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?.1.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = chrono::DateTime::parse_from_rfc2822(value).ok()?;
    (until.with_timezone(&chrono::Utc) - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::tests::delivery;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret() -> Secret {
        Secret::new(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("Base64"))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).expect("a moment")
    }

    #[test]
    fn the_vector_of_the_specification_is_reproduced() {
        assert_eq!(sign(&secret(), ID, AT, BODY.as_bytes()), SIGNATURE);
    }

    #[test]
    fn a_receiver_believes_what_is_sent_and_nothing_else() {
        let mut sent = delivery("", BODY);
        sent.id.0 = ID.to_owned();
        let headers = headers(Some(&secret()), &sent, at(AT));
        let with = |name: &'static str, value: &'static str, body: &str, now: i64| {
            let find = |asked: &str| match headers.iter().find(|(known, _)| known == asked) {
                _ if asked == name && value.is_empty() => None,
                _ if asked == name => Some(value),
                found => found.map(|(_, value)| value.as_str()),
            };
            verify(&secret(), find, body.as_bytes(), at(now), TOLERANCE)
        };
        assert_eq!(with("", "", BODY, AT), Ok(()));
        assert_eq!(with("", "", BODY, AT + 300), Ok(()));
        assert_eq!(with("", "", BODY, AT + 301), Err(Distrust::Timestamp { tolerance: TOLERANCE }));
        assert_eq!(with("", "", BODY, AT - 301), Err(Distrust::Timestamp { tolerance: TOLERANCE }));
        assert_eq!(with("", "", "{}", AT), Err(Distrust::Signature));
        assert_eq!(with("webhook-id", "msg_other", BODY, AT), Err(Distrust::Signature));
        assert_eq!(with("webhook-timestamp", "1614265331", BODY, AT), Err(Distrust::Signature));
        assert_eq!(with("webhook-timestamp", "soon", BODY, AT), Err(Distrust::Header("webhook-timestamp")));
        assert_eq!(with("webhook-id", "", BODY, AT), Err(Distrust::Header("webhook-id")));
        assert_eq!(with("webhook-signature", "", BODY, AT), Err(Distrust::Header("webhook-signature")));
        assert_eq!(with("webhook-signature", "v1,%%% v1a,AAAA g0hM9SsE", BODY, AT), Err(Distrust::Signature));
        let two = "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(with("webhook-signature", two, BODY, AT), Ok(()));
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let headers = headers(None, &delivery("a", BODY), at(AT));
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["content-type", "webhook-id", "webhook-timestamp"]);
    }

    #[test]
    fn answers_are_understood() {
        let with = |status, header: &str, body: &str| {
            let headers = vec![("Retry-After".to_owned(), header.to_owned())];
            match understood(status, &headers, body.as_bytes(), at(AT)) {
                Sent::Accepted => "accepted".to_owned(),
                Sent::Refused { reason } => format!("refused: {reason}"),
                Sent::Failed { reason, retry_after } => format!("failed, {retry_after:?}: {reason}"),
            }
        };
        let rows = [
            with(200, "", ""),
            with(204, "", ""),
            with(410, "", "gone\r\n\u{1b}[2J \"away\""),
            with(308, "", "moved"),
            with(429, "120", ""),
            with(503, "Thu, 25 Feb 2021 15:03:10 GMT", "busy"),
            with(503, "yesterday", ""),
            with(500, "120", "no"),
            with(100, "", ""),
        ];
        insta::assert_snapshot!(rows.join("\n"), @r#"
        accepted
        accepted
        refused: the receiver wants no more of these (410 Gone): "gone \u{1b}[2J \"away\""
        failed, None: the receiver redirects (308), which is not followed; name its final url
        failed, Some(120s): the receiver asks us to wait (429)
        failed, Some(60s): the receiver asks us to wait (503): "busy"
        failed, None: the receiver asks us to wait (503)
        failed, None: the receiver answers 500: "no"
        failed, None: the receiver answers 100
        "#);
    }

    #[test]
    fn an_excerpt_is_short() {
        assert_eq!(excerpt(&[b'x'; 10_000]), "x".repeat(EXCERPT));
        assert_eq!(excerpt("é".repeat(EXCERPT + 1).as_bytes()), "é".repeat(EXCERPT));
        assert_eq!(excerpt(&[0xff, 0xfe]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_reason_never_holds_the_url() {
        let url = "https://hooks.example.test/T0K3N".to_owned();
        let reason = unsent(&FailureKind::BadUrl { url, reason: "no such scheme".to_owned() });
        assert_eq!(reason, "the channel's url cannot be posted to: no such scheme");
    }
}
