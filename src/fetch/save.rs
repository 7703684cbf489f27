//! Save Page Now: asks the archive to take a capture of a page itself.
//!
//! Errors come with status 200 too, and a capture that was taken is not to be had at once:
//! what the archive says of its work is all that is believed here.

use serde_json::Value;
use url::Url;

use super::wayback::Archive;
use crate::clock::Clock;
use crate::outcome::{FailureKind, FetchFailure};
use crate::pace::{Class, Sign};

/// What asking a second time cannot help against.
const PERMANENT: [&str; 13] = [
    "not-found",
    "no-access",
    "unauthorized",
    "blocked",
    "blocked-url",
    "invalid-url-syntax",
    "invalid-host-resolution",
    "too-many-redirects",
    "filesize-limit",
    "ftp-access-denied",
    "method-not-allowed",
    "too-many-daily-captures",
    "max-daily-bandwidth",
];

/// What the archive says of a capture that it is to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saving {
    /// It works on it, under this number.
    Working(String),
    /// It was taken, at these 14 digits.
    Saved(String),
    /// It was not taken.
    Failed {
        /// Why.
        why: String,
        /// Whether that may pass.
        again: bool,
    },
}

impl<C: Clock> Archive<C> {
    /// Whether it may be asked to take captures: whoever asks has keys.
    pub fn saves(&self) -> bool {
        self.keys().is_some()
    }

    /// Asks the archive to take a capture.
    ///
    /// # Errors
    /// Why nobody knows whether it will.
    pub async fn save(&self, page: &Url) -> Result<Saving, FetchFailure> {
        // Later in its index costs the archive less; and a capture of an hour ago is as good.
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("url", page.as_str())
            .append_pair("delay_wb_availability", "1")
            .append_pair("if_not_archived_within", "1h")
            .finish();
        self.tell("save", Some(form)).await
    }

    /// Asks how far it is.
    ///
    /// # Errors
    /// Why nobody knows.
    pub async fn saving(&self, job: &str) -> Result<Saving, FetchFailure> {
        let sound = job.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !sound || job.is_empty() {
            return Err(self.unavailable("its number for a capture is none"));
        }
        self.tell(&format!("save/status/{job}"), None).await
    }

    async fn tell(&self, path: &str, form: Option<String>) -> Result<Saving, FetchFailure> {
        let address = self.address(path)?;
        let keys = self.keys().ok_or_else(|| self.unavailable("there are no keys for Save Page Now"))?;
        let mut headers = vec![
            ("accept".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("LOW {}", keys.expose())),
        ];
        if form.is_some() {
            headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
        let lease = self.turn(Class::Save).await?;
        let ended = match form {
            Some(form) => self.post(&address, &headers, form).await,
            None => self.look(&address, &headers).await,
        };
        let (sign, understood) = match ended {
            Err(FailureKind::Refused { .. }) => (Sign::Refused, Err(self.unavailable("it refuses the connection"))),
            Err(other) => (Sign::Failing, Err(self.unavailable(other.to_string()))),
            Ok((429, _)) => (Sign::RateLimited(None), Err(FailureKind::RateLimited { host: self.name() }.into())),
            Ok((status @ (401 | 403), _)) => {
                let why = format!("it refuses the keys for Save Page Now ({status})");
                (Sign::Well, Ok(Saving::Failed { why, again: false }))
            }
            Ok((status, body)) => match understand(&body) {
                Some(saving) => (Sign::Well, Ok(saving)),
                None => (Sign::Failing, Err(self.unavailable(format!("it answers with status {status} and no JSON")))),
            },
        };
        let left = self.account_of(lease, sign).await?;
        understood
            .map_err(|failure: FetchFailure| FetchFailure { retry_after: failure.retry_after.max(left), ..failure })
    }
}

fn understand(body: &[u8]) -> Option<Saving> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
    match text("status").as_deref() {
        Some("success") => {
            let timestamp = text("timestamp").filter(|digits| digits.len() == 14)?;
            timestamp.bytes().all(|byte| byte.is_ascii_digit()).then_some(Saving::Saved(timestamp))
        }
        Some("error") => {
            let word = text("status_ext").unwrap_or_default();
            let bare = word.strip_prefix("error:").unwrap_or(&word);
            let again = !PERMANENT.contains(&bare);
            let message: String = text("message").unwrap_or_default().chars().take(200).collect();
            Some(Saving::Failed { why: format!("{bare}: {message}"), again })
        }
        Some("pending") => text("job_id").map(Saving::Working).or(Some(Saving::Working(String::new()))),
        _ => text("job_id").map(Saving::Working),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_from_work_whatever_the_status_was() {
        let said = |body: &str| understand(body.as_bytes());
        assert_eq!(said(r#"{"url":"x","job_id":"spn2-1"}"#), Some(Saving::Working("spn2-1".to_owned())));
        assert_eq!(said(r#"{"status":"pending","job_id":"spn2-1"}"#), Some(Saving::Working("spn2-1".to_owned())));
        let saved = r#"{"status":"success","timestamp":"20261122120000","job_id":"spn2-1"}"#;
        assert_eq!(said(saved), Some(Saving::Saved("20261122120000".to_owned())));
        let daily = r#"{"status":"error","status_ext":"error:too-many-daily-captures","message":"5 times today"}"#;
        assert!(matches!(said(daily), Some(Saving::Failed { again: false, .. })));
        let odd = r#"{"status":"error","status_ext":"error:no-captures","message":""}"#;
        assert!(matches!(said(odd), Some(Saving::Failed { again: true, .. })));
        for nothing in ["<html>", "{}", "[]", r#"{"status":"success","timestamp":"soon"}"#] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
    }
}
