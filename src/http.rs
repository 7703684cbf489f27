//! The guarded HTTP client that fetching and webhooks share: public addresses only
//! (or allowed ones), at connection time and on every redirect; TLS always verified.
