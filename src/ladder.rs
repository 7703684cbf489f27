//! How far we go to read a page that scripts make, or that does not want to be read.
//!
//! Three rungs: the plain request, the browser, and the newest capture of a web archive. A
//! page is read on the lowest one that shows the policy. What every rung said is kept with
//! the check; here is only decided which one is next.

use chrono::Duration;

use crate::outcome::{FailureKind, Outcome};
use crate::reading::Why;
use crate::snapshot::{Origin, Snapshot};
use crate::time::Timestamp;

/// A way to get at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// One request, no scripts.
    Plain,
    /// A browser, with the page's scripts.
    Browser,
    /// The newest capture that a web archive holds.
    Archive,
}

impl Rung {
    /// All rungs, with their words.
    pub const ALL: [(Rung, &'static str); 3] =
        [(Rung::Plain, "plain"), (Rung::Browser, "browser"), (Rung::Archive, "archive")];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(rung, _)| *rung == self).map_or("plain", |(_, word)| word)
    }

    /// The rung that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(rung, _)| *rung)
    }
}

/// When a page is read with a browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Render {
    /// Never.
    Never,
    /// Where the plain answer has no text, or keeps robots out.
    #[default]
    Auto,
    /// Always.
    Always,
}

impl Render {
    /// All ways, with the words that configurations use for them.
    pub const ALL: [(Render, &'static str); 3] =
        [(Render::Never, "never"), (Render::Auto, "auto"), (Render::Always, "always")];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(render, _)| *render == self).map_or("auto", |(_, word)| word)
    }

    /// The way that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(render, _)| *render)
    }
}

/// Which rungs a watch may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// The browser.
    pub render: Render,
    /// The archive, for a page that is blocked.
    pub archive: bool,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { render: Render::Auto, archive: true }
    }
}

/// What is known of the rungs from the checks before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The one that showed the policy last: plain, or the browser.
    pub rung: Rung,
    /// When the plain one was tried last, where the browser is used.
    pub plain_at: Option<Timestamp>,
}

/// What is said of a page whose scripts kept the browser from answering.
pub const STOPPED: &str = "scripts of the page hung and were stopped; what they had not made by then is missing";

/// What came of one rung.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The rung.
    pub rung: Rung,
    /// Of which page, where the policy stands on several.
    pub page: Option<usize>,
    /// The word of [`Outcome::as_str`].
    pub outcome: String,
    /// What went wrong, in words; of a page that was seen, what may be missing.
    pub why: Option<String>,
    /// What kept us from the page, as the word of [`FailureKind::as_str`]; none where something
    /// was served.
    pub kind: Option<String>,
}

impl Tried {
    /// What an outcome says of the rung that it was reached on.
    pub fn of(rung: Rung, page: Option<usize>, outcome: &Outcome) -> Self {
        let kind = match outcome {
            Outcome::Unreachable(failure) => Some(failure.kind.as_str().to_owned()),
            _ => None,
        };
        // Where the policy was seen, not all of it may have been.
        let stopped = outcome.snapshot().is_some_and(Snapshot::is_stopped).then(|| STOPPED.to_owned());
        let why = outcome.why().into_iter().chain(stopped).reduce(|why, stopped| format!("{why}; {stopped}"));
        Self { rung, page, outcome: outcome.as_str().to_owned(), why, kind }
    }
}

/// After how long the plain request is tried again on a page that took a browser.
const PLAIN_AGAIN: Duration = Duration::days(7);

impl Ladder {
    /// The plain request and nothing else.
    pub const PLAIN: Ladder = Ladder { render: Render::Never, archive: false };

    /// Where to begin.
    pub fn first(&self, known: Option<Known>, now: Timestamp) -> Rung {
        match (self.render, known) {
            (Render::Always, _) => Rung::Browser,
            (Render::Auto, Some(Known { rung: Rung::Browser, plain_at }))
                if plain_at.is_some_and(|at| at <= now && now - at < PLAIN_AGAIN) =>
            {
                Rung::Browser
            }
            _ => Rung::Plain,
        }
    }

    /// The next rung, given those that were tried and the outcome that stands; none: it stays
    /// with that. `known` is what showed the policy before.
    pub fn next(&self, tried: &[Rung], stands: &Outcome, known: Option<Known>) -> Option<Rung> {
        let auto = self.render == Render::Auto;
        let wanted = [
            (Rung::Browser, auto && wants_browser(stands, known)),
            // The browser cannot be had: better a plain answer than none.
            (Rung::Plain, auto && no_browser(stands)),
            (Rung::Archive, self.archive && is_blocked(stands)),
        ];
        wanted.into_iter().find(|(rung, wanted)| *wanted && !tried.contains(rung)).map(|(rung, _)| rung)
    }
}

