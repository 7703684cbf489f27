//! One request to an archive: when its turn has come, bounded, and accounted for.

use std::time::Duration;

use sha1::Digest as _;
use url::Url;

use super::encoding::Belief;
use super::ledger::Lease;
use super::wayback::Archive;
use super::{SaveKeys, links, whole_body};
use crate::clock::Clock;
use crate::http::{Answer, authority};
use crate::outcome::{FailureKind, FetchFailure};
use crate::pace::{Cause, Class, Sign, Turn, jitter};
use crate::time::Timestamp;

/// When a place is looked for again at an archive that others ask as well.
const FULL: chrono::Duration = chrono::Duration::milliseconds(100);

/// What came of one request, before anybody says what it means.
pub(super) struct Came {
    pub(super) answer: Answer,
    pub(super) body: Vec<u8>,
    /// The SHA-1 of the body as it came, Base32.
    pub(super) received: String,
}

impl<C: Clock> Archive<C> {
    /// One request when its turn has come. What `understand` makes of the answer says how
    /// the archive is, too.
    pub(super) async fn get<T>(
        &self,
        class: Class,
        address: &Url,
        headers: &[(String, String)],
        understand: impl FnOnce(Came) -> Result<T, FetchFailure>,
    ) -> Result<T, FetchFailure> {
        let lease = self.turn(class).await?;
        let limit = self.options.timeout;
        let exchange = self.exchange(address, headers);
        let ended = tokio::time::timeout(limit, exchange).await.unwrap_or(Err(FailureKind::Timeout { limit }));
        let (sign, understood) = self.understood(ended, understand);
        let left = self.account_of(lease, sign).await?;
        understood.map_err(|mut failure| {
            failure.retry_after = failure.retry_after.max(left);
            failure
        })
    }

    async fn exchange(&self, address: &Url, headers: &[(String, String)]) -> Result<Came, FailureKind> {
        let mut headers = headers.to_vec();
        headers.push(("accept-encoding".to_owned(), "gzip".to_owned()));
        let mut answer = self.client.get(address, &headers).await?;
        let mut received = sha1::Sha1::new();
        let body =
            whole_body(&mut answer, &self.name(), Belief::Seen, self.max_body, |piece| received.update(piece)).await?;
        Ok(Came { answer, body, received: data_encoding::BASE32.encode(&received.finalize()) })
    }

    fn understood<T>(
        &self,
        ended: Result<Came, FailureKind>,
        understand: impl FnOnce(Came) -> Result<T, FetchFailure>,
    ) -> (Sign, Result<T, FetchFailure>) {
        let came = match ended {
            Ok(came) => came,
            Err(FailureKind::Refused { .. }) => {
                return (Sign::Refused, Err(self.unavailable(Cause::Refused.words())));
            }
            Err(kind @ (FailureKind::Forbidden { .. } | FailureKind::BadUrl { .. })) => {
                return (Sign::Unsaid, Err(kind.into()));
            }
            Err(kind @ FailureKind::TooLarge { .. }) => return (Sign::Well, Err(kind.into())),
            Err(other) => return (Sign::Failing, Err(self.unavailable(other.to_string()))),
        };
        let status = came.answer.status;
        if status == 429 && came.answer.header("memento-datetime").is_none() {
            let asked = came.answer.header("retry-after").and_then(|value| retry_after(value, self.clock.now()));
            return (Sign::RateLimited(asked), Err(FailureKind::RateLimited { host: self.name() }.into()));
        }
        match understand(came) {
            Err(failure @ FetchFailure { kind: FailureKind::ArchiveUnavailable { .. }, .. }) => {
                (if status == 403 { Sign::TurnedAway } else { Sign::Failing }, Err(failure))
            }
            understood => (Sign::Well, understood),
        }
    }

    /// Gives a turn back, and says how the archive is.
    pub(super) async fn account_of(&self, lease: Lease, sign: Sign) -> Result<Option<Duration>, FetchFailure> {
        self.ledger.ended(lease, sign, self.clock.now()).await.map_err(|why| self.unaccounted(&why))
    }

    pub(super) fn keys(&self) -> Option<&SaveKeys> {
        self.options.save_keys.as_ref()
    }

    /// Posts a form; answers with the status and the beginning of the answer.
    pub(super) async fn post(
        &self,
        address: &Url,
        headers: &[(String, String)],
        form: String,
    ) -> Result<(u16, Vec<u8>), FailureKind> {
        let answer = self.client.post(address, headers, form.into_bytes(), self.options.timeout).await?;
        Ok((answer.0, answer.2))
    }

    /// Asks for an address that is neither index nor capture.
    pub(super) async fn look(
        &self,
        address: &Url,
        headers: &[(String, String)],
    ) -> Result<(u16, Vec<u8>), FailureKind> {
        let limit = self.options.timeout;
        let asked = tokio::time::timeout(limit, self.exchange(address, headers)).await;
        let came = asked.unwrap_or(Err(FailureKind::Timeout { limit }))?;
        Ok((came.answer.status, came.body))
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self, class: Class) -> Result<Lease, FetchFailure> {
        let host = authority(&self.options.base_url);
        let pause = match class {
            Class::Index => self.options.index_pause,
            // Twice a minute where nothing else is configured: the archive allows seven.
            Class::Save => self.options.index_pause * 6,
            Class::Capture => self.options.capture_pause,
        };
        let began = self.clock.now();
        let patience = self.patience.and_then(|patience| chrono::Duration::from_std(patience).ok());
        loop {
            let now = self.clock.now();
            let answer = self.ledger.turn(&host, class, pause, now).await.map_err(|why| self.unaccounted(&why))?;
            let wake_at = if let (Turn::At(at), _) = answer { at } else { now + FULL };
            let waits = matches!(answer, (Turn::At(_) | Turn::Full, _) | (Turn::Now, None));
            if waits && patience.is_some_and(|patience| wake_at - began > patience) {
                return Err(FailureKind::ArchiveBusy { archive: self.name() }.into());
            }
            match answer {
                (Turn::Now, Some(lease)) => return Ok(lease),
                (Turn::Now | Turn::Full, _) => self.clock.sleep_until(now + FULL).await,
                (Turn::At(at), _) => {
                    self.clock.sleep_until(at + jitter(pause, u64::from(std::process::id()), at)).await
                }
                (Turn::Quiet { cause, until }, _) => {
                    let retry_after = (until - now).to_std().ok();
                    let kind = match cause {
                        Cause::RateLimited => FailureKind::RateLimited { host: self.name() },
                        cause => {
                            let until = until.format("%Y-%m-%d %H:%M UTC");
                            let reason = format!("{}, and is left alone until {until}", cause.words());
                            FailureKind::ArchiveUnavailable { archive: self.name(), reason }
                        }
                    };
                    return Err(FetchFailure { kind, retry_after });
                }
            }
        }
    }

    /// Nothing is asked that is not accounted for.
    fn unaccounted(&self, why: &str) -> FetchFailure {
        self.unavailable(format!("what it is asked could not be recorded, so it is not asked: {why}"))
    }
}

/// How long an answer asks to be left alone: seconds, or a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    value.parse().ok().map(Duration::from_secs).or_else(|| (links::moment(value)? - now).to_std().ok())
}
