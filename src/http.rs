//! The guarded HTTP client that fetching and webhooks share: public addresses only
//! (or allowed ones), at connection time and on every redirect; TLS always verified.

use std::time::Duration;

use url::Url;

use crate::outcome::FailureKind;

/// TODO stub of branch `fetch`.
#[derive(Clone, Debug)]
pub struct GuardedClient;

impl GuardedClient {
    /// TODO stub of branch `fetch`.
    pub async fn post(
        &self,
        _url: &Url,
        _headers: &[(String, String)],
        _body: Vec<u8>,
        _timeout: Duration,
    ) -> Result<(u16, Vec<(String, String)>, Vec<u8>), FailureKind> {
        todo!()
    }
}