/// Whether a browser may show what the plain answer does not.
fn wants_browser(outcome: &Outcome, known: Option<Known>) -> bool {
    let rendered = known.is_some_and(|known| known.rung == Rung::Browser);
    match outcome {
        // Who asks to be left alone is not visited in another dress.
        Outcome::Unreadable { snapshot, .. } if snapshot.status == 429 => false,
        Outcome::Unreadable { why, .. } => takes_a_browser(why.why),
        // Other words than the browser's may be a part of the page only.
        Outcome::Changed { .. } => rendered,
        _ => false,
    }
}

/// Whether a page that was refused for this may be a policy in a browser.
pub fn takes_a_browser(why: Why) -> bool {
    matches!(why, Why::EmptyShell | Why::RedirectStub | Why::BotWall | Why::ConsentWall)
}

/// Whether the site keeps us from the policy.
pub fn is_blocked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unreadable { why, .. } if matches!(why.why, Why::BotWall | Why::ConsentWall))
}

fn no_browser(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unreachable(failure) if matches!(failure.kind, FailureKind::NoBrowser { .. }))
}

/// Whether what a rung showed stands in place of what the one before it showed.
pub fn is_better(rung: Rung, higher: &Outcome, lower: &Outcome) -> bool {
    if higher.is_success() || matches!(higher, Outcome::Broken { .. }) {
        return true;
    }
    match (rung, lower) {
        // What an archive fails to show says nothing of the page.
        (Rung::Archive, _) => false,
        // The plain answer after a browser that is not there.
        (Rung::Plain, _) => no_browser(lower),
        // The plain answer may have been a part of the page only.
        (Rung::Browser, Outcome::Changed { .. }) => !no_browser(higher),
        // An empty page became something that says what it is.
        (Rung::Browser, Outcome::Unreadable { why, .. }) => {
            matches!(higher, Outcome::Unreadable { .. }) && matches!(why.why, Why::EmptyShell | Why::RedirectStub)
        }
        (Rung::Browser, _) => false,
    }
}

