//! `[[channel]]`: who can be told, and the secrets for it.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::table::{Table, Value};
use super::{access, interests, secrets};
use crate::channel::{ChannelKind, ChannelOptions, Secret};
use crate::interest::{Interest, Recipient};

/// One attempt at a webhook. Standard Webhooks recommends 15 to 30 seconds.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);

const KINDS: [&str; 3] = ["webhook", "stdout", "file"];
const SECRETS: [&str; 4] = ["secret", "secret_file", "secret_env", "secret_credential"];

/// The channels that were read.
#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) options: Vec<ChannelOptions>,
    /// The same, with what each asks for.
    pub(super) recipients: Vec<Recipient>,
    /// The names of all, sound or not, so that a watch is not blamed for a channel.
    pub(super) names: Vec<String>,
    /// Whether there may be more in lines that cannot be read.
    pub(super) incomplete: bool,
}

/// Reads all channels.
pub(super) fn read(root: &Table<'_>) -> Channels {
    let mut seen = BTreeMap::new();
    let mut channels = Channels { incomplete: root.file.is_broken(), ..Channels::default() };
    for table in root.tables("channel") {
        let name = table.demand("name", "\"desk\"").and_then(|value| name(&value, &mut seen));
        let kind = kind(&table);
        let interest = interests::read(&table, &Interest::ALL);
        if let (Some(name), Some(kind), Some(interest)) = (name, kind, interest) {
            interests::note_origins(&table, &format!("channel.{name}"), false);
            let origin = table.file.origin(&table.span);
            table.file.findings.origins.borrow_mut().insert(format!("channel.{name}"), origin);
            channels.recipients.push(Recipient { channel: name.clone(), interest });
            channels.options.push(ChannelOptions { name, kind });
        }
    }
    channels.recipients.sort_by(|a, b| a.channel.cmp(&b.channel));
    channels.names = seen.into_keys().collect();
    channels
}

fn name(value: &Value<'_>, seen: &mut BTreeMap<String, usize>) -> Option<String> {
    let name = value.words()?;
    let line = value.file.source.line(value.span.start);
    match seen.insert(name.clone(), line) {
        Some(first) => value.refuse(
            format!("the channel \"{name}\" is there twice, first in line {first}"),
            "give each channel its own name",
        ),
        None => Some(name),
    }
}

fn kind(table: &Table<'_>) -> Option<ChannelKind> {
    let kind = table.demand("kind", "\"webhook\", \"stdout\" or \"file\"")?;
    let word = kind.word(&KINDS, |word| KINDS.into_iter().find(|known| *known == word))?;
    let foreign: &[&'static str] = match word {
        "webhook" => &["path"],
        "file" => &["url", "timeout", "proxy", SECRETS[0], SECRETS[1], SECRETS[2], SECRETS[3]],
        _ => &["url", "timeout", "proxy", "path", SECRETS[0], SECRETS[1], SECRETS[2], SECRETS[3]],
    };
    for value in foreign.iter().filter_map(|key| table.get(key)) {
        let message = format!("{} means nothing for a channel of the kind \"{word}\"", value.key);
        table.file.note(value.key_span.clone(), message, Some("leave it out, or change the kind".to_owned()));
    }
    match word {
        "webhook" => {
            let url = table.demand("url", "\"https://hooks.acme.test/policies\"").and_then(|value| value.url());
            let secret = secret(table);
            let timeout = match table.get("timeout") {
                Some(value) => value.duration_from(Duration::from_millis(1)),
                None => Some(TIMEOUT),
            };
            let proxy = table.or("proxy", None, access::proxy);
            Some(ChannelKind::Webhook { url: url?, secret: secret?, timeout: timeout?, proxy: proxy? })
        }
        "file" => Some(ChannelKind::File { path: table.demand("path", "\"alerts.ndjson\"")?.path()? }),
        _ => Some(ChannelKind::Stdout),
    }
}

/// What signs deliveries: `None` if there is something wrong with it, `Some(None)` if there
/// is nothing.
fn secret(table: &Table<'_>) -> Option<Option<Secret>> {
    let mut given = SECRETS.into_iter().filter_map(|key| table.get(key));
    let Some(value) = given.next() else { return Some(None) };
    if let Some(second) = given.next() {
        let message = format!("{} and {} are both given, and a channel has one secret", value.key, second.key);
        table.file.note(second.key_span.clone(), message, Some("keep one of them".to_owned()));
        return None;
    }
    let text = value.words()?;
    let secret = match value.key {
        "secret" => text,
        "secret_file" => secrets::from_file(&value, &value.path()?)?,
        "secret_env" => secrets::from_environment(&value, &text)?,
        _ => secrets::from_credential(&value, &text)?,
    };
    decode(&value, &secret).map(Some)
}

/// The bytes of a secret: after `whsec_` in Base64 (Standard Webhooks), else as they are.
fn decode(value: &Value<'_>, text: &str) -> Option<Secret> {
    if text.is_empty() {
        return value.refuse("the secret is empty", "write one: `openssl rand -base64 32` makes one");
    }
    let Some(encoded) = text.strip_prefix("whsec_") else { return Some(Secret::new(text.as_bytes().to_vec())) };
    match STANDARD.decode(encoded) {
        Ok(bytes) if !bytes.is_empty() => Some(Secret::new(bytes)),
        _ => value.refuse(
            "the secret begins with whsec_, but what follows is no Base64",
            "copy it again, or leave whsec_ out if it is plain text",
        ),
    }
}
