//! What goes wrong, for people: what happened, and what to do next on its own line.

use std::fmt;

use super::Exit;

/// An error that knows its exit code and its hint.
#[derive(Debug)]
pub struct Complaint {
    message: String,
    hint: Option<String>,
    exit: Exit,
}

impl Complaint {
    /// Something the user must change: arguments or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, exit: Exit::Usage }
    }

    /// Work that failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, exit: Exit::Failed }
    }

    /// Adds what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code that an error asks for.
    pub fn exit_of(error: &anyhow::Error) -> Exit {
        error.chain().find_map(|cause| cause.downcast_ref::<Self>()).map_or(Exit::Failed, |complaint| complaint.exit)
    }

    /// What an error says, and its hint. Errors of the ports carry theirs behind the
    /// last semicolon.
    pub fn parts_of(error: &anyhow::Error) -> (String, Option<String>) {
        if let Some(complaint) = error.chain().find_map(|cause| cause.downcast_ref::<Self>()) {
            return (format!("{error:#}"), complaint.hint.clone());
        }
        let message = format!("{error:#}");
        match message.rsplit_once("; ") {
            Some((what, hint)) if !what.is_empty() => (what.to_owned(), Some(hint.to_owned())),
            _ => (message, None),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_s_hint_stands_behind_its_last_semicolon() {
        let error = anyhow::anyhow!("no watch \"a\" is recorded; `policywatch list` shows them");
        assert_eq!(
            Complaint::parts_of(&error),
            ("no watch \"a\" is recorded".to_owned(), Some("`policywatch list` shows them".to_owned()))
        );
    }

    #[test]
    fn a_complaint_keeps_its_exit_code_under_context() {
        let error = anyhow::Error::from(Complaint::usage("no such date").hint("use 2024-05-01")).context("--from");
        assert_eq!(Complaint::exit_of(&error), Exit::Usage);
        assert_eq!(Complaint::parts_of(&error), ("--from: no such date".to_owned(), Some("use 2024-05-01".to_owned())));
    }
}