/// What whoever follows a page can do that no rung could read; none where that is not so.
pub fn advice(ladder: Ladder, outcome: &Outcome, tried: &[Tried]) -> Option<String> {
    let Outcome::Unreadable { snapshot, why } = outcome else { return None };
    if !takes_a_browser(why.why) {
        return None;
    }
    // What a page said is told with its own attempt; here its name is enough.
    let said = |rung| {
        let tried = tried.iter().find(|tried| tried.rung == rung)?;
        let why = tried.why.as_deref()?;
        Some(if tried.outcome == "unreadable" { why.split(':').next().unwrap_or(why) } else { why })
    };
    let rendered = matches!(snapshot.origin, Origin::Rendered { .. });
    let mut advice = Vec::new();
    if snapshot.is_stopped() {
        advice.push(format!("{STOPPED}; render = \"never\" spares them where a plain request shows the text"));
    }
    match said(Rung::Browser) {
        // What the browser itself fails at speaks of the browser already.
        Some(why) if !rendered && why.contains("browser") => advice.push(why.to_owned()),
        Some(why) if !rendered => advice.push(format!("the browser did not help: {why}")),
        Some(_) => {}
        None if rendered => {}
        None if snapshot.status == 429 => advice.push("the site asks for fewer requests; it is left alone".to_owned()),
        None if ladder.render == Render::Never => {
            advice.push("a browser may read it: render = \"auto\"".to_owned());
        }
        None => {}
    }
    if let Some(why) = said(Rung::Archive) {
        advice.push(format!("the archive did not help: {why}"));
    }
    if is_blocked(outcome) {
        advice.push(
            "what to do: ask the publisher to let our user agent in, or follow the page in an archive (source = \
             \"wayback\")"
                .to_owned(),
        );
    }
    (!advice.is_empty()).then(|| advice.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::FetchFailure;
    use crate::reading::Unreadable;

    fn page(status: u16) -> Snapshot {
        Snapshot {
            url: "https://acme.test/".to_owned(),
            final_url: "https://acme.test/".to_owned(),
            status,
            headers: Vec::new(),
            redirects: Vec::new(),
            body: Vec::new(),
            captured_at: chrono::DateTime::UNIX_EPOCH,
            origin: Origin::Live { remote_addr: None },
        }
    }

    fn refused(why: Why, status: u16) -> Outcome {
        Outcome::Unreadable { snapshot: page(status), why: Unreadable::new(why, "because") }
    }

    fn missing() -> Outcome {
        Outcome::Unreachable(FailureKind::NoBrowser { reason: "none".to_owned() }.into())
    }

    #[test]
    fn a_page_is_climbed_for_as_far_as_it_helps() {
        let all = Ladder::default();
        let never = Ladder { render: Render::Never, archive: true };
        let same = Outcome::Unchanged { snapshot: page(200), note: None };
        let lost = Outcome::Unreachable(FetchFailure::from(FailureKind::Dns { host: "acme.test".to_owned() }));
        let crashed = FailureKind::Browser { host: "acme.test".to_owned(), reason: "it broke".to_owned() };
        let crashed = Outcome::Unreachable(crashed.into());
        let table = [
            (all, Rung::Plain, refused(Why::EmptyShell, 200), Some(Rung::Browser)),
            (all, Rung::Plain, refused(Why::BotWall, 403), Some(Rung::Browser)),
            (all, Rung::Plain, refused(Why::BotWall, 429), Some(Rung::Archive)),
            (all, Rung::Plain, refused(Why::NotFound, 404), None),
            (all, Rung::Plain, refused(Why::Maintenance, 503), None),
            (all, Rung::Plain, same.clone(), None),
            (all, Rung::Plain, lost, None),
            (never, Rung::Plain, refused(Why::EmptyShell, 200), None),
            (never, Rung::Plain, refused(Why::BotWall, 403), Some(Rung::Archive)),
            (all, Rung::Browser, refused(Why::BotWall, 403), Some(Rung::Archive)),
            (all, Rung::Browser, missing(), Some(Rung::Plain)),
            (all, Rung::Browser, crashed, None),
            (all, Rung::Archive, refused(Why::NotFound, 404), None),
            (Ladder::PLAIN, Rung::Plain, refused(Why::BotWall, 403), None),
            (Ladder { render: Render::Always, archive: true }, Rung::Browser, missing(), None),
        ];
        for (ladder, at, outcome, expected) in table {
            assert_eq!(ladder.next(&[at], &outcome, None), expected, "{ladder:?} {at:?} {outcome:?}");
        }
    }

    #[test]
    fn what_worked_is_remembered_for_a_week() {
        let day = |day| chrono::DateTime::UNIX_EPOCH + Duration::days(day);
        let known = |rung, at: Option<i64>| Some(Known { rung, plain_at: at.map(day) });
        let auto = Ladder::default();
        assert_eq!(auto.first(None, day(9)), Rung::Plain);
        assert_eq!(auto.first(known(Rung::Plain, None), day(9)), Rung::Plain);
        assert_eq!(auto.first(known(Rung::Browser, Some(3)), day(9)), Rung::Browser);
        assert_eq!(auto.first(known(Rung::Browser, Some(2)), day(9)), Rung::Plain);
        assert_eq!(auto.first(known(Rung::Browser, Some(12)), day(9)), Rung::Plain, "the clock was set back");
        let always = Ladder { render: Render::Always, archive: false };
        assert_eq!(always.first(None, day(9)), Rung::Browser);
        assert_eq!(Ladder::PLAIN.first(known(Rung::Browser, Some(3)), day(9)), Rung::Plain);
    }

    #[test]
    fn the_most_telling_answer_stands() {
        let (shell, wall) = (refused(Why::EmptyShell, 200), refused(Why::BotWall, 403));
        let same = Outcome::Unchanged { snapshot: page(200), note: None };
        assert!(is_better(Rung::Browser, &same, &wall));
        assert!(is_better(Rung::Browser, &wall, &shell), "the browser saw who keeps us out");
        assert!(!is_better(Rung::Browser, &shell, &wall));
        assert!(!is_better(Rung::Browser, &missing(), &shell));
        assert!(!is_better(Rung::Archive, &wall, &shell));
        assert!(is_better(Rung::Archive, &same, &wall));
        assert!(is_better(Rung::Plain, &wall, &missing()));
    }

    #[test]
    fn a_block_comes_with_advice() {
        let wall = refused(Why::BotWall, 403);
        let told = |ladder, tried: &[Tried]| advice(ladder, &wall, tried).unwrap_or_default();
        let plain = Tried::of(Rung::Plain, None, &wall);
        assert!(told(Ladder::PLAIN, std::slice::from_ref(&plain)).contains("a browser may read it: render = \"auto\""));
        let all = [plain, Tried::of(Rung::Browser, None, &missing())];
        assert!(told(Ladder::default(), &all).contains("no browser reads this page: none; what to do"));
        assert_eq!(advice(Ladder::default(), &refused(Why::NotFound, 404), &[]), None);
    }

    #[test]
    fn scripts_that_were_stopped_are_told_of() {
        let stopped = |stopped| Snapshot {
            origin: Origin::Rendered { browser: "Chrome 1".to_owned(), remote_addr: None, stopped },
            ..page(200)
        };
        let same = |snapshot| Outcome::Unchanged { snapshot, note: None };
        assert_eq!(Tried::of(Rung::Browser, None, &same(stopped(true))).why.as_deref(), Some(STOPPED));
        assert_eq!(Tried::of(Rung::Browser, None, &same(stopped(false))).why, None);
        let empty = Unreadable::new(Why::EmptyShell, "because");
        let empty = Outcome::Unreadable { snapshot: stopped(true), why: empty };
        let tried = Tried::of(Rung::Browser, None, &empty);
        assert_eq!(tried.why, Some(format!("empty_shell: because; {STOPPED}")));
        let told = advice(Ladder::default(), &empty, &[tried]).unwrap_or_default();
        assert!(told.starts_with(STOPPED) && told.contains("render = \"never\""), "{told}");
    }
}
