//! What is not to stand in a configuration that others read: taken from a file, from the
//! environment, or from what systemd hands to its units.

use std::path::Path;

use super::table::Value;

/// The text of a value: written out, or between braces where it is: `{ file = "…" }`,
/// `{ env = "…" }`, `{ credential = "…" }`.
pub(super) fn text(value: &Value<'_>) -> Option<String> {
    let Some(table) = value.inline("secret") else { return value.words() };
    let mut given = ["file", "env", "credential"].into_iter().filter_map(|key| table.get(key));
    let Some(place) = given.next() else {
        return value.refuse(
            format!("{} says of nowhere where it is", value.key),
            "write { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }",
        );
    };
    if let Some(second) = given.next() {
        return second.refuse(format!("{} is in two places", value.key), "keep one of them");
    }
    match place.key {
        "file" => from_file(&place, &place.path()?),
        "env" => from_environment(&place, &place.words()?),
        _ => from_credential(&place, &place.words()?),
    }
}

/// Whether a value is written out.
pub(super) fn is_written(value: &Value<'_>) -> bool {
    value.inline("secret").is_none()
}

pub(super) fn from_file(value: &Value<'_>, path: &Path) -> Option<String> {
    match std::fs::read_to_string(path) {
        // What `echo` writes ends in a newline that is no part of the secret.
        Ok(text) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
        Err(error) => value.refuse(
            format!("the secret cannot be read from {}: {error}", path.display()),
            "put the secret there, readable for the user that runs this",
        ),
    }
}

pub(super) fn from_environment(value: &Value<'_>, name: &str) -> Option<String> {
    match value.file.findings.environment.get(name) {
        Some(secret) => Some(secret.to_string_lossy().into_owned()),
        None => value.refuse(
            format!("the environment has no variable {name}"),
            "set it where the program is started, or take the secret from a file",
        ),
    }
}

pub(super) fn from_credential(value: &Value<'_>, name: &str) -> Option<String> {
    match value.file.findings.environment.get("CREDENTIALS_DIRECTORY") {
        Some(directory) => from_file(value, &Path::new(directory).join(name)),
        None => value.refuse(
            format!("there is no credential {name}: $CREDENTIALS_DIRECTORY is not set"),
            "systemd sets it for units with LoadCredential=; elsewhere take the secret from a file",
        ),
    }
}
